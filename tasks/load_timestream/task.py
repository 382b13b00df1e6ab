"""Load the series of a written release; nobody sees them before it is published."""

from tasks.load_timestream.spec import LoadSeries, SeriesLoaded
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore
from tasks.ports.series import SeriesRelease, SeriesStore
from tasks.reports import ReleaseDocument, load


def load_timestream(
    event: LoadSeries, *, objects: ObjectStore, ledger: Ledger, series: SeriesStore
) -> SeriesLoaded:
    """Load what the release's document lists. Raises `ClaimLost` before anything is written."""
    with objects.open(event.release_document) as body:
        document = load(ReleaseDocument, body)
    parts = tuple(part.key for part in document.parts)
    ledger.hold(event.claim, event.fence)
    return SeriesLoaded(series.load(SeriesRelease(event.dataset, event.release, parts)))
