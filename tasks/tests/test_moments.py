"""System times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.moments import (
    order_of,
    utc_from_nanoseconds,
    utc_from_seconds,
    utc_from_text,
    utc_text,
)

MOMENTS = st.integers(0, 4_000_000_000_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-04-01T12:00:00Z", "2023-04-01T12:00:00Z"),
        ("2023-04-01T12:00:00+00:00", "2023-04-01T12:00:00Z"),
        ("2023-04-01T12:00:00.500Z", "2023-04-01T12:00:00.5Z"),
        ("2023-04-01T12:00:00-03:00", "2023-04-01T15:00:00Z"),
        ("2023-04-01T12:00:00", "2023-04-01T15:00:00Z"),
        ("2023-04-01 12:00", "2023-04-01T15:00:00Z"),
        ("2023-04-01", "2023-04-01T03:00:00Z"),
        ("2010-01-15T12:00:00", "2010-01-15T15:00:00Z"),
    ],
)
def test_a_time_has_one_text_and_without_a_zone_is_brasilias(text: str, expected: str) -> None:
    assert utc_from_text(text) == expected


@pytest.mark.parametrize(
    "text", ["", "now", "20230401", "2023-W13-6", "2023-13-01", "12:00", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as 2023-04-01T12:00:00Z"):
        utc_from_text(text)


def test_file_times_are_cut_to_the_microsecond() -> None:
    assert utc_from_nanoseconds(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456Z"
    assert utc_from_nanoseconds(1_700_000_000_000_000_999) == "2023-11-14T22:13:20Z"
    assert utc_from_seconds(1_700_000_000.25) == "2023-11-14T22:13:20.25Z"


@given(MOMENTS)
def test_reading_a_text_gives_the_same_text(moment: datetime) -> None:
    assert utc_from_text(utc_text(moment)) == utc_text(moment)


@given(MOMENTS, MOMENTS)
def test_texts_sort_as_their_moments(one: datetime, other: datetime) -> None:
    assert (order_of(utc_text(one)) < order_of(utc_text(other))) == (one < other)
