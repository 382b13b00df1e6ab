"""Executions with Tasks that real AWS ran, run again with scripted calls: all is equal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.testing import run_case

RECORDED = Path(__file__).parents[4] / "shared/asl-conformance/aws_recorded_task_cases.json"
CASES: list[Any] = json.loads(RECORDED.read_text()) if RECORDED.exists() else []

pytestmark = pytest.mark.skipif(not CASES, reason="the recordings of AWS are not on this machine")


def mock_file(case: Any) -> dict[str, Any]:
    """The recorded outcomes as a mock file with one machine and one case."""
    states = {name: name for name in case["mocks"]}
    return {
        "StateMachines": {"recorded": {"TestCases": {"case": states}}},
        "MockedResponses": {
            name: {str(attempt): outcome for attempt, outcome in enumerate(outcomes)}
            for name, outcomes in case["mocks"].items()
        },
    }  # fmt: skip


def like(ours: Any, recorded: Any) -> bool:
    """Equality, but for texts that the recording replaced."""
    if isinstance(recorded, str) and ("<" in recorded or recorded == "snf_role_arn"):
        return isinstance(ours, str)
    if isinstance(recorded, dict):
        return (
            isinstance(ours, dict)
            and ours.keys() == recorded.keys()
            and all(like(ours[k], recorded[k]) for k in ours)
        )
    if isinstance(recorded, list):
        return (
            isinstance(ours, list)
            and len(ours) == len(recorded)
            and all(like(a, b) for a, b in zip(ours, recorded, strict=True))
        )
    return type(ours) is type(recorded) and bool(ours == recorded)


def parsed(cause: Any) -> Any:
    try:
        return json.loads(cause)
    except (TypeError, ValueError):
        return cause


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_does_with_tasks_what_aws_was_recorded_doing(case: Any) -> None:
    ran = run_case(
        case["definition"], mock_file(case), "case", case["input"], objects=case.get("s3_objects")
    )

    assert (ran.status, ran.error) == (case["status"], case.get("error"))
    assert like(ran.output, case.get("output"))
    if case.get("cause_text_reconstructed"):
        assert like(parsed(ran.cause), parsed(case.get("cause")))
    elif "cause" in case:
        assert like(ran.cause, case["cause"])
    if case["event_types_exact"]:
        assert list(ran.types) == case["event_types"]
    for state, sent in case["task_input"].items():
        ours = ran.inputs(state)
        assert len(ours) == len(sent)
        assert all(any(like(one, recorded) for one in ours) for recorded in sent)
        if case["event_types_exact"]:
            assert like(ours, sent)
    assert ran.unused == ()
