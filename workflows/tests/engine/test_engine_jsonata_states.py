"""States that speak JSONata: what each field sees and gives, and how their faults are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasks.failures import TaskFailed

INVOKE = "arn:aws:states:::lambda:invoke"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def one(state: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state, **others}}


def task(**more: Any) -> dict[str, Any]:
    arguments = {"FunctionName": "f", "Payload": "{% $states.input %}"}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": INVOKE, "Arguments": arguments, **ends, **more}


def test_a_task_shapes_its_arguments_output_and_variables(run: Any) -> None:
    state = task(
        Arguments={
            "FunctionName": "{% $states.input.name %}",
            "Payload": {
                "n": "{% $states.input.n + 1 %}",
                "plain": "$states.input",
                "l": [1, "{% 2 %}"],
            },
        },
        Output={"got": "{% $states.result.Payload %}", "in": "{% $states.input.n %}"},
        Assign={"got": "{% $states.result.Payload.n %}"},
        Next="T",
    )
    after = {"Type": "Pass", "Output": "{% [$got, $states.input] %}", "End": True}

    ran = run(one(state, T=after), {"name": "f", "n": 1}, f=lambda event: event)

    sent = {"n": 2, "plain": "$states.input", "l": [1, 2]}
    assert ran.execution.output == [2, {"got": sent, "in": 1}]


def test_without_arguments_and_output_data_pass_unchanged(run: Any) -> None:
    lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    machine = one({"Type": "Task", "Resource": lambda_arn, "Next": "P"}, P=PASS)

    ran = run(machine, {"n": 1}, **{lambda_arn: lambda event: [event]})

    assert ran.execution.output == [{"n": 1}]


@pytest.mark.parametrize(
    "output", [None, "plain", 7, [], {}, ["{% 1 %}"], {"a": {"b": "{% null %}"}}]
)
def test_an_output_may_be_any_json(run: Any, output: Any) -> None:
    ran = run(one({**PASS, "Output": output}), {"n": 1})

    expected = json.loads(
        json.dumps(output).replace('"{% 1 %}"', "1").replace('"{% null %}"', "null")
    )
    assert ran.execution.output == expected


def test_output_and_assign_see_the_values_that_variables_had_before(run: Any) -> None:
    machine = one(
        {"Type": "Pass", "Assign": {"x": 1}, "Next": "T"},
        T={
            "Type": "Pass",
            "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"},
            "Output": "{% $x %}",
            "Next": "U",
        },
        U={"Type": "Succeed", "Output": "{% [$states.input, $x, $y] %}"},
    )

    assert run(machine).execution.output == [1, 2, 1]


def test_the_context_is_that_of_the_state(run: Any) -> None:
    names = "{% [$states.context.State.Name, $states.context.Execution.Input.n] %}"

    assert run(one({**PASS, "Output": names}), {"n": 5}).execution.output == ["S", 5]


@pytest.mark.parametrize(("n", "path", "output"), [
    (1, ["S", "A"], {"from": "rule", "v": "one"}),
    (2, ["S", "B"], {"n": 2, "v": "two"}),
    (3, ["S", "C"], {"from": "default", "v": "none"}),
])  # fmt: skip
def test_a_choice_goes_by_the_first_condition_that_holds(
    run: Any, n: int, path: list[str], output: Any
) -> None:
    end = {"Type": "Pass", "Output": "{% $merge([$states.input, {'v': $v}]) %}", "End": True}
    choice = {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.n = 1 %}", "Next": "A", "Assign": {"v": "one"},
             "Output": {"from": "rule"}},
            {"Condition": "{% $states.input.n <= 2 %}", "Next": "B", "Assign": {"v": "two"}},
            {"Condition": False, "Next": "B"},
        ],
        "Default": "C",
        "Assign": {"v": "none"},
        "Output": {"from": "default"},
    }  # fmt: skip

    ran = run(one(choice, A=end, B=end, C=end), {"n": n})

    assert (ran.path, ran.execution.output) == (path, output)


def test_no_condition_that_holds_and_no_default_is_no_choice_matched(run: Any) -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "A"}]}

    assert run(one(choice, A=PASS)).execution.error == "States.NoChoiceMatched"


@pytest.mark.parametrize(("field", "value", "waited"), [
    ("Seconds", "{% $states.input.n * 2 %}", 10),
    ("Seconds", "{% 0 %}", 0),
    ("Seconds", 3, 3),
    ("Timestamp", "{% $fromMillis($millis() + 4000) %}", 4),
    ("Timestamp", "2001-01-01T00:00:00Z", 0),
])  # fmt: skip
def test_a_wait_waits(run: Any, clock: Any, field: str, value: Any, waited: float) -> None:
    ran = run(one({"Type": "Wait", field: value, "Output": "{% 'over' %}", "End": True}), {"n": 5})

    assert (ran.execution.output, clock.time - clock.start) == ("over", waited)


def test_a_fail_computes_its_error_and_cause(run: Any) -> None:
    state = {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'for ' & 1 %}"}

    ran = run(one(state), {"e": "Mine"})

    assert (ran.execution.error, ran.execution.cause) == ("Mine", "for 1")


def test_a_catcher_sees_the_error_and_without_output_gives_it(run: Any) -> None:
    def fails(_: Any) -> Any:
        raise TaskFailed("E", "why")

    caught = {"Type": "Pass", "Output": "{% [$states.input, $error] %}", "End": True}
    bare = {
        "ErrorEquals": ["E"],
        "Next": "C",
        "Assign": {"error": "{% $states.errorOutput.Error %}"},
    }
    shaped = {
        **bare,
        "Output": {"in": "{% $states.input %}", "c": "{% $states.errorOutput.Cause %}"},
    }

    outputs = [
        run(one(task(Catch=[catcher]), C=caught), 5, f=fails).execution.output
        for catcher in (bare, shaped)
    ]

    assert outputs == [
        [{"Error": "E", "Cause": "why"}, "E"],
        [{"in": 5, "c": "why"}, "E"],
    ]


def test_a_parallel_gives_its_branches_its_arguments(run: Any) -> None:
    branch = {"StartAt": "B", "States": {"B": {**PASS, "Output": "{% $states.input + $v %}"}}}
    machine = one(
        {"Type": "Pass", "Assign": {"v": 10}, "Next": "P"},
        P={
            "Type": "Parallel",
            "Arguments": "{% $states.input.n %}",
            "Branches": [branch, {"StartAt": "B2", "States": {"B2": PASS}}],
            "Output": "{% $sum($states.result) %}",
            "End": True,
        },
    )

    assert run(machine, {"n": 1}).execution.output == 12


@pytest.mark.parametrize("items", ["{% $states.input.l %}", [1, "{% 1 + 1 %}", 3]])
def test_a_map_goes_over_its_items(run: Any, items: Any) -> None:
    inner = {"StartAt": "I", "States": {"I": {**PASS, "Output": "{% $states.input.v * 2 %}"}}}
    state = {
        "Type": "Map",
        "Items": items,
        "MaxConcurrency": "{% 1 + 0 %}",
        "ItemSelector": {
            "v": "{% $states.context.Map.Item.Value %}",
            "i": "{% $states.context.Map.Item.Index %}",
            "n": "{% $states.input.n %}",
        },
        "ItemProcessor": inner,
        "Output": "{% $states.result %}",
        "End": True,
    }

    assert run(one(state), {"l": [1, 2, 3], "n": 0}).execution.output == [2, 4, 6]


def test_a_map_without_items_goes_over_its_input(run: Any) -> None:
    inner = {"StartAt": "I", "States": {"I": {**PASS, "Output": "{% $states.input & '!' %}"}}}

    ran = run(one({"Type": "Map", "ItemProcessor": inner, "End": True}), ["a", "b"])

    assert ran.execution.output == ["a!", "b!"]


def test_limits_may_be_expressions(run: Any) -> None:
    state = task(TimeoutSeconds="{% $states.input.t %}", HeartbeatSeconds="{% 1 %}")

    ran = run(one(state), {"t": 9}, f=lambda event: 1)

    (scheduled,) = ran.details("TaskScheduled")
    assert (scheduled["timeoutInSeconds"], scheduled["heartbeatInSeconds"]) == (9, 1)


WHERE = "An error occurred while executing the state 'S' (entered at the event id #2). "


@pytest.mark.parametrize(("state", "location", "why"), [
    ({**PASS, "Output": {"a": ["{% $nope %}"]}}, "Output/a[0]",
     "'$nope'…returned nothing (undefined)."),
    ({**PASS, "Output": "{% $states.result %}"}, "Output",
     "'$states.result'…returned nothing (undefined)."),
    ({**PASS, "Assign": {"x": "{% $states.input.no %}"}}, "Assign/x",
     "'$states.input.no'…returned nothing (undefined)."),
    ({**PASS, "Output": "{% $sum %}"}, "Output", "'$sum'…returned an unsupported result type."),
    ({"Type": "Choice", "Choices": [{"Condition": "{% 'a' %}", "Next": "C"}]},
     "Choices[0]/Condition",
     ("''a''…returned an unexpected result type. Expected 'boolean', but was 'string' "
      "for value: \"a\"")),
    ({"Type": "Wait", "Seconds": "{% 1.5 %}", "End": True}, "Seconds",
     ("'1.5'…returned an unexpected result type. Expected 'integer', but was 'number' "
      "for value: 1.5")),
    ({"Type": "Wait", "Seconds": "{% -1 %}", "End": True}, "Seconds",
     "'-1'…must be 0 or more, but was -1"),
    ({"Type": "Wait", "Timestamp": "{% 'soon' %}", "End": True}, "Timestamp",
     "''soon''…must be a valid ISO-8601 extended offset date-time format string."),
    ({"Type": "Fail", "Error": "{% 7 %}"}, "Error",
     "'7'…returned an unexpected result type. Expected 'string', but was 'integer' for value: 7"),
    ({"Type": "Map", "Items": "{% {'a': 1} %}", "End": True,
      "ItemProcessor": {"StartAt": "I", "States": {"I": PASS}}}, "Items",
     ("'{'a': 1}'…returned an unexpected result type. Expected 'array', but was 'object' "
      "for value: {\"a\":1}")),
    (task(Arguments={"FunctionName": "f", "Payload": "{% 1 + 'a' %}"}), "Arguments/Payload",
     ("'1 + 'a''…threw an error during evaluation. T2002: The right side of the \"+\" operator "
      "must evaluate to a number")),
])  # fmt: skip
def test_an_expression_that_fails_fails_its_state(
    run: Any, state: Any, location: str, why: str
) -> None:
    expression, tail = why.split("…")
    others = {"C": PASS} if state["Type"] == "Choice" else {}

    ran = run(one(state, **others), {"n": 1})

    cause = (
        f"{WHERE}The JSONata expression {expression} specified for the field '{location}' {tail}"
    )
    assert (ran.execution.error, ran.execution.cause) == ("States.QueryEvaluationError", cause)
    assert ran.details("EvaluationFailed") == [
        {"error": "States.QueryEvaluationError", "cause": cause, "location": location, "state": "S"}
    ]


def test_a_failed_evaluation_may_be_retried_and_caught(run: Any) -> None:
    state = task(
        Arguments="{% $nope %}",
        Retry=[{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
        Catch=[
            {
                "ErrorEquals": ["States.ALL"],
                "Next": "C",
                "Output": "{% $states.errorOutput.Error %}",
            }
        ],
    )

    ran = run(one(state, C=PASS), f=lambda event: 1)

    assert ran.execution.output == "States.QueryEvaluationError"
    assert ran.types == [
        "ExecutionStarted", "TaskStateEntered", "EvaluationFailed", "EvaluationFailed",
        "TaskStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_the_step_of_a_failed_evaluation_tells_why(run: Any) -> None:
    state = task(Arguments="{% $nope %}", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}])

    ran = run(one(state, C=PASS), f=lambda event: 1)

    step = ran.engine.steps(ran.id)[0]
    assert (step.status, step.error) == ("CAUGHT", "States.QueryEvaluationError")


def test_states_of_both_languages_share_input_output_and_variables(run: Any) -> None:
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "Assign": {"v.$": "$.n"},
                  "Next": "B"},
            "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Next": "C",
                  "Output": {"m": "{% $states.input.n + $v %}"}, "Assign": {"w": "{% $v * 10 %}"}},
            "C": {"Type": "Pass", "Parameters": {"m.$": "$.m", "w.$": "$w"}, "End": True},
        },
    }  # fmt: skip

    assert run(machine, {"n": 2}).execution.output == {"m": 4, "w": 20}


@pytest.mark.parametrize(
    ("language", "credentials"),
    [("JSONata", {"RoleArn": "{% $states.input.role %}"}), ("JSONPath", {"RoleArn.$": "$.role"})],
)
def test_the_role_of_a_task_is_told(run: Any, language: str, credentials: Any) -> None:
    called = {"Arguments" if language == "JSONata" else "Parameters": {"FunctionName": "f"}}
    state = {"Type": "Task", "Resource": INVOKE, **called, "Credentials": credentials, "End": True}
    machine = {"QueryLanguage": language, "StartAt": "S", "States": {"S": state}}

    ran = run(machine, {"role": "arn:aws:iam::1:role/r"}, f=lambda event: 1)

    (scheduled,) = ran.details("TaskScheduled")
    assert scheduled["taskCredentials"] == {"roleArn": "arn:aws:iam::1:role/r"}


def test_variables_survive_the_process_that_assigned_them(
    engines: Callable[..., Any], ran: Callable[..., Any]
) -> None:
    class Killed(Exception):
        pass

    def listen(_: str, event: Any) -> None:
        if event.type == "WaitStateEntered":
            raise Killed

    machine = one(
        {"Type": "Pass", "Assign": {"v": "{% [1, {'a': null}] %}"}, "Next": "W"},
        W={"Type": "Wait", "Seconds": "{% $v[0] %}", "Next": "Z"},
        Z={**PASS, "Output": "{% [$v[1].a, $states.context.State.Name] %}"},
    )
    first = engines(machine)
    id = first.start("m", {})
    with pytest.raises(Killed):
        first.run([id], on_event=listen)
    first.close()

    second = engines(machine)
    second.resume()
    second.run([id])

    assert ran(second, id).execution.output == [None, "Z"]
