"""Empty what one lease may have written before its release."""

from tasks.discard_staging.spec import DiscardStaged, StagingDiscarded
from tasks.keys import staging_prefix
from tasks.ports.objects import ObjectStore


def discard_staging(event: DiscardStaged, *, objects: ObjectStore) -> StagingDiscarded:
    """Needs no lease: the prefix is this fence's alone, and what ends it has no more use for it.

    Raises `ValueError` for a prefix that is not this lease's.
    """
    own = staging_prefix(event.claim, event.fence)
    if event.staging != own:
        raise ValueError(f"{event.staging} is not the staging of this lease, which is {own}")
    return StagingDiscarded(objects=objects.delete(own))
