"""Forgetting executions that ended long ago, so that the journal does not grow for ever.

The work is done in short transactions, so that others who write wait for moments only, and in an
order that a kill may interrupt anywhere: what is left is whole, and goes at the next time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from workflows.engine.journal_file import JournalFile

REDRIVABLE_S = 14 * 86_400.0
"""For so long an execution that failed may be redriven."""
BATCH_EVENTS = 5_000
"""About how many events one transaction removes; an execution's go together."""
PAGES_AT_ONCE = 1_000
_OF_EXECUTIONS = ("frames", "events", "callbacks", "origins")

_ENDED = "status IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED')"
_MAP_RUNS_OF = "SELECT key FROM map_runs WHERE execution = ?"
_DOOM = f"UPDATE executions SET stopped_at = 0 WHERE key = ? AND {_ENDED}"
_CHILDREN_OF = (
    f"SELECT key FROM executions WHERE map_run = ? AND {_ENDED} AND EXISTS"
    f" (SELECT 1 FROM executions WHERE key = ? AND {_ENDED}) LIMIT 200"
)
# A child is not kept for its own sake: it goes with the execution whose map run it belongs to.
_OLD = f"""
SELECT key, arn FROM executions AS e
WHERE key > ? AND map_run IS NULL AND stopped_at < ? AND {_ENDED}
  AND (status = 'SUCCEEDED' OR kind = 'EXPRESS' OR stopped_at < ?)
  AND NOT EXISTS (SELECT 1 FROM map_runs AS m JOIN executions AS c ON c.map_run = m.key
                  WHERE m.execution = e.key AND c.status IN ('RUNNING', 'PENDING_REDRIVE'))
ORDER BY key LIMIT 200
"""


@dataclass(frozen=True)
class Pruned:
    """How many executions were forgotten, children of map runs included, and by how many bytes
    the file shrank."""

    executions: int
    bytes: int


def prune(
    journal: JournalFile, *, before: float, redrivable_before: float, keep: Collection[str]
) -> Pruned:
    """Forget the executions that ended before `before`, a failed one only if it ended before
    `redrivable_before` too, and none whose ARN is in `keep` or of which anything still runs."""
    kept, size = frozenset(keep), _pages(journal)
    count = 0
    for keys in _old(journal, before, min(before, redrivable_before), kept):
        count += _forget_children(journal, keys)
        count += _forget(journal, keys)
    with journal.transaction():
        journal.db.execute(
            "DELETE FROM definitions WHERE digest NOT IN (SELECT digest FROM executions)"
        )
    _shrink(journal)
    return Pruned(count, (size - _pages(journal)) * _value(journal, "page_size"))


def _old(
    journal: JournalFile, before: float, redrivable_before: float, kept: frozenset[str]
) -> Iterator[Sequence[int]]:
    last = 0
    while found := journal.rows(_OLD, [last, before, redrivable_before]):
        last = found[-1][0]
        yield [key for key, arn in found if arn not in kept]


def _forget_children(journal: JournalFile, keys: Sequence[int]) -> int:
    """The children of their map runs first, so that a kill leaves no child without its parent."""
    count = 0
    for key in keys:
        runs = [run for (run,) in journal.rows(_MAP_RUNS_OF, [key])]
        if runs:
            with journal.transaction():  # too long ago for anybody to redrive it from now on
                journal.db.execute(_DOOM, [key])
        for run in runs:
            while children := journal.rows(_CHILDREN_OF, [run, key]):
                count += _forget(journal, [child for (child,) in children])
    return count


def _forget(journal: JournalFile, keys: Sequence[int]) -> int:
    """Some executions that ended, with all that is known of them. One that was redriven meanwhile
    stays."""
    count = 0
    for batch in _batches(journal, keys):
        with journal.transaction():
            asked = f"SELECT key FROM executions WHERE {_ENDED} AND key IN ({_marks(batch)})"
            ended = [key for (key,) in journal.db.execute(asked, batch)]
            marks = _marks(ended)
            for table in _OF_EXECUTIONS:
                journal.db.execute(f"DELETE FROM {table} WHERE execution IN ({marks})", ended)
            runs = f"SELECT key FROM map_runs WHERE execution IN ({marks})"
            for table in ("map_items", "map_counts"):
                journal.db.execute(f"DELETE FROM {table} WHERE map_run IN ({runs})", ended)
            journal.db.execute(f"DELETE FROM map_runs WHERE execution IN ({marks})", ended)
            journal.db.execute(f"DELETE FROM executions WHERE key IN ({marks})", ended)
        count += len(ended)
    return count


def _marks(keys: Sequence[int]) -> str:
    return ",".join("?" * len(keys))


def _batches(journal: JournalFile, keys: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    events = 0
    for key in keys:
        newest = journal.rows("SELECT coalesce(max(id), 0) FROM events WHERE execution = ?", [key])
        batch.append(key)
        events += newest[0][0]
        if events >= BATCH_EVENTS:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


def _shrink(journal: JournalFile) -> None:
    """Give the free pages back to the file system, some at a time."""
    if not _value(journal, "auto_vacuum"):  # the file is older than that: once, all of it
        journal.rows("PRAGMA auto_vacuum = INCREMENTAL")
        journal.rows("VACUUM")
    while free := _value(journal, "freelist_count"):
        journal.rows(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})")
        if _value(journal, "freelist_count") == free:
            break
    journal.rows("PRAGMA wal_checkpoint(TRUNCATE)")


def _pages(journal: JournalFile) -> int:
    return _value(journal, "page_count")


def _value(journal: JournalFile, pragma: str) -> int:
    return int(journal.rows(f"PRAGMA {pragma}")[0][0])
