"""`kill -9` at any moment: what was done is not done again, and the end is the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VICTIM = Path(__file__).with_name("engine_victim.py")
ROOT = Path(__file__).parents[3]


def _run(home: Path, moment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(VICTIM), str(home), moment],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )


def _killed(home: Path, moment: str) -> None:
    ended = _run(home, moment)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def _finished(home: Path) -> Any:
    ended = _run(home, "never")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def _calls(home: Path) -> list[Any]:
    return [json.loads(line) for line in (home / "calls").read_text().splitlines()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("undisturbed")
    return {**_finished(home), "calls": _calls(home), "clock": (home / "clock").read_text()}


@pytest.mark.parametrize(
    "moment",
    [
        "event:ExecutionStarted:1",
        "event:WaitStateEntered:1",
        "event:TaskFailed:2",
        "event:ParallelStateStarted:1",
        "event:MapIterationSucceeded:1",
        "event:MapStateExited:1",
    ],
)
def test_between_two_steps_nothing_is_done_twice(
    tmp_path: Path, undisturbed: Any, moment: str
) -> None:
    _killed(tmp_path, moment)

    done = _finished(tmp_path)

    assert (done["status"], done["output"]) == ("SUCCEEDED", undisturbed["output"])
    assert done["types"] == undisturbed["types"]
    again = [call for call in _calls(tmp_path) if _calls(tmp_path).count(call) > 1]
    assert len(again) <= 2  # at most the one call whose start was in the same transaction


@pytest.mark.parametrize("call", range(1, 9))
def test_a_task_in_flight_is_run_again_and_only_that_one(
    tmp_path: Path, undisturbed: Any, call: int
) -> None:
    _killed(tmp_path, f"task:{call}")

    done = _finished(tmp_path)

    calls = undisturbed["calls"]
    assert done["output"] == undisturbed["output"]
    assert done["types"] == undisturbed["types"]
    assert _calls(tmp_path) == [*calls[:call], *calls[call - 1 :]]


def test_waits_and_retries_keep_their_times(tmp_path: Path, undisturbed: Any) -> None:
    for moment in ("event:WaitStateEntered:1", "event:TaskFailed:1", "event:TaskFailed:1"):
        _killed(tmp_path, moment)

    _finished(tmp_path)

    assert float((tmp_path / "clock").read_text()) == pytest.approx(float(undisturbed["clock"]))


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=3))
def test_killed_inside_any_transactions_it_ends_the_same(
    tmp_path_factory: pytest.TempPathFactory, undisturbed: Any, writes: list[int]
) -> None:
    home = tmp_path_factory.mktemp("killed")
    for write in writes:
        ended = _run(home, f"write:{write}")
        assert ended.returncode in (-signal.SIGKILL, 0), ended.stderr

    done = _finished(home)

    assert (done["output"], done["types"]) == (undisturbed["output"], undisturbed["types"])


def test_two_processes_share_one_journal(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MANY, str(tmp_path), name],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]

    answers = [p.communicate(timeout=60)[0].split() for p in processes]

    assert answers == [["SUCCEEDED", "100"], ["SUCCEEDED", "100"]]


_MANY = """
import sys
from pathlib import Path
from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from workflows.engine.engine import Engine

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}}
engine = Engine(Path(sys.argv[1]), {"m": PASS}, None, clock=SystemClock(), jitter=SystemJitter())
ids = [engine.start("m", {}, name=f"{sys.argv[2]}-{n}") for n in range(50)]
engine.run(ids)
ids += [engine.start("m", {}, name=f"{sys.argv[2]}-{n}") for n in range(50, 100)]
engine.run(ids)
statuses = {engine.describe(id).status for id in ids}
print(*statuses, sum(len(engine.history(id)) == 6 for id in ids))
engine.close()
"""
