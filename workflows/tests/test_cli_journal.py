"""A journal that cannot be used is told in one line, with what to do, and is left as it is."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path

import pytest

from workflows.cli import main
from workflows.engine.journal_file import FORMAT


def ons(home: Path, *words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return main([*words, "--home", str(home)], {}, out=out, err=err), out.getvalue(), err.getvalue()


def truncated(journal: Path) -> None:
    """The second half is gone, as a disk that was full leaves it."""
    whole = journal.read_bytes()
    journal.write_bytes(whole[: len(whole) // 2])


def garbage(journal: Path) -> None:
    journal.write_bytes(b"This is no database. " * 500)


def scrambled(journal: Path) -> None:
    """Its first page is whole, what lies behind it is not."""
    whole = journal.read_bytes()
    journal.write_bytes(whole[:4096] + bytes(len(whole) - 4096))


def newer(journal: Path) -> None:
    with sqlite3.connect(journal) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()


def somebody_elses(journal: Path) -> None:
    journal.unlink()
    with sqlite3.connect(journal) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which something ran."""
    home = tmp_path / "home"
    (tmp_path / "empty.csv").touch()
    assert ons(home, "run", str(tmp_path / "empty.csv"))[0] == 3
    return home


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, "the journal is damaged"),
        (garbage, "the journal is damaged (file is not a database); nothing was changed. Move the"),
        (scrambled, "the journal is damaged"),
        (newer, (f"the journal has format {FORMAT + 1}, this version of ons knows format {FORMAT}; "
                "install a newer ons")),
        (somebody_elses, "this is not a journal; move the file away"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [["executions"], ["execution", "x"], ["doctor"]])
def test_a_journal_that_cannot_be_used_is_told_and_left_as_it_is(home, spoil, said, command):
    journal = home / "journal.sqlite"
    spoil(journal)
    before = journal.read_bytes()

    code, out, err = ons(home, *command)

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"error: {journal}: {said}")
    assert journal.read_bytes() == before


def test_what_is_published_can_be_read_without_the_journal(home):
    garbage(home / "journal.sqlite")

    assert ons(home, "query", "SELECT 1 AS one", "--format", "json")[0] == 0
    assert ons(home, "releases", "carga-energia")[0] == 0


def test_doctor_forgets_what_ended_long_ago(home):
    code, out, _ = ons(home, "doctor", "--prune", "--keep-days", "0", "--json")

    checks = {check["check"]: check for check in json.loads(out)}
    assert (code, checks["history"]["state"]) == (0, "repaired")
    assert checks["history"]["detail"][0].startswith("1 executions forgotten")
    assert json.loads(ons(home, "executions", "--json")[1]) == []


def test_doctor_keeps_three_months_when_it_is_told_nothing_else(home):
    _, out, _ = ons(home, "doctor", "--prune", "--json")

    checks = {check["check"]: check["detail"] for check in json.loads(out)}
    assert checks["history"] == ["nothing ended more than 90 days ago"]
    assert len(json.loads(ons(home, "executions", "--json")[1])) == 1


def test_how_to_prune_means_nothing_without_prune(home):
    assert ons(home, "doctor", "--keep-days", "3")[::2] == (
        2,
        "error: --keep-days and --even-redrivable say how to --prune\n",
    )
