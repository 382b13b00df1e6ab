"""The order of a source's publications and what follows from it; pure, for any ledger.

The order is published_at, then arrival. A publication whose bytes were found unchanged made no
release of its own: it is a later appearance of the release before it, and keeps its place, so that
the outcome does not depend on which of A, B and A again was worked on first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.moments import order_of
from tasks.ports.ledger import Standing


@dataclass(frozen=True)
class Made:
    """A release of a publication. `withdrawn`: rolled back in favour of an earlier processing."""

    release: str
    processing: str
    withdrawn: bool


@dataclass(frozen=True)
class Publication:
    """One publication of a source. `made`: its releases, first committed first.

    `same_as` is the number of the publication that it is a later appearance of; `made` are then
    that one's.
    """

    number: int
    published_at: str
    arrival: int
    sha256: str
    withdrawn: bool
    made: tuple[Made, ...]
    same_as: int | None = None

    @property
    def place(self) -> tuple[str, int]:
        return order_of(self.published_at), self.arrival

    @property
    def newest(self) -> Made | None:
        """What it shows while it is current: its newest processing not withdrawn."""
        live = () if self.withdrawn else tuple(m for m in self.made if not m.withdrawn)
        return live[-1] if live else None


History = Sequence[Publication]
"""All publications of one source, in any order."""


@dataclass(frozen=True)
class Withdrawal:
    """What a rollback changes: publications by number, releases by name."""

    target: str | None
    withdraw: tuple[int, ...]
    withdraw_made: tuple[str, ...]
    restore: int | None = None


def in_order(history: History) -> list[Publication]:
    """The publications, oldest first."""
    return sorted(history, key=lambda p: p.place)


def current_of(history: History) -> str | None:
    """The release of the newest publication not withdrawn, in its newest processing."""
    return next((p.newest.release for p in reversed(in_order(history)) if p.newest), None)


def standing_of(
    history: History, *, published_at: str, arrival: int, sha256: str, processing: str
) -> tuple[Standing, Publication | None]:
    """How bytes stand that are published then, by the rules of the `Ledger` port; for `unchanged`
    also the publication that they repeat."""
    at = [p for p in history if (p.published_at, p.sha256) == (published_at, sha256)]
    place = at[0].place if at else (order_of(published_at), arrival)
    before = [p for p in in_order(history) if p.place <= place and p.newest]
    if before and before[-1].sha256 == sha256:
        for made in before[-1].made:
            if made.processing == processing and not made.withdrawn:
                return Standing("unchanged", made.release), before[-1]
    for p in reversed(in_order(history)):
        for made in p.made:
            same = p.sha256 == sha256 and made.processing == processing
            if same and (p.withdrawn or made.withdrawn):
                return Standing("archived", made.release), None
    return Standing("new"), None


def back_to(history: History, release: str) -> Withdrawal | None:
    """Make `release` current. None when the source does not have it."""
    if current_of(history) == release:
        return Withdrawal(release, (), ())
    for p in history:
        names = [m.release for m in p.made]
        if p.same_as is None and release in names:
            newer = p.made[names.index(release) + 1 :]
            return Withdrawal(
                release,
                tuple(n.number for n in history if n.place > p.place and not n.withdrawn),
                tuple(m.release for m in newer if not m.withdrawn),
                restore=p.number,
            )
    return None


def back_one(history: History) -> Withdrawal | None:
    """Make the predecessor current: what the newest publication before those that show the current
    release shows. None when there is no predecessor."""
    current = current_of(history)
    shown = [p for p in in_order(history) if p.newest]
    newer: list[Publication] = []
    for p in reversed(shown):
        if p.newest and p.newest.release != current:
            return Withdrawal(p.newest.release, tuple(n.number for n in newer), ())
        newer.append(p)
    return None


def back_to_nothing(history: History) -> Withdrawal:
    """Withdraw whatever is shown."""
    return Withdrawal(None, tuple(p.number for p in history if not p.withdrawn), ())
