"""What is forgotten, what never is, and that the file becomes smaller."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import NoSuchExecution
from workflows.engine.journal_file import JournalFile
from workflows.engine.pruning import prune

DAY = 86_400.0
MACHINE = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.wait", "IsPresent": True, "Next": "Wait"},
                        {"Variable": "$.fail", "IsPresent": True, "Next": "Fail"}],
            "Default": "Good",
        },
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Good"},
        "Fail": {"Type": "Fail", "Error": "E"},
        "Good": {"Type": "Succeed"},
    },
}  # fmt: skip

Engines = Callable[..., Any]


@pytest.fixture
def engine(engines: Engines) -> Any:
    return engines(MACHINE)


def ended(engine: Any, name: str, **input: Any) -> str:
    id: str = engine.start("m", input, name=name)
    engine.run([id])
    return id


def names(engine: Any) -> list[str]:
    return [e.name for e in engine.list()]


def test_what_ended_long_ago_is_forgotten_and_what_ended_lately_is_not(engine, clock):
    ended(engine, "old")
    clock.time += 10 * DAY
    ended(engine, "new")

    did = engine.prune(keep_s=5 * DAY)

    assert (did.executions, names(engine)) == (1, ["new"])
    with pytest.raises(NoSuchExecution):
        engine.describe("old")


def test_what_runs_is_never_forgotten(engine, clock):
    engine.start("m", {"wait": 1}, name="running")
    clock.time += 400 * DAY

    assert engine.prune(keep_s=0, even_redrivable=True).executions == 0
    assert names(engine) == ["running"]


def test_what_is_to_be_kept_is_kept(engine, clock):
    kept = ended(engine, "holds-a-lease")
    ended(engine, "old")
    clock.time += 400 * DAY

    engine.prune(keep_s=0, keep=[kept])

    assert names(engine) == ["holds-a-lease"]
    assert len(engine.history(kept)) > 2


def test_what_may_be_redriven_goes_only_when_asked_for(engine, clock):
    ended(engine, "good")
    ended(engine, "failed", fail=True)
    clock.time += 13 * DAY

    engine.prune(keep_s=1 * DAY)
    assert names(engine) == ["failed"]

    engine.prune(keep_s=1 * DAY, even_redrivable=True)
    assert names(engine) == []


def test_what_failed_long_ago_may_not_be_redriven_and_goes(engine, clock):
    ended(engine, "failed", fail=True)
    clock.time += 15 * DAY

    engine.prune(keep_s=1 * DAY)

    assert names(engine) == []


def test_nothing_of_a_forgotten_execution_stays_in_any_table(engine, clock, tmp_path):
    def rows() -> dict[str, int]:
        with sqlite3.connect(tmp_path / "journal.sqlite") as db:
            tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        db.close()
        return {name: counted(tmp_path, name) for (name,) in tables}

    before = rows()
    ended(engine, "old")
    clock.time += 100 * DAY

    engine.prune(keep_s=DAY)

    assert rows() == before


def test_an_execution_goes_with_the_children_of_its_map_runs(engine, clock, tmp_path):
    parent, child = ended(engine, "parent"), ended(engine, "child")
    adopt(tmp_path, parent, child)
    clock.time += 100 * DAY

    assert engine.prune(keep_s=DAY).executions == 2
    assert [counted(tmp_path, t) for t in ("map_runs", "map_items", "events")] == [0, 0, 0]


def test_an_execution_of_which_a_child_still_runs_is_kept(engine, clock, tmp_path):
    parent, child = ended(engine, "parent"), engine.start("m", {"wait": 9}, name="child")
    adopt(tmp_path, parent, child)
    clock.time += 100 * DAY

    assert engine.prune(keep_s=DAY).executions == 0


def test_one_that_is_redriven_meanwhile_stays_with_its_children(engine, clock, tmp_path):
    parent, child = ended(engine, "parent", fail=True), ended(engine, "child", fail=True)
    adopt(tmp_path, parent, child)
    clock.time += 100 * DAY
    journal = Meddled(tmp_path / "journal.sqlite", "UPDATE executions SET status = 'RUNNING'")

    did = prune(journal, before=clock.time, redrivable_before=clock.time, keep=())

    journal.close()
    assert (did.executions, counted(tmp_path, "executions")) == (0, 2)


def test_the_file_gives_back_the_space(engine, clock, tmp_path):
    for number in range(40):
        ended(engine, f"large-{number}", text="x" * 50_000)
    clock.time += 100 * DAY
    before = size(tmp_path)

    did = engine.prune(keep_s=DAY)

    assert size(tmp_path) < before / 5
    assert did.bytes > before / 2


def test_a_file_made_before_that_was_thought_of_gives_it_back_too(engine, clock, tmp_path):
    for number in range(10):
        ended(engine, f"large-{number}", text="x" * 50_000)
    engine.close()
    with sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None) as db:
        db.execute("PRAGMA auto_vacuum = NONE")
        db.execute("VACUUM")
    db.close()
    before = size(tmp_path)
    journal = JournalFile(tmp_path / "journal.sqlite")

    prune(journal, before=clock.time + 1, redrivable_before=0, keep=())

    journal.close()
    assert size(tmp_path) < before / 2


def test_others_may_write_between_the_steps(engine, clock, tmp_path, engines):
    for number in range(30):
        ended(engine, f"old-{number}")
    clock.time += 100 * DAY
    other = engines(MACHINE)
    journal = Meddled(tmp_path / "journal.sqlite", lambda: other.start("m", {}))

    prune(journal, before=clock.time - DAY, redrivable_before=0, keep=())

    journal.close()
    assert [e.status for e in other.list()] == ["RUNNING"]


class Meddled(JournalFile):
    """Before its first transaction something else happens to the file."""

    def __init__(self, path: Path, meddling: str | Callable[[], Any]) -> None:
        super().__init__(path)
        self._at, self._meddling = path, meddling

    def transaction(self) -> Any:
        meddling, self._meddling = self._meddling, ""
        if callable(meddling):
            meddling()
        elif meddling:
            with sqlite3.connect(self._at) as db:
                db.execute(meddling)
            db.close()
        return super().transaction()


def adopt(home: Path, parent: str, child: str) -> None:
    """Make one execution the child of a map run of the other."""
    with sqlite3.connect(home / "journal.sqlite") as db:
        db.execute(
            "INSERT INTO map_runs (key, arn, execution, event, status, started_at, max_concurrency)"
            " SELECT 7, 'arn:run', key, 3, 'SUCCEEDED', 0, 0 FROM executions WHERE arn = ?",
            [parent],
        )
        db.execute("UPDATE executions SET map_run = 7, item = 0 WHERE arn = ?", [child])
        db.execute("INSERT INTO map_items VALUES (7, 0, 1, '{}', 'SUCCEEDED')")
    db.close()


def counted(home: Path, table: str) -> int:
    with sqlite3.connect(home / "journal.sqlite") as db:
        number: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return number


def size(home: Path) -> int:
    """All that the journal takes on disk, what is not yet in its main file included."""
    return sum(path.stat().st_size for path in home.glob("journal.sqlite*"))
