"""Whose file is it, and is it news?"""

import unicodedata
from typing import Protocol

from tasks.classify.decide import decide
from tasks.classify.spec import Classified, ClassifyFile
from tasks.datasets.matching import stem_of
from tasks.datasets.registry import all_contracts
from tasks.keys import name_of
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore
from tasks.processing import processing_of, release_id
from tasks.tabular.sniff import sniff


class Limits(Protocol):
    """What of the settings this task needs."""

    @property
    def large_file_bytes(self) -> int: ...


def classify(
    event: ClassifyFile, *, objects: ObjectStore, ledger: Ledger, settings: Limits
) -> Classified:
    """Find the dataset by `tasks.classify.decide`, the source, and where the bytes stand."""
    with objects.open(event.key) as body:
        head = sniff(body, event.name, event.size)
    verdict = decide(
        all_contracts(), head, name=event.name, origin=event.origin, dataset=event.dataset
    )
    contract, source = verdict.contract, source_of(event.origin, event.source)
    standing = ledger.standing(
        contract.slug, source, event.published_at, event.sha256, processing_of(contract)
    )
    large = event.size > settings.large_file_bytes
    return Classified(
        dataset=contract.slug,
        source=source,
        confidence=verdict.confidence,
        reason=verdict.reason,
        standing=standing.standing,
        release=release_id(
            contract, source=source, published_at=event.published_at, sha256=event.sha256
        ),
        known_release=standing.release,
        route="large_tabular" if large else "tabular",
        has_series=bool(contract.grain.time and contract.grain.step and contract.measures),
    )


def source_of(origin: str, said: str | None) -> str:
    """The source as a person `said` it, or the stem of the file's path in ONS's upper case.

    `X.csv`, `x.xlsx` and `x (1).csv` are one source.
    """
    name = said or stem_of(origin).upper() or name_of(origin)
    return unicodedata.normalize("NFC", name.strip())
