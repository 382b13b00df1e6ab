"""Remove the series of a release that will not be published."""

from tasks.ports.ledger import Ledger
from tasks.ports.series import SeriesStore
from tasks.unload_series.spec import SeriesUnloaded, UnloadRelease


def unload_series(event: UnloadRelease, *, ledger: Ledger, series: SeriesStore) -> SeriesUnloaded:
    """Remove them, unless the release is published, this lease was lost, or another lease makes
    the same release (the same file, asked for with other flags).

    Series that stay behind are garbage that nobody sees, so none of these is a failure. The lease
    is disowned first: an attempt that timed out and still works cannot publish without them.
    """
    if not ledger.disown(event.claim, event.fence):
        return SeriesUnloaded(removed=False)
    removed = ledger.discard(
        event.claim,
        event.fence,
        event.release,
        lambda: int(series.unload(event.dataset, event.release)),
    )
    return SeriesUnloaded(bool(removed))
