"""The checks that a contract implies, with the stable ids that `_flags` and findings carry.

`reject`: the file is refused whole. `quarantine`: the row is set aside with its raw text.
`flag`: the row is published and carries the id in `_flags`. `note`: the finding is about rows
that are not there, or about the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.datasets.model import Column, DatasetContract, Kind
from tasks.reports import Severity

RAGGED = "wrong_field_count"
DUPLICATE_KEY = "duplicate_key"
OFF_GRID = "time_off_grid"
DAYLIGHT_SAVING = "daylight_saving"
MISSING_ROWS = "missing_rows"
NAMED_PERIOD = "named_period"


@dataclass(frozen=True)
class Check:
    """One check: what it looks at in one sentence, and what follows when it is not met.

    `scope`: `row` is decided by the row alone, `rows` needs others of the file.
    """

    id: str
    severity: Severity
    scope: Literal["row", "rows"]
    columns: tuple[str, ...]
    sentence: str


def not_a(column: str) -> str:
    """The id of a value that is not of the column's kind."""
    return f"type_{column}"


def empty(column: str) -> str:
    """The id of an empty value: quarantined in a column that may not be empty, else flagged."""
    return f"empty_{column}"


def out_of_range(column: str) -> str:
    """The id of a number outside of the column's plausible range."""
    return f"range_{column}"


def unknown_value(column: str) -> str:
    """The id of a text that is none of the column's known values or their spellings."""
    return f"unknown_{column}"


def checks_of(contract: DatasetContract) -> tuple[Check, ...]:
    """All checks of the contract: by row first, in column order, then across rows."""
    return (*_of_rows(contract), *_across_rows(contract))


def flagged_when_empty(contract: DatasetContract, column: Column) -> bool:
    """Whether an empty value is worth a flag: a measure's in a dataset with time."""
    return (
        column.nullable
        and contract.grain.time is not None
        and column.name in {m.column for m in contract.measures}
    )


def _of_rows(contract: DatasetContract) -> Iterator[Check]:
    count = f"The record has as many fields as the header ({len(contract.columns)} when complete)."
    yield Check(RAGGED, "quarantine", "row", (), count)
    for c in contract.columns:
        one = (c.name,)
        if c.kind is not Kind.TEXT:
            what = f"`{c.name}` is {_A[c.kind]}."
            yield Check(not_a(c.name), "quarantine", "row", one, what)
        if not c.nullable:
            what = f"`{c.name}` is not empty."
            yield Check(empty(c.name), "quarantine", "row", one, what)
        elif flagged_when_empty(contract, c):
            what = f"`{c.name}` is not empty; an empty value is published as null."
            yield Check(empty(c.name), "flag", "row", one, what)
        if c.minimum is not None or c.maximum is not None:
            yield Check(out_of_range(c.name), "flag", "row", one, _range(c))
        if c.closed:
            known = ", ".join(v.value for v in c.values)
            what = f"`{c.name}` is one of {known}, in any spelling listed."
            yield Check(unknown_value(c.name), "flag", "row", one, what)
    for b in contract.balances:
        left = " + ".join(b.terms) + "".join(f" − {m}" for m in b.minus)
        what = f"{left} = {b.equals} within {b.tolerance:g}, where none is empty."
        yield Check(b.id, "flag", "row", b.columns, what)
    if contract.grain.step and contract.time:
        what = f"`{contract.time.name}` lies on the grid of {STEP_WORDS[contract.grain.step]}."
        yield Check(OFF_GRID, "flag", "row", (contract.time.name,), what)
    if contract.completeness and contract.completeness.daylight_saving and contract.time:
        what = (
            "The hour that the spring change of the clocks leaves out (until 2018) is absent, or "
            "present and empty or zero: explained as such, not counted as missing or out of range."
        )
        yield Check(DAYLIGHT_SAVING, "flag", "row", (contract.time.name,), what)


def _across_rows(contract: DatasetContract) -> Iterator[Check]:
    key = ", ".join(f"`{k}`" for k in contract.grain.key)
    what = f"No two rows have the same {key}; all rows of such a key carry the flag."
    yield Check(DUPLICATE_KEY, "flag", "rows", contract.grain.key, what)
    for t in contract.totals:
        names = ", ".join(f"`{m}`" for m in t.measures)
        what = (
            f"{names} of {t.total} equal the sum over {', '.join(t.parts)} within "
            f"{t.tolerance:g} at each time at which all are present; else the parts are flagged."
        )
        yield Check(t.id, "flag", "rows", (t.column, *t.measures), what)
    if contract.completeness and contract.grain.step:
        what = (
            f"Each of {', '.join(contract.completeness.entities)} has a row at "
            f"{STEP_WORDS[contract.grain.step]} between the file's first and last time."
        )
        yield Check(MISSING_ROWS, "note", "rows", contract.grain.key, what)
    if contract.grain.time:
        what = "A file named for a year or month has rows of that time."
        yield Check(NAMED_PERIOD, "note", "rows", (contract.grain.time,), what)


STEP_WORDS = {
    "PT30M": "every half hour",
    "PT1H": "every hour",
    "P1D": "every day",
    "P7D": "every seventh day",
    "P1M": "every month",
}
_A = {
    Kind.INTEGER: "a whole number, written with or without `.0`",
    Kind.NUMBER: "a number",
    Kind.DATE: "a date",
    Kind.TIMESTAMP: "a date, with or without a time of day",
    Kind.TEXT: "text",
}


def _range(c: Column) -> str:
    unit = f" {c.unit}" if c.unit else ""
    if c.maximum is None:
        return f"`{c.name}` is {c.minimum:,g}{unit} or more."
    if c.minimum is None:
        return f"`{c.name}` is {c.maximum:,g}{unit} or less."
    return f"`{c.name}` lies between {c.minimum:,g} and {c.maximum:,g}{unit}."
