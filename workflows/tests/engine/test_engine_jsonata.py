"""JSONata expressions: their values, AWS's functions, bounds, and what is said when they fail."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine import jsonata
from workflows.engine.jsonata import QueryFailed, UnsupportedResult, bind, evaluate

NOW_MS = 1_800_000_000_000


def value(text: str, /, **names: Any) -> Any:
    return evaluate(text, bind(names), NOW_MS, lambda: 0.25)


def failure(text: str, /, **names: Any) -> str:
    with pytest.raises(QueryFailed) as caught:
        value(text, **names)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$items.n", [3, 9]),
        ("$items[n > 5].n", 9),
        ("$items[0]", {"n": 3, "k": None}),
        ("$items.k", [None, "x"]),
        ("$sum($items.n) / 5", 2.4),
        ("$items{k: n}.y", jsonata.UNDEFINED),
        ("$items ~> $map(function($i, $at) { $i.n * $at })", [0, 9]),
        ("$items^(>n).n", [9, 3]),
        ("$items ~> |$|{'m': n + 1}, 'k'|", [{"n": 3, "m": 4}, {"n": 9, "m": 10}]),
        ("($total := $sum($items.n); $total > 10 ? 'many' : 'few')", "many"),
        ("$variable := 1", 1),
        ("null", None),
        ("[null, $nothing, 1]", [None, 1]),
        ("{'a': $nothing, 'b': null}", {"b": None}),
        ("$nothing", jsonata.UNDEFINED),
        ("[]", []),
        ("[1..3]", [1, 2, 3]),
        ("7 / 7", 1),
        ("0.1 + 0.2", 0.1 + 0.2),
        ("$string({'a': null})", '{"a":null}'),
        ("$exists(null) and $not($exists($nothing))", True),
        ("$contains('abracadabra', /a.*a/)", True),
        ("$split('a1b22c', /(\\d)+/)", ["a", "b", "c"]),
        ("$contains('é', /\\w/)", False),
        ("$match('ab', /(?<first>a)/).match", "a"),
        ("$replace('John Smith', /(\\w+)\\s(\\w+)/, '$2, $1')", "Smith, John"),
        ("'a\\nb' & \"\\u00e9\"", "a\nbé"),
        ("1 = true", False),
        ("$distinct([1, true, 1.0, '1'])", [1, True, "1"]),
        ("$fromMillis(0)", "1970-01-01T00:00:00.000Z"),
        ("$now()", "2027-01-15T08:00:00.000Z"),
        ("$millis()", NOW_MS),
        ("7.5 % 2", 1.5),
        ("$number('0b11') + $number('1e3')", 1003),
        ("$parseInteger('x', '0')", "NaN"),
        ("1 / 0", "Infinity"),
        ("[-1 / 0]", ["-Infinity"]),
    ],
)
def test_an_expression_has_its_value(text: str, expected: Any) -> None:
    items = [{"n": 3, "k": None}, {"n": 9, "k": "x"}]

    if "{k: n}" in text:
        items = [{"n": 3, "k": "w"}, {"n": 9, "k": "x"}]

    assert value(text, items=items) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$partition([1, 2, 3, 4], 3)", [[1, 2, 3], [4]]),
        ("$partition([1, 2, 3], 1.9)", [[1], [2], [3]]),
        ("$partition([], 2)", []),
        ("$partition($nothing, 2)", jsonata.UNDEFINED),
        ("[1, 2] ~> $partition(1)", [[1], [2]]),
        ("$range(0, 6, 2)", [0, 2, 4, 6]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$range(1, 0, 1)", []),
        ("$hash('input', 'SHA-1')", "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
        ("$hash('é', 'SHA-256')", hashlib.sha256("é".encode()).hexdigest()),
        ("$random(42)", 0.7275636800328681),
        ("$random(-1) = $random(-1.9)", True),
        ("$random()", 0.25),
        ("$length($uuid())", 36),
        ("$parse('{\"a\": [1, null]}').a[1]", None),
        ("$parse('\"text\"')", "text"),
        ("$parse($nothing)", jsonata.UNDEFINED),
    ],
)
def test_step_functions_adds_functions(text: str, expected: Any) -> None:
    assert value(text) == expected


def _t0410(index: int, name: str) -> str:
    return f'T0410: Argument {index} of function "{name}" does not match function signature'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$abs('a')", _t0410(1, "abs")),
        ("$partition([1], -1)", _t0410(2, "partition")),
        ("$range(1, 2)", _t0410(3, "range")),
        ("$range(1, 2, 0)", _t0410(3, "range")),
        ("$hash('a', 'CRC')", _t0410(2, "hash")),
        ("$random('a')", _t0410(1, "random")),
        ("$parse(1)", _t0410(1, "parse")),
        ("$sum('a')", 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("1 + 'a'", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("-'a'", 'D1002: Cannot negate a non-numeric value: "a"'),
        ("$number('a')", 'D3030: Unable to cast value to a number: "a"'),
        ("$match('a', /b*/)", "D1004: Regular expression matches zero length string"),
        ("$number(' 5')", 'D3030: Unable to cast value to a number: " 5"'),
        (
            "$toMillis('x')",
            (
                "D3110: The argument of the toMillis function must be an ISO 8601 formatted "
                'timestamp. Given "x"'
            ),
        ),
        (
            "$power(100, 1000)",
            (
                "D3061: The power function has resulted in a value that cannot be represented as "
                "a JSON number: base=100, exponent=1000"
            ),
        ),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("$nope()", "T1006: Attempted to invoke a non-function"),
        ("$error('no')", "D3137: no"),
        ("$assert(false, 'must')", "D3141: must"),
    ],
)
def test_what_fails_is_said_with_the_code_of_jsonata(text: str, said: str) -> None:
    assert failure(text) == f" threw an error during evaluation. {said}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+".join(["1"] * 200), "Stack overflow error"),
        ("($f := function($n) { 1 + $f($n) }; $f(1))", "Stack overflow error"),
        ("$sum([1..873783])", "Expression evaluation memory limit exceeded"),
        ("$range(1, 100000000, 1)", "Expression evaluation memory limit exceeded"),
        (
            "($p := function($s, $n) { $n = 0 ? $s : $p($s & $s, $n - 1) }; $p('x', 31))",
            "Expression evaluation memory limit exceeded",
        ),
    ],
)
def test_an_expression_that_goes_too_far_is_ended(text: str, said: str) -> None:
    assert failure(text).startswith(f" threw an error during evaluation: {said}")


def test_an_endless_expression_is_ended() -> None:
    said = failure("($f := function($x) { $f($x + 1) }; $f(1))")

    assert said.endswith("Check for infinite loop")


@pytest.mark.parametrize("text", ["$sum", "function($x) { $x }", "[$sum]", "/a/"])
def test_a_function_is_no_result(text: str) -> None:
    with pytest.raises(UnsupportedResult):
        value(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
    | st.floats(-1e20, 1e20, allow_nan=False),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(json_values)
def test_what_an_expression_only_passes_on_is_the_same(given_value: Any) -> None:
    assert value("$it", it=given_value) == given_value
    assert value("$states.input", states={"input": given_value}) == given_value


@given(json_values)
def test_an_expression_changes_nothing_that_it_was_given(given_value: Any) -> None:
    before = json.dumps(given_value)

    value("{'it': $it, 'more': $append($it, [1])} ~> |$|{'seen': true}|", it=given_value)

    assert json.dumps(given_value) == before


@given(st.lists(st.integers(-1000, 1000), max_size=20), st.integers(1, 7))
def test_the_parts_of_a_partition_make_the_whole(items: list[int], size: int) -> None:
    parts = value("$partition($items, $size)", items=items, size=size)

    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(jsonata.BadQuery):
        assert jsonata.parse(text).type


def test_a_machine_without_jsonata_does_not_load_its_library() -> None:
    code = (
        "import sys; from workflows.engine.engine import Engine; "
        "from workflows.engine.definition import load; "
        "load('m', {'StartAt': 'S', 'States': {'S': {'Type': 'Pass', 'End': True}}}); "
        "print('jsonata' in sys.modules)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "False"
