"""Sample files that look like ONS's, made from a contract and a seed alone.

Names, header, order, decimal places, `0E-8` for zero, the hour that the spring change leaves out,
totals and balances are as in the real files; the values are made up.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from tasks.datasets.model import Column, DatasetContract, Kind
from tasks.datasets.registry import all_contracts, contract_for
from tasks.datasets.sample_rows import Value, register_rows, series_rows

Period = tuple[date, date]
TYPICAL_YEAR = 2018  # the last with a spring change, so that hourly samples show it


@dataclass(frozen=True)
class SampleFile:
    """One file to make up: its name, and the first and last day of what it holds (None for a
    register)."""

    name: str
    period: Period | None


def write_samples(
    folder: Path,
    slugs: Iterable[str] | None = None,
    *,
    seed: int = 1,
    period: Period | None = None,
) -> list[Path]:
    """Write sample files of the datasets (default: all) and answer their paths.

    `period` (first and last day) replaces the natural one: a year of days, weeks or months, a
    month of hours. The same arguments write the same bytes. Raises `NoSuchDataset`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for contract in all_contracts() if slugs is None else [contract_for(s) for s in slugs]:
        for file in sample_files(contract, period):
            path = folder / file.name
            path.write_text(sample_text(contract, file, seed=seed), encoding="utf-8", newline="\n")
            written.append(path)
    return written


def sample_files(contract: DatasetContract, period: Period | None = None) -> Iterator[SampleFile]:
    """The files that ONS would cut the period into."""
    pattern = contract.files.pattern
    if contract.grain.time is None:
        yield SampleFile(pattern, None)
        return
    first, last = period or natural_period(contract)
    for begin, end in _cuts(first, last, by_month="{MM}" in pattern, by_year="{YYYY}" in pattern):
        yield SampleFile(pattern.format(YYYY=f"{begin:%Y}", MM=f"{begin:%m}"), (begin, end))


def sample_text(contract: DatasetContract, file: SampleFile, *, seed: int = 1) -> str:
    """The whole text of one sample file."""
    if file.period is None:
        rows: Iterable[Mapping[str, Value]] = register_rows(contract, seed)
    else:
        rows = series_rows(contract, file.period, seed)
    with_time = contract.grain.step in ("PT30M", "PT1H")
    lines = [";".join(c.name for c in contract.columns)]
    lines += [
        ";".join(written(c, row[c.name], with_time=with_time) for c in contract.columns)
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def natural_period(contract: DatasetContract) -> Period:
    """What one file of the dataset holds; of hours, a month is enough."""
    covered = date.fromisoformat(contract.coverage_start or "2000-01-01")
    year = max(TYPICAL_YEAR, covered.year + 1 if covered.year >= TYPICAL_YEAR else 0)
    if contract.grain.step in ("PT30M", "PT1H"):
        return date(year, 11, 1), date(year, 11, 30)
    if "{YYYY}" in contract.files.pattern:
        return date(year, 1, 1), date(year, 12, 31)
    return covered.replace(day=1), date(year, 12, 31)


def written(column: Column, value: Value, *, with_time: bool = False) -> str:
    """A value as ONS writes it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" if with_time else f"{value:%Y-%m-%d}"
    if isinstance(value, Decimal):
        if column.kind is Kind.INTEGER:
            may_be_empty = column.sample is not None and column.sample.empty > 0
            return f"{value:.1f}" if may_be_empty else f"{value:.0f}"
        if column.scale is not None:
            return f"{value:.{column.scale}f}" if value else f"0E-{column.scale}"
        whole, _, decimals = f"{value:f}".partition(".")
        return f"{whole}.{decimals.rstrip('0') or '0'}"
    return str(value)


def _cuts(first: date, last: date, *, by_month: bool, by_year: bool) -> Iterator[Period]:
    begin = first
    while begin <= last:
        if by_month:
            end = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
        else:
            end = date(begin.year, 12, 31) if by_year else last
        yield begin, min(end, last)
        begin = date.fromordinal(end.toordinal() + 1)
