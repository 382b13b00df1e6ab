"""Tasks that end as a test states, so that whole machines run without doing any work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.claim.spec import Claimed
from tasks.classify.spec import Classified
from tasks.discard_release.spec import ReleaseDiscarded
from tasks.discard_staging.spec import StagingDiscarded
from tasks.failures import TaskFailed, failure_of
from tasks.find_abandoned.spec import AbandonedFound
from tasks.load_timestream.spec import SeriesLoaded
from tasks.notify.spec import Notified
from tasks.parse_tabular.spec import Parsed
from tasks.publish.spec import ReleasePublished
from tasks.reject.spec import Rejected
from tasks.release_claim.spec import LeaseReleased
from tasks.rollback_release.spec import RolledBack
from tasks.spec import from_json, to_json
from tasks.specs import ALL_SPECS
from tasks.sync_knowledge_base.spec import KnowledgeSynced
from tasks.unload_series.spec import SeriesUnloaded
from tasks.validate.spec import Validated
from tasks.write_parquet.spec import Written

PARSED = Parsed(parse_report="staging/c-1/parse.json", rows_read=365, rows_quarantined=1)

GOOD: Mapping[str, Any] = {
    "claim": Claimed("c", 1, "staging/c-1/", "CARGA.csv", "2026-01-01T12:00:00Z", "ab12", 9000),
    "classify": Classified(
        "carga-energia", "CARGA", 0.9, "name and header fit", "new", "r1", None, "tabular", True
    ),
    "parse_tabular": PARSED,
    "collect_parse_outcome": PARSED,
    "validate": Validated("staging/c-1/validate.json", findings=2, rows_flagged=5),
    "write_parquet": Written("releases/r1/release.json", rows_published=364),
    "load_timestream": SeriesLoaded(points=364),
    "publish": ReleasePublished("published"),
    "sync_knowledge_base": KnowledgeSynced("synced", documents=2),
    "notify": Notified("n1"),
    "reject": Rejected("CutOff", "CARGA.csv: the file is cut off in line 7"),
    "unload_series": SeriesUnloaded(removed=True),
    "discard_release": ReleaseDiscarded(objects=2),
    "discard_staging": StagingDiscarded(objects=3),
    "release_claim": LeaseReleased(held=True),
    "find_abandoned": AbandonedFound(items=(), more=False),
    "rollback_release": RolledBack("r0", "r1", ("r1",)),
}
"""What each task answers when a test says nothing else."""

Outcome = object
"""A result value, an exception to raise, or a list of these: one per call, the last for good."""


@dataclass
class Stated:
    """The engine's outside. Every event is decoded as the door would, and remembered."""

    doing: Mapping[str, Outcome] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        name = function.removeprefix("${").removesuffix("}")
        return to_json(self._end(name, payload))

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        variables = {v["Name"]: v["Value"] for v in job["ContainerOverrides"]["Environment"]}
        name = job["JobDefinition"].removeprefix("${").removesuffix("}")
        self._end(name, json.loads(variables["ONS_EVENT"]))
        return {"JobId": "j1", "JobName": job["JobName"], "Status": "SUCCEEDED"}

    def _end(self, name: str, payload: Mapping[str, Any]) -> Any:
        self.calls.append((name, from_json(ALL_SPECS[name].takes, payload)))
        outcome = self.doing.get(name, GOOD.get(name))
        if isinstance(outcome, list):
            outcome = outcome[0] if len(outcome) == 1 else outcome.pop(0)
        if isinstance(outcome, TaskFailed):
            raise outcome
        if isinstance(outcome, Exception):
            raise failure_of(outcome)
        return outcome

    def sent_to(self, name: str) -> Sequence[Any]:
        """The events that a task was sent, in order."""
        return [event for called, event in self.calls if called == name]
