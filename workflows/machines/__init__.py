"""All state machines, by which the platform does its work."""

from workflows.machines.ingest_file import INGEST_FILE
from workflows.machines.model import Machine
from workflows.machines.rollback_release import ROLLBACK
from workflows.machines.settle_abandoned import SETTLE_ABANDONED
from workflows.machines.sync_knowledge import SYNC_KNOWLEDGE

ALL_MACHINES: tuple[Machine, ...] = (INGEST_FILE, SETTLE_ABANDONED, ROLLBACK, SYNC_KNOWLEDGE)
"""Every machine that is generated, tested and deployed."""

__all__ = ["ALL_MACHINES", "INGEST_FILE", "ROLLBACK", "SETTLE_ABANDONED", "SYNC_KNOWLEDGE"]
