"""Publish: the one commit point."""

from dataclasses import dataclass
from typing import Literal

from tasks.errors import ClaimLost
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class PublishRelease:
    """A complete release and the lease under which it was made."""

    claim: str
    fence: int
    execution: str
    dataset: str
    source: str
    release: str
    release_document: str


@dataclass(frozen=True)
class ReleasePublished:
    """`published`: it is current now. `archived`: a newer publication already was."""

    status: Literal["published", "archived"]


PUBLISH = TaskSpec(
    name="publish",
    summary="Commit the release to the ledger in one transaction, then renew lake/current.",
    takes=PublishRelease,
    gives=ReleasePublished,
    raises=(ClaimLost,),
    timeout_s=120,
)
