"""The projection of what is current, as plain Parquet for any other reader."""

from collections.abc import Sequence
from typing import Protocol


class LakeProjection(Protocol):
    """`lake/current/<dataset>/<source>/part-*.parquet`, made again from the ledger at any time."""

    def refresh(self, dataset: str, source: str) -> None:
        """Show what the ledger says is current for the source now, which may be nothing.

        However many are late or at the same time: the last one leaves what the ledger says.
        Raises `NoSuchObject` when a part of the release is missing.
        """
        ...

    def drift(self) -> Sequence[str]:
        """What differs from the ledger, one sentence each; empty when nothing does."""
        ...

    def repair(self) -> int:
        """Refresh all that differs, and answer how many sources that were."""
        ...
