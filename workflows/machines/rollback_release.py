"""Make an earlier publication of a source current again."""

from tasks.rollback_release.spec import ROLLBACK_RELEASE, RollBackAsked
from tasks.sync_knowledge_base.spec import SYNC_KNOWLEDGE_BASE
from workflows.machines.model import Done, Machine, Note, Step

ROLLBACK = Machine(
    name="rollback_release",
    summary="Withdraw what is newer than a release, and let the knowledge base follow.",
    takes=RollBackAsked,
    steps={
        "rollback_release": Step(ROLLBACK_RELEASE, then="sync_knowledge_base"),
        "sync_knowledge_base": Step(
            SYNC_KNOWLEDGE_BASE, then="RolledBack", failed="knowledge_pending"
        ),
        "knowledge_pending": Note(
            {"knowledge": "pending", "documents": 0}, then="RolledBack", under="sync_knowledge_base"
        ),
    },
    endings={
        "RolledBack": Done(("dataset", "source", "current", "previous", "withdrawn", "knowledge")),
    },
)
