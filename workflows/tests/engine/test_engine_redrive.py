"""Redrive: an execution that failed goes on from what failed, and keeps what succeeded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.engine import Engine
from workflows.engine.faults import NotRedrivable
from workflows.tests.engine.conftest import Functions, Ran, VirtualClock

INVOKE = "arn:aws:states:::lambda:invoke"
DAY_S = 24 * 3600


def task(function: str, **more: Any) -> dict[str, Any]:
    called = {"FunctionName": function, "Payload.$": "$"}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": called, "OutputPath": "$.Payload",
            **ends, **more}  # fmt: skip


class Broken:
    """A function that fails while it is broken, and counts what it was called with."""

    def __init__(self, *, on: Any = None) -> None:
        self.broken, self.on = True, on
        self.calls: Counter[str] = Counter()

    def __call__(self, event: Any) -> Any:
        self.calls[str(event)] += 1
        if self.broken and (self.on is None or event == self.on):
            raise TaskFailed("Broken", "not yet")
        return event


CHAIN = {"StartAt": "A", "States": {"A": task("a", Next="B"), "B": task("b")}}


@pytest.fixture
def failed(engines: Callable[..., Engine]) -> Callable[..., tuple[Engine, str]]:
    """Runs one execution of a machine to its end."""

    def go(definition: Any, input: Any = None, /, **functions: Any) -> tuple[Engine, str]:
        engine = engines(definition, Functions(**functions))
        id = engine.start("m", {} if input is None else input)
        engine.run([id])
        return engine, id

    return go


def again(engine: Engine, id: str) -> Ran:
    engine.redrive(id)
    engine.run([id])
    return Ran(engine, id)


def test_what_succeeded_is_kept_and_what_failed_is_done_again(failed: Any) -> None:
    a, b = Broken(), Broken()
    a.broken = False
    engine, id = failed(CHAIN, {"n": 1}, a=a, b=b)
    before = Ran(engine, id)
    b.broken = False

    ran = again(engine, id)

    assert before.execution.status == "FAILED"
    assert (ran.execution.status, ran.execution.output) == ("SUCCEEDED", {"n": 1})
    assert (sum(a.calls.values()), sum(b.calls.values())) == (1, 2)
    assert ran.types[len(before.types) :] == [
        "ExecutionRedriven", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
        "ExecutionSucceeded",
    ]  # fmt: skip
    assert ran.details("ExecutionRedriven") == [{"redriveCount": 1}]


def test_retries_begin_anew(failed: Any) -> None:
    b = Broken()
    retry = [{"ErrorEquals": ["Broken"], "MaxAttempts": 2, "IntervalSeconds": 1}]
    engine, id = failed({"StartAt": "B", "States": {"B": task("b", Retry=retry)}}, {}, b=b)

    ran = again(engine, id)

    assert (ran.execution.status, sum(b.calls.values())) == ("FAILED", 6)


def test_the_time_of_the_machine_begins_anew(failed: Any, clock: VirtualClock) -> None:
    wait = {"Type": "Wait", "Seconds": 80, "Next": "W"}
    machine = {"StartAt": "A", "TimeoutSeconds": 100, "States": {
        "A": wait, "W": {"Type": "Wait", "Seconds": 80, "End": True}}}  # fmt: skip
    engine, id = failed(machine)
    assert engine.describe(id).status == "TIMED_OUT"

    ran = again(engine, id)

    assert ran.execution.status == "SUCCEEDED"
    assert clock.now() - clock.start == pytest.approx(180)


def test_of_a_parallel_only_the_branches_that_did_not_succeed_run_again(failed: Any) -> None:
    left, right = Broken(), Broken()
    left.broken = False
    fan = {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "L", "States": {"L": task("left")}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "Next": "R"},
                                    "R": task("right")}},
        {"StartAt": "V", "States": {"V": {"Type": "Wait", "Seconds": 9, "Next": "V2"},
                                    "V2": {"Type": "Pass", "Result": "v", "End": True}}},
    ]}  # fmt: skip
    engine, id = failed({"StartAt": "F", "States": {"F": fan}}, 7, left=left, right=right)
    right.broken = False

    ran = again(engine, id)

    assert ran.execution.output == [7, 7, "v"]
    assert (sum(left.calls.values()), sum(right.calls.values())) == (1, 2)


def test_of_an_inline_map_only_the_iterations_that_did_not_succeed_run_again(failed: Any) -> None:
    f = Broken(on=2)
    each = {"Type": "Map", "MaxConcurrency": 1, "End": True,
            "ItemProcessor": {"StartAt": "I", "States": {"I": task("f")}}}  # fmt: skip
    engine, id = failed({"StartAt": "M", "States": {"M": each}}, [1, 2, 3], f=f)
    f.broken = False

    ran = again(engine, id)

    assert ran.execution.output == [1, 2, 3]
    assert f.calls == {"1": 1, "2": 2, "3": 1}


def test_what_was_stopped_goes_on_too(engines: Callable[..., Engine]) -> None:
    wait = {"Type": "Wait", "Seconds": 50, "Next": "A"}
    engine = engines({"StartAt": "W", "States": {"W": wait, "A": task("a")}},
                     Functions(a=lambda event: "done"))  # fmt: skip
    id = engine.start("m", {})
    engine.stop(id)

    ran = again(engine, id)

    assert (ran.execution.status, ran.execution.output) == ("SUCCEEDED", "done")
    assert ran.execution.error is None


def test_a_fail_state_is_entered_anew_and_fails_again(failed: Any) -> None:
    engine, id = failed({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}})

    ran = again(engine, id)

    assert (ran.execution.status, ran.execution.error) == ("FAILED", "E")
    assert ran.types[-3:] == ["ExecutionRedriven", "FailStateEntered", "ExecutionFailed"]


def test_says_in_aws_words_why_it_cannot(failed: Any, clock: VirtualClock) -> None:
    b = Broken()
    engine, id = failed({"StartAt": "B", "States": {"B": task("b")}}, {}, b=b)
    good = engine.start("m", {}, name="good")
    running = engine.redrive_refusal(good)
    b.broken = False
    engine.run()
    clock.sleep(14 * DAY_S + 1)

    reasons = [running, engine.redrive_refusal(good), engine.redrive_refusal(id)]

    assert reasons == [
        "Execution is RUNNING and cannot be redriven",
        "Execution is SUCCEEDED and cannot be redriven",
        "Execution redrivable period exceeded",
    ]
    with pytest.raises(NotRedrivable, match="redrivable period exceeded"):
        engine.redrive(id)


def test_another_process_goes_on_with_a_redrive(failed: Any, engines: Any) -> None:
    b = Broken()
    engine, id = failed({"StartAt": "B", "States": {"B": task("b")}}, {}, b=b)
    engine.redrive(id)
    engine.close()  # before it moved
    b.broken = False

    other = engines({"StartAt": "B", "States": {"B": task("b")}}, Functions(b=b))
    other.resume()
    other.run()

    assert other.describe(id).status == "SUCCEEDED"
    assert Ran(other, id).types.count("ExecutionRedriven") == 1


def test_the_context_tells_how_often_and_when(failed: Any, clock: VirtualClock) -> None:
    b = Broken()
    told = task("b", Next="C")
    shown = {"n.$": "$$.Execution.RedriveCount", "at.$": "$$.Execution.RedriveTime"}
    machine = {"StartAt": "B", "States": {
        "B": told, "C": {"Type": "Pass", "Parameters": shown, "End": True}}}  # fmt: skip
    engine, id = failed(machine, {}, b=b)
    b.broken = False

    ran = again(engine, id)

    assert ran.execution.output == {"n": 1, "at": "2027-01-15T08:00:00.000Z"}


def test_the_steps_tell_what_came_of_them_in_the_end(failed: Any) -> None:
    right = Broken()
    fan = {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "L", "States": {"L": {"Type": "Wait", "Seconds": 9, "End": True}}},
        {"StartAt": "R", "States": {"R": task("right")}},
    ]}  # fmt: skip
    engine, id = failed({"StartAt": "F", "States": {"F": fan}}, 7, right=right)
    before = [(s.name, s.status) for s in engine.steps(id)]
    right.broken = False

    again(engine, id)

    assert before == [("F", "FAILED"), ("L", "ABORTED"), ("R", "ABORTED")]
    assert [(s.name, s.status, s.attempts) for s in engine.steps(id)] == [
        ("F", "SUCCEEDED", 1), ("L", "SUCCEEDED", 1), ("R", "SUCCEEDED", 2),
    ]  # fmt: skip
