"""What executions do: data flow, retries, catches, waits, timeouts, Parallel and Map."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.faults import ExecutionAlreadyExists, NoSuchMachine

INVOKE = "arn:aws:states:::lambda:invoke"


def task(function: str, /, **more: Any) -> dict[str, Any]:
    called = {"FunctionName": function, "Payload.$": "$"}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": called, **ends, **more}


def one(state: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state, **others}}


class Failing:
    """Fails with each of these errors in turn, then answers."""

    def __init__(self, *errors: str, then: Any = "ok") -> None:
        self.errors, self.then, self.calls = list(errors), then, 0

    def __call__(self, event: Any) -> Any:
        self.calls += 1
        if self.errors:
            raise TaskFailed(self.errors.pop(0), "why")
        return self.then


def test_data_passes_input_path_parameters_selector_result_path_and_output_path(run: Any) -> None:
    state = task(
        "f",
        InputPath="$.in",
        Parameters={"FunctionName": "f", "Payload": {"x.$": "$.a", "who.$": "$$.State.Name"}},
        ResultSelector={"y.$": "$.Payload.x", "status.$": "$.StatusCode"},
        ResultPath="$.out.f",
        OutputPath="$.out",
    )

    ran = run(one(state), {"in": {"a": 1}, "out": {"kept": True}}, f=lambda event: event)

    assert ran.execution.output == {"kept": True, "f": {"y": 1, "status": 200}}


def test_null_paths_give_an_empty_input_and_discard_the_result(run: Any) -> None:
    ran = run(one(task("f", InputPath=None, ResultPath=None)), {"a": 1}, f=lambda event: event)

    assert ran.execution.output == {"a": 1}
    assert json.loads(ran.details("TaskScheduled")[0]["parameters"])["Payload"] == {}


def test_a_result_path_that_cannot_be_is_caught_by_name(run: Any) -> None:
    catch = [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "C"}]

    ran = run(one(task("f", ResultPath="$.a.b", Catch=catch), C={"Type": "Succeed"}), {"a": 1},
              f=lambda event: 1)  # fmt: skip

    assert ran.path == ["S", "C"]


def test_retries_wait_longer_each_time_and_then_the_catch_takes_over(run: Any, clock: Any) -> None:
    rules = [{"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 3}]
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "C"}]
    failing = Failing(*["E"] * 4)

    ran = run(one(task("f", Retry=rules, Catch=catch), C={"Type": "Succeed"}), {"a": 1}, f=failing)

    assert clock.now() - clock.start == pytest.approx(2 + 4 + 8)
    assert failing.calls == 4
    assert ran.execution.output == {"a": 1, "error": {"Error": "E", "Cause": "why"}}


def test_the_count_of_a_retrier_survives_other_errors_and_is_reset_on_the_next_visit(
    run: Any,
) -> None:
    rules = [
        {"ErrorEquals": ["A"], "MaxAttempts": 1},
        {"ErrorEquals": ["B"], "MaxAttempts": 1},
    ]
    rule = {"Variable": "$.Payload", "StringEquals": "again", "Next": "S"}
    again = {"Type": "Choice", "Choices": [rule], "Default": "Z"}
    answers = iter(["A", "B", "again", "A", "B", "A"])

    def f(event: Any) -> Any:
        answer = next(answers)
        if answer in "AB":
            raise TaskFailed(answer)
        return answer

    ran = run(
        one(task("f", Retry=rules, Next="Again"), Again=again, Z={"Type": "Succeed"}), {}, f=f
    )

    assert (ran.execution.status, ran.execution.error) == ("FAILED", "A")
    assert next(answers, "none left") == "none left"


def test_a_python_error_is_matched_by_its_bare_class_name(run: Any) -> None:
    def f(event: Any) -> Any:
        raise KeyError("lost")

    ran = run(one(task("f")), {}, f=f)

    assert ran.execution.error == "KeyError"
    assert json.loads(ran.execution.cause)["errorType"] == "KeyError"


def test_runtime_errors_are_never_caught(run: Any) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]

    ran = run(one(task("f", OutputPath="$.no", Catch=catch), C={"Type": "Succeed"}), f=lambda e: 1)

    assert (ran.execution.status, ran.execution.error) == ("FAILED", "States.Runtime")


def test_no_choice_that_matches_fails_by_name(run: Any) -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]}

    ran = run(one(choice, Z={"Type": "Succeed"}), {"a": 1})

    assert ran.execution.error == "States.NoChoiceMatched"


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ({"Seconds": 14_400}, 14_400),
        ({"SecondsPath": "$.s"}, 90),
        ({"Timestamp": "2027-01-15T09:00:00Z"}, 3600),
        ({"TimestampPath": "$.t"}, 7200),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, 0),
    ],
)
def test_waits_in_all_four_forms(run: Any, clock: Any, wait: Any, seconds: int) -> None:
    given = {"s": 90, "t": "2027-01-15T07:00:00-03:00"}

    ran = run(one({"Type": "Wait", **wait, "End": True}), given)

    assert ran.execution.status == "SUCCEEDED"
    assert clock.now() - clock.start == pytest.approx(seconds)


@pytest.mark.parametrize("stamp", ["2027-01-15T09:00:00", "tomorrow", 5])
def test_a_timestamp_needs_an_offset(run: Any, stamp: Any) -> None:
    ran = run(one({"Type": "Wait", "TimestampPath": "$.t", "End": True}), {"t": stamp})

    assert ran.execution.error == "States.Runtime"


def test_a_task_out_of_time_is_given_up_retried_and_its_late_answer_ignored(
    run: Any, clock: Any
) -> None:
    late = threading.Event()
    calls: list[int] = []

    def f(event: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            clock.sleep(11)  # the time passes while the first call is in flight
            late.wait(20)
            return "late"
        late.set()
        return "second"

    rules = [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]
    ran = run(one(task("f", TimeoutSeconds=10, Retry=rules)), {}, f=f)

    assert ran.execution.output["Payload"] == "second"
    assert ran.types[3:8] == [
        "TaskStarted", "TaskTimedOut", "TaskScheduled", "TaskStarted", "TaskSucceeded",
    ]  # fmt: skip
    assert ran.details("TaskTimedOut")[0]["error"] == "States.Timeout"


def test_a_machine_out_of_time_ends_timed_out_without_a_catch(run: Any) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    rules = [{"ErrorEquals": ["E"], "IntervalSeconds": 60, "MaxAttempts": 9}]
    machine = one(task("f", Retry=rules, Catch=catch), C={"Type": "Succeed"})

    ran = run({**machine, "TimeoutSeconds": 100}, {}, f=Failing(*["E"] * 9))

    assert ran.execution.status == "TIMED_OUT"
    assert ran.types[-2:] == ["TaskStateAborted", "ExecutionTimedOut"]


def test_a_parallel_state_gives_the_outputs_in_the_order_of_its_branches(run: Any) -> None:
    waits = [{"StartAt": f"W{n}", "States": {
        f"W{n}": {"Type": "Wait", "Seconds": 10 - n, "Next": f"P{n}"},
        f"P{n}": {"Type": "Pass", "Result": n, "End": True},
    }} for n in range(3)]  # fmt: skip

    ran = run(one({"Type": "Parallel", "Branches": waits, "End": True}))

    assert ran.execution.output == [0, 1, 2]


def test_a_failing_branch_aborts_the_others_and_its_error_is_retried_and_caught(run: Any) -> None:
    branches = [
        {"StartAt": "Fails", "States": {"Fails": task("f")}},
        {"StartAt": "Waits", "States": {"Waits": {"Type": "Wait", "Seconds": 999, "End": True}}},
    ]
    parallel = {
        "Type": "Parallel", "Branches": branches, "Next": "Z",
        "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.e", "Next": "Z"}],
    }  # fmt: skip

    ran = run(one(parallel, Z={"Type": "Succeed"}), {}, f=Failing("E", "E"))

    assert ran.execution.output == {"e": {"Error": "E", "Cause": "why"}}
    assert ran.types.count("ParallelStateStarted") == 2
    assert ran.types.count("ParallelStateEntered") == 1
    assert ran.types.count("WaitStateAborted") == 2
    assert ran.types[-6:] == [
        "TaskStateAborted", "ParallelStateFailed", "ParallelStateExited",
        "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def _map(**more: Any) -> dict[str, Any]:
    inner = {"StartAt": "I", "States": {"I": task("f")}}
    return {"Type": "Map", "ItemProcessor": inner, "End": True, **more}


def test_a_map_runs_at_most_so_many_items_at_once_and_keeps_their_order(run: Any) -> None:
    lock, state = threading.Lock(), {"now": 0, "most": 0}
    both = threading.Barrier(2)

    def f(event: Any) -> Any:
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])
        both.wait(20)  # each waits for another one: so two do run at once
        with lock:
            state["now"] -= 1
        return event * 10

    ran = run(one(_map(MaxConcurrency=2, ItemsPath="$.l")), {"l": [1, 2, 3, 4, 5, 6]}, f=f)

    assert [item["Payload"] for item in ran.execution.output] == [10, 20, 30, 40, 50, 60]
    assert state["most"] == 2


def test_an_item_selector_sees_the_input_and_the_item(run: Any) -> None:
    selector = {"all.$": "$.l", "it.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"}
    chosen = {"Type": "Map", "ItemsPath": "$.l", "ItemSelector": selector, "End": True,
              "ItemProcessor": one({"Type": "Pass", "End": True, "Parameters": {
                  "x.$": "$.it", "same.$": "$$.Map.Item.Value", "n.$": "$.at"}})}  # fmt: skip

    ran = run({"StartAt": "M", "States": {"M": chosen}}, {"l": ["a", "b"]})

    assert ran.execution.output == [
        {"x": "a", "same": "a", "n": 0},
        {"x": "b", "same": "b", "n": 1},
    ]


def test_a_failed_item_aborts_its_siblings(run: Any) -> None:
    held = threading.Event()

    def f(event: Any) -> Any:
        if event == 0:
            raise TaskFailed("E", "why")
        held.wait(20)

    ran = run(one(_map(Catch=[{"ErrorEquals": ["E"], "Next": "Z"}]), Z={"Type": "Succeed"}),
              [0, 1, 2], f=f)  # fmt: skip
    held.set()

    assert ran.execution.status == "SUCCEEDED"
    tail = ran.types[ran.types.index("TaskFailed") :]
    assert tail[:8] == [
        "TaskFailed", "MapIterationFailed", "TaskStateAborted", "MapIterationAborted",
        "TaskStateAborted", "MapIterationAborted", "TaskStateAborted", "MapStateFailed",
    ]  # fmt: skip


def test_a_map_over_nothing_gives_nothing(run: Any) -> None:
    assert run(one(_map()), [], f=lambda e: e).execution.output == []


def test_a_map_over_what_is_no_list_is_a_runtime_error(run: Any) -> None:
    assert run(one(_map(ItemsPath="$.l")), {"l": {}}).execution.error == "States.Runtime"


def test_variables_are_seen_inside_and_assigned_inside_they_stay_there(run: Any) -> None:
    inner = {
        "StartAt": "I",
        "States": {
            "I": {
                "Type": "Pass",
                "Assign": {"u": "inner"},
                "Parameters": {"v.$": "$v"},
                "End": True,
            }
        },
    }
    definition = {"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": "outer", "w.$": "$.n"}, "Next": "M"},
        "M": {"Type": "Map", "ItemsPath": "$.l", "ItemProcessor": inner, "ResultPath": "$.m",
              "Next": "Z"},
        "Z": {"Type": "Pass", "Parameters": {"m.$": "$.m", "v.$": "$v", "w.$": "$w"}, "End": True},
    }}  # fmt: skip

    ran = run(definition, {"l": [1], "n": 7})

    assert ran.execution.output == {"m": [{"v": "outer"}], "v": "outer", "w": 7}


def test_a_batch_job_is_submitted_and_its_detail_is_the_result(run: Any) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": True,
             "Parameters": {"JobName": "j", "JobDefinition": "d", "JobQueue": "q"}}  # fmt: skip

    ran = run(one(state), {}, d=lambda job: {"Status": "SUCCEEDED", "JobName": job["JobName"]})

    assert ran.execution.output == {"Status": "SUCCEEDED", "JobName": "j"}
    assert ran.types == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted",
        "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_events_point_at_the_event_before_them_in_their_thread(run: Any) -> None:
    ran = run(one(_map(MaxConcurrency=1)), [1, 2], f=lambda e: e)

    came_after = {
        (e.type, e.id): ran.events[e.previous_id - 1].type if e.previous_id else ""
        for e in ran.events
    }
    assert came_after["MapStateEntered", 2] == ""
    assert came_after["MapIterationStarted", 4] == "MapStateStarted"
    exited = next(e for e in ran.events if e.type == "MapStateExited")
    assert ran.events[exited.previous_id - 1].type == "MapIterationSucceeded"


def test_many_executions_share_one_loop(engines: Callable[..., Any], ran: Any) -> None:
    engine = engines(
        one({"Type": "Wait", "Seconds": 60, "Next": "P"}, P={"Type": "Pass", "End": True})
    )
    ids = [engine.start("m", {"n": n}) for n in range(50)]

    engine.run()

    assert {engine.describe(id).status for id in ids} == {"SUCCEEDED"}
    assert [e.input["n"] for e in engine.list(limit=3)] == [49, 48, 47]


def test_a_name_in_use_answers_the_same_execution_or_is_refused(
    engines: Callable[..., Any],
) -> None:
    engine = engines(one({"Type": "Pass", "End": True}))
    first = engine.start("m", {"a": 1}, name="n")

    assert engine.start("m", {"a": 1}, name="n") == first
    with pytest.raises(ExecutionAlreadyExists):
        engine.start("m", {"a": True}, name="n")
    engine.run()
    with pytest.raises(ExecutionAlreadyExists):
        engine.start("m", {"a": 1}, name="n")
    with pytest.raises(NoSuchMachine):
        engine.start("other", {})


def test_the_listener_hears_every_event_once_it_is_journalled(engines: Callable[..., Any]) -> None:
    engine = engines(one({"Type": "Pass", "End": True}))
    id = engine.start("m", {})
    heard: list[Any] = []

    def listen(arn: str, event: Any) -> None:
        assert event in engine.history(arn)
        heard.append(event)

    engine.run([id], on_event=listen)

    assert heard == list(engine.history(id))
