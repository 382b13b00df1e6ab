"""The journal's file: made once, opened by many, never replaced silently."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tasks.adapters.embedded.locks import locked
from tasks.errors import HomeUnusable
from workflows.engine.migrations import MIGRATIONS

FORMAT = 1 + len(MIGRATIONS)
BUSY_MS = 30_000

_SCHEMA = """
CREATE TABLE definitions (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE executions (
  key INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, machine TEXT NOT NULL, name TEXT NOT NULL,
  digest TEXT NOT NULL, status TEXT NOT NULL, started_at REAL NOT NULL, stopped_at REAL,
  input TEXT NOT NULL, output TEXT, error TEXT, cause TEXT,
  owner TEXT NOT NULL, fence INTEGER NOT NULL, stop TEXT);
CREATE INDEX executions_by_machine ON executions (machine, key);
CREATE INDEX executions_by_status ON executions (status, key);
CREATE INDEX executions_by_name ON executions (name);
CREATE INDEX executions_owned ON executions (owner) WHERE status = 'RUNNING';
CREATE TABLE frames (
  execution INTEGER NOT NULL, id INTEGER NOT NULL, data TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (execution, id)) WITHOUT ROWID;
CREATE TABLE events (
  execution INTEGER NOT NULL, id INTEGER NOT NULL, previous INTEGER NOT NULL, type TEXT NOT NULL,
  at REAL NOT NULL, details TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
"""


class JournalFile:
    """One process's connection to the file, for any of its threads."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raises `HomeUnusable` for a file that is damaged or newer."""
        self._path, self._lock = path, threading.RLock()
        with self.checked():
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                self.db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
                self.db.execute("PRAGMA synchronous = NORMAL")
                self.db.execute("PRAGMA wal_autocheckpoint = 16000")
                # Pages that are not kept are looked for in the log, the longer the longer it is.
                self.db.execute("PRAGMA cache_size = -64000")
                self._prepare()
            except BaseException:
                self.db.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self.db.close()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query. Raises `HomeUnusable`."""
        with self.checked(), self._lock:
            return self.db.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done within is committed at the end, or nothing of it."""
        with self.checked(), self._lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.db.in_transaction:  # SQLite ends it by itself after some errors
                    self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    @contextmanager
    def checked(self) -> Iterator[None]:
        """SQLite's errors become `HomeUnusable`, with what to do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise HomeUnusable(f"{self._path}: cannot be read or written now: {error}") from error
        except sqlite3.DatabaseError as error:
            raise HomeUnusable(
                f"{self._path}: the journal is damaged ({error}); nothing was changed. Move the "
                "file away to begin with an empty history, or bring it back from a copy; what is "
                "published is not in it"
            ) from error

    def _prepare(self) -> None:
        found = self._format()
        if found > FORMAT:
            raise HomeUnusable(
                f"{self._path}: the journal has format {found}, this version of ons knows format "
                f"{FORMAT}; install a newer ons"
            )
        if found == FORMAT:
            return
        self._refuse_others()
        lock = self._path.parent / "run" / "journal.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        # SQLite does not wait for another process that changes the mode at the same time.
        with locked(lock):
            self.db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded by a new file only
            self.db.execute("PRAGMA journal_mode = WAL")
            self._make()

    def _make(self) -> None:
        found = self._format()  # another process may have been faster
        if found >= FORMAT:
            return
        if found:
            self._back_up(found)
        with self.transaction():
            steps = [_SCHEMA, *MIGRATIONS][found:]
            for statement in ";".join(steps).split(";"):
                self.db.execute(statement)
            self.db.execute(f"PRAGMA user_version = {FORMAT}")

    def _back_up(self, format: int) -> None:
        """Keep the journal as it was beside the one to be changed; a kill leaves it whole."""
        kept = self._path.with_name(f"{self._path.name}.format-{format}")
        part = kept.with_name(f"{kept.name}.part")
        part.unlink(missing_ok=True)
        self.db.execute("VACUUM INTO ?", (str(part),))
        part.replace(kept)

    def _refuse_others(self) -> None:
        if self.db.execute("SELECT 1 FROM sqlite_master").fetchone() and self._format() == 0:
            raise HomeUnusable(f"{self._path}: this is not a journal; move the file away")

    def _format(self) -> int:
        return int(self.db.execute("PRAGMA user_version").fetchone()[0])
