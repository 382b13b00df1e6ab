"""The ledger in one SQLite file. Each method is one transaction; see the port for what it means."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tasks.adapters.embedded import ledger_moves as moves
from tasks.adapters.embedded import ledger_rows as rows
from tasks.adapters.embedded.clock import SystemClock
from tasks.adapters.embedded.database import Database
from tasks.adapters.embedded.ledger_schema import MIGRATIONS
from tasks.adapters.history import standing_of
from tasks.errors import ClaimHeld, NoSuchRelease
from tasks.moments import utc_from_seconds
from tasks.ports.clock import Clock
from tasks.ports.ledger import (
    Arrival,
    Lease,
    NewRelease,
    OutboxEntry,
    ReleaseRecord,
    ReleaseState,
    Rollback,
    Standing,
)

_HELD = "SELECT * FROM lease WHERE claim = ? AND settled_at IS NULL"
_LATER_THAN_ALL = 2**62


class SqliteLedger:
    """The ledger of one ONS_HOME, for any number of threads and processes.

    Raises `HomeUnusable` for a file that is damaged or of a newer format, `TryAgain` while the
    file is locked for longer than half a minute.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._database = Database(path, MIGRATIONS)

    def claim(self, arrival: Arrival, execution: str) -> Lease:
        with self._database.write() as db:
            db.execute(
                "INSERT INTO arrival (claim, key, origin, published_at, sha256, size, dataset,"
                " source, arrived_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (claim) DO NOTHING",
                (
                    arrival.claim,
                    arrival.key,
                    arrival.origin,
                    arrival.published_at,
                    arrival.sha256,
                    arrival.size,
                    arrival.dataset,
                    arrival.source,
                    self._now(),
                ),
            )
            held = db.execute(_HELD, (arrival.claim,)).fetchone()
            if held is None:
                db.execute(
                    "INSERT INTO lease (claim, execution, taken_at) VALUES (?, ?, ?)",
                    (arrival.claim, execution, self._now()),
                )
                held = db.execute(_HELD, (arrival.claim,)).fetchone()
            if held["execution"] != execution:
                raise ClaimHeld(arrival.claim, held["execution"])
            return rows.lease(held)

    def hold(self, claim: str, fence: int) -> None:
        with self._database.read() as db:
            moves.check_held(db, claim, fence)

    def intend(self, claim: str, fence: int, dataset: str, release: str) -> None:
        with self._database.write() as db:
            moves.check_held(db, claim, fence)
            db.execute(
                "UPDATE lease SET dataset = ?, release = ?, disowned = 0 WHERE fence = ?",
                (dataset, release, fence),
            )

    def disown(self, claim: str, fence: int) -> bool:
        with self._database.write() as db:
            return moves.disown(db, claim, fence)

    def discard(self, claim: str, fence: int, release: str, remove: Callable[[], int]) -> int:
        with self._database.write() as db:
            return remove() if moves.may_discard(db, claim, fence, release) else 0

    def settle(self, claim: str, fence: int) -> bool:
        with self._database.write() as db:
            return moves.settle(db, claim, fence, self._now())

    def leases(self, limit: int) -> Sequence[Lease]:
        with self._database.read() as db:
            found = db.execute(
                "SELECT * FROM lease WHERE settled_at IS NULL ORDER BY fence LIMIT ?", (limit,)
            )
            return [rows.lease(row) for row in found]

    def arrivals(self, dataset: str | None = None) -> Sequence[Arrival]:
        with self._database.read() as db:
            found = db.execute(
                "SELECT * FROM arrival a WHERE :dataset IS NULL OR dataset = :dataset OR EXISTS ("
                " SELECT 1 FROM release r JOIN publication p ON p.number = r.publication"
                " WHERE r.claim = a.claim AND p.dataset = :dataset) ORDER BY number",
                {"dataset": dataset},
            )
            return [rows.arrival(row) for row in found]

    def standing(
        self, dataset: str, source: str, published_at: str, sha256: str, processing: str
    ) -> Standing:
        with self._database.write() as db:
            (arrival,) = db.execute(
                "SELECT coalesce(min(number), ?) FROM arrival"
                " WHERE sha256 = ? AND published_at = ?",
                (_LATER_THAN_ALL, sha256, published_at),
            ).fetchone()
            standing, repeated = standing_of(
                moves.history(db, dataset, source),
                published_at=published_at,
                arrival=arrival,
                sha256=sha256,
                processing=processing,
            )
            if repeated:
                db.execute(
                    "INSERT INTO publication (dataset, source, published_at, sha256, arrival,"
                    " same_as) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        dataset,
                        source,
                        published_at,
                        sha256,
                        arrival,
                        repeated.same_as or repeated.number,
                    ),
                )
            return standing

    def publish(self, new: NewRelease, claim: str, fence: int) -> ReleaseState:
        with self._database.write() as db:
            known = db.execute(rows.RECORDS + "WHERE r.release = ?", (new.release,)).fetchone()
            if known and (known["claim"], known["fence"]) == (claim, fence):
                outcome: ReleaseState = known["outcome"]
                return outcome
            moves.check_owned(db, claim, fence)
            moves.settle(db, claim, fence, self._now())
            if known:
                return rows.record(known).state
            moves.insert(db, new, claim, fence, self._now())
            moves.turn(db, new.dataset, new.source)
            state: ReleaseState = db.execute(
                rows.RECORDS + "WHERE r.release = ?", (new.release,)
            ).fetchone()["state"]
            db.execute("UPDATE release SET outcome = ? WHERE release = ?", (state, new.release))
            return state

    def reject(self, claim: str, fence: int, execution: str, rule: str, reason: str) -> None:
        with self._database.write() as db:
            moves.check_held(db, claim, fence)
            db.execute(
                "INSERT OR REPLACE INTO rejection VALUES (?, ?, ?, ?, ?, ?)",
                (execution, claim, fence, rule, reason, self._now()),
            )

    def release(self, release: str) -> ReleaseRecord:
        with self._database.read() as db:
            row = db.execute(rows.RECORDS + "WHERE r.release = ?", (release,)).fetchone()
        if row is None:
            raise NoSuchRelease(f"there is no release {release!r} (`ons releases` lists them)")
        return rows.record(row)

    def is_published(self, release: str) -> bool:
        with self._database.read() as db:
            found = db.execute("SELECT 1 FROM release WHERE release = ?", (release,))
            return found.fetchone() is not None

    def releases(self, dataset: str, source: str | None = None) -> Sequence[ReleaseRecord]:
        with self._database.read() as db:
            found = db.execute(
                rows.RECORDS
                + "WHERE p.dataset = :dataset AND (:source IS NULL OR p.source = :source)"
                + rows.NEWEST_FIRST,
                {"dataset": dataset, "source": source},
            )
            return [rows.record(row) for row in found]

    def current(self, dataset: str | None = None) -> Sequence[ReleaseRecord]:
        with self._database.read() as db:
            found = db.execute(
                rows.RECORDS
                + "WHERE c.release IS NOT NULL AND (:dataset IS NULL OR p.dataset = :dataset)"
                + rows.NEWEST_FIRST,
                {"dataset": dataset},
            )
            return [rows.record(row) for row in found]

    def roll_back(
        self, dataset: str, source: str, to: str | None, unpublish: bool, execution: str
    ) -> Rollback:
        with self._database.write() as db:
            done = db.execute("SELECT * FROM rollback WHERE execution = ?", (execution,)).fetchone()
            if done:
                withdrawn = tuple(json.loads(done["withdrawn"]))
                return Rollback(done["current"], done["previous"], withdrawn)
            before = moves.withdrawn(db, dataset, source)
            history = moves.history(db, dataset, source)
            step = moves.plan(history, dataset, source, to, unpublish)
            moves.withdraw(db, step)
            previous = moves.turn(db, dataset, source)
            gone = tuple(r for r in moves.withdrawn(db, dataset, source) if r not in before)
            db.execute(
                "INSERT INTO rollback VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    execution,
                    dataset,
                    source,
                    step.target,
                    previous,
                    json.dumps(gone),
                    self._now(),
                ),
            )
            return Rollback(step.target, previous, gone)

    def outbox(self, limit: int = 100) -> Sequence[OutboxEntry]:
        with self._database.read() as db:
            found = db.execute("SELECT * FROM outbox ORDER BY number LIMIT ?", (limit,))
            return [OutboxEntry(*row) for row in found]

    def done(self, number: int) -> None:
        with self._database.write() as db:
            db.execute("DELETE FROM outbox WHERE number = ?", (number,))

    def check(self) -> Sequence[str]:
        """What is wrong with the file itself; empty when it is sound."""
        return self._database.check()

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        self._database.close()

    def _now(self) -> str:
        return utc_from_seconds(self._clock.now())
