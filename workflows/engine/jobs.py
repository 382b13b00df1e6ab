"""Batch jobs that a Task waits for: one id from the submission to the outcome, also after a crash.

Whoever runs a job knows nothing of executions; the id that the history told of follows from the
execution and the event that scheduled the Task, and is put into the job's detail afterwards.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tasks.failures import TaskFailed
from workflows.engine.jsontext import dumps

ID, ARN = "JobId", "JobArn"


def job_id(execution: str, call: int) -> str:
    """The id of the job that the event `call` of the execution (its ARN) scheduled."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{execution}#{call}"))


def submission(job: str, payload: Any, *, arn: str) -> str:
    """The answer of SubmitJob, as JSON text; `arn` is the prefix of this machine's jobs."""
    name = payload.get("JobName") if isinstance(payload, Mapping) else None
    return dumps({ARN: f"{arn}{job}", ID: job, "JobName": name})


def run(job: str, work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Run the job; its detail, and that of its failure, has the id. Raises `TaskFailed`."""
    try:
        return _known_as(job, work())
    except TaskFailed as failure:
        raise TaskFailed(failure.error, _cause(job, failure.cause)) from failure


def _known_as(job: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**detail, ID: job} if ID in detail else detail


def _cause(job: str, cause: str | None) -> str | None:
    try:
        detail = json.loads(cause or "")
    except ValueError:
        return cause
    if not isinstance(detail, dict):
        return cause
    return json.dumps(_known_as(job, detail), ensure_ascii=False)
