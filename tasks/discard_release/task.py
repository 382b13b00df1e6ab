"""Remove the folder of a release that will not be published by this lease."""

from tasks.discard_release.spec import DiscardWritten, ReleaseDiscarded
from tasks.keys import release_prefix
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore


def discard_release(
    event: DiscardWritten, *, objects: ObjectStore, ledger: Ledger
) -> ReleaseDiscarded:
    """Leaves the folder alone when the release is published, when this lease was lost, and while
    another lease makes the same release (the same file, asked for with other flags).

    The lease is disowned first: an attempt that timed out and still works cannot publish, now or
    later, what is removed here.
    """
    folder = release_prefix(event.release)
    if not ledger.disown(event.claim, event.fence):
        return ReleaseDiscarded(objects=0)
    return ReleaseDiscarded(
        ledger.discard(event.claim, event.fence, event.release, lambda: objects.delete(folder))
    )
