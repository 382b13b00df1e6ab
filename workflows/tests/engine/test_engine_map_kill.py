"""A process that dies at any write of the journal, with Distributed Maps, redrives and nested
executions under way: the next one goes on, and the end is the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from workflows.tests.engine.map_victim import Died, engine_of, run, told

VICTIM = Path(__file__).with_name("map_victim.py")
ROOT = Path(__file__).parents[3]
MOST = 80
"""More transactions than an undisturbed run has."""

# A thread that reads items may be the one at whose write the process dies.
dying = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def _calls(home: Path) -> Counter[str]:
    return Counter((home / "calls").read_text().splitlines())


def _same(ended: Any) -> Any:
    return {name: value for name, value in ended.items() if name != "writes"}


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

        ended = run(home, "never")

        assert _same(ended) == _same({k: v for k, v in undisturbed.items() if k != "calls"}), write
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
            ended = run(tmp_path, "after:10")
        except Died:
            deaths += 1
        else:
            break

    assert deaths > 2
    assert ended["status"] == "SUCCEEDED"
    assert ended["children"] == undisturbed["children"]
    assert ended["types"] == undisturbed["types"]


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


def _left_with_children(home: Path) -> None:
    """An execution whose process died while children ran."""
    for write in range(8, MOST):
        with suppress(Died):
            run(home, f"after:{write}")
        engine = engine_of(home, "never")
        running = [row for row in engine.journal.running() if row.map_run is not None]
        engine.close()
        if running:
            return
    raise AssertionError("no write leaves children")


@dying
@pytest.mark.parametrize("dies", [False, True])
def test_a_child_in_another_process_is_waited_for_and_taken_over_when_that_dies(
    tmp_path: Path, undisturbed: Any, *, dies: bool
) -> None:
    _left_with_children(tmp_path)
    one, other = engine_of(tmp_path, "never"), engine_of(tmp_path, "never")
    child = next(row for row in other.journal.running() if row.map_run is not None)
    assert other._take_over(child)  # only this one
    taken = one.resume()
    assert child.arn not in taken

    if dies:
        other.close()
        one.run()
    else:
        thread = threading.Thread(target=other.run)
        thread.start()
        one.run()
        thread.join()
        other.close()

    assert one.describe("only").status == "FAILED"
    (tmp_path / "fixed").touch()
    one.redrive("only")
    one.run()
    assert _same(told(one, tmp_path)) == _same(
        {k: v for k, v in undisturbed.items() if k != "calls"}
    )
    one.close()
