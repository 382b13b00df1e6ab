"""How made-up numbers move: a level from 0 to 1 for each time, smooth, seeded, by shape."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from random import Random

from tasks.datasets.model import DatasetContract


def level(shape: str, time: datetime, seed: str, contract: DatasetContract) -> float:
    """The level of a shape at a time; of steps of a day or more, that of the whole day."""
    hourly = contract.grain.step in ("PT30M", "PT1H")
    hour = time.hour + time.minute / 60 if hourly else 12.0
    day = time.toordinal()
    season = math.cos(2 * math.pi * (time.timetuple().tm_yday - 30) / 365)  # 1 in high summer
    hours = day * 24 + hour
    if shape == "load":
        evening = math.cos(2 * math.pi * (hour - 18) / 24) if hourly else 0.0
        weekend = -0.12 if time.weekday() >= 5 and contract.grain.step != "P1M" else 0.0
        wander = 0.16 * (_noise(seed, hours / 31) - 0.5)
        return _within(0.5 + 0.14 * season + 0.2 * evening + weekend + wander)
    if shape == "daylight":
        sun = math.sin(math.pi * (hour - 5.5) / 13) if 5.5 < hour < 18.5 else 0.0
        return _within(sun * (0.75 + 0.15 * season) * (0.7 + 0.3 * _noise(seed, hours / 17)))
    if shape == "wind":
        night = 0.12 * math.cos(2 * math.pi * (hour - 1) / 24) if hourly else 0.0
        return _within(0.4 - 0.2 * season + night + 0.5 * (_noise(seed, hours / 29) - 0.5))
    if shape == "swing":
        return _within(0.5 + 0.3 * season + 0.5 * (_noise(seed, hours / 400) - 0.5))
    if shape == "price":
        dear = _noise(seed, hours / 800) - 0.25
        profile = 0.06 * math.cos(2 * math.pi * (hour - 19) / 24) if hourly else 0.0
        return 0.0 if dear <= 0 else _within(dear + profile)
    if shape == "constant":
        return 0.5
    return _within(0.5 + 0.6 * (_noise(seed, hours / 90) - 0.5))


def _noise(seed: str, at: float) -> float:
    """A smooth curve through seeded points, one for each whole number."""
    left = math.floor(at)
    bend = (1 - math.cos(math.pi * (at - left))) / 2
    return _point(seed, left) * (1 - bend) + _point(seed, left + 1) * bend


@lru_cache(maxsize=4096)
def _point(seed: str, number: int) -> float:
    return Random(f"{seed}/{number}").random()  # noqa: S311 # samples, no secrets


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))
