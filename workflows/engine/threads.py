"""Threads for Tasks in flight. A thread whose Task ran out of time is given up, not waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from queue import SimpleQueue
from typing import Any

Job = tuple[Hashable, Callable[[], Any]]


class TaskThreads:
    """Runs at most `size` jobs at once and posts (token, outcome) of each to `inbox`.

    The threads are daemons: a process that ends does not wait for them.
    """

    def __init__(self, size: int, inbox: SimpleQueue[Any]) -> None:
        self._size, self._inbox = size, inbox
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._busy: set[Hashable] = set()
        self._threads = 0

    @property
    def free(self) -> int:
        """How many more jobs may start."""
        return self._size - len(self._busy)

    @property
    def busy(self) -> int:
        """How many jobs are in flight."""
        return len(self._busy)

    def submit(self, token: Hashable, work: Callable[[], Any]) -> None:
        """Run `work`, which must not raise, on a thread."""
        self._busy.add(token)
        if self._threads < len(self._busy):
            threading.Thread(target=self._serve, name="ons-task", daemon=True).start()
            self._threads += 1
        self._jobs.put((token, work))

    def finished(self, token: Hashable) -> bool:
        """Note that a job's outcome was taken from the inbox; False when it had been given up."""
        if token not in self._busy:
            return False
        self._busy.discard(token)
        return True

    def give_up(self, token: Hashable) -> None:
        """Nobody waits for this job any more; its thread does not count from now on."""
        if token in self._busy:
            self._busy.discard(token)
            self._threads -= 1

    def close(self) -> None:
        """Let the idle threads end."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            token, work = job
            self._inbox.put((token, work()))
