"""FindAbandoned: leases whose execution is no longer running."""

from dataclasses import dataclass

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class FindAbandoned:
    """At most `limit` leases are looked for, oldest first."""

    limit: int = 100


@dataclass(frozen=True)
class AbandonedClaim:
    """One lease to compensate; `release` and `dataset` are null when it never came so far."""

    claim: str
    fence: int
    staging: str
    dataset: str | None
    release: str | None


@dataclass(frozen=True)
class AbandonedFound:
    """The leases, fit for a Map; `more` when the limit cut the list."""

    items: tuple[AbandonedClaim, ...]
    more: bool


FIND_ABANDONED = TaskSpec(
    name="find_abandoned",
    summary="Find the leases that a dead, stopped or timed-out execution left.",
    takes=FindAbandoned,
    gives=AbandonedFound,
    timeout_s=60,
)
