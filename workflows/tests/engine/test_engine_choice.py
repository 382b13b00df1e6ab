"""Choice rules."""

from typing import Any

import pytest

from workflows.engine.choice import holds
from workflows.engine.faults import RuntimeFault
from workflows.engine.template import Scope

DATA = {
    "n": 5, "m": 5.0, "s": "log-2020.txt", "star": "a*b", "t": "2026-01-01T00:00:00Z",
    "late": "2026-01-01T00:00:00-03:00", "yes": True, "none": None,
}  # fmt: skip


def _holds(variable: str, **rule: Any) -> bool:
    return holds({"Variable": variable, **rule}, Scope(DATA, {}, {}))


@pytest.mark.parametrize(
    ("variable", "rule"),
    [
        ("$.n", {"NumericEquals": 5.0}),
        ("$.n", {"NumericEqualsPath": "$.m"}),
        ("$.n", {"NumericLessThanEquals": 5}),
        ("$.s", {"StringMatches": "log-*.txt"}),
        ("$.star", {"StringMatches": "a\\*b"}),
        ("$.s", {"StringGreaterThan": "kog"}),
        ("$.t", {"TimestampLessThanPath": "$.late"}),
        ("$.t", {"TimestampEquals": "2025-12-31T21:00:00-03:00"}),
        ("$.yes", {"BooleanEquals": True}),
        ("$.none", {"IsNull": True}),
        ("$.none", {"IsPresent": True}),
        ("$.no.such", {"IsPresent": False}),
        ("$.t", {"IsTimestamp": True}),
        ("$.s", {"IsTimestamp": False}),
        ("$.yes", {"IsNumeric": False}),
    ],
)
def test_holds(variable: str, rule: Any) -> None:
    assert _holds(variable, **rule)


@pytest.mark.parametrize(
    ("variable", "rule"),
    [
        ("$.s", {"NumericEquals": 5}),
        ("$.n", {"StringEquals": "5"}),
        ("$.yes", {"NumericEquals": 1}),
        ("$.n", {"BooleanEquals": True}),
        ("$.s", {"TimestampLessThan": "2027-01-01T00:00:00Z"}),
        ("$.star", {"StringMatches": "a\\*"}),
    ],
)
def test_another_type_or_value_is_simply_not_so(variable: str, rule: Any) -> None:
    assert not _holds(variable, **rule)


def test_a_path_that_names_nothing_is_a_runtime_fault() -> None:
    with pytest.raises(RuntimeFault) as caught:
        _holds("$.no.such", StringEquals="x")

    assert caught.value.cause == (
        "Invalid path '$.no.such': The choice state's condition path references an invalid value."
    )


def test_and_or_and_not_combine() -> None:
    n, s = {"Variable": "$.n", "NumericEquals": 5}, {"Variable": "$.s", "StringEquals": "x"}
    scope = Scope(DATA, {}, {})

    assert not holds({"And": [n, s]}, scope)
    assert holds({"Or": [s, n]}, scope)
    assert holds({"And": [n, {"Not": s}]}, scope)
