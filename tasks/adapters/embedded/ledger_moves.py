"""The steps that the ledger's transactions are made of; each runs inside one."""

import sqlite3

from tasks.adapters import history as order
from tasks.adapters.embedded import ledger_rows as rows
from tasks.errors import ClaimLost, NoSuchRelease
from tasks.ports.ledger import NewRelease


def check_held(db: sqlite3.Connection, claim: str, fence: int) -> None:
    """Raises `ClaimLost` unless the lease is held with this fence."""
    found = db.execute(
        "SELECT 1 FROM lease WHERE claim = ? AND fence = ? AND settled_at IS NULL", (claim, fence)
    )
    if found.fetchone() is None:
        raise ClaimLost(claim, fence)


def check_owned(db: sqlite3.Connection, claim: str, fence: int) -> None:
    """Raises `ClaimLost` unless the lease is held with this fence and was not disowned."""
    check_held(db, claim, fence)
    if db.execute("SELECT 1 FROM lease WHERE fence = ? AND disowned = 1", (fence,)).fetchone():
        raise ClaimLost(claim, fence)


def disown(db: sqlite3.Connection, claim: str, fence: int) -> bool:
    """The lease cannot publish what it wrote so far; False when it was not held."""
    done = db.execute(
        "UPDATE lease SET disowned = 1 WHERE claim = ? AND fence = ? AND settled_at IS NULL",
        (claim, fence),
    )
    return done.rowcount == 1


def may_discard(db: sqlite3.Connection, claim: str, fence: int, release: str) -> bool:
    """Whether what the lease wrote of a release is nobody's, and can become nobody's."""
    found = db.execute(
        "SELECT 1 FROM lease WHERE claim = :claim AND fence = :fence AND settled_at IS NULL"
        " AND disowned = 1 AND NOT EXISTS (SELECT 1 FROM release WHERE release = :release)"
        " AND NOT EXISTS (SELECT 1 FROM lease WHERE settled_at IS NULL AND claim <> :claim"
        " AND release = :release AND disowned = 0)",
        {"claim": claim, "fence": fence, "release": release},
    )
    return found.fetchone() is not None


def settle(db: sqlite3.Connection, claim: str, fence: int, now: str) -> bool:
    """Give the lease back; False when it was not held with this fence."""
    done = db.execute(
        "UPDATE lease SET settled_at = ? WHERE claim = ? AND fence = ? AND settled_at IS NULL",
        (now, claim, fence),
    )
    return done.rowcount == 1


def history(db: sqlite3.Connection, dataset: str, source: str) -> list[order.Publication]:
    """All publications of one source."""
    return rows.history(db.execute(rows.HISTORY, (dataset, source)))


def insert(db: sqlite3.Connection, new: NewRelease, claim: str, fence: int, now: str) -> None:
    """Add the release, and its publication if that is new; nothing becomes current by it."""
    publication = {
        "dataset": new.dataset,
        "source": new.source,
        "published_at": new.published_at,
        "sha256": new.sha256,
        "claim": claim,
    }
    # A publication that only repeated another's bytes has a release of its own from now on.
    (number,) = db.execute(
        "INSERT INTO publication (dataset, source, published_at, sha256, arrival)"
        " SELECT :dataset, :source, :published_at, :sha256, number"
        " FROM arrival WHERE claim = :claim"
        " ON CONFLICT (dataset, source, published_at, sha256) DO UPDATE SET same_as = NULL"
        " RETURNING number",
        publication,
    ).fetchone()
    values = {
        "release": new.release,
        "publication": number,
        "processing": new.processing,
        "raw_key": new.raw_key,
        "source_file": new.source_file,
        "execution": new.execution,
        "claim": claim,
        "fence": fence,
        "rows_read": new.rows_read,
        "rows_published": new.rows_published,
        "rows_quarantined": new.rows_quarantined,
        "findings": new.findings,
        "first_time": new.first_time,
        "last_time": new.last_time,
        "parts": rows.parts_json(new.parts),
        "document": new.document,
        "committed_at": now,
    }
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    # The names are the literals above; every value is bound.
    db.execute(f"INSERT INTO release ({names}) VALUES ({places})", values)


def turn(db: sqlite3.Connection, dataset: str, source: str) -> str | None:
    """Point to the release that the history says is current, and note what follows from it in the
    outbox. Answers the one that was current before."""
    row = db.execute(
        "SELECT release FROM current WHERE dataset = ? AND source = ?", (dataset, source)
    ).fetchone()
    previous = row["release"] if row else None
    current = order.current_of(history(db, dataset, source))
    if current == previous:
        return previous
    db.execute("DELETE FROM current WHERE dataset = ? AND source = ?", (dataset, source))
    for kind, release in (("forget", previous), ("index", current)):
        if release is not None:
            db.execute("DELETE FROM outbox WHERE release = ?", (release,))
            db.execute(
                "INSERT INTO outbox (kind, dataset, source, release) VALUES (?, ?, ?, ?)",
                (kind, dataset, source, release),
            )
    if current is not None:
        db.execute("INSERT INTO current VALUES (?, ?, ?)", (dataset, source, current))
        db.execute("UPDATE release SET was_current = 1 WHERE release = ?", (current,))
    return previous


def plan(
    history: order.History, dataset: str, source: str, to: str | None, unpublish: bool
) -> order.Withdrawal:
    """What a rollback is to change. Raises `NoSuchRelease` saying what to ask instead."""
    if to is not None:
        if step := order.back_to(history, to):
            return step
        raise NoSuchRelease(
            f"{dataset} {source} has no release {to!r} (`ons releases {dataset}` lists them)"
        )
    if order.current_of(history) is None:
        raise NoSuchRelease(
            f"{dataset} {source} has no current release (`ons releases {dataset}` lists its "
            "sources; `--to RELEASE` brings a withdrawn release back)"
        )
    if step := order.back_one(history):
        return step
    if unpublish:
        return order.back_to_nothing(history)
    raise NoSuchRelease(
        f"{dataset} {source} has no earlier publication to go back to; "
        "`--unpublish` withdraws it and leaves the source without a current release"
    )


def withdraw(db: sqlite3.Connection, step: order.Withdrawal) -> None:
    """Mark what the rollback withdraws and what it restores."""
    for number in step.withdraw:
        db.execute("UPDATE publication SET withdrawn = 1 WHERE number = ?", (number,))
    for release in step.withdraw_made:
        db.execute("UPDATE release SET withdrawn = 1 WHERE release = ?", (release,))
    if step.restore is not None:
        db.execute("UPDATE publication SET withdrawn = 0 WHERE number = ?", (step.restore,))
        db.execute("UPDATE release SET withdrawn = 0 WHERE release = ?", (step.target,))


def withdrawn(db: sqlite3.Connection, dataset: str, source: str) -> list[str]:
    """The releases of a source that are withdrawn, newest first."""
    found = db.execute(
        rows.RECORDS + "WHERE p.dataset = ? AND p.source = ?" + rows.NEWEST_FIRST,
        (dataset, source),
    )
    return [row["release"] for row in found if row["state"] == "withdrawn"]
