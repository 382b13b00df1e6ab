"""Worker processes: warm, watched, and never outliving their parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.workers import WorkerPool

SCRIPT = Path(__file__).with_name("worker_script.py")
ROOT = Path(__file__).parents[3]
ENVIRON = {"PYTHONPATH": str(ROOT), "SAID": "yes", "CANARY": "canary-7f3a9c51"}
COMMAND = (sys.executable, str(SCRIPT))


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool(ENVIRON, size=1, command=COMMAND)
    yield made
    made.close()


def _call(pool: WorkerPool, function: str, payload: Any = None, **limits: Any) -> Any:
    return pool.call(function, payload, **{"timeout_s": 30, "memory_mb": 512, **limits})


def _failure(pool: WorkerPool, function: str, **limits: Any) -> tuple[str, Any]:
    with pytest.raises(TaskFailed) as caught:
        _call(pool, function, **limits)
    return caught.value.error, json.loads(caught.value.cause or "null")


def _until(holds: Callable[[], bool]) -> bool:
    deadline = monotonic() + 20
    while not holds() and monotonic() < deadline:
        threading.Event().wait(0.01)
    return holds()


def test_a_worker_answers_is_kept_and_has_the_environment_it_was_given(pool: WorkerPool) -> None:
    first = _call(pool, "echo", {"á": [1, None]})
    second = _call(pool, "echo")

    assert first["payload"] == {"á": [1, None]}
    assert first["said"] == "yes"
    assert first["pid"] == second["pid"]


def test_an_error_of_the_task_has_its_class_name_and_message(pool: WorkerPool) -> None:
    error, cause = _failure(pool, "raise")

    assert error == "TryAgain"
    assert (cause["errorType"], cause["errorMessage"]) == ("TryAgain", "away")


def test_a_task_out_of_time_is_killed_and_the_next_has_a_fresh_worker(pool: WorkerPool) -> None:
    before = _call(pool, "echo")["pid"]

    error, cause = _failure(pool, "hang", timeout_s=0.2)

    assert error == "Sandbox.Timedout"
    assert cause["errorMessage"] == "Task timed out after 0.20 seconds"
    assert _call(pool, "echo")["pid"] != before
    assert not Path(f"/proc/{before}").exists()


def test_a_task_that_eats_memory_is_killed(pool: WorkerPool) -> None:
    error, cause = _failure(pool, "eat", memory_mb=100)

    assert error == "Lambda.Unknown"
    assert cause["errorType"] == "Runtime.OutOfMemory"
    assert "150 MB" in cause["errorMessage"]


def test_the_pools_own_memory_limit_counts_before_the_tasks() -> None:
    pool = WorkerPool(ENVIRON, size=1, memory_mb=90, command=COMMAND)
    try:
        _, cause = _failure(pool, "eat", memory_mb=8000)
    finally:
        pool.close()

    assert "90 MB" in cause["errorMessage"]


def test_a_worker_that_crashes_says_by_what_and_what_it_said_last(pool: WorkerPool) -> None:
    error, cause = _failure(pool, "crash")

    assert error == "Lambda.Unknown"
    assert "was ended by SIGSEGV" in cause["errorMessage"]
    assert "about to crash with [redacted]" in cause["errorMessage"]
    assert _call(pool, "echo", 1)["payload"] == 1


def test_a_worker_that_exits_says_its_status(pool: WorkerPool) -> None:
    _, cause = _failure(pool, "exit")

    assert "exited with status 3" in cause["errorMessage"]


def test_a_worker_killed_between_tasks_is_replaced(pool: WorkerPool) -> None:
    pid = _call(pool, "echo")["pid"]
    os.kill(pid, signal.SIGKILL)
    assert _until(lambda: all(worker.exited for worker in pool._all))

    assert _call(pool, "echo")["pid"] != pid


def test_closing_the_pool_ends_workers_at_work(pool: WorkerPool) -> None:
    failures: list[str] = []

    def hang() -> None:
        with pytest.raises(TaskFailed) as caught:
            _call(pool, "hang")
        failures.append(caught.value.error)

    calling = threading.Thread(target=hang)
    calling.start()
    assert _until(lambda: bool(pool._all))
    pool.close()
    calling.join(20)

    assert failures == ["Lambda.Unknown"]
    assert _failure(pool, "echo")[0] == "Lambda.Unknown"


def test_workers_die_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(SCRIPT), str(ROOT)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert Path(f"/proc/{worker}").exists()

    parent.kill()
    parent.wait()
    parent.stdout.close()

    assert _until(lambda: not _running(worker))


def _running(pid: int) -> bool:
    """Whether the process lives; one that nobody waits for may stay as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


_PARENT = """
import sys, threading
from workflows.engine.workers import WorkerPool
pool = WorkerPool({"PYTHONPATH": sys.argv[2]}, size=2, command=(sys.executable, sys.argv[1]))
pid = pool.call("echo", None, timeout_s=30, memory_mb=512)["pid"]
threading.Thread(target=lambda: pool.call("hang", None, timeout_s=300, memory_mb=512)).start()
print(pid, flush=True)
threading.Event().wait()
"""


def test_a_worker_started_beforehand_takes_the_first_task_and_no_second_is_started(
    pool: WorkerPool,
) -> None:
    pool.warm()
    pool.warm()
    [worker] = pool._all

    pool.call("echo", {"n": 1}, timeout_s=20, memory_mb=500)

    assert pool._all == {worker}
