"""Intrinsic functions: what AWS documents, beyond what its recordings show."""

import re
from typing import Any

import pytest

from workflows.engine.expressions import BadExpression, parse_expression
from workflows.engine.faults import RuntimeFault, StateFault
from workflows.engine.template import Scope

DATA = {"n": 3, "list": [1, 2, 2, {"a": 1}, {"a": 1}], "text": "a{}b", "name": "Ana"}


def _value(text: str) -> Any:
    return Scope(DATA, {"Execution": {"Name": "e"}}, {"v": [10, 20]}).expression(text, "x.$")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("States.Format('Hi {}, {} + {}', $.name, $.n, States.MathAdd($.n, 1))", "Hi Ana, 3 + 4"),
        (r"States.Format('\{\} and \'{}\' and \\', $.name)", r"{} and 'Ana' and \ ".strip()),
        ("States.Format($.text, 1)", "a1b"),
        ("States.Format('{}', true)", "true"),
        ("States.ArrayUnique($.list)", [1, 2, {"a": 1}]),
        ("States.ArrayLength($.list)", 5),
        ("States.ArrayRange(5, 1, -2)", [5, 3, 1]),
        ("States.ArrayContains($.list, true)", False),
        ("States.Array('a', 1.5, null, $v[1])", ["a", 1.5, None, 20]),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
        ("States.Base64Encode('á')", "w6E="),
        ("States.Hash('x', 'SHA-1')", "11f6ad8ec52a2984abaafd7c3b516503785c2072"),
        ("States.JsonToString($.list[3])", '{"a":1}'),
        ("$$.Execution.Name", "e"),
        ("$v", [10, 20]),
    ],
)
def test_gives_the_value(text: str, value: Any) -> None:
    assert _value(text) == value


def test_a_uuid_is_a_random_uuid() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        _value("States.UUID()"))  # fmt: skip


def test_the_same_seed_draws_the_same_number() -> None:
    assert _value("States.MathRandom(1, 1000, 7)") == _value("States.MathRandom(1, 1000, 7)")


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayGetItem($.list, 9)",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayRange(0, 2000, 1)",
        "States.Format('{} {}', 1)",
        "States.JsonMerge($.list[3], $.list[4], true)",
        "States.StringToJson('{')",
        "States.StringToJson('NaN')",
        "States.Base64Decode('*')",
        "States.Hash('x', 'CRC')",
        "States.MathAdd('1', 2)",
        "States.ArrayLength($.n)",
    ],
)
def test_arguments_that_do_not_fit_are_an_intrinsic_failure(text: str) -> None:
    with pytest.raises(StateFault) as caught:
        _value(text)

    assert caught.value.error == "States.IntrinsicFailure"


def test_a_path_that_names_nothing_is_a_runtime_fault_with_the_field() -> None:
    with pytest.raises(RuntimeFault) as caught:
        Scope({"a": 1}, {}, {}).template({"deep": {"b.$": "$.no"}})

    assert caught.value.cause == (
        "The JSONPath '$.no' specified for the field 'b.$' could not be found in the input "
        "'{\"a\":1}'"
    )


def test_a_missing_argument_is_named_with_its_function() -> None:
    with pytest.raises(RuntimeFault) as caught:
        Scope({"a": 1}, {}, {}).expression("States.Array(1, States.ArrayLength($.no))", "b.$")

    assert caught.value.cause == (
        "The function 'States.ArrayLength($.no)' had the following error: The JsonPath argument "
        "for the field '$.no' could not be found in the input '{\"a\":1}'"
    )


@pytest.mark.parametrize(
    "text",
    [
        "States.Format('a'",
        "States.Format('a)",
        "States.Format 'a'",
        "'a'",
        "States.Array(1 2)",
        "a",
    ],
)
def test_refuses_what_is_no_expression(text: str) -> None:
    with pytest.raises(BadExpression):
        parse_expression(text)


def test_calls_nest_to_ten() -> None:
    ten = "States.Array(" * 10 + ")" * 10

    assert _value(ten) == [[[[[[[[[[]]]]]]]]]]
    with pytest.raises(BadExpression):
        parse_expression(f"States.Array({ten})")
