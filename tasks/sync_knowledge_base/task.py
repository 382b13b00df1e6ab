"""Bring the knowledge index to what the ledger's outbox says followed from commits."""

from collections.abc import Sequence

from tasks.datasets.registry import contract_for
from tasks.errors import NoSuchDataset
from tasks.ports.knowledge import Document, KnowledgeIndex
from tasks.ports.ledger import Ledger, OutboxEntry
from tasks.ports.objects import NoSuchObject, ObjectStore
from tasks.sync_knowledge_base.documents import dataset_document
from tasks.sync_knowledge_base.reconcile import document_of, reconcile
from tasks.sync_knowledge_base.spec import KnowledgeSynced, SyncKnowledge

BATCH = 50
"""Entries per commit of the index: a worker that dies loses no more than that."""

MOST = 100_000
"""All that is pending; an entry that cannot be done now must not hide those behind it."""


def sync_knowledge_base(
    event: SyncKnowledge, *, ledger: Ledger, objects: ObjectStore, knowledge: KnowledgeIndex
) -> KnowledgeSynced:
    """Drain the outbox, whoever's entries they are.

    An entry is struck after its documents are written, so a death between the two does it again.
    One whose release cannot be read stays pending and holds no other back. Raises `TryAgain` when
    another process drains and does not end.
    """
    with knowledge.alone():
        # An index that is new, or was made by an older version, knows nothing of what was struck.
        written = 0 if knowledge.ids() else reconcile(ledger, objects, knowledge).written
        entries = ledger.outbox(MOST)
        left: set[str] = set()
        for start in range(0, len(entries), BATCH):
            documents, undone = _do(entries[start : start + BATCH], ledger, objects, knowledge)
            written, left = written + documents, left | undone
    pending = event.release in left if event.release else bool(left)
    return KnowledgeSynced("pending" if pending else "synced", written)


def _do(
    entries: Sequence[OutboxEntry], ledger: Ledger, objects: ObjectStore, knowledge: KnowledgeIndex
) -> tuple[int, set[str]]:
    """Write one batch and strike it; answer how many documents were written and what is left.

    What an entry asks for is looked up again: since it was written, its release may have been
    withdrawn, or made current once more.
    """
    documents: dict[str, Document] = {}
    forget: set[str] = set()
    done: list[OutboxEntry] = []
    left: set[str] = set()
    for entry in entries:
        record = ledger.release(entry.release)
        if record.state != "current":
            forget.add(entry.release)
            done.append(entry)
            continue
        try:
            about = (dataset_document(contract_for(entry.dataset)), document_of(record, objects))
        except (NoSuchObject, NoSuchDataset):
            left.add(entry.release)
            continue
        documents.update({document.id: document for document in about})
        done.append(entry)
    knowledge.write(list(documents.values()), forget)
    for entry in done:
        ledger.done(entry.number)
    return len(documents), left
