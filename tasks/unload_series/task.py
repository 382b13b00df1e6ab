"""Remove the series of a release that will not be published."""

from tasks.errors import ClaimLost
from tasks.ports.ledger import Ledger
from tasks.ports.series import SeriesStore
from tasks.unload_series.spec import SeriesUnloaded, UnloadRelease


def unload_series(event: UnloadRelease, *, ledger: Ledger, series: SeriesStore) -> SeriesUnloaded:
    """Remove them, unless the release is published, or another attempt may be making it by now.

    Series that stay behind are garbage that nobody sees, so a lost lease is no failure here.
    """
    try:
        ledger.hold(event.claim, event.fence)
    except ClaimLost:
        return SeriesUnloaded(removed=False)
    if ledger.is_published(event.release):
        return SeriesUnloaded(removed=False)
    return SeriesUnloaded(series.unload(event.dataset, event.release))
