"""A process that dies at any write of the journal, with Distributed Maps, redrives and nested
executions under way: the next one goes on, and the end is the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from workflows.tests.engine.map_victim import Died, run

VICTIM = Path(__file__).with_name("map_victim.py")
ROOT = Path(__file__).parents[3]
MOST = 80
"""More transactions than an undisturbed run has."""

# A thread that reads items may be the one at whose write the process dies.
dying = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def _calls(home: Path) -> Counter[str]:
    return Counter((home / "calls").read_text().splitlines())


def _same(told: Any) -> Any:
    return {name: value for name, value in told.items() if name != "writes"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("undisturbed")
    return {**run(home, "never"), "calls": _calls(home)}


def test_undisturbed_it_fails_is_mended_and_succeeds(undisturbed: Any) -> None:
    assert (undisturbed["status"], undisturbed["output"]) == ("SUCCEEDED", {"n": 1})
    assert undisturbed["children"] == [1, 2, 3, 4]
    assert undisturbed["counts"] == {"SUCCEEDED": [4, 4], "WRITTEN": [4, 4]}
    assert undisturbed["written"] == ["[1,2,3,4]"]
    assert undisturbed["calls"]['["item", 3]'] == 2
    assert undisturbed["calls"]['["item", 1]'] == 1
    assert 20 < undisturbed["writes"] < MOST


@dying
@pytest.mark.parametrize("side", ["before", "after"])
def test_dead_at_any_write_it_goes_on_to_the_same_end(
    tmp_path: Path, undisturbed: Any, side: str
) -> None:
    for write in range(1, undisturbed["writes"] + 1):
        home = tmp_path / str(write)
        home.mkdir()
        with suppress(Died):  # how many writes there are varies by a few
            run(home, f"{side}:{write}")

        told = run(home, "never")

        assert _same(told) == _same({k: v for k, v in undisturbed.items() if k != "calls"}), write
        again = _calls(home) - undisturbed["calls"]
        # What was in flight; once more if its child was then stopped with the map run.
        assert sum(again.values()) <= 2, (write, again)


@dying
def test_dead_again_and_again_it_still_comes_to_the_same_end(
    tmp_path: Path, undisturbed: Any
) -> None:
    deaths = 0
    for _ in range(MOST * 2):
        try:
            told = run(tmp_path, "after:10")
        except Died:
            deaths += 1
        else:
            break

    assert deaths > 2
    assert _same(told)["status"] == "SUCCEEDED"
    assert told["children"] == undisturbed["children"]
    assert told["types"] == undisturbed["types"]


@pytest.mark.parametrize("write", [5, 9, 14, 20])
def test_killed_by_the_system_it_goes_on_to_the_same_end(
    tmp_path: Path, undisturbed: Any, write: int
) -> None:
    def victim(moment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(VICTIM), str(tmp_path), moment], capture_output=True, text=True,
            timeout=60, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip

    killed = victim(f"before:{write}")

    done = victim("never")

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert done.returncode == 0, done.stderr
    assert _same(json.loads(done.stdout)) == _same(
        {k: v for k, v in undisturbed.items() if k != "calls"}
    )
