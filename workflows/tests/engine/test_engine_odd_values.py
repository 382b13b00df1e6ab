"""A value that cannot be written as JSON is one state's fault, and stops no other execution."""

from __future__ import annotations

import pytest

NEXT = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Parameters": {"x.$": "States.StringToJson('1e400')"}},
        {"Type": "Pass", "Parameters": {"x.$": "States.StringToJson($)"}},
    ],
)
def test_a_number_too_large_for_json_fails_its_execution_alone(run, state):
    states = {"Odd": {**state, "Next": "Then"}, "Then": NEXT}

    ran = run({"StartAt": "Odd", "States": states}, "1e400")

    assert (ran.execution.status, ran.execution.error) == ("FAILED", "States.Runtime")
    assert "A value cannot be written as JSON" in ran.execution.cause
    assert ran.engine.describe(ran.engine.start("m", "1", name="fine")).status == "RUNNING"
