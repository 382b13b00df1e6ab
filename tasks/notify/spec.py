"""Notify: tell whoever listens how a file ended."""

from dataclasses import dataclass

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class NotifyOutcome:
    """How an execution ended. Null for what is not known on the way it took."""

    execution: str
    origin: str
    status: str
    dataset: str | None = None
    source: str | None = None
    release: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Notified:
    """The notice's id: the same for the same execution and status."""

    notice: str


NOTIFY = TaskSpec(
    name="notify",
    summary="Send a notice of the ending to the listeners.",
    takes=NotifyOutcome,
    gives=Notified,
    timeout_s=30,
)
