"""Does a file end where ONS ended it?

A file whose last line has no line feed may have lost a part of it. It is whole only where the
record shows that it is: as many fields as the header, and a last value that could not have been
longer: one with all the decimals of its column, a complete date, or a value that is known whole.
"""

import re
from collections.abc import Collection
from pathlib import Path

from tasks.datasets.model import Column, DatasetContract, Kind
from tasks.errors import CutOff
from tasks.tabular.records import split
from tasks.tabular.sniff import Head

_TAIL = 1 << 20
_WHOLE_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}|\d\d-\d\d-\d{4})([ T]\d\d:\d\d:\d\d(\.\d{3})?)?"
)
_ZERO = re.compile(r"0E-(\d+)", re.IGNORECASE)


def unended_line(path: Path, head: Head) -> str | None:
    """The last line, when it has no line feed; None when the file ends in one."""
    size = path.stat().st_size
    with path.open("rb") as body:
        body.seek(max(size - _TAIL, 0))
        tail = body.read()
    if tail.endswith(b"\n"):
        return None
    return tail[tail.rfind(b"\n") + 1 :].decode(head.encoding, "replace").removesuffix("\r")


def check_ending(
    contract: DatasetContract,
    head: Head,
    columns: Collection[str | None],
    last: str,
    *,
    name: str,
    line: int,
    decimal: str,
) -> None:
    """Raises `CutOff` unless the unended `last` line is whole; `line` is its physical line."""
    fields = split(last, head.delimiter)
    if fields is None:
        raise CutOff(name, line, "a quote is open at the end of the file")
    if len(fields) != len(head.header):
        found = f"{len(fields)} of {len(head.header)} fields"
        raise CutOff(name, line, f"it has {found} and no line feed")
    column_name = list(columns)[-1]
    column = contract.by_name[column_name] if column_name is not None else None
    if not _whole(column, fields[-1].strip(), decimal, _same_width(head)):
        raise CutOff(
            name, line, f"nothing shows that its last value {fields[-1]!r} is whole, and no line "
            "feed follows; if it is, end the line",
        )  # fmt: skip


def _whole(column: Column | None, text: str, decimal: str, width: int | None) -> bool:
    if not text:
        return False
    if column is None or column.kind is Kind.TEXT:
        known = {t for v in (column.values if column else ()) for t in (v.value, *v.spellings)}
        longer = any(value != text and value.startswith(text) for value in known)
        return (text in known and not longer) or len(text) == width
    if column.kind in (Kind.DATE, Kind.TIMESTAMP):
        return _WHOLE_DATE.fullmatch(text) is not None and len(text) == width
    if column.scale is None:
        return False
    if zero := _ZERO.fullmatch(text):
        return int(zero[1]) == column.scale
    _, sign, decimals = text.partition(decimal)
    return bool(sign) and len(decimals) == column.scale and decimals.isdecimal()


def _same_width(head: Head) -> int | None:
    """The width that all values of the last column have in the head's rows, if they have one."""
    widths = {len(row[-1].strip()) for row in head.rows[:-1] if len(row) == len(head.header)}
    return widths.pop() if len(widths) == 1 else None
