"""Remove the series of a release that will not be published."""

from tasks.errors import ClaimLost
from tasks.ports.ledger import Ledger
from tasks.ports.series import SeriesStore
from tasks.unload_series.spec import SeriesUnloaded, UnloadRelease

_EVERY = 1_000_000


def unload_series(event: UnloadRelease, *, ledger: Ledger, series: SeriesStore) -> SeriesUnloaded:
    """Remove them, unless the release is published, this lease was lost, or another lease makes
    the same release (the same file, asked for with other flags).

    Series that stay behind are garbage that nobody sees, so none of these is a failure.
    """
    try:
        ledger.hold(event.claim, event.fence)
    except ClaimLost:
        return SeriesUnloaded(removed=False)
    others = (lease for lease in ledger.leases(_EVERY) if lease.claim != event.claim)
    if ledger.is_published(event.release) or any(o.release == event.release for o in others):
        return SeriesUnloaded(removed=False)
    return SeriesUnloaded(series.unload(event.dataset, event.release))
