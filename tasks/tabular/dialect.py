"""Which decimal sign a file writes, judged on rows from its head, middle and end."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.datasets.model import DatasetContract, Kind
from tasks.tabular.records import split
from tasks.tabular.sniff import Head

_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+([eE][+-]?\d+)?")
_DOT = re.compile(r"[+-]?\d+\.\d+([eE][+-]?\d+)?")
_EITHER = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
_WINDOW = 32 * 1024


def decimal_sign(
    contract: DatasetContract, columns: Sequence[str | None], rows: Iterable[Sequence[str]]
) -> str:
    """`,` when more of the numbers are written with a decimal comma than with a decimal point.

    `1.234` alone tells nothing: it may be a thousand or a little more than one. `columns` are the
    contract's columns by position.
    """
    numeric = [
        at
        for at, name in enumerate(columns)
        if name is not None and contract.by_name[name].kind in (Kind.NUMBER, Kind.INTEGER)
    ]
    comma = dot = 0
    for row in rows:
        for at in numeric:
            text = row[at].strip() if at < len(row) else ""
            comma += bool(_COMMA.fullmatch(text))
            dot += bool(_DOT.fullmatch(text) and not _EITHER.fullmatch(text))
    return "," if comma > dot else "."


def spread_rows(path: Path, head: Head) -> list[list[str]]:
    """Rows of the head, and those of a window in the middle and one at the end."""
    rows = [list(row) for row in head.rows]
    size = path.stat().st_size
    with path.open("rb") as body:
        for offset in (size // 2, max(size - _WINDOW, 0)):
            if offset <= head.header_bytes:
                continue
            body.seek(offset)
            lines = body.read(_WINDOW).decode(head.encoding, "replace").splitlines()[1:-1]
            rows += [fields for line in lines if (fields := split(line, head.delimiter))]
    return rows
