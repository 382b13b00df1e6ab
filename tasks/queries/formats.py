"""Rows as text: a table for people, CSV and JSON for programs. Every value is written exactly.

A float is written as the shortest text that reads back as the same float, a decimal with all its
places and never with an exponent, a date and a time by ISO 8601.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain, islice
from json.encoder import encode_basestring
from typing import Any

Row = Sequence[Any]

_NEEDS_QUOTES = re.compile(r'[,"\r\n]').search

MEASURED_ROWS = 1000
"""How many rows decide the widths of a table; later ones may be wider."""


def as_csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Lines by RFC 4180 with a comma. NULL is empty, an empty text is `""`."""
    yield ",".join(map(_csv_text, columns)) + "\n"
    for row in rows:
        yield ",".join(map(_csv_cell, row)) + "\n"


def as_json(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """One list of objects, an object a line. A name that comes twice gets a number."""
    names = [encode_basestring(n) for n in _distinct(columns)]
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
    return _PLAIN.get(type(value), str)(value)


def json_text(value: Any) -> str:
    """One value as JSON. What is no number in JSON (NaN, infinities) becomes text."""
    return _JSON.get(type(value), _json_other)(value)


def _json_float(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'"{value}"'


def _json_decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else f'"{value}"'


def _json_list(values: Iterable[Any]) -> str:
    return "[" + ", ".join(map(json_text, values)) + "]"


def _json_dict(values: Mapping[Any, Any]) -> str:
    pairs = (f"{encode_basestring(plain(k))}: {json_text(v)}" for k, v in values.items())
    return "{" + ", ".join(pairs) + "}"


def _json_other(value: Any) -> str:
    return encode_basestring(plain(value))


# Millions of cells pass here, so the way of each type is looked up, not searched for.
_JSON: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda v: "true" if v else "false",
    int: str,
    float: _json_float,
    str: encode_basestring,
    Decimal: _json_decimal,
    dt.datetime: lambda v: f'"{v.isoformat()}"',
    list: _json_list,
    tuple: _json_list,
    dict: _json_dict,
}
_PLAIN: Mapping[type, Callable[[Any], str]] = {
    str: str,
    float: repr,
    bool: _JSON[bool],
    Decimal: lambda v: format(v, "f"),
    dt.datetime: lambda v: v.isoformat(" "),
    bytes: bytes.hex,
    list: _json_list,
    tuple: _json_list,
    dict: _json_dict,
}


@lru_cache(maxsize=10_000)
def _csv_text(text: str) -> str:
    """Texts repeat from row to row, so what was found of one is remembered."""
    return '"' + text.replace('"', '""') + '"' if not text or _NEEDS_QUOTES(text) else text


def _csv_cell(value: Any) -> str:
    return _CSV.get(type(value), _csv_other)(value)


def _csv_other(value: Any) -> str:
    return _csv_text(plain(value))


_CSV: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    str: _csv_text,
    int: str,
    float: repr,
    bool: _PLAIN[bool],
    Decimal: _PLAIN[Decimal],
    dt.datetime: _PLAIN[dt.datetime],
}


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
