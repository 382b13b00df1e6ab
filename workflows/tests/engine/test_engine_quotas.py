"""Quotas that make an execution fail on AWS, by the same error name, and how far they reach."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.errors import BadRequest
from workflows.engine.quotas import MAX_EVENTS, MAX_PAYLOAD, too_large

INVOKE = "arn:aws:states:::lambda:invoke"
BIG = MAX_PAYLOAD + 1
LIMIT = "States.DataLimitExceeded"


def task(**more: Any) -> dict[str, Any]:
    parameters = {"FunctionName": "f", "Payload.$": "$"}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, **ends, **more}


def one(state: Any, **others: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state, **others}}


def told(ran: Any) -> tuple[str | None, str | None]:
    return ran.execution.error, ran.execution.cause


def result_of(who: str) -> str:
    return (
        f"The state/task '{who}' returned a result with a size exceeding the maximum number of "
        "bytes service limit."
    )


@pytest.mark.parametrize(
    ("text", "beyond"),
    [("x" * MAX_PAYLOAD, False), ("x" * BIG, True), ("é" * (MAX_PAYLOAD // 2), False),
     ("é" * (MAX_PAYLOAD // 2) + "x", True), ("\ud800" * 10, False)],
    ids=["whole", "one more", "accents", "accents and one", "half a pair"],
)  # fmt: skip
def test_the_quota_counts_bytes_of_utf_8(text: str, beyond: bool) -> None:
    assert too_large(text) is beyond


@pytest.mark.parametrize("names", [["States.ALL"], ["States.DataLimitExceeded"]])
def test_a_result_that_is_too_large_may_be_caught(run: Any, names: list[str]) -> None:
    catch = [{"ErrorEquals": names, "Next": "C"}]

    ran = run(one(task(Catch=catch), C={"Type": "Succeed"}), f=lambda event: "x" * BIG)

    assert ran.execution.output == {"Error": LIMIT, "Cause": result_of("lambda")}
    assert ran.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskFailed", "TaskStateExited"]


def test_an_output_that_is_too_large_ends_the_execution(run: Any) -> None:
    shaped = {"Parameters": {"FunctionName": "f"}, "ResultSelector": {"a.$": "$", "b.$": "$"}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    state = task(**shaped, Catch=catch)

    ran = run(one(state, C={"Type": "Succeed"}), f=lambda event: "x" * (MAX_PAYLOAD // 2))

    assert told(ran) == (LIMIT, result_of("S"))


def test_a_result_put_together_from_iterations_may_be_too_large(run: Any) -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemProcessor": inner, "End": True,
             "ItemSelector": {"a.$": "$$.Map.Item.Value", "b.$": "$$.Map.Item.Value"}}  # fmt: skip

    ran = run(one(state), ["x" * 1000] * 200)

    assert told(ran) == (LIMIT, result_of("S"))
    assert ran.types[-2:] == ["MapStateFailed", "ExecutionFailed"]


def test_a_task_s_input_that_is_too_large_is_terminal(run: Any) -> None:
    twice = {"FunctionName": "f", "Payload": {"a.$": "$", "b.$": "$"}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    state = task(Parameters=twice, Catch=catch)

    ran = run(one(state, C={"Type": "Succeed"}), "x" * (MAX_PAYLOAD // 2), f=lambda event: 1)

    assert ran.execution.error == LIMIT
    assert "TaskScheduled" not in ran.types


def test_an_input_that_is_too_large_does_not_start(run: Any) -> None:
    with pytest.raises(BadRequest, match="262,144 bytes"):
        run(one({"Type": "Succeed"}), "x" * BIG)


def test_what_one_assign_assigns_is_bounded(run: Any) -> None:
    state = {"Type": "Pass", "Assign": {"a.$": "$", "b.$": "$", "c.$": "$"}, "End": True}

    ran = run(one(state), "x" * (MAX_PAYLOAD // 2))

    assert ran.execution.error == LIMIT
    assert ran.types == ["ExecutionStarted", "PassStateEntered", "ExecutionFailed"]


def test_all_variables_together_are_bounded(run: Any) -> None:
    """Ten mebibytes: 42 variables of 250,000 bytes are too many, 41 are not."""
    states = {
        f"S{n}": {"Type": "Pass", "Assign": {f"v{n}.$": "$"}, "Next": f"S{n + 1}"}
        for n in range(42)
    }
    machine = {"StartAt": "S0", "States": {**states, "S42": {"Type": "Succeed"}}}

    ran = run(machine, "x" * 250_000)

    assert (ran.execution.error, ran.path[-1]) == (LIMIT, "S41")


def test_the_event_25_000_is_that_the_history_is_full(run: Any) -> None:
    loop = {"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": False, "Next": "S"}],
            "Default": "Z"}  # fmt: skip

    ran = run(one(loop, Z={"Type": "Succeed"}))

    last = ran.events[-1]
    assert (last.id, last.previous_id, last.type) == (MAX_EVENTS, MAX_EVENTS - 1, "ExecutionFailed")
    assert told(ran) == (
        "States.Runtime",
        "The execution reached the maximum number of history events (25000).",
    )
    assert ran.events[-2].type == "ChoiceStateExited"


def test_no_catch_takes_a_full_history_and_no_task_is_called_beyond_it(run: Any) -> None:
    state = task(Next="K", ResultPath=None, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z"}])
    rule = {"Variable": "$.never", "IsPresent": True, "Next": "Z"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "S"}
    calls: list[Any] = []

    ran = run(one(state, K=choice, Z={"Type": "Succeed"}), f=calls.append)

    assert ran.events[-1].id == MAX_EVENTS
    assert ran.types.count("TaskStarted") == len(calls)
