"""What must be true of a contract before anybody may rely on it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.datasets.model import DatasetContract

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NAME = re.compile(r"[a-z_][a-z0-9_]*")


def complaints(contract: DatasetContract) -> tuple[str, ...]:
    """Everything wrong with the contract, as sentences; empty when it is sound."""
    return (
        *_names(contract),
        *_references(contract),
        *_columns(contract),
        *_measures(contract),
        *_time(contract),
        *_files(contract),
    )


def _names(contract: DatasetContract) -> Iterator[str]:
    if not SLUG.fullmatch(contract.slug):
        yield f"{contract.slug!r} is no slug"
    if not contract.columns:
        yield "it has no columns"
    headers = [h.casefold() for c in contract.columns for h in (c.name, *c.variants)]
    yield from (f"two columns answer to {name!r}" for name in _twice(headers))
    yield from (f"{c.name!r} is no column name" for c in contract.columns if not _fits(c.name))
    rules = [t.id for t in contract.totals] + [b.id for b in contract.balances]
    yield from (f"two rules are called {name!r}" for name in _twice(rules))
    yield from (f"{name!r} is no rule id" for name in rules if not _fits(name))


def _references(contract: DatasetContract) -> Iterator[str]:
    grain = contract.grain
    used = {
        "the key": grain.key,
        "the entities": grain.entities,
        "the time": (grain.time,) if grain.time else (),
        "the measures": tuple(m.column for m in contract.measures),
        "completeness": (contract.completeness.column,) if contract.completeness else (),
        **{f"total {t.id}": (t.column, *t.measures) for t in contract.totals},
        **{f"balance {b.id}": b.columns for b in contract.balances},
        **{f"column {c.name}": (c.follows,) for c in contract.columns if c.follows},
    }
    for what, names in used.items():
        yield from (f"{what} names no column: {n!r}" for n in names if n not in contract.by_name)
    measured = {m.column for m in contract.measures}
    for rule in contract.totals:
        yield from (f"{rule.id}: {m!r} is no measure" for m in rule.measures if m not in measured)


def _columns(contract: DatasetContract) -> Iterator[str]:
    for column in contract.columns:
        values = [s for v in column.values for s in (v.value, *v.spellings)]
        yield from (f"{column.name}: {v!r} is listed twice" for v in _twice(values))
        if column.values and column.kind != "text":
            yield f"{column.name}: only text has known values"
        if column.closed and not column.values:
            yield f"{column.name}: it is closed, with no known values"
        if column.scale is not None and column.kind != "number":
            yield f"{column.name}: only a number has decimal places"
        if (column.minimum is not None or column.maximum is not None) and not column.numeric:
            yield f"{column.name}: only numbers have a range"
        low, high = column.minimum, column.maximum
        if low is not None and high is not None and low > high:
            yield f"{column.name}: its minimum is above its maximum"
        if column.name in contract.grain.key and not column.required:
            yield f"{column.name}: a header may not lack a key column"
        if column.name == contract.grain.time and column.nullable:
            yield f"{column.name}: the time may not be empty"


def _measures(contract: DatasetContract) -> Iterator[str]:
    yield from (f"{c!r} is measured twice" for c in _twice(m.column for m in contract.measures))
    for measure in contract.measures:
        column = contract.by_name.get(measure.column)
        if column is not None and not column.numeric:
            yield f"{measure.column}: only a number can be a measure"
        if column is not None and (not measure.unit or column.unit != measure.unit):
            yield f"{measure.column}: the measure's unit is not the column's"
        if measure.default in measure.forbidden:
            yield f"{measure.column}: its default aggregation is forbidden"
        if measure.additive_over_time and "sum" in measure.forbidden:
            yield f"{measure.column}: it adds up over time, and a sum is forbidden"


def _time(contract: DatasetContract) -> Iterator[str]:
    grain = contract.grain
    if not grain.key:
        yield "it has no key"
    if grain.step and not grain.time:
        yield "it has a step, and no time"
    time = contract.by_name.get(grain.time or "")
    if time is not None and time.kind not in ("date", "timestamp"):
        yield f"{grain.time}: the time is neither a date nor a timestamp"
    if grain.time and grain.entities != tuple(k for k in grain.key if k != grain.time):
        yield "the entities are not the key without the time"
    if (grain.step == "P1M") != (grain.anchor is not None):
        yield "an anchor belongs to months, and to nothing else"
    if contract.completeness and contract.completeness.column not in grain.entities:
        yield "completeness is about a column that is no entity"
    if contract.completeness and not grain.step:
        yield "completeness needs a step in time"


def _files(contract: DatasetContract) -> Iterator[str]:
    if not contract.files.stems:
        yield "no file names are known"
    for pattern in contract.files.stems:
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"the file name {pattern!r} does not compile: {error}"
    if not 0 <= contract.bad_rows_share < 1:
        yield "the share of bad rows is not between 0 and 1"


def _fits(name: str) -> bool:
    return NAME.fullmatch(name) is not None


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)
