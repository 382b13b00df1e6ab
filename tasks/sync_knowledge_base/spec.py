"""SyncKnowledgeBase: what the ledger's outbox says is to be indexed or forgotten."""

from dataclasses import dataclass
from typing import Literal

from tasks.spec import TaskSpec


@dataclass(frozen=True)
class SyncKnowledge:
    """The release that must be searchable afterwards; null for whatever is pending."""

    release: str | None = None


@dataclass(frozen=True)
class KnowledgeSynced:
    """`synced` when nothing is pending any more, of the release named or, with none named, at all;
    `documents` were written by this call."""

    knowledge: Literal["synced", "pending"]
    documents: int


SYNC_KNOWLEDGE_BASE = TaskSpec(
    name="sync_knowledge_base",
    summary="Drain the ledger's outbox into the knowledge index.",
    takes=SyncKnowledge,
    gives=KnowledgeSynced,
    timeout_s=300,
    memory_mb=512,
)
