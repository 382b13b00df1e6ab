"""The thread that drives this process's executions while requests are answered on others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from tasks.ports.executions import HistoryEvent
from workflows.engine.engine import Engine

ENDINGS = frozenset(
    {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}
)
_LOG = logging.getLogger(__name__)
LOOK_EVERY_S = 5.0
"""How often it looks for what dead processes left."""


class Driver:
    """Drives what is started here and goes on with what dead processes left, until it is closed.

    A failure (a full disk, a damaged journal) is kept in `failure` while it lasts; nothing is
    lost, and it tries again.
    """

    def __init__(
        self, engine: Engine, *, chore: Callable[[], None] | None = None, resume: bool = True
    ) -> None:
        """`chore` is done now and then; without `resume`, what dead processes left stays so."""
        self.failure: str | None = None
        self._engine, self._chore = engine, chore
        self._awake, self._closed = threading.Event(), threading.Event()
        self._waiting: dict[str, list[Future[None]]] = {}
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._drive, name="ons-driver", daemon=True)]
        if resume:
            keeper = threading.Thread(target=self._keep, name="ons-keeper", daemon=True)
            self._threads.append(keeper)

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is something to drive."""
        self._awake.set()

    def ended(self, arn: str) -> Future[None]:
        """Done when the execution has ended; to be asked for before it can have."""
        future: Future[None] = Future()
        with self._lock:
            self._waiting.setdefault(arn, []).append(future)
        return future

    def close(self) -> None:
        """Stop driving; what still runs may be resumed by another process."""
        self._closed.set()
        self._awake.set()
        self._engine.halt()
        for thread in self._threads:
            thread.join()

    def _drive(self) -> None:
        while not self._closed.is_set():
            self._awake.clear()
            if self._survive(lambda: self._engine.run(on_event=self._heard)):
                self._awake.wait(LOOK_EVERY_S)

    def _keep(self) -> None:
        while not self._closed.is_set():
            self._survive(self._take_over)
            self._closed.wait(LOOK_EVERY_S)

    def _take_over(self) -> None:
        self._engine.resume()
        if self._chore is not None:
            self._chore()
        self.wake()

    def _survive(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
            _LOG.error("driving executions failed; trying again", exc_info=error)
            self._closed.wait(1.0)
            return False
        self.failure = None
        return True

    def _heard(self, arn: str, event: HistoryEvent) -> None:
        if event.type in ENDINGS:
            with self._lock:
                waiting = self._waiting.pop(arn, [])
            for future in waiting:
                if future.set_running_or_notify_cancel():  # whoever waited may have left
                    future.set_result(None)
