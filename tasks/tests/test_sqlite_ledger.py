"""What is particular to the ledger in a file: other processes, sudden ends, damage, old formats."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tasks.adapters.embedded.database import Database
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.ledger_schema import MIGRATIONS
from tasks.errors import HomeUnusable, TryAgain

# Publishes its share of a source's publications as fast as it can, and says what it was answered.
_RACER = """
import json, sys
from pathlib import Path
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.errors import ClaimHeld
from tasks.ports.ledger import Arrival, NewRelease

ledger = SqliteLedger(Path(sys.argv[1]))
name = sys.argv[2]
fences, states, lost = [], {}, 0
for day in range(1, 31):
    for sha256 in (name, "shared"):
        at = f"2023-01-{day:02}T00:00:00Z"
        claim = f"{sha256}-{day}"
        try:
            lease = ledger.claim(Arrival(claim, "k", "o", at, sha256, 1, None, None), name)
        except ClaimHeld:
            lost += 1
            continue
        fences.append(lease.fence)
        new = NewRelease(f"r-{claim}", "d", "S", at, sha256, "P", "k", "o", name,
                         1, 1, 0, 0, None, None, (), "doc")
        states[new.release] = ledger.publish(new, lease.claim, lease.fence)
print(json.dumps([fences, states, lost]))
"""

# Dies in the middle of a transaction.
_VICTIM = """
import os, signal, sys
from pathlib import Path
from tasks.adapters.embedded.database import Database

with Database(Path(sys.argv[1]), [["CREATE TABLE t (x)"]]).write() as db:
    db.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(10000)])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_processes_that_publish_at_the_same_time_leave_one_order(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, str(path), name], stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    told = [json.loads(racer.communicate()[0]) for racer in racers]

    ledger = SqliteLedger(path)
    records = ledger.releases("d")
    fences = [fence for racer in told for fence in racer[0]]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert len(fences) == len(set(fences))
    assert len(records) == 90
    assert [r.new.published_at for r in records if r.state == "current"] == ["2023-01-30T00:00:00Z"]
    assert [r.state for r in records].count("current") == 1
    assert records[0].state == "current"
    assert ledger.leases(10) == []
    assert ledger.check() == []
    ledger.close()


def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    victim = subprocess.run([sys.executable, "-c", _VICTIM, str(path)], check=False)

    database = Database(path, [["CREATE TABLE t (x)"]])
    with database.write() as db:
        rows = db.execute("SELECT count(*) FROM t").fetchone()[0]
    database.close()

    assert (victim.returncode, rows) == (-signal.SIGKILL, 0)


def test_commits_are_made_durable_in_a_write_ahead_log(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite", [["CREATE TABLE t (x)"]])

    with database.read() as db:
        modes = [db.execute(f"PRAGMA {p}").fetchone()[0] for p in ("journal_mode", "synchronous")]
    database.close()

    assert modes == ["wal", 2]


def test_an_error_takes_the_whole_transaction_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite", [["CREATE TABLE t (x)"]])

    with suppress(RuntimeError), database.write() as db:
        db.execute("INSERT INTO t VALUES (1)")
        raise RuntimeError

    with database.read() as db:
        assert db.execute("SELECT * FROM t").fetchall() == []
    database.close()


def test_a_reader_keeps_its_view_while_another_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.sqlite", [["CREATE TABLE t (x)"]])

    with database.read() as reader:
        before = reader.execute("SELECT count(*) FROM t").fetchone()[0]
        with database.write() as writer:
            writer.execute("INSERT INTO t VALUES (1)")
        after = reader.execute("SELECT count(*) FROM t").fetchone()[0]
    database.close()

    assert (before, after) == (0, 0)


def test_a_file_that_others_hold_too_long_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    holder, other = (Database(path, [["CREATE TABLE t (x)"]], busy_s=0) for _ in range(2))

    with holder.write(), pytest.raises(TryAgain, match=r"x\.sqlite is busy"), other.write():
        pass
    with other.write() as db:
        db.execute("INSERT INTO t VALUES (1)")
    holder.close()
    other.close()


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")

    with pytest.raises(HomeUnusable, match=r"has format 99.*newer version"):
        SqliteLedger(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
        assert db.execute("SELECT * FROM sqlite_master").fetchall() == []


def test_an_older_file_is_backed_up_and_brought_forward(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    first, second = ["CREATE TABLE t (x)"], ["ALTER TABLE t ADD COLUMN y DEFAULT 7"]
    old = Database(path, [first])
    with old.write() as db:
        db.execute("INSERT INTO t VALUES (1)")
    old.close()

    new = Database(path, [first, second])
    with new.read() as db:
        rows = [tuple(row) for row in db.execute("SELECT * FROM t")]
    new.close()

    assert rows == [(1, 7)]
    with closing(sqlite3.connect(tmp_path / "x.sqlite.format-1")) as backup:
        assert backup.execute("SELECT * FROM t").fetchall() == [(1,)]
        assert backup.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_migration_that_fails_leaves_the_old_format(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    first = ["CREATE TABLE t (x)"]
    Database(path, [first]).close()

    with pytest.raises(sqlite3.OperationalError):
        Database(path, [first, ["CREATE TABLE u (x)", "CREATE TABLE t (x)"]])

    again = Database(path, [first])
    with again.read() as db:
        assert [r[0] for r in db.execute("SELECT name FROM sqlite_master")] == ["t"]
    again.close()


def test_a_file_that_is_no_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database at all" * 500)

    with pytest.raises(HomeUnusable, match="put back a backup"):
        SqliteLedger(path)
    assert path.read_bytes() == b"not a database at all" * 500


def test_damage_found_later_is_said_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteLedger(path)
    ledger.close()
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'arrival'").fetchone()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = b"\xff" * 4096
    path.write_bytes(content)

    with pytest.raises(HomeUnusable, match="is damaged"):
        ledger.arrivals()
    assert ledger.check() != []
    ledger.close()


def test_the_released_formats_have_not_been_edited() -> None:
    """Homes out there have these tables: add a migration, never change one."""
    digests = [hashlib.sha256("\n".join(m).encode()).hexdigest()[:16] for m in MIGRATIONS]

    assert digests == ["c698909b00f9f814", "ebea8fcbc1289639"]
