"""Catch up: whatever the ledger's outbox says is to be indexed or forgotten."""

from tasks.sync_knowledge_base.spec import SYNC_KNOWLEDGE_BASE, SyncKnowledge
from workflows.machines.model import Done, Machine, Step

SYNC_KNOWLEDGE = Machine(
    name="sync_knowledge",
    summary="Drain the ledger's outbox into the knowledge index.",
    takes=SyncKnowledge,
    steps={"sync_knowledge_base": Step(SYNC_KNOWLEDGE_BASE, then="Synced")},
    endings={"Synced": Done(("knowledge", "documents"))},
)
