"""Worker processes for heavy tasks, with a watchdog on their time and memory.

A thread cannot be timed out and cannot be kept from eating memory; a process can. Workers are
started when they are first needed and kept for the next task.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from tasks.failures import TaskFailed
from tasks.scrubbing import scrubbed

LOOK_EVERY_S = 0.05
HEADROOM = 1.5
"""How much more memory than a task declares its worker may hold: the interpreter, the libraries,
and what they cache, count for a process and not for the declaration."""
STDERR_KEPT = 2000
# -P: a folder `tasks` where the user happens to stand must not be taken for ours.
COMMAND = (sys.executable, "-P", "-m", "tasks.entrypoints.worker")


class WorkerPool:
    """At most `size` workers. A call waits for one that is free; its time counts from then on."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        size: int = 2,
        memory_mb: int | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """`memory_mb` is the limit of every worker; without it, what the task declares counts."""
        self._environ, self._command, self._memory_mb = dict(environ), command, memory_mb
        self._free = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False

    def call(self, function: str, payload: Any, *, timeout_s: float, memory_mb: int) -> Any:
        """Run a task in a worker and answer its result as JSON.

        Raises `TaskFailed`: with the task's own error, with `Sandbox.Timedout` after `timeout_s`,
        or with `Lambda.Unknown` when the worker died or held too much memory.
        """
        limit = (self._memory_mb or round(memory_mb * HEADROOM)) * 1024 * 1024
        with self._free, self._worker() as worker:
            answer = worker.ask(function, payload, timeout_s, limit)
            if worker.memory() > limit // 2:  # what it caches would be held against the next task
                worker.end()
        if "error" in answer:
            raise TaskFailed(answer["error"], answer["cause"])
        return answer["result"]

    def warm(self) -> None:
        """Start a worker beforehand, so that the first task does not wait for its start."""
        with self._lock:
            if not self._closed and not self._all:
                worker = _Worker(self._command, self._environ)
                self._all.add(worker)
                self._idle.append(worker)

    def close(self) -> None:
        """End all workers, also those at work."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
            self._idle.clear()
        for worker in workers:
            worker.end()

    @contextmanager
    def _worker(self) -> Iterator[_Worker]:
        with self._lock:
            if self._closed:
                raise TaskFailed("Lambda.Unknown", _cause("Lambda.Unknown", "the pool is closed"))
            worker = self._next()
            self._all.add(worker)
        try:
            yield worker
        finally:
            with self._lock:
                if worker.alive and not self._closed:
                    self._idle.append(worker)
                else:
                    worker.end()
                    self._all.discard(worker)

    def _next(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            if not worker.exited:
                return worker
            worker.end()
            self._all.discard(worker)
        return _Worker(self._command, self._environ)


class _Worker:
    """One process, one task at a time."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed in end()
        self._process = subprocess.Popen(  # noqa: S603 the command is ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environ,
            start_new_session=True,  # Ctrl-C is for us; the worker ends with its standard input
        )
        self._requests = 0
        self._rest = b""
        self._ending = threading.Lock()
        self.alive = True

    @property
    def exited(self) -> bool:
        """Whether the process ended by itself, or was ended by somebody else."""
        return self._process.poll() is not None

    def ask(self, function: str, payload: Any, timeout_s: float, limit: int) -> dict[str, Any]:
        """The worker's answer. Raises `TaskFailed` when it had to be killed, or died."""
        self._requests += 1
        request = {"id": self._requests, "function": function, "payload": payload}
        deadline = monotonic() + timeout_s
        try:
            self._send(json.dumps(request).encode() + b"\n")
            while (line := self._line(min(deadline - monotonic(), LOOK_EVERY_S))) is None:
                if monotonic() >= deadline:
                    raise TaskFailed(
                        "Sandbox.Timedout",
                        _cause("Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds"),
                    )
                if (held := self.memory()) > limit:
                    raise TaskFailed("Lambda.Unknown", _out_of_memory(held, limit))
        except TaskFailed:
            self.end()
            raise
        answer: dict[str, Any] = json.loads(line)
        return answer

    def memory(self) -> int:
        """Bytes that the process holds in memory; 0 when it is gone."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> None:
        """Kill the process if it still lives, and let go of it."""
        with self._ending:
            if not self.alive:
                return
            self.alive = False
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._errors):
                if pipe is not None:
                    _close(pipe)

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._died() from error

    def _line(self, timeout_s: float) -> bytes | None:
        """The next line, or None when there is none in time."""
        assert self._process.stdout is not None
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._process.stdout, selectors.EVENT_READ)
                while b"\n" not in self._rest:
                    if not selector.select(max(0.0, timeout_s)):
                        return None
                    data = os.read(self._process.stdout.fileno(), 65536)
                    if not data:
                        raise self._died()
                    self._rest += data
        except (ValueError, OSError) as error:  # the pool was closed meanwhile
            raise self._died() from error
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _died(self) -> TaskFailed:
        try:
            code: int | None = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = None
        said = ""
        if not self._errors.closed:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - STDERR_KEPT))
            said = scrubbed(self._errors.read().decode(errors="replace").strip(), self._environ)
        message = f"the worker process {_exit(code)} before completing the task"
        return TaskFailed(
            "Lambda.Unknown", _cause("Runtime.ExitError", f"{message}. {said}".strip())
        )


def _exit(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"exited with status {code}"


def _out_of_memory(held: int, limit: int) -> str:
    return _cause(
        "Runtime.OutOfMemory",
        f"the worker process held {held >> 20} MB of memory, more than its limit of "
        f"{limit >> 20} MB (ONS_WORKER_MEMORY_MB sets another)",
    )


def _cause(kind: str, message: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": kind}, ensure_ascii=False)


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # an unsent request; the process is gone
        return
