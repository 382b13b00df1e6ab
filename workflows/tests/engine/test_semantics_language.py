"""What is commonly got wrong in the language itself, point by point of the checklist (1 to 21).

Points 7 to 9 are with the integrations and the Map, where they show.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.failures import TaskFailed
from workflows.engine.definition import load
from workflows.engine.faults import BadDefinition
from workflows.engine.retry import delay, matches, retry

INVOKE = "arn:aws:states:::lambda:invoke"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}


class Chance:
    def __init__(self, fraction: float) -> None:
        self._fraction = fraction

    def fraction(self) -> float:
        return self._fraction


def task(**more: Any) -> dict[str, Any]:
    parameters = {"FunctionName": "f", "Payload.$": "$"}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, **ends, **more}


def one(state: Any, **others: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state, **others}}


def failing(*errors: str) -> Callable[[Any], Any]:
    left = list(errors)

    def function(_: Any) -> Any:
        if left:
            raise TaskFailed(left.pop(0), "why")
        return "done"

    return function


def test_01_retriers_are_scanned_in_order_and_the_first_that_matches_is_used_alone() -> None:
    rules = [
        {"ErrorEquals": ["A"], "MaxAttempts": 1, "IntervalSeconds": 5},
        {"ErrorEquals": ["A", "B"], "MaxAttempts": 9, "IntervalSeconds": 7},
    ]

    assert retry(rules, "A", {}, Chance(0)) == (0, 5)
    assert retry(rules, "A", {0: 1}, Chance(0)) is None, "the second one is not asked"
    assert retry(rules, "B", {0: 1}, Chance(0)) == (1, 7)


def test_02_the_count_is_the_retrier_s_survives_other_errors_and_ends_with_the_state(
    run: Any,
) -> None:
    rules = [
        {"ErrorEquals": ["A", "B"], "MaxAttempts": 2},
        {"ErrorEquals": ["C"], "MaxAttempts": 1},
    ]
    first = task(Retry=rules, Next="T", ResultPath=None)
    second = task(Retry=rules, ResultPath=None)

    # In one visit: A, C, B use up two of the first retrier and one of the second.
    ran = run(one(first, T=second), f=failing("A", "C", "B", "A"))

    assert ran.execution.error == "A"
    assert ran.path == ["S"], "the third of the first retrier's errors is one too many"

    calls = iter(["A", "C", "B", None, "B", "C", "A", None])

    def function(_: Any) -> Any:
        error = next(calls)
        if error:
            raise TaskFailed(error, "why")
        return "done"

    assert run(one(first, T=second), f=function).execution.status == "SUCCEEDED"


def test_03_retry_comes_before_catch_and_the_error_replaces_the_input(run: Any) -> None:
    state = task(
        Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}],
        Catch=[{"ErrorEquals": ["E"], "Next": "C"}],
    )

    ran = run(one(state, C=PASS), {"kept": 1}, f=failing("E", "E"))

    assert ran.types.count("TaskScheduled") == 2
    assert ran.execution.output == {"Error": "E", "Cause": "why"}


@pytest.mark.parametrize(
    ("error", "matched"),
    [("Any.Error", True), ("States.Permissions", True), ("States.DataLimitExceeded", True),
     ("States.Timeout", False), ("States.Runtime", False)],
)  # fmt: skip
def test_04_task_failed_matches_all_but_timeouts(error: str, matched: bool) -> None:
    assert matches(["States.TaskFailed"], error) is matched


@pytest.mark.parametrize("field", ["Retry", "Catch"])
@pytest.mark.parametrize("names", [[["States.ALL", "E"]], [["States.ALL"], ["E"]]])
def test_05_all_stands_alone_and_last(field: str, names: list[list[str]]) -> None:
    more = {"Next": "C"} if field == "Catch" else {}
    rules = [{"ErrorEquals": each, **more} for each in names]

    with pytest.raises(BadDefinition, match=r"States\.ALL must be alone and last"):
        load("m", one(task(**{field: rules}), C=PASS))


def test_06_runtime_is_neither_retried_nor_caught_even_by_name(run: Any) -> None:
    names = ["States.Runtime"]
    state = task(
        InputPath="$.no.such",
        Retry=[{"ErrorEquals": names}],
        Catch=[{"ErrorEquals": names, "Next": "C"}, {"ErrorEquals": ["States.ALL"], "Next": "C"}],
    )

    ran = run(one(state, C=PASS), {}, f=failing())

    assert ran.execution.error == "States.Runtime"
    assert ran.types == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_10_a_machine_s_own_timeout_cannot_be_caught(run: Any) -> None:
    inner = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    state = {"Type": "Parallel", "Branches": [inner], "End": True,
             "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]}  # fmt: skip

    ran = run({**one(state, C=PASS), "TimeoutSeconds": 5})

    assert ran.execution.status == "TIMED_OUT"
    assert ran.path == ["S", "W"]


@given(st.integers(1, 100), st.integers(0, 8), st.integers(1, 50), st.floats(0, 1))
def test_11_full_jitter_is_uniform_up_to_the_delay_which_is_capped_first(
    interval: int, before: int, cap: int, chance: float
) -> None:
    rule = {"IntervalSeconds": interval, "BackoffRate": 2, "MaxDelaySeconds": cap}
    whole = min(interval * 2**before, cap)

    assert delay(rule, before, Chance(chance)) == whole
    assert delay({**rule, "JitterStrategy": "FULL"}, before, Chance(chance)) == whole * chance


def test_12_null_paths_give_an_empty_object_or_discard_the_result(run: Any) -> None:
    assert run(one({**PASS, "InputPath": None}), {"a": 1}).execution.output == {}
    assert run(one({**PASS, "OutputPath": None}), {"a": 1}).execution.output == {}
    assert run(one({**PASS, "Result": 5, "ResultPath": None}), {"a": 1}).execution.output == {
        "a": 1
    }


def test_13_data_pass_input_path_parameters_work_selector_result_path_and_output_path(
    run: Any,
) -> None:
    state = task(
        InputPath="$.in",
        Parameters={"FunctionName": "f", "Payload": {"x.$": "$.a"}},
        ResultSelector={"y.$": "$.Payload.x"},
        ResultPath="$.in.r",
        OutputPath="$.in",
    )

    ran = run(one(state), {"in": {"a": 1}, "out": 2}, f=lambda event: {"x": event["x"] + 1})

    assert ran.execution.output == {"a": 1, "r": {"y": 2}}


def test_14_an_item_selector_sees_the_state_s_input_and_the_item(run: Any) -> None:
    state = {
        "Type": "Map", "InputPath": "$.in", "ItemsPath": "$.l", "End": True,
        "ItemSelector": {"n.$": "$.n", "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
        "ItemProcessor": {"StartAt": "I", "States": {"I": PASS}},
    }  # fmt: skip

    ran = run(one(state), {"in": {"l": ["a"], "n": 7}})

    assert ran.execution.output == [{"n": 7, "i": 0, "v": "a"}]
    with pytest.raises(BadDefinition, match="ItemSelector and Parameters exclude each other"):
        load("m", one({**state, "Parameters": {}}))


def test_15_branches_read_outer_variables_and_theirs_stay_inside(run: Any) -> None:
    branch = {"StartAt": "B", "States": {
        "B": {"Type": "Pass", "Assign": {"inner.$": "$v"}, "Next": "B2"},
        "B2": {**PASS, "Parameters": {"v.$": "$inner"}},
    }}  # fmt: skip
    machine = one(
        {"Type": "Pass", "Assign": {"v": 1}, "Next": "P"},
        P={"Type": "Parallel", "Branches": [branch], "Next": "Z"},
        Z={**PASS, "Parameters": {"gone.$": "$inner"}},
    )

    ran = run(machine)

    assert ran.path == ["S", "P", "B", "B2", "Z"]
    assert ran.execution.error == "States.Runtime", "the variable of the branch is gone"


def test_15_all_of_one_assign_use_the_old_values(run: Any) -> None:
    machine = one(
        {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "T"},
        T={"Type": "Pass", "Assign": {"a.$": "$b", "b.$": "$a"}, "Next": "U"},
        U={**PASS, "Parameters": {"a.$": "$a", "b.$": "$b"}},
    )

    assert run(machine).execution.output == {"a": 2, "b": 1}


@pytest.mark.parametrize(("rule", "outcome"), [
    ({"Variable": "$.no", "StringEquals": "a"}, "States.Runtime"),
    ({"Variable": "$.n", "StringEquals": "1"}, "other"),
    ({"Variable": "$.n", "NumericEqualsPath": "$.no"}, "States.Runtime"),
    ({"Variable": "$.no", "IsPresent": False}, "then"),
    ({"Variable": "$.no", "IsPresent": True}, "other"),
    ({"Variable": "$.null", "IsPresent": True}, "then"),
    ({"And": [{"Variable": "$.no", "IsPresent": True}, {"Variable": "$.no", "IsNull": True}]},
     "other"),
])  # fmt: skip
def test_16_a_missing_path_is_a_runtime_error_and_a_wrong_type_is_false(
    run: Any, rule: Any, outcome: str
) -> None:
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "then"}], "Default": "other"}

    ran = run(one(choice, then=PASS, other=PASS), {"n": 1, "null": None})

    assert (ran.execution.error or ran.path[-1]) == outcome


@pytest.mark.parametrize(("wait", "input", "outcome"), [
    ({"SecondsPath": "$"}, 1.5, "States.Runtime"),
    ({"SecondsPath": "$"}, -1, "States.Runtime"),
    ({"SecondsPath": "$"}, "1", "States.Runtime"),
    ({"SecondsPath": "$"}, 0, 0),
    ({"TimestampPath": "$"}, "2001-01-01T00:00:00Z", 0),
    ({"TimestampPath": "$"}, "2027-01-15T08:00:03+00:00", 3),
    ({"TimestampPath": "$"}, "2027-01-15T05:00:03-03:00", 3),
    ({"TimestampPath": "$"}, "2027-01-15T08:00:03", "States.Runtime"),
])  # fmt: skip
def test_17_what_a_wait_takes(run: Any, clock: Any, wait: Any, input: Any, outcome: Any) -> None:
    ran = run(one({"Type": "Wait", **wait, "End": True}), input)

    assert (ran.execution.error or clock.time - clock.start) == outcome


@pytest.mark.parametrize(("path", "found"), [
    ("$.l[0].a", 1), ("$.l[*].a", [1, 2]), ("$.l[?(@.a > 1)]", [{"a": 2}]), ("$..a", [1, 2]),
    ("$.l[?(@.a > 9)]", []), ("$.l[*].no", []), ("$.l[0:1]", [{"a": 1}]),
])  # fmt: skip
def test_18_a_definite_path_gives_a_value_and_an_indefinite_one_a_list(
    run: Any, path: str, found: Any
) -> None:
    ran = run(one({**PASS, "Parameters": {"x.$": path}}), {"l": [{"a": 1}, {"a": 2}]})

    assert ran.execution.output == {"x": found}


@pytest.mark.parametrize("path", ["$.l[*]", "$..a", "$.l[?(@.a)]", "$.l[0,1]", "$$.State.Name"])
def test_18_a_result_goes_to_reference_paths_alone(path: str) -> None:
    with pytest.raises(BadDefinition, match="not a Reference Path"):
        load("m", one({**PASS, "ResultPath": path}))


def test_19_numbers_keep_their_value(run: Any) -> None:
    numbers = [1, 1.0, 1e3, 1.5e-7, 2**53 + 1, -0.0, 12345678901234567890]

    ran = run(one({**PASS, "Parameters": {"n.$": "$"}}), numbers)

    assert json.dumps(ran.execution.output["n"]) == json.dumps(numbers)


def test_19_one_and_one_point_zero_are_the_same_number(run: Any) -> None:
    rule = {"Variable": "$", "NumericEquals": 1.0, "Next": "then"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "other"}

    assert run(one(choice, then=PASS, other=PASS), 1).path[-1] == "then"


def _nested(depth: int) -> dict[str, Any]:
    call = "States.Array(" * depth + "1" + ")" * depth
    return one({**PASS, "Parameters": {"x.$": call}})


def test_20_intrinsic_functions_nest_to_ten(run: Any) -> None:
    found = run(_nested(10)).execution.output["x"]
    for _ in range(10):
        (found,) = found

    assert found == 1
    with pytest.raises(BadDefinition, match="nest to 10"):
        load("m", _nested(11))


@pytest.mark.parametrize(("call", "value"), [
    (r"States.Format('{} and \{\}', $.a)", "b and {}"),
    (r"States.Format('it\'s {}', 1)", "it's 1"),
    (r"States.Format('{}{}', $.l, null)", "[1, x]null"),
    ("States.MathAdd(1.5, 1)", 3),
    ("States.MathAdd(-1.5, 0)", -1),
    ("States.MathAdd(1.4, 1.4)", 2),
])  # fmt: skip
def test_20_escapes_holes_and_rounding(run: Any, call: str, value: Any) -> None:
    ran = run(one({**PASS, "Parameters": {"x.$": call}}), {"a": "b", "l": [1, "x"]})

    assert ran.execution.output == {"x": value}


def test_21_jsonata_has_no_eval_no_bare_dollar_and_nothing_is_an_error(run: Any) -> None:
    def jsonata(expression: str) -> dict[str, Any]:
        state = {**PASS, "Output": f"{{% {expression} %}}"}
        return {**one(state), "QueryLanguage": "JSONata"}

    assert run(jsonata("$states.input.a"), {"a": 1}).execution.output == 1
    for expression in ("$eval('1')", "$states.input.b"):
        assert run(jsonata(expression), {"a": 1}).execution.error == "States.QueryEvaluationError"
    with pytest.raises(BadDefinition, match="Reference to '\\$' at the top level"):
        load("m", jsonata("$.a"))
