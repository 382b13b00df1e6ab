"""Which rule takes an error, and how long a retry waits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.retry import catcher, delay, matches, retry


class Chance:
    def __init__(self, fraction: float) -> None:
        self._fraction = fraction

    def fraction(self) -> float:
        return self._fraction


HALF = Chance(0.5)


@pytest.mark.parametrize(
    ("names", "error", "taken"),
    [
        (["A"], "A", True),
        (["A"], "B", False),
        (["States.ALL"], "A", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "A", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
    ],
)
def test_matches_names_as_step_functions_does(names: list[str], error: str, taken: bool) -> None:
    assert matches(names, error) is taken


def test_waits_grow_and_are_capped_before_they_are_jittered() -> None:
    rule = {"IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 20}

    assert [delay(rule, n, HALF) for n in range(4)] == [2, 6, 18, 20]
    assert [delay({**rule, "JitterStrategy": "FULL"}, n, HALF) for n in range(4)] == [1, 3, 9, 10]


def test_the_first_retrier_that_matches_counts_alone_even_when_it_is_used_up() -> None:
    rules: list[Any] = [
        {"ErrorEquals": ["A"], "MaxAttempts": 1},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 7},
    ]

    assert retry(rules, "A", {}, HALF) == (0, 1.0)
    assert retry(rules, "A", {0: 1}, HALF) is None
    assert retry(rules, "B", {0: 1}, HALF) == (1, 7.0)


def test_a_retrier_without_attempts_never_retries() -> None:
    assert retry([{"ErrorEquals": ["A"], "MaxAttempts": 0}], "A", {}, HALF) is None


def test_catchers_are_scanned_in_order() -> None:
    rules: list[Any] = [
        {"ErrorEquals": ["A"], "Next": "a"},
        {"ErrorEquals": ["States.ALL"], "Next": "z"},
    ]

    assert [catcher(rules, error) for error in ("A", "B")] == [0, 1]
    assert catcher(rules, "States.Runtime") is None


@given(
    st.integers(1, 1000), st.floats(1, 5), st.integers(1, 500), st.integers(0, 20),
    st.floats(0, 1, exclude_max=True),
)  # fmt: skip
def test_a_jittered_wait_is_between_nothing_and_the_cap(
    interval: int, rate: float, cap: int, before: int, chance: float
) -> None:
    rule = {
        "IntervalSeconds": interval, "BackoffRate": rate, "MaxDelaySeconds": cap,
        "JitterStrategy": "FULL",
    }  # fmt: skip

    assert 0 <= delay(rule, before, Chance(chance)) <= cap
