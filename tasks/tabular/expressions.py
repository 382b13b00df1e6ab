"""SQL that reads one text field as its column's type, by the contract, and says what is odd.

Every expression is total: text that is not of the type gives NULL, never an error and never a
guess. What DuckDB's casts accept beyond the contract (an offset after a timestamp, `24:00`, `nan`,
digit separators) is shut out by the shape of the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.datasets import checks
from tasks.datasets.daylight_saving import SKIPPED_HOURS
from tasks.datasets.model import Column, DatasetContract, Kind

SQL_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
}
TRACE_TYPES = {
    "_source_file": "VARCHAR",
    "_source_row": "BIGINT",
    "_release": "VARCHAR",
    "_flags": "VARCHAR[]",
}
"""The columns that every published row has besides its file's."""
STEP_MINUTES = {"PT30M": 30, "PT1H": 60, "P1D": 1440, "P7D": 1440, "P1M": 1440}

BLANKS = " \t\r\n\u00a0"
"""What is trimmed off both ends of a field; spreadsheets pad with the last one."""

# The shape of a date or time, 0 standing for any digit, and the format to read it with.
_ISO = ("0000-00-00 00:00", "0000-00-00T00:00:00", "0000-00-00T00:00")
_DAYS = {"00/00/0000": "%d/%m/%Y", "00-00-0000": "%d-%m-%Y", "00/00/00": "%d/%m/%y",
         "00-00-00": "%d-%m-%y"}  # fmt: skip
_TIMES = {"": "", " 00:00": " %H:%M", " 00:00:00": " %H:%M:%S", " 00:00:00.000": " %H:%M:%S.%g"}
_FRACTION = r"\d{4}-\d\d-\d\d[ T]([01]\d|2[0-3]):\d\d:\d\d\.\d{1,6}"

_DOT = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
# No thousands within a mantissa: `2.515E+02` is a number of the dot style astray, not 251,500.
_COMMA = r"[+-]?(\d{1,3}(\.\d{3})+(,\d*)?|(\d+(,\d*)?|,\d+)([eE][+-]?\d+)?)"


@dataclass(frozen=True)
class Reading:
    """How one column is read: `value` is its typed SQL, `sound` whether the text is of the type."""

    value: str
    sound: str


def reading(column: Column, text: str, value: str, *, decimal: str, strict: bool) -> Reading:
    """How to read `text` (SQL of a text value) as `column`; `value` is how SQL names the result.

    `decimal` is the file's decimal sign. Without `strict` the text is known to hold nothing that
    a plain cast reads beyond a number of the dot style.
    """
    if column.kind is Kind.TEXT:
        return Reading(f"nullif({text}, '')", "true")
    empty = f"{text} = ''"
    if column.kind is Kind.NUMBER:
        return Reading(_number(text, decimal, strict), f"(isfinite({value}) OR {empty})")
    if column.kind is Kind.INTEGER:
        return Reading(_integer(text, decimal), f"({value} IS NOT NULL OR {empty})")
    moment = _moment(text)
    if column.kind is Kind.DATE:
        moment = f"CASE WHEN {moment} = date_trunc('day', {moment}) THEN CAST({moment} AS DATE) END"
    # The year 0 is 1 BC to DuckDB, and nothing to most of its readers; nor has ONS five digits.
    years = "DATE '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
    return Reading(moment, f"({value} BETWEEN {years} OR {empty})")


def _number(text: str, decimal: str, strict: bool) -> str:
    if decimal == ",":
        plain = f"replace(replace({text}, '.', ''), ',', '.')"
        return (
            f"CASE WHEN regexp_full_match({text}, '{_COMMA}') THEN TRY_CAST({plain} AS DOUBLE) END"
        )
    cast = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({text}, '{_DOT}') THEN {cast} END" if strict else cast


def _integer(text: str, decimal: str) -> str:
    sign = rf"\{decimal}"
    whole = f"split_part({text}, '{decimal}', 1)"
    shape = rf"[+-]?\d+({sign}0*)?"
    if decimal == ",":
        whole = f"replace({whole}, '.', '')"
        shape = rf"[+-]?(\d+|\d{{1,3}}(\.\d{{3}})+)({sign}0*)?"
    return f"CASE WHEN regexp_full_match({text}, '{shape}') THEN TRY_CAST({whole} AS BIGINT) END"


