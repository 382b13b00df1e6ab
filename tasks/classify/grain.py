"""How far apart a file's rows lie, seen in its first rows."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tasks.datasets.matching import match_header
from tasks.datasets.model import DatasetContract
from tasks.tabular.sniff import Head

STEPS = {
    "PT30M": "half an hour",
    "PT1H": "an hour",
    "P1D": "a day",
    "P7D": "a week",
    "P1M": "a month",
}
"""The steps that a contract may have, finest first, in words."""

LEAST_GAPS = 3
CLEAR_SHARE = 0.8

CLOCK = r"(?:[ T](\d\d):(\d\d)(?::(\d\d))?.*)?"
YEAR_FIRST = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)" + CLOCK)
DAY_FIRST = re.compile(r"(\d\d)[-/](\d\d)[-/](\d{4}|\d\d)" + CLOCK)


@dataclass(frozen=True)
class Seen:
    """The times of a file's first rows, as one contract reads them.

    `step` is null unless the rows show one step clearly: at least 3 gaps between rows of the same
    entity, four in five of them alike, so that holes and daylight saving do not count.
    """

    step: str | None
    times: tuple[datetime, ...]


def seen(contract: DatasetContract, head: Head) -> Seen:
    """Read the sampled rows as `contract` would; cells that are no time are passed over."""
    columns = match_header(contract, head.header).columns
    if contract.grain.time not in columns:
        return Seen(None, ())
    time = columns.index(contract.grain.time)
    entities = [columns.index(name) for name in contract.grain.entities if name in columns]
    times: defaultdict[tuple[str, ...], set[datetime]] = defaultdict(set)
    for row in head.rows:
        if len(row) == len(columns) and (at := parse_time(row[time])):
            times[tuple(row[e].strip() for e in entities)].add(at)
    return Seen(_step(times.values()), tuple(sorted(set().union(*times.values()))))


def parse_time(text: str) -> datetime | None:
    """A time in any of the ways ONS and spreadsheets write it, or None."""
    text = text.strip()
    if match := YEAR_FIRST.fullmatch(text):
        year, month, day, *clock = match.groups(default="00")
    elif match := DAY_FIRST.fullmatch(text):
        day, month, year, *clock = match.groups(default="00")
        if len(year) == 2:
            year = f"{'19' if year >= '70' else '20'}{year}"
    else:
        return None
    try:
        return datetime.fromisoformat(f"{year}-{month}-{day}T{':'.join(clock)}")
    except ValueError:
        return None


def finer(step: str, than: str) -> bool:
    """Whether rows `step` apart lie closer together than those of the other step."""
    return list(STEPS).index(step) < list(STEPS).index(than)


def _step(times: Iterable[set[datetime]]) -> str | None:
    gaps = Counter(
        _named(after - before) for each in times for before, after in pairwise(sorted(each))
    )
    if sum(gaps.values()) < LEAST_GAPS:
        return None
    step, count = gaps.most_common(1)[0]
    return step if count >= CLEAR_SHARE * sum(gaps.values()) else None


def _named(gap: timedelta) -> str | None:
    exact = {
        timedelta(minutes=30): "PT30M",
        timedelta(hours=1): "PT1H",
        timedelta(days=1): "P1D",
        timedelta(days=7): "P7D",
    }
    month = timedelta(days=28) <= gap <= timedelta(days=31)
    return "P1M" if month else exact.get(gap)
