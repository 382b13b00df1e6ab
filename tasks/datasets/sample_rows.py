"""The rows of a sample file as exact values, before they are written as text."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from tasks.datasets.daylight_saving import SKIPPED_HOURS
from tasks.datasets.model import Column, DatasetContract, Kind, KnownValue, Sample
from tasks.datasets.sample_shapes import level

Value = str | Decimal | date | datetime | None
Row = dict[str, Value]

HOUR_ABSENT_TO = 2013  # later the hour that the spring change leaves out is present and empty
WEEK_DAY = calendar.FRIDAY
PLACES = 5  # decimals that a made-up number varies in; the last bits of a sine do not reach them


def series_rows(contract: DatasetContract, period: tuple[date, date], seed: int) -> Iterator[Row]:
    """The rows of a dataset with time, by time and then entity."""
    things = entities(contract, seed)
    totals = {t.total for t in contract.totals}
    parts = [e for e in things if not totals & set(e.values())]
    for time in times(contract, period):
        if _is_skipped(contract, time):
            if time.year > HOUR_ABSENT_TO:
                yield from ({**_blank(contract), **e, **_at(contract, time)} for e in things)
            continue
        rows = {_name(e): _measured(contract, e, time, seed) for e in parts}
        for entity in things:
            yield rows.get(_name(entity)) or _total(contract, entity, time, list(rows.values()))


def register_rows(contract: DatasetContract, seed: int) -> Iterator[Row]:
    """The rows of a register: one per made-up entity, every column filled."""
    for number, entity in enumerate(entities(contract, seed), 1):
        random = Random(f"{seed}/{contract.slug}/{number}/figures")  # noqa: S311 # samples
        share = random.random()
        row: Row = {}
        for column in contract.columns:
            row[column.name] = entity.get(column.name)
            if random.random() < (column.sample.empty if column.sample else 0):
                row[column.name] = None
            elif column.kind is Kind.DATE:
                row[column.name] = date(1960, 1, 1) + timedelta(days=random.randrange(23000))
            elif column.numeric:
                row[column.name] = _figure(column, share)
        yield row


def entities(contract: DatasetContract, seed: int, count: int | None = None) -> list[Row]:
    """The text columns of each thing that the rows are about: the known ones, totals included, or
    as many made-up ones as the contract (or `count`) says."""
    known = contract.completeness
    if known is not None:
        named = contract.by_name[known.column].values
        return [_described(contract, {known.column: v.value}, 0, seed) for v in named]
    many = count or contract.grain.entity_count
    return [_described(contract, {}, number, seed) for number in range(1, many + 1)]


def times(contract: DatasetContract, period: tuple[date, date]) -> Iterator[datetime]:
    """The times on the dataset's grid, first to last day of the period."""
    step, (first, last) = contract.grain.step, period
    now, end = datetime.combine(first, datetime.min.time()), last + timedelta(days=1)
    if step == "P7D":
        now += timedelta(days=(WEEK_DAY - now.weekday()) % 7)
    while now.date() < end:
        month_days = calendar.monthrange(now.year, now.month)[1]
        if step == "P1M":
            day = month_days if contract.grain.anchor == "month_end" else 1
            if first <= now.date().replace(day=day) <= last:
                yield now.replace(day=day)
            now = now.replace(day=1) + timedelta(days=month_days)
        else:
            yield now
            now += STEPS[step or "P1D"]


STEPS = {
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "P1D": timedelta(days=1),
    "P7D": timedelta(days=7),
}


def weight(contract: DatasetContract, entity: Mapping[str, Value], seed: int) -> float:
    """The usual share of an entity in the whole."""
    known = contract.completeness
    if known is not None:
        values = contract.by_name[known.column].values
        return next(v.weight for v in values if v.value == entity[known.column])
    return 0.02 + 0.98 * Random(f"{seed}/{_name(entity)}/weight").random() ** 3  # noqa: S311 # samples


def _described(contract: DatasetContract, given: Row, number: int, seed: int) -> Row:
    random = Random(f"{seed}/{contract.slug}/{number}")  # noqa: S311 # samples, no secrets
    row = dict(given)
    for column in contract.columns:
        if column.kind is Kind.TEXT and column.name not in row:
            row[column.name] = _text(column, row, number, random)
    return row


def _text(column: Column, row: Row, number: int, random: Random) -> str | None:
    if column.sample and column.sample.text:
        return random.choice(column.sample.text).format(n=number, **row)
    beside = row.get(column.follows or "")
    fitting = [v for v in column.values if not column.follows or beside in v.of]
    choice = fitting or [KnownValue("-")]
    return random.choices(choice, [v.weight for v in choice])[0].value


def _measured(contract: DatasetContract, entity: Row, time: datetime, seed: int) -> Row:
    row = {**_blank(contract), **entity, **_at(contract, time)}
    shares = weight(contract, entity, seed)
    spatial = {m.column for m in contract.measures if m.additive_over_space}
    for column in (c for c in contract.columns if c.numeric and c.sample):
        sample = column.sample or Sample()
        if sample.percent_of:
            part, whole = (row[name] for name in sample.percent_of)
            assert isinstance(part, Decimal)
            assert isinstance(whole, Decimal)
            row[column.name] = (part / whole * 100).quantize(_places(column))
        else:
            # Prices differ little between entities and blocks, so they share one level.
            named = "" if sample.shape == "price" else f"{column.name}/{_name(entity)}"
            share = level(sample.shape, time, f"{seed}/{contract.slug}/{named}", contract)
            row[column.name] = _figure(column, share, shares if column.name in spatial else 1.0)
    for rule in contract.balances:
        row[rule.equals] = _sum(row, rule.terms) - _sum(row, rule.minus)
    return row


def _total(contract: DatasetContract, entity: Row, time: datetime, parts: list[Row]) -> Row:
    row = {**_blank(contract), **entity, **_at(contract, time)}
    for rule in contract.totals:
        for measure in rule.measures:
            row[measure] = sum((_sum(p, (measure,)) for p in parts), Decimal(0))
    return row


def _figure(column: Column, share: float, of_whole: float = 1.0) -> Decimal:
    sample = column.sample or Sample(0, 1)
    low, high = sample.low or 0.0, sample.high or 0.0
    if sample.shape == "price" and share == 0:
        low = 0.0
    figure = of_whole * (low + (high - low) * share)
    if column.kind is Kind.INTEGER:
        return Decimal(round(figure))
    return Decimal(figure).quantize(_places(column)).quantize(Decimal(1).scaleb(-PLACES))


def _places(column: Column) -> Decimal:
    if column.scale is not None:
        return Decimal(1).scaleb(-column.scale)
    high = abs((column.sample and column.sample.high) or 1)
    return Decimal(1).scaleb(-2 if high >= 10 else -4)


def _sum(row: Mapping[str, Value], names: tuple[str, ...]) -> Decimal:
    return sum((v for n in names if isinstance(v := row[n], Decimal)), Decimal(0))


def _is_skipped(contract: DatasetContract, time: datetime) -> bool:
    known = contract.completeness
    summer = known is not None and known.daylight_saving
    return summer and time.hour == 0 and time.date() in SKIPPED_HOURS


def _at(contract: DatasetContract, time: datetime) -> Row:
    return {contract.grain.time or "": time}


def _blank(contract: DatasetContract) -> Row:
    return {c.name: None for c in contract.columns}


def _name(entity: Mapping[str, Value]) -> str:
    return "|".join(v for v in entity.values() if isinstance(v, str))
