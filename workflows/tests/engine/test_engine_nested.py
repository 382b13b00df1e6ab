"""Executions that Tasks start: fired and forgotten, waited for, stopped with their parent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.engine import Engine
from workflows.tests.engine.conftest import FixedJitter, Functions, Ran, VirtualClock

START = "arn:aws:states:::states:startExecution"
CHILD = "arn:aws:states:local:000000000000:stateMachine:child"
INVOKE = "arn:aws:states:::lambda:invoke"


def parent(form: str = "", *, arn: str = CHILD, **more: Any) -> dict[str, Any]:
    given = {"StateMachineArn": arn, "Input": {"n.$": "$.n"}, "Name": "inner"}
    task = {"Type": "Task", "Resource": START + form, "Parameters": given, "End": True, **more}
    return {"StartAt": "S", "States": {"S": task}}


PASSES = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAITS = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
FAILS = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "why"}}}

Make = Callable[..., Engine]


@pytest.fixture
def make(tmp_path: Path, clock: VirtualClock) -> Iterator[Make]:
    made: list[Engine] = []

    def go(machine: Any, child: Any, **functions: Any) -> Engine:
        engine = Engine(
            tmp_path, {"m": machine, "child": child}, Functions(**functions), clock=clock,
            jitter=FixedJitter(), concurrency=1,
        )  # fmt: skip
        made.append(engine)
        return engine

    yield go
    for engine in made:
        engine.close()


def ran(engine: Engine) -> Ran:
    id = engine.start("m", {"n": 1}, name="outer")
    engine.run([id])
    return Ran(engine, id)


def test_started_and_forgotten_it_gives_the_arn_and_goes_on(make: Make) -> None:
    engine = make(parent(), WAITS)

    outer = ran(engine)

    assert outer.execution.output["ExecutionArn"] == engine.describe("inner").id
    assert engine.describe("inner").status == "RUNNING"
    assert outer.types[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]


def test_sync_waits_for_the_end_and_gives_the_output_as_text(make: Make) -> None:
    engine = make(parent(".sync"), WAITS)

    outer = ran(engine)

    given = outer.execution.output
    assert (given["Status"], given["Output"], given["Input"]) == ("SUCCEEDED", '{"n":1}', '{"n":1}')
    assert outer.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_sync_2_gives_the_output_as_json(make: Make) -> None:
    outer = ran(make(parent(".sync:2"), PASSES))

    assert (outer.execution.output["Output"], outer.execution.output["Input"]) == (
        {"n": 1},
        {"n": 1},
    )


@pytest.mark.parametrize(
    ("child", "told"),
    [
        (FAILS, {"Status": "FAILED", "Error": "E", "Cause": "why"}),
        ({**WAITS, "TimeoutSeconds": 5}, {"Status": "TIMED_OUT"}),
    ],
)
def test_a_failure_inside_reaches_the_parent_as_the_description_of_the_child(
    make: Make, child: Any, told: Any
) -> None:
    outer = ran(make(parent(".sync"), child))

    assert (outer.execution.status, outer.execution.error) == ("FAILED", "States.TaskFailed")
    cause = json.loads(outer.execution.cause or "")
    assert told.items() <= cause.items()
    assert cause["Name"] == "inner"


def test_a_task_token_ends_what_waits_for_it(make: Make) -> None:
    machine = parent(".waitForTaskToken")
    machine["States"]["S"]["Parameters"]["Input"] = {"token.$": "$$.Task.Token"}
    tokens: list[str] = []
    called = {"FunctionName": "take", "Payload.$": "$"}
    child = {"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": INVOKE, "Parameters": called, "End": True}}}  # fmt: skip
    engine = make(machine, child, take=lambda event: tokens.append(event["token"]))
    id = engine.start("m", {"n": 1}, name="outer")
    engine.run([engine.start("child", {"token": "none"}, name="first")])
    engine.run([next(e.id for e in engine.list() if e.name == "inner")])

    engine.send_task_success(tokens[-1], '{"sent":1}')
    engine.run([id])

    assert engine.describe(id).output == {"sent": 1}


def test_what_a_stopped_parent_waits_for_is_stopped(make: Make) -> None:
    engine = make(parent(".sync"), WAITS)
    id = engine.start("m", {"n": 1})

    def stop(arn: str, event: Any) -> None:
        if event.type == "WaitStateEntered":
            engine.stop(id)

    engine.run(on_event=stop)

    assert [engine.describe(e).status for e in (id, "inner")] == ["ABORTED", "ABORTED"]


def test_a_task_out_of_time_stops_what_it_waits_for(make: Make) -> None:
    engine = make(parent(".sync", TimeoutSeconds=10), WAITS)

    outer = ran(engine)
    engine.run()

    assert outer.execution.error == "States.Timeout"
    assert engine.describe("inner").status == "ABORTED"


def test_a_machine_that_is_not_there_is_an_error_of_the_task(make: Make) -> None:
    outer = ran(make(parent(".sync", arn=CHILD + "ish"), PASSES))

    assert outer.execution.error == "StepFunctions.StateMachineDoesNotExistException"


def test_a_name_taken_by_another_input_is_an_error_of_the_task(make: Make) -> None:
    engine = make(parent(), PASSES)
    engine.start("child", {"other": 1}, name="inner")

    assert ran(engine).execution.error == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_definition_may_name_the_machine_by_its_placeholder(make: Make) -> None:
    assert ran(make(parent(".sync", arn="${child}"), PASSES)).execution.status == "SUCCEEDED"


def test_after_a_crash_the_same_attempt_finds_what_it_started(
    make: Make, clock: VirtualClock
) -> None:
    engine = make(parent(".sync"), WAITS)
    id = engine.start("m", {"n": 1})

    class Crash(Exception):
        pass

    def crash(arn: str, event: Any) -> None:
        if event.type == "WaitStateEntered":
            raise Crash

    with pytest.raises(Crash):
        engine.run(on_event=crash)
    engine.close()
    other = make(parent(".sync"), WAITS)
    other.resume()
    other.run()

    assert Ran(other, id).execution.status == "SUCCEEDED"
    assert [e.machine for e in other.list()] == ["child", "m"]


def test_a_failed_child_is_retried_as_another_execution(make: Make) -> None:
    machine = parent(".sync", Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}])
    del machine["States"]["S"]["Parameters"]["Name"]
    answers = iter([TaskFailed("E"), "good"])

    def f(event: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, TaskFailed):
            raise answer
        return answer

    called = {"FunctionName": "f", "Payload.$": "$"}
    child = {"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": INVOKE, "Parameters": called, "End": True}}}  # fmt: skip
    engine = make(machine, child, f=f)

    outer = ran(engine)

    assert outer.execution.status == "SUCCEEDED"
    assert [e.status for e in engine.list(machine="child")] == ["SUCCEEDED", "FAILED"]
