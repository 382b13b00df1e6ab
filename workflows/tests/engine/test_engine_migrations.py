"""An older journal is copied, then made one of today; what it holds stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tasks.errors import HomeUnusable
from workflows.engine import journal_file
from workflows.engine.journal import Journal


def old_journal(path: Path) -> None:
    """A journal of format 1 that holds one ended execution."""
    connection = sqlite3.connect(path)
    connection.executescript(journal_file._SCHEMA)
    connection.execute(
        "INSERT INTO executions (arn, machine, name, digest, status, started_at, input, owner,"
        " fence) VALUES ('arn:1', 'm', 'n', 'd', 'ABORTED', 1.0, '{}', 'o', 1)"
    )
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()


def test_an_older_journal_is_taken_over_with_all_it_holds(tmp_path):
    path = tmp_path / "journal.sqlite"
    old_journal(path)

    journal = Journal(path)
    found = journal.row("arn:1")
    version = journal.rows("PRAGMA user_version")[0][0]
    journal.close()

    assert found is not None
    assert (found.name, found.status) == ("n", "ABORTED")
    assert version == journal_file.FORMAT


def test_a_copy_is_kept_of_a_journal_before_it_is_changed(tmp_path):
    path = tmp_path / "journal.sqlite"
    old_journal(path)

    Journal(path).close()

    copy = sqlite3.connect(tmp_path / "journal.sqlite.format-1")
    kept = copy.execute("SELECT arn FROM executions").fetchall()
    version = copy.execute("PRAGMA user_version").fetchone()[0]
    copy.close()
    assert (kept, version) == ([("arn:1",)], 1)


def test_what_an_earlier_attempt_at_the_copy_left_does_not_stand_in_the_way(tmp_path):
    path = tmp_path / "journal.sqlite"
    old_journal(path)
    (tmp_path / "journal.sqlite.format-1.part").write_bytes(b"half")

    Journal(path).close()

    assert {f.name for f in tmp_path.iterdir() if "format" in f.name} == {"journal.sqlite.format-1"}


def test_a_new_journal_has_all_that_a_migrated_one_has(tmp_path):
    old_journal(tmp_path / "old.sqlite")
    tables = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"

    found = []
    for name in ("old.sqlite", "new.sqlite"):
        journal = Journal(tmp_path / name)
        found.append(journal.rows(tables))
        journal.close()

    assert found[0] == found[1]


def test_a_newer_journal_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {journal_file.FORMAT + 1}")
    connection.close()

    with pytest.raises(HomeUnusable, match="install a newer ons"):
        Journal(path)
