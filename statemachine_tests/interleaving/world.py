"""What executions share: the ledger, the objects, and who runs. Small enough to be put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from statemachine_tests.interleaving.actors import Call
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.errors import NoSuchExecution
from tasks.ports.objects import NoSuchObject, ObjectInfo
from tasks.reports import ReleaseDocument, load

MOMENT = "2023-01-02T00:00:00Z"


class Still:
    """A clock that stands."""

    def now(self) -> float:
        return 1_800_000_000.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


class Objects:
    """Whole objects in memory. What lies in a release's folder is never replaced by other bytes."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def open(self, key: str) -> BytesIO:
        return BytesIO(self._get(key))

    def describe(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self._get(key)), MOMENT, {})

    def put(self, key: str, body: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        if key.startswith("releases/"):
            assert self.held.get(key, body) == body, f"{key} was changed"
        self.held = {**self.held, key: body}

    def copy(self, source: str, target: str) -> None:
        self.put(target, self._get(source))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return iter([self.describe(key) for key in sorted(self.held) if key.startswith(prefix)])

    def delete(self, prefix: str) -> int:
        gone = {k for k in self.held if k == prefix or (prefix[-1] == "/" and k.startswith(prefix))}
        self.held = {key: body for key, body in self.held.items() if key not in gone}
        return len(gone)

    def _get(self, key: str) -> bytes:
        if key not in self.held:
            raise NoSuchObject(key)
        return self.held[key]


@dataclass(frozen=True)
class Told:
    """As much of an execution as a task asks for."""

    status: str


Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Snapshot:
    """A world as it was."""

    ledger: Mapping[str, Rows]
    objects: Mapping[str, bytes]
    runs: Mapping[str, str]


class World:
    """The real ledger in a file, objects in memory, and the status of each execution."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.sqlite"
        self.ledger = SqliteLedger(self._path, Still())
        self.objects = Objects()
        self.runs: dict[str, str] = {}
        self._raw = sqlite3.connect(self._path, isolation_level=None)
        # Only another process that looks at the file needs it on the disk; there is none.
        self._raw.execute("PRAGMA synchronous = OFF")
        self._tables = [
            name
            for (name,) in self._raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]

    def close(self) -> None:
        """Let go of the ledger."""
        self._raw.close()
        self.ledger.close()

    def describe(self, execution: str) -> Told:
        """As the port of executions has it."""
        if execution not in self.runs:
            raise NoSuchExecution(execution)
        return Told(self.runs[execution])

    def refresh(self, dataset: str, source: str) -> None:
        """The lake is a projection, and not looked at here."""

    def call(self, call: Call) -> tuple[bool, Any]:
        """Do one call of a port and answer whether it gave a value, and the value or error."""
        target = {"ledger": self.ledger, "objects": self.objects}.get(call.port, self)
        try:
            found = getattr(target, call.method)(*call.args, **call.kwargs)
        except Exception as error:
            return False, error
        if isinstance(found, BytesIO):
            return True, found.getvalue()
        return True, list(found) if isinstance(found, Iterator) else found

    def snapshot(self) -> Snapshot:
        """What `restore` brings back; equal for worlds in which all is equal."""
        ledger = {t: tuple(self._raw.execute(f"SELECT * FROM {t}")) for t in self._tables}
        return Snapshot(ledger, self.objects.held, dict(self.runs))

    def restore(self, snapshot: Snapshot) -> None:
        """Make it as it was."""
        self._raw.execute("BEGIN IMMEDIATE")
        for table, rows in snapshot.ledger.items():
            self._raw.execute(f"DELETE FROM {table}")
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self._raw.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        self._raw.execute("COMMIT")
        self.objects.held = dict(snapshot.objects)
        self.runs = dict(snapshot.runs)

    def check(self) -> None:
        """What must hold at every moment."""
        held = [lease.claim for lease in self.ledger.leases(1000)]
        assert len(held) == len(set(held)), "a claim is leased twice"
        for record in self.ledger.releases("carga-energia"):
            assert record.new.document in self.objects.held, "a published release has no document"
            document = load(ReleaseDocument, self.objects.open(record.new.document))
            for part in document.parts:
                size = len(self.objects.held.get(part.key, b""))
                assert size == part.bytes, f"{part.key} of a published release has {size} bytes"
