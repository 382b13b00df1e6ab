"""Definitions in two query languages: what is refused, in AWS's words, with its JSON path."""

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


def refused(definition: Any) -> list[str]:
    with pytest.raises(BadDefinition) as caught:
        load("m", definition)
    return list(caught.value.problems)


def problem(state: Any, language: str = "JSONata", **others: Any) -> str:
    states = {"S": state, **others}
    (found,) = refused({"QueryLanguage": language, "StartAt": "S", "States": states})
    return found


def other_language(field: str, language: str, other: str, at: str = "$.States.S") -> str:
    return (
        f"SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to '{language}', but field '{field}' "
        f"is only supported for the '{other}' QueryLanguage at {at}"
    )


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Pass", "InputPath"), ("Pass", "OutputPath"), ("Pass", "Parameters"), ("Pass", "Result"),
        ("Pass", "ResultPath"), ("Task", "ResultSelector"), ("Task", "TimeoutSecondsPath"),
        ("Task", "HeartbeatSecondsPath"), ("Wait", "SecondsPath"), ("Wait", "TimestampPath"),
        ("Map", "ItemsPath"), ("Map", "MaxConcurrencyPath"), ("Fail", "ErrorPath"),
        ("Fail", "CausePath"),
    ],
)  # fmt: skip
def test_jsonpath_s_fields_do_not_exist_in_jsonata(kind: str, field: str) -> None:
    state = {"Type": kind, field: "$.a", "End": True}

    problems = list(
        problems_in({"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state}})
    )

    assert other_language(field, "JSONata", "JSONPath") in problems


@pytest.mark.parametrize(
    ("kind", "field"),
    [("Pass", "Output"), ("Task", "Arguments"), ("Map", "Items"), ("Parallel", "Arguments")],
)
def test_jsonata_s_fields_do_not_exist_in_jsonpath(kind: str, field: str) -> None:
    state = {"Type": kind, field: "{% 1 %}", "End": True}

    problems = list(problems_in({"StartAt": "S", "States": {"S": state}}))

    assert other_language(field, "JSONPath", "JSONata") in problems


@pytest.mark.parametrize(("state", "found"), [
    ({**END, "QueryLanguage": "JSONPath"},
     ("SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for "
      "whole state machine at $.States.S")),
    ({**END, "Output": {"v": "{% phone %}"}},
     ("UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. "
      "at $.States.S.Output.v")),
    ({**END, "Output": "{% $ %}"},
     ("UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$' at the top level is not supported. "
      "at $.States.S.Output")),
    ({**END, "Assign": {"v": ["{% $$.a %}"]}},
     ("UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' at the top level is not supported. "
      "at $.States.S.Assign.v[0]")),
    ({**END, "Output": "{% $states.errorOutput %}"},
     ("UNSUPPORTED_JSONATA_EXPRESSION: $states.errorOutput is only available in a Catch "
      "at $.States.S.Output")),
    ({**END, "Output": "{% a[1,2) %}"},
     "INVALID_JSONATA_EXPRESSION: Expected \"]\", got \",\" at $.States.S.Output"),
    ({**END, "Output": "{% 1 + %}"},
     "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at $.States.S.Output"),
    ({**END, "Output": '{% {"a":} %}'},
     ("INVALID_JSONATA_EXPRESSION: The symbol \"}\" cannot be used as a unary operator "
      "at $.States.S.Output")),
    ({**END, "Output": '{% "open %}'},
     ("INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote "
      "at $.States.S.Output")),
    ({**END, "Output": ["{% 1"]},
     ("INVALID_JSONATA_EXPRESSION: an expression begins with {% and ends with %} "
      "at $.States.S.Output[0]")),
    ({"Type": "Wait", "Seconds": "5", "End": True},
     "SCHEMA_VALIDATION_FAILED: a JSONata expression {% … %} is needed at $.States.S.Seconds"),
    ({"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "f"}, "TimeoutSeconds": 0,
      "End": True},
     ("SCHEMA_VALIDATION_FAILED: a whole number from 1 to 99999999 is needed "
      "at $.States.S.TimeoutSeconds")),
    ({**END, "Assign": {"states": 1}},
     "SCHEMA_VALIDATION_FAILED: the variable 'states' is reserved at $.States.S.Assign"),
    ({**END, "Assign": {"a-b": 1}},
     ("SCHEMA_VALIDATION_FAILED: 'a-b' is no name for a variable: a letter, then letters, digits "
      "and underscores, at most 80, at $.States.S.Assign")),
])  # fmt: skip
def test_refuses_a_jsonata_state_with_the_reason_and_its_path(state: Any, found: str) -> None:
    assert problem(state) == found


@pytest.mark.parametrize(("rule", "found"), [
    ({"Condition": "{% true %}", "Variable": "$.a", "Next": "E"},
     other_language("Variable", "JSONata", "JSONPath", "$.States.S.Choices[0]")),
    ({"Condition": "yes", "Next": "E"},
     ("SCHEMA_VALIDATION_FAILED: a JSONata expression {% … %} is needed "
      "at $.States.S.Choices[0].Condition")),
    ({"Condition": "{% x %}", "Next": "E"},
     ("UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'x' at the top level is not supported. "
      "at $.States.S.Choices[0].Condition")),
    ({"Condition": True, "Next": "E", "StringEquals": "a"},
     "SCHEMA_VALIDATION_FAILED: Field 'StringEquals' is not supported at $.States.S.Choices[0]"),
])  # fmt: skip
def test_refuses_a_jsonata_rule(rule: Any, found: str) -> None:
    assert problem({"Type": "Choice", "Choices": [rule]}, E=END) == found


def test_a_condition_belongs_to_jsonata() -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "E"}]}

    assert problem(choice, "JSONPath", E=END) == other_language(
        "Condition", "JSONPath", "JSONata", "$.States.S.Choices[0]"
    )


