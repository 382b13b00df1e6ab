"""Map runs as plain values: what a Distributed Map has to do, did, and may fail at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from workflows.engine.integrations import ACCOUNT, REGION

MapRunStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"]
CHILDREN_AT_ONCE = 1_000
"""How many child executions of a map run are under way at once at most; on AWS 10,000."""
_TOGETHER = 8
"""The part of the children that are started in one transaction: an eighth."""
_MAX_LABEL = 40


@dataclass(frozen=True)
class MapRunBegun:
    """A map run to be journalled, named by the event MapRunStarted of its execution.

    What was not said about tolerated failures is None.
    """

    event: int
    arn: str
    at: float
    max_concurrency: int
    tolerated_count: float | None
    tolerated_percentage: float | None


@dataclass(frozen=True)
class MapRunEnded:
    """A map run has ended; children that still run are asked to stop."""

    event: int
    at: float
    status: MapRunStatus


@dataclass(frozen=True)
class MapRunRedriven:
    """A map run goes on: its unsuccessful children wait to be redriven."""

    event: int
    at: float


MapRunChange = MapRunBegun | MapRunEnded | MapRunRedriven


@dataclass(frozen=True)
class Count:
    """How many child executions, and items in them, are in one status."""

    executions: int = 0
    items: int = 0


@dataclass(frozen=True)
class MapRun:
    """One map run as the journal has it; times in seconds since the epoch.

    `counts` go by the children's status; WRITTEN counts those whose results were exported.
    """

    key: int
    arn: str
    execution: int
    event: int
    status: str
    started_at: float
    stopped_at: float | None
    max_concurrency: int
    tolerated_count: int | None
    tolerated_percentage: float | None
    redrives: int
    redriven_at: float | None
    is_read: int
    failing: int
    counts: Mapping[str, Count]

    def count(self, *statuses: str) -> Count:
        """All in these statuses."""
        found = [self.counts[s] for s in statuses if s in self.counts]
        return Count(sum(c.executions for c in found), sum(c.items for c in found))

    @property
    def running(self) -> int:
        """How many children are under way."""
        return self.count("RUNNING").executions

    @property
    def waiting(self) -> int:
        """How many children may still be started, or redriven."""
        return self.count("PENDING", "PENDING_REDRIVE").executions

    @property
    def total(self) -> Count:
        """All children, and all items."""
        return self.count(*(status for status in self.counts if status != "WRITTEN"))

    def exceeded(self) -> bool:
        """Whether more failed than is tolerated. Each of the two limits counts where it was given;
        without any, no failure is tolerated."""
        failed, total = self.count("FAILED", "TIMED_OUT", "ABORTED").items, self.total.items
        count, percentage = self.tolerated_count, self.tolerated_percentage
        if count is None and percentage is None:
            count = 0
        return (count is not None and failed > count) or (
            percentage is not None and failed * 100 > percentage * total
        )

    def child_name(self, item: int) -> str:
        """The name of the child with this number: the same whenever it is asked for. Names are in
        the order of the numbers, so that those of neighbours lie together in the journal."""
        again = f"#{self.redrives}" if self.redrives else ""
        return f"{item:08x}{str(uuid5(NAMESPACE_URL, f'{self.arn}/{item}{again}'))[8:]}"

    def room(self) -> int:
        """How many more children are to be started now: none while it is so few of many that
        starting them later, together, costs less."""
        limit = min(self.max_concurrency or CHILDREN_AT_ONCE, CHILDREN_AT_ONCE)
        free = limit - self.running
        return min(free, self.waiting) if free >= (limit // _TOGETHER if limit >= 100 else 1) else 0


def label_of(name: str, state: Mapping[str, Any]) -> str:
    """What stands for the Map state in its children's names: its Label, or one made of its name."""
    if "Label" in state:
        label: str = state["Label"]
        return label
    plain = re.sub(r"[^A-Za-z0-9_-]", "", name)
    if plain == name and len(name) <= _MAX_LABEL:
        return name
    return f"{plain[: _MAX_LABEL - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def map_run_arn(machine: str, label: str, name: str) -> str:
    """The ARN of a map run."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:mapRun:{machine}/{label}:{name}"


def child_machine(machine: str, label: str) -> str:
    """The name of the machine that a Map's children run."""
    return f"{machine.partition('/')[0]}/{label}"