def _moment(text: str) -> str:
    # What nearly all files write comes first. DuckDB writes both shapes so itself, and what is
    # written back as it stood was read rightly: cheaper than to look at each character.
    cases = [
        f"WHEN CAST(TRY_CAST({text} AS {kind}) AS VARCHAR) = {text} AND {text} BETWEEN '0' AND ':'"
        f" THEN TRY_CAST({text} AS {kind})"
        for kind in ("TIMESTAMP", "DATE")
    ]
    cast = f"TRY_CAST({text} AS TIMESTAMP)"
    cases += [
        f"WHEN {text} GLOB '{_glob(shape)}' AND substr({text}, 12, 2) < '24' THEN {cast}"
        for shape in _ISO
    ]
    cases.append(f"WHEN regexp_full_match({text}, '{_FRACTION}') THEN {cast}")
    cases += [
        f"WHEN {text} GLOB '{_glob(day + time)}'"
        f" THEN try_strptime({text}, '{day_format}{time_format}')"
        for day, day_format in _DAYS.items()
        for time, time_format in _TIMES.items()
    ]
    return f"CASE {' '.join(cases)} END"


def _glob(shape: str) -> str:
    """Digits and nothing else where the shape has a 0: a cast would read `2021-11-12 11: 2` too."""
    return shape.replace("0", "[0-9]")


def oddities(contract: DatasetContract, name_of: Mapping[str, str]) -> dict[str, str]:
    """The ids of the contract's row checks that flag, and the SQL of when a row carries each.

    `name_of` gives the SQL name of each column that the file has.
    """
    skipped = _skipped(contract, name_of)
    unless = f" AND NOT ({skipped})" if skipped else ""
    flags = {checks.DAYLIGHT_SAVING: skipped} if skipped else {}
    for column in contract.columns:
        value = name_of.get(column.name)
        if value is None:
            continue
        if checks.flagged_when_empty(contract, column):
            flags[checks.empty(column.name)] = f"{value} IS NULL{unless}"
        bounds = [(column.minimum, "<"), (column.maximum, ">")]
        outside = [f"{value} {sign} {bound!r}" for bound, sign in bounds if bound is not None]
        if outside:
            flags[checks.out_of_range(column.name)] = f"({' OR '.join(outside)}){unless}"
        if column.closed:
            known = {text for v in column.values for text in (v.value, *v.spellings)}
            listed = ", ".join(literal(text) for text in sorted(known))
            flags[checks.unknown_value(column.name)] = f"{value} NOT IN ({listed})"
        if column.name == contract.grain.time and (grid := _off_grid(contract, column, value)):
            flags[checks.OFF_GRID] = grid
    for rule in contract.balances:
        if set(rule.columns) <= set(name_of):
            terms = " + ".join(name_of[term] for term in rule.terms)
            minus = "".join(f" - {name_of[term]}" for term in rule.minus)
            difference = f"abs({terms}{minus} - {name_of[rule.equals]})"
            flags[rule.id] = f"{difference} > {rule.tolerance!r}{unless}"
    return flags


def _off_grid(contract: DatasetContract, column: Column, value: str) -> str | None:
    """When a time lies beside the dataset's grid (an hourly one's at whole hours, and so on)."""
    minutes = STEP_MINUTES.get(contract.grain.step or "")
    if minutes is None or column.kind is not Kind.TIMESTAMP:
        return None
    return f"epoch_us({value}) % {minutes * 60_000_000} <> 0"


def _skipped(contract: DatasetContract, name_of: Mapping[str, str]) -> str | None:
    """When a row lies in an hour that daylight saving left out; None where that cannot be."""
    complete, time = contract.completeness, name_of.get(contract.grain.time or "")
    minutes = STEP_MINUTES.get(contract.grain.step or "", 1440)
    if time is None or complete is None or not complete.daylight_saving or minutes > 60:
        return None
    moments = (
        f"TIMESTAMP '{day} 00:{minute:02d}:00'"
        for day in SKIPPED_HOURS
        for minute in range(0, 60, minutes)
    )
    return f"{time} IN ({', '.join(moments)})"


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
