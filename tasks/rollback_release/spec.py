"""RollbackRelease: make an earlier publication of a source current again."""

from dataclasses import dataclass

from tasks.errors import NoSuchRelease
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class RollBackAsked:
    """`to` names a release; null means the predecessor of the current one.

    With no predecessor it is an error, unless `unpublish`: then the source has no current release.
    """

    dataset: str
    source: str
    to: str | None = None
    unpublish: bool = False


@dataclass(frozen=True)
class RollBack:
    """What was asked, and the execution that does it: asked again by the same execution, the
    answer is the first one, so that a lost answer never rolls back twice."""

    execution: str
    dataset: str
    source: str
    to: str | None
    unpublish: bool


@dataclass(frozen=True)
class RolledBack:
    """The release that is current now (null when unpublished), and those withdrawn by this call."""

    current: str | None
    previous: str | None
    withdrawn: tuple[str, ...]


ROLLBACK_RELEASE = TaskSpec(
    name="rollback_release",
    summary="Withdraw what is newer than the chosen release, in one transaction.",
    takes=RollBack,
    gives=RolledBack,
    raises=(NoSuchRelease,),
    timeout_s=60,
)
