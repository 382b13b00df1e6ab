"""What parsing says of a file: how it had to be read, and what it set aside."""

import re
from pathlib import Path

from tasks.datasets import checks
from tasks.datasets.matching import HeaderMatch
from tasks.datasets.model import DatasetContract, Kind
from tasks.reports import Finding, FirstCase
from tasks.tabular.database import database
from tasks.tabular.parquet import parquet
from tasks.tabular.sniff import Head
from tasks.tabular.statements import BAD_TEXT, OPEN_QUOTE, Statements

_TWO_DIGIT_YEAR = re.compile(r"\d\d[-/]\d\d[-/]\d\d( .*)?")
_ORDER = {checks.RAGGED: 0, BAD_TEXT: 1, OPEN_QUOTE: 2}


def about_reading(
    contract: DatasetContract, match: HeaderMatch, head: Head, decimal: str, *, unended: bool
) -> tuple[Finding, ...]:
    """Notes on the dialect and on how the header differs from the contract's."""
    notes = []

    def note(rule: str, count: int, message: str, first: FirstCase | None = None) -> None:
        notes.append(Finding(rule, "note", count, message, first))

    for published, column in match.variants:
        case = FirstCase(line=head.header_lines, column=column, value=published, expected=column)
        note("header_variant", 1, f"The header says {published!r}; read as {column}.", case)
    for name in match.unknown:
        what = f"the column {name!r}" if name else "a column without a name"
        message = f"The contract does not know {what}; kept as text."
        note("column_new", 1, message, FirstCase(line=head.header_lines, column=name))
    absent = [c.name for c in contract.columns if c.name not in match.columns]
    for name in absent:
        note("column_missing", 1, f"The file lacks the optional column {name}; it is null.")
    for column in match.duplicates:
        message = f"The header has {column} more than once; the first is read, the others kept."
        note("header_duplicate", 1, message, FirstCase(line=head.header_lines, column=column))
    if head.delimiter != ";":
        note("dialect_delimiter", 1, f"Fields are separated by {head.delimiter!r}, not by ';'.")
    if head.encoding != "utf-8":
        note("dialect_encoding", 1, f"The text is {head.encoding}; read as such.")
    if decimal == ",":
        note("dialect_decimal", 1, "Numbers are written 1.234,5; read as 1234.5.")
    if year := _two_digit_year(contract, match, head):
        note("dialect_year", 1, "Years have two digits; 00 to 68 are read as 2000 to 2068.", year)
    if unended:
        note("no_line_feed", 1, "The last line has no line feed; its record is whole.")
    return tuple(notes)


def _two_digit_year(contract: DatasetContract, match: HeaderMatch, head: Head) -> FirstCase | None:
    for at, name in enumerate(match.columns):
        if name is None or contract.by_name[name].kind not in (Kind.DATE, Kind.TIMESTAMP):
            continue
        for row in head.rows:
            if at < len(row) and _TWO_DIGIT_YEAR.fullmatch(row[at].strip()):
                return FirstCase(line=head.header_lines + 1, column=name, value=row[at].strip())
    return None


def about_quarantine(aside: Path, statements: Statements) -> tuple[Finding, ...]:
    """A finding for each rule that set a record aside, whole records first."""
    with database(300, scratch=aside.parent) as db:
        rows = db.execute(
            'SELECT rule, "column", count(*), arg_min(_source_row, _source_row),'
            f" arg_min(value, _source_row) FROM {parquet([aside])} GROUP BY ALL ORDER BY 4, 1"
        ).fetchall()
    rows.sort(key=lambda row: (_ORDER.get(row[0], 3), row[3]))
    return tuple(
        Finding(
            rule,
            "quarantine",
            count,
            _sentence(rule, column, value, line, statements),
            FirstCase(
                line=line,
                column=column,
                value=value[:200] if value else value,
                expected=_expected(rule, column, statements),
            ),
        )
        for rule, column, count, line, value in rows
    )


def _sentence(
    rule: str, column: str | None, value: str | None, line: int, statements: Statements
) -> str:
    text = f"{value[:60]!r}" if value else "nothing"
    if rule == checks.RAGGED:
        return f"line {line} has not {_expected(rule, column, statements)}: {text}"
    if rule == BAD_TEXT:
        return f"line {line} holds bytes that are no text: {text}"
    if rule == OPEN_QUOTE:
        return f"line {line} opens a quote that is never closed: {text}"
    return f"line {line}, {column}: {text} where {_expected(rule, column, statements)} is expected"


def _expected(rule: str, column: str | None, statements: Statements) -> str:
    if column is None:
        return f"{len(statements.header)} fields" if rule == checks.RAGGED else "readable text"
    if rule == checks.empty(column):
        return "a value"
    return {
        Kind.INTEGER: "a whole number",
        Kind.NUMBER: "a number",
        Kind.DATE: "a date",
        Kind.TIMESTAMP: "a date with or without time",
        Kind.TEXT: "text",
    }[statements.contract.by_name[column].kind]
