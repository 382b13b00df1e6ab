"""What kind of text a file is: encoding, delimiter, header and first rows, or why it is no table.

Only windows of the file are read, so that a file of any size takes the same few milliseconds.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from tasks.errors import UnreadableFile
from tasks.tabular.foreign import foreign_kind

HEAD = 256 * 1024
WINDOW = 32 * 1024
WINDOWS = 16
MAX_ROWS = 4000
MAX_COLUMNS = 500
"""Ten times as many as any dataset has; each takes memory for every row that is under way."""
DELIMITERS = (";", ",")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
OTHER_DELIMITERS = {"\t": "a tab", "|": "'|'", ":": "':'", "^": "'^'", "~": "'~'"}


@dataclass(frozen=True)
class Head:
    """How to read a file, and what its head holds.

    `bom`: bytes to skip at the start. `header`: the names as published, without BOM, quotes and
    surrounding blanks. `header_bytes`: offset of the first byte after the header's line.
    `header_lines`: physical lines up to and including the header, leading blank ones counted.
    `rows`: the complete non-blank records within the first 256 KiB, at most 4,000.

    `encoding` is judged on windows spread over the file: a file called `utf-8` may still hold
    bytes that are not, far from its head.
    """

    encoding: Literal["utf-8", "cp1252"]
    bom: int
    delimiter: Literal[";", ","]
    newline: Literal["\n", "\r\n"]
    header: tuple[str, ...]
    header_bytes: int
    header_lines: int
    rows: tuple[tuple[str, ...], ...]


def sniff(body: BinaryIO, name: str, size: int) -> Head:
    """Look at the head, the tail and some windows between of a seekable file of `size` bytes.

    Raises `UnreadableFile` with one sentence that says what the file really is.
    """
    windows = dict(_windows(body, size))
    head, tail = windows[0], windows[max(windows)]
    if found := foreign_kind(head, tail) or _emptiness(head, tail):
        raise UnreadableFile(name, found)
    if any(b"\0" in window for window in windows.values()):
        raise UnreadableFile(name, "it holds binary data (NUL bytes), not CSV text")

    bom = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    encoding = _encoding(windows)
    start, lines = _first_record(head, bom)
    end, header_lines = _end_of_record(head, start)
    first = head[start:end].decode(encoding, "replace")
    if re.search("[\x00-\x08\x0e-\x1f\x7f\ufffd]", first):
        raise UnreadableFile(name, "it holds binary data, not CSV text")
    if size > HEAD and not first.endswith("\n"):
        raise UnreadableFile(
            name, f"its first line has more than {HEAD:,} bytes, so it is no table"
        )
    if "\r" in first.rstrip("\r\n"):
        raise UnreadableFile(
            name, "its lines end in a bare carriage return; save it with LF or CRLF"
        )
    delimiter = _delimiter(first, name)
    if not (head[end:].strip() or (size > HEAD and tail.strip())):
        raise UnreadableFile(name, "it has a header but no data line")
    header = tuple(cell.strip() for cell in next(_records(first, delimiter), ()))
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(
            name, f"its first line has {len(header):,} columns; at most {MAX_COLUMNS} are read"
        )
    rest = head[end:] if size <= HEAD else head[end : head.rfind(b"\n") + 1]
    return Head(
        encoding=encoding,
        bom=bom,
        delimiter=delimiter,
        newline="\r\n" if first.endswith("\r\n") else "\n",
        header=header,
        header_bytes=end,
        header_lines=lines + header_lines,
        rows=_sample(rest.decode(encoding, "replace"), delimiter, whole=size <= HEAD),
    )


def _windows(body: BinaryIO, size: int) -> Iterator[tuple[int, bytes]]:
    body.seek(0)
    yield 0, body.read(HEAD)
    beyond = size - HEAD
    if beyond <= 0:
        return
    last = max(HEAD, size - WINDOW)
    for offset in sorted({HEAD + (last - HEAD) * n // (WINDOWS - 1) for n in range(WINDOWS)}):
        body.seek(offset)
        yield offset, body.read(WINDOW)


def _emptiness(head: bytes, tail: bytes) -> str | None:
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        return (
            "it is empty" if not tail.strip() or head is tail else "its first lines are all blank"
        )
    return None


def _encoding(windows: dict[int, bytes]) -> Literal["utf-8", "cp1252"]:
    """UTF-8, unless more bytes are none than there are accents in it: one line that was pasted
    from elsewhere must not turn every accent of the file into two characters."""
    found = [_accents(window, cut=at > 0) for at, window in windows.items()]
    right, wrong = (sum(counts) for counts in zip(*found, strict=True))
    return "utf-8" if right > wrong or not wrong else "cp1252"


def _accents(window: bytes, *, cut: bool) -> tuple[int, int]:
    """How many characters beyond ASCII the window has as UTF-8, and how often it is none, but for
    a character cut by its end, or its start if `cut`."""
    start = 0
    while cut and start < min(3, len(window)) and 0x80 <= window[start] < 0xC0:
        start += 1
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(window[start:])
    wrong = text.count("\ufffd")
    return len(_BEYOND_ASCII.findall(text)) - wrong, wrong


def _first_record(head: bytes, bom: int) -> tuple[int, int]:
    """Offset of the first line that says something, and how many lines lie before it.

    Spreadsheets put a line such as `sep=;` first, which is for other spreadsheets.
    """
    start, lines = bom, 0
    while (end := head.find(b"\n", start)) >= 0:
        line = head[start:end].strip()
        if line and not re.fullmatch(rb'"?sep=.?"?', line, re.IGNORECASE):
            break
        start, lines = end + 1, lines + 1
    return start, lines


def _end_of_record(head: bytes, start: int) -> tuple[int, int]:
    """Offset after the record's line end, and how many physical lines it takes.

    A newline within quotes belongs to the record; quotes that never close mean nothing.
    """
    quotes, at, lines = 0, start, 0
    while (newline := head.find(b"\n", at)) >= 0:
        quotes += head.count(b'"', at, newline)
        at, lines = newline + 1, lines + 1
        if quotes % 2 == 0:
            return at, lines
    first = head.find(b"\n", start)
    return (first + 1, 1) if first >= 0 else (len(head), 1)


def _delimiter(first: str, name: str) -> Literal[";", ","]:
    outside = re.sub('"[^"]*"', "", first.rstrip("\r\n"))
    counts = {mark: outside.count(mark) for mark in (*DELIMITERS, *OTHER_DELIMITERS)}
    best = max(counts, key=counts.__getitem__)
    if not counts[best]:
        raise UnreadableFile(name, "its first line has neither ';' nor ',' between columns")
    if best in OTHER_DELIMITERS:
        seen = OTHER_DELIMITERS[best]
        raise UnreadableFile(name, f"its columns are parted by {seen}; only ';' and ',' are read")
    return ";" if best == ";" else ","


def _sample(text: str, delimiter: str, *, whole: bool) -> tuple[tuple[str, ...], ...]:
    """The records of the head. Where the head is cut, the last may be half of a quoted one."""
    rows: list[tuple[str, ...]] = []
    for row in _records(text, delimiter):
        if len(rows) > MAX_ROWS:
            break
        if any(cell.strip() for cell in row):
            rows.append(tuple(row))
    return tuple(rows if whole and len(rows) <= MAX_ROWS else rows[:-1])


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error:
        # A cell beyond csv's limit, such as after a quote that never closes: the sample ends here.
        return
