"""What follows a commit in the lake; the commit stands whether it succeeds or not."""

import logging

from tasks.errors import PlatformError
from tasks.ports.lake import LakeProjection
from tasks.ports.objects import NoSuchObject

_LOG = logging.getLogger(__name__)


def project(lake: LakeProjection, dataset: str, source: str) -> None:
    """Refresh the source in the lake. A failure is logged only: data are published by the ledger,
    and the projection is made again by the source's next commit or by `ons doctor --repair`."""
    try:
        lake.refresh(dataset, source)
    except (OSError, NoSuchObject, PlatformError) as error:
        _LOG.warning(
            "lake/current is behind the ledger for %s %s (%s); `ons doctor --repair` renews it",
            dataset,
            source,
            error,
        )
