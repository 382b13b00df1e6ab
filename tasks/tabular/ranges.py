"""Cut a table's text into ranges of whole records, and know the physical line of each record.

A range is read by one DuckDB connection as lines: one line, one row, so that a running number is
the physical line. That holds where no line needs care, which is told by cheap searches while the
file is scanned once. Lines that do need care (a quote may hide a delimiter or a line break, a
bare carriage return, a NUL, another encoding) make their range a careful one, whose records are
rewritten (`tasks.tabular.records`) with their line in front.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tasks.tabular.records import OURS, Rewriter
from tasks.tabular.sniff import Head

BLOCK = 1 << 20
RANGE_BYTES = 64 << 20
CAREFUL = 4
"""How many times smaller a careful range is, so that few plain lines are rewritten with it."""

_MARKS = tuple(mark.encode() for mark in ('"', *OURS))
# Each alone is found at the speed of memory. Beyond a number's shape DuckDB's casts read digit
# separators, a sign before a sign, and blanks; beyond the space, blanks are the tab and its kin,
# and in UTF-8 what ends in A0 or begins with E1 to E3.
_ODD = (b"_", b"+", b"\t", b"\v", b"\f", b"\xa0", b"\xe1", b"\xe2", b"\xe3")


@dataclass(frozen=True)
class Range:
    """Bytes `start` to `end` of a file: whole records, the first of them in line `first_line`.

    `lines` counts the physical lines. `plain`: nothing is in it that DuckDB would read as a part
    of a number though it is none, and no blanks but spaces. `rewritten`, where the range needed
    care, is the file that holds its records one a line.
    """

    number: int
    start: int
    end: int
    first_line: int
    lines: int
    plain: bool = True
    rewritten: Path | None = None


def ranges(
    path: Path, name: str, head: Head, scratch: Path, size: int = RANGE_BYTES
) -> Iterator[Range]:
    """The ranges of the data below the header, in order; each is yielded as soon as it is known.

    A careful range is rewritten into `scratch` before it is yielded. `name` is the file's name in
    errors. Raises `UnreadableFile` for a line longer than 1 MiB.
    """
    end = path.stat().st_size
    start, line, number = head.header_bytes, head.header_lines + 1, 0
    with path.open("rb") as body:
        while start < end:
            found = _plain(body, head, number, start, line, end, size)
            if found is None:
                body.seek(start)
                found = _rewritten(body, name, head, number, line, size // CAREFUL, scratch)
            yield found
            start, line, number = found.end, found.first_line + found.lines, number + 1


def _plain(
    body: BinaryIO, head: Head, number: int, start: int, line: int, end: int, size: int
) -> Range | None:
    """The range from `start`, up to the first line that needs care; None where that is near."""
    if head.encoding != "utf-8":
        return None
    lines, offset, plain, block, whole = 0, start, True, b"", start
    body.seek(start)
    while offset < end:
        returned, block = block.endswith(b"\r"), body.read(min(BLOCK, size // CAREFUL))
        if _needs_care(block) or (returned and not block.startswith(b"\n")):
            enough = whole - start >= size // CAREFUL
            return Range(number, start, whole, line, lines, plain) if enough else None
        plain = plain and not any(odd in block for odd in _ODD)
        cut = block.rfind(b"\n") + 1
        lines += block.count(b"\n")
        whole = offset + cut if cut else whole
        if cut and offset + len(block) - start >= size:
            return Range(number, start, whole, line, lines, plain)
        offset += len(block)
    return Range(number, start, end, line, lines + (not block.endswith(b"\n")), plain)


def _needs_care(block: bytes) -> bool:
    if any(mark in block for mark in _MARKS):
        return True
    if b"\r" not in block:
        return False
    # A return at the very end may have its line feed in the next block.
    return block.count(b"\r") != block.count(b"\r\n") + block.endswith(b"\r")


def careful(path: Path, name: str, head: Head, plain: Range, scratch: Path) -> Range:
    """The same range with its records rewritten, for one that turned out to need care."""
    with path.open("rb") as body:
        body.seek(plain.start)
        return _rewritten(
            body, name, head, plain.number, plain.first_line, plain.end - plain.start, scratch
        )


def _rewritten(
    body: BinaryIO, name: str, head: Head, number: int, line: int, size: int, scratch: Path
) -> Range:
    start = body.tell()
    target = scratch / f"records-{number:04d}.txt"
    with target.open("wb") as out:
        rewriter = Rewriter(
            body, out, name=name, delimiter=head.delimiter, encoding=head.encoding, line=line
        )
        rewriter.run(size)
    return Range(number, start, start + rewriter.consumed, line, rewriter.lines, False, target)
