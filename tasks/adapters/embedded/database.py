"""One SQLite file, used by many threads and processes at once."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tasks.adapters.embedded.locks import locked
from tasks.errors import HomeUnusable, TryAgain

_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_AWAY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Database:
    """A database in WAL mode whose commits are on stable storage (synchronous FULL).

    `migrations` are the steps from an empty file to the newest format, each a sequence of
    statements; the number of steps taken is the file's `user_version`. A file that is not empty is
    backed up before steps are taken. Raises `HomeUnusable` for a newer or a corrupt file, and
    `TryAgain` while another process holds the file for longer than `busy_s`.
    """

    def __init__(
        self, path: Path, migrations: Sequence[Sequence[str]], *, busy_s: float = 30
    ) -> None:
        self._path, self._migrations, self._busy_s = path, migrations, busy_s
        self._guard = threading.Lock()
        # Per process: a connection must not be used, nor closed, on the other side of a fork.
        self._idle: dict[int, list[sqlite3.Connection]] = {}
        # Whoever forgets to close leaves no open file behind.
        weakref.finalize(self, _close_idle, self._idle)
        with self._translated():
            self._prepare()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file, for as long as the context lasts."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is committed when the context ends, or nothing after an
        error. Only one is under way in the whole machine."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def check(self) -> Sequence[str]:
        """What SQLite finds wrong with the file; empty when it is sound. Reads all of it."""
        try:
            with self.read() as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        except HomeUnusable as error:
            return [str(error)]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        """Close the idle connections of this process; the next call opens another."""
        with self._guard:
            _close_idle(self._idle)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._connection() as connection:
            connection.execute(begin)
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            idle = self._idle.setdefault(os.getpid(), [])
            connection = idle.pop() if idle else None
        connection = connection or self._open()
        try:
            yield connection
        finally:
            with self._guard:
                idle.append(connection)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        # Changing to WAL is not covered by SQLite's own waiting, so first openers queue here.
        with locked(self._path.with_suffix(".lock")), self._connection() as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise HomeUnusable(f"{self._path}: SQLite cannot use WAL on this file system")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(self._migrations):
                raise HomeUnusable(
                    f"{self._path} has format {version}, this program knows format "
                    f"{len(self._migrations)}; use a newer version of ons-data-platform"
                )
            if 0 < version < len(self._migrations):
                self._back_up(connection, version)
            for number in range(version, len(self._migrations)):
                self._step(connection, number)

    def _step(self, connection: sqlite3.Connection, number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in self._migrations[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    def _back_up(self, connection: sqlite3.Connection, version: int) -> None:
        copy = self._path.with_name(f"{self._path.name}.format-{version}")
        with closing(sqlite3.connect(copy)) as target:
            connection.backup(target)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # The low byte is the kind of failure, the rest its variety.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _BROKEN:
                raise HomeUnusable(
                    f"{self._path} is damaged ({error}); put back a backup of it, or move it away "
                    "and ingest the files again; `objects/raw` keeps them"
                ) from error
            if code in _AWAY:
                raise TryAgain(f"{self._path.name} is busy: {error}") from error
            raise


def _close_idle(idle: dict[int, list[sqlite3.Connection]]) -> None:
    """Close the idle connections of this process."""
    for connection in idle.pop(os.getpid(), []):
        connection.close()
