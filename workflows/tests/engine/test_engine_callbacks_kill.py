"""`kill -9` around a Task that waits for its token: the outcome counts once, whenever it came."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VICTIM = Path(__file__).with_name("callback_victim.py")
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


def _tokens(home: Path) -> list[str]:
    messages = sorted((home / "outbox").glob("*.json"))
    return [json.loads(json.loads(m.read_text())["message"])["token"] for m in messages]


MOMENTS = [
    "write:1",
    "write:2",
    "write:3",
    "write:4",
    "sent",
    "write:2 write:1 sent",
    "sent write:1",
]


@pytest.mark.parametrize("moments", MOMENTS)
def test_wherever_it_is_killed_it_ends_with_the_outcome_that_was_sent(
    tmp_path: Path, moments: str
) -> None:
    for moment in moments.split():
        ended = _run(tmp_path, moment)
        assert ended.returncode in (-signal.SIGKILL, 0), ended.stderr

    finished = _run(tmp_path, "never")

    assert finished.returncode == 0, finished.stderr
    done: dict[str, Any] = json.loads(finished.stdout)
    assert (done["status"], done["output"]) == ("SUCCEEDED", "answered")
    assert done["types"] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted",
        "TaskSucceeded", "TaskStateExited", "PassStateEntered", "PassStateExited",
        "ExecutionSucceeded",
    ]  # fmt: skip
    assert len(set(_tokens(tmp_path))) == 1  # whoever has the message may answer it
