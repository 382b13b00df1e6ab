"""The journal's part on map runs: their items, their children, and counts of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from workflows.engine.definition import StateMachine
from workflows.engine.journal_file import JournalFile
from workflows.engine.jsontext import dumps
from workflows.engine.map_runs import Count, MapRun, MapRunBegun, MapRunChange, MapRunEnded

_COLUMNS = ", ".join(name for name in MapRun.__dataclass_fields__ if name != "counts")
_UNSUCCESSFUL = "('FAILED', 'TIMED_OUT', 'ABORTED')"
REDRIVE = (
    "UPDATE executions SET status = 'RUNNING', owner = ?, fence = fence + 1, stop = NULL,"
    " stopped_at = NULL, output = NULL, error = NULL, cause = NULL, redrives = redrives + 1,"
    " redriven_at = ? WHERE key = ?"
)
"""An execution that had ended runs again: its owner, the time, its key. That its history ends with
an ending tells whoever loads it to go on from what failed."""
STOPPED = dumps([None, None])
"""The request to stop that children of a map run get: without error and cause, as on AWS."""


class MapJournal(JournalFile):
    """What is kept of Distributed Maps. A map run belongs to its execution: it is written only by
    the owner of that execution, a child's row by the owner of the child."""

    def map_run(self, execution: int, event: int) -> MapRun:
        """The map run that this event of this execution started."""
        return self._map_runs("WHERE execution = ? AND event = ?", [execution, event])[0]

    def map_run_of(self, arn: str) -> MapRun | None:
        """The map run with this ARN."""
        return next(iter(self._map_runs("WHERE arn = ?", [arn])), None)

    def map_run_by_key(self, key: int) -> MapRun:
        """The map run with this key."""
        return self._map_runs("WHERE key = ?", [key])[0]

    def map_runs_in(self, execution: int) -> Sequence[MapRun]:
        """The map runs of an execution, oldest first."""
        return self._map_runs("WHERE execution = ? ORDER BY key", [execution])

    def change_map_run(self, key: int, values: Mapping[str, Any]) -> None:
        """Change the limits of a map run that is under way."""
        with self.transaction():
            for column, value in values.items():
                self.db.execute(
                    f"UPDATE map_runs SET {column} = ? WHERE key = ? AND status = 'RUNNING'",
                    (value, key),
                )

    def keep_items(
        self, owner: str, fence: int, run: MapRun, inputs: Iterable[tuple[str, int]], first: int
    ) -> bool:
        """Add children's inputs (JSON text, items in it) from the number `first` up; those of an
        earlier try go when `first` is 0. False when the execution is not this owner's any more."""
        with self.transaction():
            if not self._is_owned(run.execution, owner, fence):
                return False
            if first == 0:
                self.db.execute("DELETE FROM map_items WHERE map_run = ?", (run.key,))
                self.db.execute("DELETE FROM map_counts WHERE map_run = ?", (run.key,))
            rows = [(run.key, first + n, size, text) for n, (text, size) in enumerate(inputs)]
            self.db.executemany("INSERT INTO map_items VALUES (?, ?, ?, ?, 'PENDING')", rows)
            self._count(run.key, "PENDING", len(rows), sum(row[2] for row in rows))
            return True

    def items_kept(self, owner: str, fence: int, run: MapRun) -> bool:
        """All items of the map run are there. False as in `keep_items`."""
        with self.transaction():
            mine = self._is_owned(run.execution, owner, fence)
            if mine:
                self.db.execute("UPDATE map_runs SET is_read = 1 WHERE key = ?", (run.key,))
            return mine

    def start_children(
        self, owner: str, fence: int, run: MapRun, machine: StateMachine, prefix: str,
        kind: str, at: float, limit: int,
    ) -> Sequence[int]:  # fmt: skip
        """Make the next children RUNNING, `limit` at most, and answer their keys; none when the
        execution is not this owner's any more. A child's ARN is `prefix` with its name."""
        with self.transaction():
            if not self._is_owned(run.execution, owner, fence):
                return []
            self.db.execute(
                "INSERT OR IGNORE INTO definitions VALUES (?, ?)", (machine.digest, machine.text)
            )
            waiting = self.db.execute(
                "SELECT item, items, input, status FROM map_items INDEXED BY map_items_waiting"
                " WHERE map_run = ? AND status IN ('PENDING', 'PENDING_REDRIVE')"
                " ORDER BY item LIMIT ?",
                (run.key, limit),
            ).fetchall()
            keys: list[int] = []
            for item, items, text, status in waiting:
                if status == "PENDING_REDRIVE" and kind == "STANDARD":
                    keys.append(self._redriven(run.key, item, owner, at))
                else:
                    name = run.child_name(item)
                    made = self.db.execute(
                        "INSERT INTO executions (arn, machine, name, digest, status, started_at,"
                        " input, owner, fence, kind, map_run, item)"
                        " VALUES (?, ?, ?, ?, 'RUNNING', ?, ?, ?, 1, ?, ?, ?)",
                        (f"{prefix}{name}", machine.name, name, machine.digest, at, text, owner,
                         kind, run.key, item),
                    )  # fmt: skip
                    keys.append(int(made.lastrowid or 0))
                self._moved(run.key, item, items, status, "RUNNING")
            return keys

    def stop_children(self, owner: str, fence: int, run: MapRun) -> None:
        """Start no more children, and ask those that run to stop."""
        with self.transaction():
            if self._is_owned(run.execution, owner, fence):
                self.db.execute("UPDATE map_runs SET failing = 1 WHERE key = ?", (run.key,))
                self._ask_children_to_stop(run.key)

    def children(self, run: int) -> Sequence[int]:
        """The keys of a map run's children in the order of their items; of one that was run anew,
        the newest."""
        rows = self.rows(
            "SELECT max(key) FROM executions WHERE map_run = ? GROUP BY item ORDER BY item", [run]
        )
        return [key for (key,) in rows]

    def running_children(self, run: int) -> set[int]:
        """The keys of the children that are under way."""
        rows = self.rows(
            "SELECT key FROM executions WHERE map_run = ? AND status = 'RUNNING'", [run]
        )
        return {key for (key,) in rows}

    def items(self, run: int, status: str) -> Iterator[tuple[int, str]]:
        """The number and input of each item of a map run in this status."""
        yield from self.rows(
            "SELECT item, input FROM map_items WHERE map_run = ? AND status = ? ORDER BY item",
            [run, status],
        )

    def item_counts(self, run: int) -> dict[int, int]:
        """How many items are in each child's input, by the child's number."""
        return dict(self.rows("SELECT item, items FROM map_items WHERE map_run = ?", [run]))

    def results_written(self, owner: str, fence: int, run: MapRun) -> None:
        """The results of all children that ended are exported."""
        ended = run.count("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
        with self.transaction():
            if self._is_owned(run.execution, owner, fence):
                self.db.execute(
                    "DELETE FROM map_counts WHERE map_run = ? AND status = 'WRITTEN'", (run.key,)
                )
                self._count(run.key, "WRITTEN", ended.executions, ended.items)

    # Within the transaction of a turn

    def _map_run_changed(self, execution: int, change: MapRunChange) -> None:
        if isinstance(change, MapRunBegun):
            self.db.execute(
                "INSERT INTO map_runs (arn, execution, event, status, started_at,"
                " max_concurrency, tolerated_count, tolerated_percentage)"
                " VALUES (?, ?, ?, 'RUNNING', ?, ?, ?, ?)",
                (change.arn, execution, change.event, change.at, change.max_concurrency,
                 change.tolerated_count, change.tolerated_percentage),
            )  # fmt: skip
            return
        ((key,),) = self.db.execute(
            "SELECT key FROM map_runs WHERE execution = ? AND event = ?",
            (execution, change.event),
        ).fetchall()
        if isinstance(change, MapRunEnded):
            self.db.execute(
                "UPDATE map_runs SET status = ?, stopped_at = ?, failing = 0 WHERE key = ?",
                (change.status, change.at, key),
            )
            self._ask_children_to_stop(key)
            self._turn(key, "('PENDING_REDRIVE')", "FAILED")
        else:
            self.db.execute(
                "UPDATE map_runs SET status = 'RUNNING', stopped_at = NULL, failing = 0,"
                " redrives = redrives + 1, redriven_at = ? WHERE key = ?",
                (change.at, key),
            )
            self._turn(key, _UNSUCCESSFUL, "PENDING_REDRIVE")
            self.db.execute(  # those that nobody has stopped yet may go on
                "UPDATE executions SET stop = NULL WHERE map_run = ? AND status = 'RUNNING'", (key,)
            )

    def _child_ended(self, run: int, item: int, status: str) -> None:
        ((items,),) = self.db.execute(
            "SELECT items FROM map_items WHERE map_run = ? AND item = ?", (run, item)
        ).fetchall()
        self._moved(run, item, items, "RUNNING", status)

    def _turn(self, run: int, statuses: str, into: str) -> None:
        """Move all children in some statuses into another."""
        self.db.execute(
            f"UPDATE executions SET status = ? WHERE map_run = ? AND status IN {statuses}"
            " AND kind = 'STANDARD'",
            (into, run),
        )
        found = self.db.execute(
            f"SELECT item, items, status FROM map_items WHERE map_run = ? AND status IN {statuses}",
            (run,),
        ).fetchall()
        for item, items, status in found:
            self._moved(run, item, items, status, into)

    def _redriven(self, run: int, item: int, owner: str, at: float) -> int:
        ((key,),) = self.db.execute(
            "SELECT key FROM executions WHERE map_run = ? AND item = ?", (run, item)
        ).fetchall()
        self.db.execute(REDRIVE, (owner, at, key))
        return int(key)

    def _moved(self, run: int, item: int, items: int, before: str, after: str) -> None:
        self.db.execute(
            "UPDATE map_items SET status = ? WHERE map_run = ? AND item = ?", (after, run, item)
        )
        self._count(run, before, -1, -items)
        self._count(run, after, 1, items)

    def _count(self, run: int, status: str, executions: int, items: int) -> None:
        self.db.execute(
            "INSERT INTO map_counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET executions = executions + excluded.executions, items = items + excluded.items",
            (run, status, executions, items),
        )

    def _ask_children_to_stop(self, run: int) -> None:
        self.db.execute(
            "UPDATE executions SET stop = ?"
            " WHERE map_run = ? AND status = 'RUNNING' AND stop IS NULL",
            (STOPPED, run),
        )

    def _is_owned(self, execution: int, owner: str, fence: int) -> bool:
        found = self.db.execute(
            "SELECT 1 FROM executions"
            " WHERE key = ? AND owner = ? AND fence = ? AND status = 'RUNNING'",
            (execution, owner, fence),
        )
        return found.fetchone() is not None

    def _map_runs(self, where: str, values: Sequence[Any]) -> Sequence[MapRun]:
        found = []
        for row in self.rows(f"SELECT {_COLUMNS} FROM map_runs {where}", values):
            counts = self.rows(
                "SELECT status, executions, items FROM map_counts WHERE map_run = ?", [row[0]]
            )
            found.append(MapRun(*[*row, {status: Count(e, i) for status, e, i in counts}]))
        return found
