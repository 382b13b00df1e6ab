"""The journal: executions, their frames and their history, in one SQLite file.

Several processes write to it at once, each with short transactions. Whatever is written for an
execution is conditional on its owner and fence, so that a process that was taken for dead, and was
not, cannot write any more. WAL with synchronous NORMAL: a killed process loses nothing, a machine
that loses power may lose the last moments, never the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.ports.executions import HistoryEvent
from workflows.engine import history
from workflows.engine.callbacks import Callback
from workflows.engine.definition import StateMachine
from workflows.engine.frames import Changes, Frame
from workflows.engine.jsontext import dumps, loads
from workflows.engine.map_journal import REDRIVE, MapJournal


@dataclass(frozen=True)
class Row:
    """One execution as the journal has it; `input` and `output` are JSON text, times in seconds."""

    key: int
    arn: str
    machine: str
    name: str
    digest: str
    status: str
    started_at: float
    stopped_at: float | None
    input: str
    output: str | None
    error: str | None
    cause: str | None
    owner: str
    fence: int
    stop: str | None
    kind: str = "STANDARD"
    redrives: int = 0
    redriven_at: float | None = None
    map_run: int | None = None
    item: int | None = None
    started_by: str | None = None


class Journal(MapJournal):
    """One process's way to the journal; its methods may be called on any thread.

    Every method raises `HomeUnusable` when the file turns out to be damaged.
    """

    def create(
        self,
        machine: StateMachine,
        arn: str,
        name: str,
        input: str,
        owner: str,
        at: float,
        *,
        noting: Callable[[int], None] | None = None,
    ) -> int | None:
        """Add a RUNNING execution with fence 1 and answer its key; None if the ARN is taken.
        `noting` is given the key within the same transaction."""
        with self.transaction():
            self.db.execute(
                "INSERT OR IGNORE INTO definitions VALUES (?, ?)", (machine.digest, machine.text)
            )
            made = self.db.execute(
                "INSERT OR IGNORE INTO executions (arn, machine, name, digest, status, started_at,"
                " input, owner, fence) VALUES (?, ?, ?, ?, 'RUNNING', ?, ?, ?, 1)",
                (arn, machine.name, name, machine.digest, at, input, owner),
            )
            if not made.rowcount or made.lastrowid is None:
                return None
            if noting is not None:
                noting(made.lastrowid)
            return made.lastrowid

    def write(
        self, owner: str, turns: Iterable[tuple[int, int, Changes]]
    ) -> tuple[Sequence[int], Sequence[int]]:
        """Journal what a turn changed of each (key, fence), all in one transaction.

        Answers the keys written, and those refused: they are not this owner's any more.
        """
        written: list[int] = []
        refused: list[int] = []
        with self.transaction():
            for key, fence, changes in turns:
                mine = self.db.execute(
                    "SELECT map_run, item FROM executions"
                    " WHERE key = ? AND owner = ? AND fence = ? AND status = 'RUNNING'",
                    (key, owner, fence),
                ).fetchone()
                if mine:
                    self._write(key, changes)
                    if changes.ending and mine[0] is not None:
                        self._child_ended(mine[0], mine[1], changes.ending.status)
                (written if mine else refused).append(key)
        return written, refused

    def _write(self, key: int, changes: Changes) -> None:
        db = self.db
        db.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
            [
                (key, e.id, e.previous_id, e.type, at, dumps(e.details))
                for e, at in zip(changes.events, changes.times, strict=True)
            ],
        )
        if changes.opened or changes.closed:
            db.executemany(
                "INSERT OR IGNORE INTO callbacks (execution, call, frame) VALUES (?, ?, ?)",
                [(key, *opened) for opened in changes.opened],
            )
            db.executemany(
                "DELETE FROM callbacks WHERE execution = ? AND call = ?",
                [(key, call) for call in changes.closed],
            )
        for map_run in changes.map_runs:
            self._map_run_changed(key, map_run)
        if ending := changes.ending:
            db.execute("DELETE FROM frames WHERE execution = ?", (key,))
            db.executemany(
                "INSERT INTO frames VALUES (?, ?, ?, ?)",
                [(key, f.id, f.data(), f.text) for f in changes.kept],
            )
            db.execute(
                "UPDATE executions SET status = ?, stopped_at = ?, output = ?, error = ?, cause = ?"
                " WHERE key = ?",
                (ending.status, ending.at, ending.output, ending.error, ending.cause, key),
            )
            return
        db.executemany(
            "DELETE FROM frames WHERE execution = ? AND id = ?",
            [(key, id) for id in changes.removed],
        )
        fresh = [f for f in changes.touched.values() if f.fresh]
        db.executemany(
            "INSERT INTO frames VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET data = excluded.data, value = excluded.value",
            [(key, f.id, f.data(), f.text) for f in fresh],
        )
        db.executemany(
            "UPDATE frames SET data = ? WHERE execution = ? AND id = ?",
            [(f.data(), key, f.id) for f in changes.touched.values() if not f.fresh],
        )
        for frame in fresh:
            frame.fresh = False

    def take_over(self, key: int, from_owner: str, fence: int, owner: str) -> bool:
        """Make `owner` the owner, with the next fence; False when somebody else was faster."""
        with self.transaction():
            moved = self.db.execute(
                "UPDATE executions SET owner = ?, fence = fence + 1"
                " WHERE key = ? AND owner = ? AND fence = ? AND status = 'RUNNING'",
                (owner, key, from_owner, fence),
            )
            return moved.rowcount == 1

    def redrive(self, key: int, fence: int, owner: str, at: float) -> bool:
        """Let an execution that failed run again, as the owner's, with the next fence; False when
        it runs already, or somebody else was faster."""
        with self.transaction():
            failed = self.db.execute(
                "SELECT 1 FROM executions WHERE key = ? AND fence = ?"
                " AND status IN ('FAILED', 'TIMED_OUT', 'ABORTED')",
                (key, fence),
            ).fetchone()
            if failed:
                self.db.execute(REDRIVE, (owner, at, key))
            return failed is not None

    def ask_to_stop(self, key: int, request: str) -> None:
        """Leave a request for the owner; one that is there already stays."""
        with self.transaction():
            self.db.execute(
                "UPDATE executions SET stop = ? WHERE key = ? AND status = 'RUNNING'"
                " AND stop IS NULL",
                (request, key),
            )

    def stops(self, owner: str) -> dict[int, Any]:
        """The requests to stop that this owner has not followed yet, by key."""
        rows = self.rows(
            "SELECT key, stop FROM executions"
            " WHERE status = 'RUNNING' AND owner = ? AND stop IS NOT NULL",
            [owner],
        )
        return {key: loads(stop) for key, stop in rows}

    def send(self, key: int, call: int, *, outcome: str | None, at: float) -> bool:
        """Keep the outcome of a Task that waits, or (None) a sign of life; False when it does not
        wait any more. Only the first outcome counts."""
        column, value = ("beat", at) if outcome is None else ("outcome", outcome)
        with self.transaction():
            kept = self.db.execute(
                f"UPDATE callbacks SET {column} = ?"
                " WHERE execution = ? AND call = ? AND outcome IS NULL",
                (value, key, call),
            )
            return kept.rowcount == 1

    def arn(self, key: int) -> str | None:
        """The ARN of the execution with this key, None when there is none."""
        rows = self.rows("SELECT arn FROM executions WHERE key = ?", [key])
        return str(rows[0][0]) if rows else None

    def callbacks(self, owner: str) -> Sequence[Callback]:
        """What was sent for the Tasks of this owner that wait."""
        rows = self.rows(
            "SELECT execution, call, frame, outcome, beat FROM callbacks"
            " JOIN executions ON key = execution"
            " WHERE owner = ? AND (outcome IS NOT NULL OR beat IS NOT NULL)",
            [owner],
        )
        return [Callback(*row) for row in rows]

    def callback(self, key: int, call: int) -> Callback | None:
        """What was sent for one Task that waits."""
        rows = self.rows(
            "SELECT execution, call, frame, outcome, beat FROM callbacks"
            " WHERE execution = ? AND call = ?",
            [key, call],
        )
        return Callback(*rows[0]) if rows else None

    def version(self) -> int:
        """Changes whenever another connection has written."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def by_key(self, key: int) -> Row:
        """The execution with this key."""
        return self._executions("WHERE key = ?", [key])[0]

    def row(self, arn: str) -> Row | None:
        """The execution with this ARN."""
        return next(iter(self._executions("WHERE arn = ?", [arn])), None)

    def matching(self, text: str) -> Sequence[Row]:
        """At most two executions whose name, or ARN, starts with the text; exact ones first."""
        column = "arn" if text.startswith("arn:") else "name"
        exact = self._executions(f"WHERE {column} = ? ORDER BY key LIMIT 2", [text])
        end = text + "\U0010ffff"
        return exact or self._executions(
            f"WHERE {column} >= ? AND {column} < ? ORDER BY key LIMIT 2", [text, end]
        )

    def running(self, owner: str | None = None) -> Sequence[Row]:
        """The RUNNING executions, oldest first; of one owner, or of all."""
        if owner is None:
            return self._executions("WHERE status = 'RUNNING' ORDER BY key", [])
        return self._executions("WHERE status = 'RUNNING' AND owner = ? ORDER BY key", [owner])

    def newest(
        self, machine: str | None, status: str | None, limit: int, *, before: int | None = None
    ) -> Sequence[Row]:
        """The newest executions first, those with a smaller key than `before`; not the children
        of map runs."""
        given = {"machine = ?": machine, "status = ?": status, "key < ?": before}
        said = {term: value for term, value in given.items() if value is not None}
        where = " AND ".join(["map_run IS NULL", *said])
        return self._executions(f"WHERE {where} ORDER BY key DESC LIMIT ?", [*said.values(), limit])

    def statuses(self, keys: Collection[int]) -> dict[int, str]:
        """The status of each of these executions."""
        marks = ",".join("?" * len(keys))
        rows = self.rows(f"SELECT key, status FROM executions WHERE key IN ({marks})", list(keys))
        return dict(rows)

    def is_running(self, key: int) -> bool:
        """Whether the execution still runs: what is told on another thread may come late."""
        return self.statuses([key]).get(key) == "RUNNING"

    def definition(self, digest: str) -> Any:
        """A definition that an execution was started with."""
        rows = self.rows("SELECT text FROM definitions WHERE digest = ?", [digest])
        return loads(rows[0][0])

    def frames(self, key: int) -> Sequence[Frame]:
        """The frames of an execution, by id."""
        rows = self.rows(
            "SELECT id, data, value FROM frames WHERE execution = ? ORDER BY id", [key]
        )
        return [Frame.of(*row) for row in rows]

    def events(self, key: int, *, after: int = 0) -> Sequence[HistoryEvent]:
        """The history of an execution, in order; what comes after the event `after`."""
        rows = self.rows(
            "SELECT id, previous, type, at, details FROM events"
            " WHERE execution = ? AND id > ? ORDER BY id",
            [key, after],
        )
        return [history.event(i, p, t, at, loads(text)) for i, p, t, at, text in rows]

    def details(self, key: int, event: int) -> Any:
        """The details of one event."""
        rows = self.rows("SELECT details FROM events WHERE execution = ? AND id = ?", [key, event])
        return loads(rows[0][0])

    def has_frames(self, key: int) -> bool:
        """Whether frames of the execution are kept."""
        return bool(self.rows("SELECT 1 FROM frames WHERE execution = ? LIMIT 1", [key]))

    def last_type(self, key: int) -> str | None:
        """The type of the newest event, None when there is none."""
        rows = self.rows(
            "SELECT type FROM events WHERE execution = ? ORDER BY id DESC LIMIT 1", [key]
        )
        return rows[0][0] if rows else None

    def last_event(self, key: int) -> int:
        """The id of the newest event, 0 when there is none."""
        rows = self.rows("SELECT coalesce(max(id), 0) FROM events WHERE execution = ?", [key])
        return int(rows[0][0])

    def _executions(self, where: str, values: Sequence[Any]) -> Sequence[Row]:
        columns = ", ".join(Row.__dataclass_fields__)
        rows = self.rows(f"SELECT {columns} FROM executions {where}", values)
        return [Row(*row) for row in rows]
