"""Read what a Batch job left, and end as the task in it ended."""

from __future__ import annotations

import json
from typing import Any

from tasks.collect_outcome.spec import COLLECT_PARSE_OUTCOME, OUTCOME, CollectOutcome
from tasks.errors import PlatformError
from tasks.failures import TaskFailed, message_of
from tasks.parse_tabular.spec import Parsed
from tasks.ports.objects import ObjectStore
from tasks.spec import from_json, leaves


def collect_parse_outcome(event: CollectOutcome, *, objects: ObjectStore) -> Parsed:
    """The job's result. Raises the error that the job left, by its own class and message, and
    `NoSuchObject` when the job left nothing."""
    with objects.open(f"{event.staging}{OUTCOME}") as body:
        outcome: dict[str, Any] = json.load(body)
    if "result" in outcome:
        return from_json(Parsed, outcome["result"])
    raise _error(TaskFailed(outcome["error"], outcome["cause"]))


def _error(failure: TaskFailed) -> PlatformError:
    """The error as it was, but for its facts: its message has them already."""
    declared = [leaf for e in COLLECT_PARSE_OUTCOME.raises for leaf in leaves(e)]
    kind = next((e for e in declared if e.__name__ == failure.error), None)
    if kind is None:
        raise failure
    error = kind.__new__(kind)
    Exception.__init__(error, message_of(failure))
    return error
