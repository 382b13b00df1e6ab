"""Executions that real AWS Step Functions ran, run again here: status, output, error, events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.failures import TaskFailed

SHARED = Path(__file__).parents[4] / "shared/asl-conformance"


def _recorded(name: str) -> list[Any]:
    path = SHARED / name
    found: list[Any] = json.loads(path.read_text()) if path.exists() else []
    return found


CASES = _recorded("aws_recorded_cases.json")
TASK_CASES = [
    case
    for case in _recorded("aws_recorded_task_cases.json")
    if {"lambda:invoke", "lambda-arn"} >= set(case["kinds"])
]


def _value(recorded: Any) -> Any:
    return json.loads(recorded) if isinstance(recorded, str) else recorded


class Recorded:
    """Integrations that answer as recorded: the outcomes of each state in their order."""

    def __init__(self, case: Any) -> None:
        self.left = {state: list(outcomes) for state, outcomes in case["mocks"].items()}
        self.enveloped = case["kinds"] == ["lambda:invoke"]
        self.sent: dict[str, list[Any]] = {state: [] for state in self.left}

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        state = next(name for name, left in self.left.items() if left)
        self.sent[state].append(payload)
        outcome = self.left[state].pop(0)
        if "Throw" in outcome:
            raise TaskFailed(outcome["Throw"]["Error"], outcome["Throw"].get("Cause"))
        returned = outcome["Return"]
        return returned["Payload"] if self.enveloped else returned

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        raise AssertionError("no recorded case has a job")


@pytest.mark.skipif(not CASES, reason="the recordings of AWS are not on this machine")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_does_what_aws_was_recorded_doing(case: Any, run: Callable[..., Any]) -> None:
    ran = run(case["definition"], _value(case["input"]))

    assert ran.execution.status == case["status"]
    if "output" in case:
        if "MathRandom" in json.dumps(case["definition"]):
            bounds = case["input"]["FunctionInput"]
            drawn = ran.execution.output["FunctionResult"]
            assert bounds["fst"] <= drawn < bounds["snd"]
        else:
            assert ran.execution.output == _value(case["output"])
    else:
        assert ran.execution.error == case["error"]
        if "<" not in (case["cause"] or ""):  # a placeholder for what differs by account
            assert ran.execution.cause == case["cause"]
    if "ParallelStateStarted" in case["event_types"]:
        ours = Counter(t for t in ran.types if t != "ParallelStateSucceeded")
        assert ours == Counter(case["event_types"])
    else:
        assert ran.types == case["event_types"]


def _plain(value: Any) -> Any:
    """Without what no two requests share: ids, dates, lengths, logs."""
    if isinstance(value, dict):
        sdk = ("SdkHttpMetadata", "SdkResponseMetadata", "LogResult")
        return {k: _cause(_plain(v), k) for k, v in value.items() if k not in sdk}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _cause(value: Any, key: str) -> Any:
    return json.loads(value) if key == "Cause" and str(value).startswith("{") else value


def _like(ours: Any, recorded: Any) -> bool:
    """Equality, but for texts that the recording replaced."""
    if isinstance(recorded, str) and ("<" in recorded or recorded == "snf_role_arn"):
        return isinstance(ours, str)
    if isinstance(recorded, dict):
        return ours.keys() == recorded.keys() and all(_like(ours[k], recorded[k]) for k in ours)
    if isinstance(recorded, list):
        return len(ours) == len(recorded) and all(map(_like, ours, recorded))
    return bool(ours == recorded)


@pytest.mark.skipif(not TASK_CASES, reason="the recordings of AWS are not on this machine")
@pytest.mark.parametrize("case", TASK_CASES, ids=lambda case: case["name"])
def test_calls_functions_as_aws_was_recorded_doing(
    case: Any, engines: Callable[..., Any], ran: Callable[..., Any]
) -> None:
    recorded = Recorded(case)
    engine = engines(case["definition"], recorded)

    id = engine.start("m", case["input"])
    engine.run([id])

    done = ran(engine, id)
    assert done.execution.status == case["status"]
    assert done.execution.error == case.get("error")
    assert _plain(done.execution.output) == _plain(case.get("output"))
    if case["event_types_exact"]:
        assert done.types == case["event_types"]
    for state, sent in case["task_input"].items() if case["event_types_exact"] else ():
        if recorded.enveloped:
            sent = [each.get("Payload", {}) for each in sent]
        assert _like(recorded.sent[state], sent)