@pytest.mark.parametrize("expression", [
    "$states.input.items[price > 5].name", "$map($states.input, function($v) { $v.a })",
    "$states.input{kind: $sum(price)}", "$states.input^(price)", "$states.input.{'n': name}",
    "$states.input ~> |items|{'seen': true}|", "($x := $states.input; $x.a)",
    "$filter([1..3], function($n, $i) { $n > $i })", "{'a': $v, 'b': [$v]}",
])  # fmt: skip
def test_names_inside_of_what_was_read_are_no_top_level_references(expression: str) -> None:
    state = {**END, "Output": f"{{% {expression} %}}"}

    assert not list(
        problems_in({"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state}})
    )


@pytest.mark.parametrize("expression", [
    "a", "a.b", "$sum(a)", "[a]", "{'k': a}", "a ? 1 : 2", "(a; 1)", "1 + a", "$f := a", "*",
    "**.x", "function($x) { $x + a }", "$map([1], function($v) { a })", "a[0]", "a{b: c}", "-a",
    "a ~> $sum",
])  # fmt: skip
def test_names_at_the_top_level_are_refused_wherever_they_stand(expression: str) -> None:
    state = {**END, "Output": f"{{% {expression} %}}"}

    assert problem(state).startswith("UNSUPPORTED_JSONATA_EXPRESSION: Reference to '")


def test_a_catcher_may_read_the_error() -> None:
    catch = [{"ErrorEquals": ["E"], "Next": "C", "Output": "{% $states.errorOutput.Cause %}"}]
    state = {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "f"}, "End": True,
             "Catch": catch}  # fmt: skip

    machine = load(
        "m", {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state, "C": END}}
    )

    assert machine.top["States"]["S"]["Catch"] == catch


def _nested(inner: Any, **outer: Any) -> dict[str, Any]:
    branch = {"StartAt": "I", "States": {"I": {**END, "Assign": inner}}}
    fan = {"Type": "Parallel", "Branches": [branch], "End": True, **outer}
    first = {"Type": "Pass", "Assign": {"v": 1}, "Next": "P"}
    return {"StartAt": "S", "States": {"S": first, "P": fan}}


def test_a_branch_cannot_assign_a_variable_of_the_scope_around_it() -> None:
    (found,) = refused(_nested({"v": 2}))

    assert found == (
        "SCHEMA_VALIDATION_FAILED: the variable 'v' belongs to an outer scope and cannot be "
        "assigned here at $.States.P.Branches[0].States.I.Assign"
    )


def test_what_a_parallel_assigns_itself_is_not_in_its_branches_way() -> None:
    machine = load("m", _nested({"u": 2}, Assign={"u": 3}))

    assert machine.top["States"]["P"]["Assign"] == {"u": 3}


def test_the_children_of_a_distributed_map_have_variables_of_their_own() -> None:
    inner = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {**END, "Assign": {"v": 2}}},
    }
    first = {"Type": "Pass", "Assign": {"v": 1}, "Next": "M"}
    states = {"S": first, "M": {"Type": "Map", "ItemProcessor": inner, "End": True}}

    machine = load("m", {"StartAt": "S", "States": states})

    assert machine.top["States"] == states


@pytest.mark.parametrize("processor", ["ItemProcessor", "Iterator"])
def test_a_processor_has_no_query_language_of_its_own(processor: str) -> None:
    inner = {"StartAt": "I", "States": {"I": END}, "QueryLanguage": "JSONata"}

    assert problem({"Type": "Map", processor: inner, "End": True}) == (
        "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported "
        f"at $.States.S.{processor}"
    )


def test_states_that_nothing_leads_to_are_refused() -> None:
    inner = {"StartAt": "I", "States": {"I": END, "J": END}}
    states = {"S": {"Type": "Map", "ItemProcessor": inner, "End": True}, "Z": END}

    lost = 'MISSING_TRANSITION_TARGET: State "{}" is not reachable. at $.States.{}'
    assert refused({"StartAt": "S", "States": states}) == [
        lost.format("J", "S.ItemProcessor.States.J"),
        lost.format("Z", "Z"),
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    | st.sampled_from(["{% 1 %}", "{% a %}", "{% $x( %}", "{%", "%}", "{%}", "{%%}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["Next", "Condition", "Output", "Assign", "Catch", "ErrorEquals", "States",
                         "StartAt", "x"]), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(
    st.sampled_from(["Pass", "Task", "Choice", "Wait", "Map", "Parallel", "Fail", "Succeed"]),
    st.dictionaries(
        st.sampled_from(["Next", "End", "Choices", "Retry", "Catch", "Branches", "Arguments",
                         "Output", "Items", "ItemProcessor", "Seconds", "Timestamp", "Error",
                         "Assign", "MaxConcurrency", "Credentials", "TimeoutSeconds"]),
        json_values),
)  # fmt: skip
def test_no_jsonata_definition_crashes_the_check(kind: str, fields: dict[str, Any]) -> None:
    state = {"Type": kind, **fields}
    definition = {"QueryLanguage": "JSONata", "StartAt": "S", "States": {"S": state}}

    assert all(" at $" in found for found in problems_in(definition))
