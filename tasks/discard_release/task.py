"""Remove the folder of a release that will not be published by this lease."""

from tasks.discard_release.spec import DiscardWritten, ReleaseDiscarded
from tasks.errors import ClaimLost
from tasks.keys import release_prefix
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore

_EVERY = 1_000_000


def discard_release(
    event: DiscardWritten, *, objects: ObjectStore, ledger: Ledger
) -> ReleaseDiscarded:
    """Leaves the folder alone when the release is published, when this lease was lost, and while
    another lease makes the same release (the same file, asked for with other flags)."""
    try:
        ledger.hold(event.claim, event.fence)
    except ClaimLost:
        return ReleaseDiscarded(objects=0)
    others = (lease for lease in ledger.leases(_EVERY) if lease.claim != event.claim)
    if ledger.is_published(event.release) or any(o.release == event.release for o in others):
        return ReleaseDiscarded(objects=0)
    return ReleaseDiscarded(objects=objects.delete(release_prefix(event.release)))
