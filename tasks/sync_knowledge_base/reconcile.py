"""What the index should hold by the ledger, and how to bring it there from anywhere."""

from dataclasses import dataclass

from tasks.datasets.registry import all_contracts, contract_for
from tasks.errors import NoSuchDataset
from tasks.ports.knowledge import Document, KnowledgeIndex
from tasks.ports.ledger import Ledger, ReleaseRecord
from tasks.ports.objects import NoSuchObject, ObjectStore
from tasks.reports import ReleaseDocument, load
from tasks.sync_knowledge_base.documents import (
    dataset_document,
    dataset_id,
    release_document,
    release_id,
)
from tasks.sync_knowledge_base.figures import monthly_figures


@dataclass(frozen=True)
class Drift:
    """Ids of documents that the index lacks, and of those that it should not have."""

    missing: tuple[str, ...]
    stray: tuple[str, ...]


@dataclass(frozen=True)
class Reconciled:
    """How many documents were written and forgotten. `unreadable`: current releases of which no
    document could be made, because their folder or contract is gone."""

    written: int
    forgotten: int
    unreadable: tuple[str, ...]


def drift(ledger: Ledger, knowledge: KnowledgeIndex) -> Drift:
    """How the index differs from what the ledger says is current."""
    have = set(knowledge.ids())
    wanted = {dataset_id(c.slug) for c in all_contracts()}
    wanted |= {release_id(r.new.release) for r in ledger.current()}
    return Drift(tuple(sorted(wanted - have)), tuple(sorted(have - wanted)))


def reconcile(ledger: Ledger, objects: ObjectStore, knowledge: KnowledgeIndex) -> Reconciled:
    """Make the index equal to what the ledger says. Raises `TryAgain` while another writes.

    Documents of datasets are always written, those of releases when they are missing: a release
    never changes.
    """
    with knowledge.alone():
        difference = drift(ledger, knowledge)
        documents = [dataset_document(contract) for contract in all_contracts()]
        unreadable = []
        for record in ledger.current():
            if release_id(record.new.release) in difference.missing:
                try:
                    documents.append(document_of(record, objects))
                except (NoSuchObject, NoSuchDataset):
                    unreadable.append(record.new.release)
        knowledge.write(documents, remove=difference.stray)
    return Reconciled(len(documents), len(difference.stray), tuple(unreadable))


def document_of(record: ReleaseRecord, objects: ObjectStore) -> Document:
    """The document of one release. Raises `NoSuchObject` or `NoSuchDataset`."""
    contract = contract_for(record.new.dataset)
    with objects.open(record.new.document) as body:
        released = load(ReleaseDocument, body)
    figures = monthly_figures(contract, released, objects)
    return release_document(contract, released, figures)
