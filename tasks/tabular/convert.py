"""One range of a table's text into one typed Parquet part, by DuckDB, a line at a time.

First by the shortest way: lines split at the delimiter, columns cast, rows that are sound and not
blank written with the running line number. Where fewer rows come out than lines went in, or text
is padded with blanks, the range is read again with every field trimmed, and what is not sound is
written to quarantine.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from tasks.tabular.database import database
from tasks.tabular.expressions import literal
from tasks.tabular.parquet import parquet
from tasks.tabular.ranges import Range, careful
from tasks.tabular.sniff import Head
from tasks.tabular.statements import Lines, Statements

MEMORY_MB = 300
LARGE = 32 << 20


@dataclass(frozen=True)
class Converted:
    """What came of one range. `read` counts records that are not blank; `part` and `quarantine`
    are None where there was nothing to write. `first_line` and `last_line` are the physical lines
    of the first and last row written, `end_line` the range's last line of all."""

    number: int
    read: int
    rows: int
    first_line: int
    last_line: int
    end_line: int
    part: Path | None
    quarantine: Path | None


def convert(
    path: Path, head: Head, found: Range, statements: Statements, scratch: Path
) -> Converted:
    """Write the range's part, and its quarantine if it needs one, into `scratch`.

    Raises `UnreadableFile` for a line longer than 1 MiB.
    """
    if found.rewritten is None:
        try:
            quick = _quick(path, head, found, statements, scratch)
        except duckdb.InvalidInputException:
            # A line is too long or not UTF-8: the records' rewriter says which, or sets it aside.
            found = careful(path, statements.source_file, head, found, scratch)
        else:
            if quick is not None:
                return quick
    return _thorough(path, head, found, statements, scratch)


def _quick(
    path: Path, head: Head, found: Range, statements: Statements, scratch: Path
) -> Converted | None:
    part = scratch / f"part-{found.number:04d}.parquet"
    with database(MEMORY_MB, scratch=scratch, threads=1) as db, _lines(path, found) as lines:
        source = statements.plain_lines(lines, head.delimiter, found.first_line)
        select = statements.sound_rows(source, trimmed=False, strict=not found.plain)
        rows = _copy(db, select, part)
        padded = statements.padded(part, strict=not found.plain)
        if rows != found.lines or (padded is not None and _one(db, padded)):
            return None
    last = found.first_line + found.lines - 1
    return Converted(found.number, rows, rows, found.first_line, last, last, part, None)


def _thorough(
    path: Path, head: Head, found: Range, statements: Statements, scratch: Path
) -> Converted:
    part = scratch / f"part-{found.number:04d}.parquet"
    aside = scratch / f"quarantine-{found.number:04d}.parquet"

    def source(lines: str) -> Lines:
        if found.rewritten is not None:
            return statements.rewritten_lines(lines)
        return statements.plain_lines(lines, head.delimiter, found.first_line)

    with database(MEMORY_MB, scratch=scratch, threads=1) as db:
        with _lines(path, found) as lines:
            rows = _copy(db, statements.sound_rows(source(lines), trimmed=True, strict=True), part)
        with _lines(path, found) as lines:
            _copy(db, statements.unsound_cells(source(lines)), aside)
        with _lines(path, found) as lines:
            read = _one(db, statements.records(source(lines)))
        first, last = db.execute(
            "SELECT coalesce(min(_source_row), 0), coalesce(max(_source_row), 0)"
            f" FROM {parquet([part])}"
        ).fetchone() or (0, 0)
        bad = _one(db, f"SELECT count(DISTINCT _source_row) FROM {parquet([aside])}")
    if read != rows + bad:
        raise AssertionError(f"{found}: {read} records, but {rows} rows and {bad} set aside")
    end = found.first_line + found.lines - 1
    result = Converted(found.number, read, rows, first, last, end, part, aside)
    return replace(result, part=part if rows else None, quarantine=aside if bad else None)


def _copy(db: duckdb.DuckDBPyConnection, select: str, target: Path) -> int:
    to = literal(str(target))
    return _one(db, f"COPY ({select}) TO {to} (FORMAT parquet, COMPRESSION zstd)")


def _one(db: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = db.execute(statement).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _lines(path: Path, found: Range) -> Iterator[str]:
    """A path that DuckDB can read the range's lines from, once.

    DuckDB reads whole files only, so the bytes go through a pipe; copying them to a file of their
    own cost as much as converting them.
    """
    if found.rewritten is not None:
        yield str(found.rewritten)
        return
    reading, writing = os.pipe()
    feeder = threading.Thread(target=_feed, args=(path, found, writing), daemon=True)
    feeder.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        # Ends the feeder too, where DuckDB stopped early: its next write finds no reader.
        os.close(reading)
        feeder.join()


def _feed(path: Path, found: Range, writing: int) -> None:
    at = found.start
    try:
        with path.open("rb", buffering=0) as body:
            while at < found.end:
                at += os.sendfile(writing, body.fileno(), at, min(found.end - at, 1 << 20))
            _forget(body.fileno(), found)
    except BrokenPipeError:
        pass  # the reader has what it wants, or failed and says so itself
    finally:
        os.close(writing)


def _forget(file: int, found: Range) -> None:
    """Give the system's memory of a large range back for the next one: memory that a virtual
    machine has not used for long is slower to come by than the disk is to read."""
    if found.end - found.start >= LARGE and hasattr(os, "posix_fadvise"):
        length = found.end - found.start
        os.posix_fadvise(file, found.start, length, os.POSIX_FADV_DONTNEED)
