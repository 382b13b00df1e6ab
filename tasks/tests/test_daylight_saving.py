"""The table of skipped hours against the time-zone database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from tasks.datasets.daylight_saving import SKIPPED_HOURS


def test_the_skipped_hours_are_those_of_the_time_zone_database():
    try:
        zone = ZoneInfo("America/Sao_Paulo")
    except ZoneInfoNotFoundError:
        pytest.skip("no time-zone database on this machine")
    first = date(1999, 1, 1)
    days = [first + timedelta(days=n) for n in range(365 * 27)]

    def skipped(day: date) -> bool:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        return midnight.astimezone(UTC).astimezone(zone).hour != 0

    assert tuple(day for day in days if skipped(day)) == SKIPPED_HOURS
