"""Between the ledger's rows and the port's values."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from tasks.adapters.history import Made, Publication
from tasks.ports.ledger import Arrival, Lease, NewRelease, ReleaseFile, ReleaseRecord

# Every committed release with its state; `knowledge` is pending while its index entry waits.
RECORDS = """
    SELECT r.*, p.dataset, p.source, p.published_at, p.sha256, p.arrival,
        CASE WHEN c.release IS NOT NULL THEN 'current'
             WHEN p.withdrawn OR r.withdrawn THEN 'withdrawn'
             WHEN r.was_current THEN 'superseded'
             ELSE 'archived' END AS state,
        CASE WHEN o.number IS NULL THEN 'synced' ELSE 'pending' END AS knowledge
    FROM release r
    JOIN publication p ON p.number = r.publication
    LEFT JOIN current c ON c.release = r.release
    LEFT JOIN outbox o ON o.release = r.release AND o.kind = 'index'
"""

# Each publication of a source with the releases that it shows, in the order of commit.
HISTORY = """
    SELECT p.*, r.release, r.processing, r.withdrawn AS made_withdrawn
    FROM publication p
    LEFT JOIN release r ON r.publication = coalesce(p.same_as, p.number)
    WHERE p.dataset = ? AND p.source = ?
    ORDER BY p.number, r.number
"""

# `rtrim` because a fraction of a second must sort after none: "…:00.5" after "…:00".
NEWEST_FIRST = """
    ORDER BY p.dataset, p.source, rtrim(p.published_at, 'Z') DESC, p.arrival DESC, r.number DESC
"""


def record(row: sqlite3.Row) -> ReleaseRecord:
    """A row of `RECORDS`."""
    parts = tuple(ReleaseFile(*part) for part in json.loads(row["parts"]))
    new = NewRelease(
        release=row["release"],
        dataset=row["dataset"],
        source=row["source"],
        published_at=row["published_at"],
        sha256=row["sha256"],
        processing=row["processing"],
        raw_key=row["raw_key"],
        source_file=row["source_file"],
        execution=row["execution"],
        rows_read=row["rows_read"],
        rows_published=row["rows_published"],
        rows_quarantined=row["rows_quarantined"],
        findings=row["findings"],
        first_time=row["first_time"],
        last_time=row["last_time"],
        parts=parts,
        document=row["document"],
    )
    return ReleaseRecord(new, row["state"], row["committed_at"], row["knowledge"])


def parts_json(parts: Sequence[ReleaseFile]) -> str:
    """The parts as the column keeps them."""
    return json.dumps([[part.key, part.rows, part.bytes] for part in parts])


def history(rows: Iterable[sqlite3.Row]) -> list[Publication]:
    """The rows of `HISTORY`."""
    found: dict[int, sqlite3.Row] = {}
    made: dict[int, list[Made]] = {}
    for row in rows:
        found[row["number"]] = row
        of = made.setdefault(row["number"], [])
        if row["release"] is not None:
            of.append(Made(row["release"], row["processing"], bool(row["made_withdrawn"])))
    return [
        Publication(
            number=number,
            published_at=row["published_at"],
            arrival=row["arrival"],
            sha256=row["sha256"],
            withdrawn=bool(row["withdrawn"]),
            made=tuple(made[number]),
            same_as=row["same_as"],
        )
        for number, row in found.items()
    ]


def arrival(row: sqlite3.Row) -> Arrival:
    """A row of the table `arrival`."""
    return Arrival(
        claim=row["claim"],
        key=row["key"],
        origin=row["origin"],
        published_at=row["published_at"],
        sha256=row["sha256"],
        size=row["size"],
        dataset=row["dataset"],
        source=row["source"],
    )


def lease(row: sqlite3.Row) -> Lease:
    """A row of the table `lease`."""
    return Lease(row["claim"], row["fence"], row["execution"], row["dataset"], row["release"])
