"""Rows as text: a table for people, CSV and JSON for programs. Every value is written exactly.

A float is written as the shortest text that reads back as the same float, a decimal with all its
places and never with an exponent, a date and a time by ISO 8601.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any

Row = Sequence[Any]

MEASURED_ROWS = 1000
"""How many rows decide the widths of a table; later ones may be wider."""


def as_csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Lines by RFC 4180 with a comma. NULL is empty, an empty text is `""`."""
    yield ",".join(_csv_text(c) for c in columns) + "\n"
    for row in rows:
        yield ",".join("" if v is None else _csv_text(plain(v)) for v in row) + "\n"


def as_json(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """One list of objects, an object a line. A name that comes twice gets a number."""
    names = [json.dumps(n, ensure_ascii=False) for n in _distinct(columns)]
    before = "[\n"
    for row in rows:
        cells = ", ".join(f"{n}: {json_text(v)}" for n, v in zip(names, row, strict=True))
        yield before + "{" + cells + "}"
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_table(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Aligned columns, numbers to the right. The first rows decide the widths."""
    stream = iter(rows)
    first = list(islice(stream, MEASURED_ROWS))
    right = [_all_numbers(values) for values in zip(*first, strict=True)] or [False] * len(columns)
    shown = [[_cell(v) for v in row] for row in first]
    widths = [max(map(len, cells)) for cells in zip(columns, *shown, strict=True)]
    yield _line(columns, widths, right)
    yield "  ".join("-" * width for width in widths) + "\n"
    for cells in chain(shown, ([_cell(v) for v in row] for row in stream)):
        yield _line(cells, widths, right)


def plain(value: Any) -> str:
    """One value as text, without the quotes of CSV or JSON around it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case dt.datetime():
            return value.isoformat(sep=" ")
        case bytes():
            return value.hex()
        case list() | tuple() | dict():
            return json_text(value)
    return str(value)


def json_text(value: Any) -> str:
    """One value as JSON. What is no number in JSON (NaN, infinities) becomes text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case list() | tuple():
            return "[" + ", ".join(map(json_text, value)) + "]"
        case dict():
            pairs = (f"{json_text(plain(k))}: {json_text(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        case dt.datetime():
            return json.dumps(value.isoformat())
    return json.dumps(plain(value), ensure_ascii=False)


def _csv_text(text: str) -> str:
    if text == "" or any(c in text for c in ',"\r\n') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def _distinct(columns: Sequence[str]) -> Iterator[str]:
    seen = set(columns)
    used: set[str] = set()
    for column in columns:
        name, number = column, 1
        while name in used or (number > 1 and name in seen):
            number += 1
            name = f"{column}_{number}"
        used.add(name)
        yield name


def _cell(value: Any) -> str:
    """A table has one line a row, whatever is in the text."""
    text = "" if value is None else plain(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _all_numbers(values: Iterable[Any]) -> bool:
    given = [v for v in values if v is not None]
    return bool(given) and all(
        isinstance(v, (int, float, Decimal)) and not isinstance(v, bool) for v in given
    )


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    placed = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(placed).rstrip() + "\n"
