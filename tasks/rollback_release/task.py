"""Make an earlier publication of a source current again."""

from tasks.ports.lake import LakeProjection
from tasks.ports.ledger import Ledger
from tasks.project import project
from tasks.rollback_release.spec import RollBack, RolledBack


def rollback_release(event: RollBack, *, ledger: Ledger, lake: LakeProjection) -> RolledBack:
    """Raises `NoSuchRelease`."""
    done = ledger.roll_back(event.dataset, event.source, event.to, event.unpublish, event.execution)
    project(lake, event.dataset, event.source)
    return RolledBack(current=done.current, previous=done.previous, withdrawn=done.withdrawn)
