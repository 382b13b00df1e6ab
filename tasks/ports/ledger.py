"""The one place that knows what is published. Every write is conditional on a lease.

A *publication* is (dataset, source, published_at, sha256). A *release* is a publication made with
one contract and code version (its *processing*). The order of publications is published_at, then
arrival. Current is the newest publication not withdrawn, in its newest processing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ReleaseState = Literal["current", "superseded", "archived", "withdrawn"]


@dataclass(frozen=True)
class Arrival:
    """A file that arrived, as the claim that was first taken on it recorded it."""

    claim: str
    key: str
    origin: str
    published_at: str
    sha256: str
    size: int
    dataset: str | None
    source: str | None


@dataclass(frozen=True)
class Lease:
    """A claim held: by which execution, with which fence, and which release it is making."""

    claim: str
    fence: int
    execution: str
    dataset: str | None = None
    release: str | None = None


@dataclass(frozen=True)
class Standing:
    """Where bytes stand in their source's history; `release` is the one they already have."""

    standing: Literal["new", "unchanged", "archived"]
    release: str | None = None


@dataclass(frozen=True)
class ReleaseFile:
    """One object of a release's lake parts."""

    key: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class NewRelease:
    """What publish commits."""

    release: str
    dataset: str
    source: str
    published_at: str
    sha256: str
    processing: str
    raw_key: str
    source_file: str
    execution: str
    rows_read: int
    rows_published: int
    rows_quarantined: int
    findings: int
    first_time: str | None
    last_time: str | None
    parts: tuple[ReleaseFile, ...]
    document: str


@dataclass(frozen=True)
class ReleaseRecord:
    """A committed release. `committed_at` is UTC with Z. `state` as in the design."""

    new: NewRelease
    state: ReleaseState
    committed_at: str
    knowledge: Literal["synced", "pending"]


@dataclass(frozen=True)
class Rollback:
    """What a rollback did; `current` is null when the source has no current release any more."""

    current: str | None
    previous: str | None
    withdrawn: tuple[str, ...]


@dataclass(frozen=True)
class OutboxEntry:
    """Something that followed from a commit and is still to be done.

    `index`: the release is current and must be searchable. `forget`: it is not current any more.
    """

    number: int
    kind: Literal["index", "forget"]
    dataset: str
    source: str
    release: str


class Ledger(Protocol):
    """Leases, publications, releases, current pointers and the outbox. Every method is atomic."""

    def claim(self, arrival: Arrival, execution: str) -> Lease:
        """Record the arrival and lease it to `execution`, with a fence larger than any before.

        An execution that holds the lease already gets the same lease again. Raises `ClaimHeld`
        while another execution holds it.
        """
        ...

    def hold(self, claim: str, fence: int) -> None:
        """Raises `ClaimLost` unless the lease is held with this fence."""
        ...

    def intend(self, claim: str, fence: int, dataset: str, release: str) -> None:
        """Note which release the lease is making, before anything of it is written, so that what
        a dead execution left can be found. Raises `ClaimLost`."""
        ...

    def disown(self, claim: str, fence: int) -> bool:
        """From now on the lease cannot publish, unless it intends a release again: what it wrote
        is about to be removed. False when it was not held with this fence any more."""
        ...

    def discard(self, claim: str, fence: int, release: str, remove: Callable[[], int]) -> int:
        """Call `remove` and answer what it answers, if the lease is held and disowned, the release
        is not published and nobody else is making it; else answer 0. While it works none of that
        changes, so that what is removed cannot be published meanwhile."""
        ...

    def settle(self, claim: str, fence: int) -> bool:
        """Give the lease back. False when it was not held with this fence any more."""
        ...

    def leases(self, limit: int) -> Sequence[Lease]:
        """The leases held now, oldest first."""
        ...

    def arrivals(self, dataset: str | None = None) -> Sequence[Arrival]:
        """All that ever arrived, oldest first; of one dataset as published or as a person said."""
        ...

    def standing(
        self, dataset: str, source: str, published_at: str, sha256: str, processing: str
    ) -> Standing:
        """How these bytes, published then, stand in the source's history.

        `unchanged`: the publication at or just before this place in the order, withdrawn ones
        left out, has the same bytes, and a release of the same processing.
        `archived`: not unchanged, and a withdrawn publication of the source has the same bytes
        and a release of the same processing. Else `new`.

        An `unchanged` answer is remembered as a later appearance of the release, at its place in
        the order: of A, B and A again, the outcome does not depend on which is worked on first.
        """
        ...

    def publish(self, new: NewRelease, claim: str, fence: int) -> ReleaseState:
        """Commit the release, move the current pointer if it is due, write the outbox and settle
        the lease, in one transaction. Answers the state that the release then has.

        Once more with the same release: the same answer, and nothing changes. Raises `ClaimLost`
        when the lease is not held with this fence (unless this very release is committed by it).
        """
        ...

    def reject(self, claim: str, fence: int, execution: str, rule: str, reason: str) -> None:
        """Keep the reason with the arrival. Raises `ClaimLost`."""
        ...

    def release(self, release: str) -> ReleaseRecord:
        """One committed release. Raises `NoSuchRelease`."""
        ...

    def is_published(self, release: str) -> bool:
        """Whether the release was ever committed."""
        ...

    def releases(self, dataset: str, source: str | None = None) -> Sequence[ReleaseRecord]:
        """The releases of a dataset, by source, then newest publication and processing first."""
        ...

    def current(self, dataset: str | None = None) -> Sequence[ReleaseRecord]:
        """The current release of every source, in one consistent view."""
        ...

    def roll_back(
        self, dataset: str, source: str, to: str | None, unpublish: bool, execution: str
    ) -> Rollback:
        """Make `to` current (default: what the publication before the current release shows) and
        withdraw the publications newer than it, and the newer processings of its own; `to` itself
        is no longer withdrawn. With no predecessor raises `NoSuchRelease`, unless `unpublish`:
        then whatever is current is withdrawn and nothing is. Asked again by the same `execution`,
        it changes nothing and gives the first answer; with an explicit `to` that is current
        already, it changes nothing."""
        ...

    def outbox(self, limit: int = 100) -> Sequence[OutboxEntry]:
        """What still follows from commits, oldest first."""
        ...

    def done(self, number: int) -> None:
        """Strike an entry from the outbox; striking it twice is no error."""
        ...
