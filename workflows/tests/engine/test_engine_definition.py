"""Definitions that are refused, each with its reason and the JSON path of the fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.definition import load
from workflows.engine.faults import BadDefinition
from workflows.engine.validation import problems_in

END: dict[str, Any] = {"Type": "Pass", "End": True}
INVOKE = "arn:aws:states:::lambda:invoke"


def _task(**more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": "f"},
        "End": True,
        **more,
    }


def _refused(definition: Any) -> list[str]:
    with pytest.raises(BadDefinition) as caught:
        load("m", definition)
    return list(caught.value.problems)


def _problem(state: Any, **others: Any) -> str:
    (problem,) = _refused({"StartAt": "S", "States": {"S": state, **others}})
    return problem


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"Type": "Pass", "Next": "X"},
         "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at $.States.S.Next"),
        (_task(Catch=[{"ErrorEquals": ["E"], "Next": "X"}]),
         "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at $.States.S.Catch[0].Next"),
        ({"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "E"}],
          "Default": "X"},
         "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at $.States.S.Default"),
        ({"Type": "Loop", "End": True},
         "SCHEMA_VALIDATION_FAILED: 'Loop' is not a type of state at $.States.S.Type"),
        ({"Type": "Pass"},
         "SCHEMA_VALIDATION_FAILED: exactly one of 'Next' and 'End' is needed at $.States.S"),
        ({**END, "Retry": []},
         "SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at $.States.S"),
        (_task(Resource="arn:aws:states:::sqs:deleteQueue",
               Catch=[{"ErrorEquals": ["E"], "Next": "E"}]),
         ("the resource 'arn:aws:states:::sqs:deleteQueue' is not supported by this engine "
          "at $.States.S.Resource")),
        ({**END, "InputPath": "a"},
         "INVALID_JSON_PATH: Value is not a valid JSONPath: 'a' at $.States.S.InputPath"),
        ({**END, "ResultPath": "$.a[*]"},
         "INVALID_JSON_PATH: Value is not a Reference Path: '$.a[*]' at $.States.S.ResultPath"),
        ({**END, "Parameters": {"a": [{"b.$": "States.Nope()"}]}},
         ("SCHEMA_VALIDATION_FAILED: States.Nope is not an intrinsic function "
          "at $.States.S.Parameters.a[0].b.$")),
        (_task(Retry=[{"ErrorEquals": ["States.ALL", "E"]}]),
         ("SCHEMA_VALIDATION_FAILED: States.ALL must be alone and last "
          "at $.States.S.Retry[0].ErrorEquals")),
        (_task(TimeoutSeconds=5, HeartbeatSeconds=5),
         ("SCHEMA_VALIDATION_FAILED: 'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' "
          "at $.States.S.HeartbeatSeconds")),
        (_task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": -1}]),
         ("SCHEMA_VALIDATION_FAILED: a whole number from 0 to 99999999 is needed "
          "at $.States.S.Retry[0].MaxAttempts")),
        ({"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": True},
         "SCHEMA_VALIDATION_FAILED: a Wait has exactly one of its four forms at $.States.S"),
        ({"Type": "Choice", "Choices": [{"Variable": "$", "Next": "E"}]},
         "SCHEMA_VALIDATION_FAILED: a rule has exactly one comparison at $.States.S.Choices[0]"),
        ({"Type": "Map", "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "I", "States": {"I": END}}},
         ("SCHEMA_VALIDATION_FAILED: 'ExecutionType' is STANDARD or EXPRESS "
          "at $.States.S.ItemProcessor.ProcessorConfig.ExecutionType")),
        ({"Type": "Parallel", "End": True, "Branches": [{"StartAt": "X", "States": {"I": END}}]},
         ("MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X "
          "at $.States.S.Branches[0].StartAt")),
        ({**END, "QueryLanguage": "SQL"},
         ("SCHEMA_VALIDATION_FAILED: 'QueryLanguage' is JSONPath or JSONata "
          "at $.States.S.QueryLanguage")),
    ],
)  # fmt: skip
def test_refuses_a_state_with_the_reason_and_its_path(state: Any, problem: str) -> None:
    assert _problem(state, E=END) == problem


def test_names_every_problem_at_once() -> None:
    problems = _refused({"StartAt": "X", "States": {"S": {"Type": "Pass", "Next": "Y"}}})

    assert problems == [
        "MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X at $.StartAt",
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at $.States.S.Next",
        "MISSING_END_STATE: Workflow has no terminal state at $.States",
    ]


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ([], "SCHEMA_VALIDATION_FAILED: a definition is an object at $"),
        ({}, "SCHEMA_VALIDATION_FAILED: at least one state is needed at $.States"),
        ({"QueryLanguage": "SQL"},
         "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' is JSONPath or JSONata at $.QueryLanguage"),
        ({"StartAt": "S", "States": {"S": END}, "X": 1},
         "SCHEMA_VALIDATION_FAILED: Field 'X' is not supported at $"),
        ({"StartAt": "S", "States": {"S": {**END, "Result": float("nan")}}},
         "not JSON: Out of range float values are not JSON compliant at $"),
    ],
)  # fmt: skip
def test_refuses_a_machine(definition: Any, problem: str) -> None:
    assert _refused(definition) == [problem]


def test_the_same_name_twice_is_refused_in_nested_machines_too() -> None:
    inner = {"StartAt": "S", "States": {"S": END}}

    assert _problem({"Type": "Parallel", "End": True, "Branches": [inner]}) == (
        "DUPLICATE_STATE_NAME: Duplicate State name: S at $.States.S.Branches[0].States.S"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["Type", "Next", "End", "Choices", "Retry", "Catch", "Branches", "x.$",
                         "ErrorEquals", "Parameters", "ItemProcessor", "States", "StartAt"]),
        inner, max_size=4),
    max_leaves=10,
)  # fmt: skip
KINDS = ["Pass", "Task", "Choice", "Wait", "Map", "Parallel", "Fail", "Succeed"]


@given(st.sampled_from(KINDS), st.dictionaries(
    st.sampled_from(["Next", "End", "Choices", "Retry", "Catch", "Branches", "Parameters",
                     "ItemProcessor", "Iterator", "ResultPath", "InputPath", "Resource", "Seconds",
                     "Assign", "ErrorPath", "MaxConcurrency"]), json_values))  # fmt: skip
def test_no_definition_crashes_the_check(kind: str, fields: dict[str, Any]) -> None:
    definition = {"StartAt": "S", "States": {"S": {"Type": kind, **fields}}}

    assert all(" at $" in problem for problem in problems_in(definition))
