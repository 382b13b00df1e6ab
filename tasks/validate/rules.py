"""The rules that need more than one row. Each notes the rows that gain its flag, in `gained`.

A rule is a function of the opened parts and the contract that yields findings. What follows from
a finding is for the handler to decide.
"""

from collections.abc import Iterator

from tasks.datasets import checks
from tasks.datasets.matching import match_name
from tasks.datasets.model import DatasetContract, TotalRule
from tasks.reports import Finding, FirstCase
from tasks.tabular.expressions import identifier, literal
from tasks.validate.parts import Parts
from tasks.validate.words import flagged, key_text, some


def duplicate_keys(parts: Parts, contract: DatasetContract) -> Iterator[Finding]:
    """No two rows have the same key: all rows of such a key are flagged, none is dropped."""
    if not contract.grain.key:
        return
    key = ", ".join(identifier(name) for name in contract.grain.key)
    # Grouping hashes takes a third of the time of grouping keys, and nearly always says that
    # there is nothing to look at; where it does not, the keys themselves decide.
    parts.db.execute(
        f"CREATE OR REPLACE TEMP TABLE suspects AS SELECT hash({key}) AS h FROM rows"
        " GROUP BY ALL HAVING count(*) > 1"
    )
    if parts.ask("SELECT count(*) FROM suspects") == [(0,)]:
        return
    parts.db.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT {key} FROM rows"
        f" WHERE hash({key}) IN (SELECT h FROM suspects) GROUP BY ALL HAVING count(*) > 1"
    )
    if parts.ask("SELECT count(*) FROM repeated") == [(0,)]:
        return
    parts.db.execute(
        f"INSERT INTO gained SELECT _source_row, '{checks.DUPLICATE_KEY}'"
        f" FROM rows SEMI JOIN repeated USING ({key})"
    )
    [(count, keys, line)] = parts.ask(
        "SELECT count(*), (SELECT count(*) FROM repeated), min(_source_row) FROM gained"
        f" WHERE flag = '{checks.DUPLICATE_KEY}'"
    )
    case = FirstCase(line=line, key=key_text(parts, contract, line))
    yield Finding(
        checks.DUPLICATE_KEY, "flag", count,
        f"{count} rows share {keys} keys ({', '.join(contract.grain.key)}); all are published "
        f"and flagged. The first: line {line}, {case.key}.", case,
    )  # fmt: skip


def totals(parts: Parts, contract: DatasetContract) -> Iterator[Finding]:
    """A published total equals the sum of its parts; where it does not, the parts are flagged."""
    for rule in contract.totals:
        yield from _total(parts, contract, rule)


def _total(parts: Parts, contract: DatasetContract, rule: TotalRule) -> Iterator[Finding]:
    time, entity = identifier(contract.grain.time or ""), identifier(rule.column)
    members = ", ".join(literal(part) for part in rule.parts)
    total = f"{entity} = {literal(rule.total)}"
    part = f"{entity} IN ({members})"
    for measure in rule.measures:
        value = identifier(measure)
        parts.db.execute(
            f"CREATE OR REPLACE TEMP TABLE off AS SELECT {time} AS t,"
            f" sum({value}) FILTER ({part}) AS found, any_value({value}) FILTER ({total}) AS total"
            f" FROM rows GROUP BY {time} HAVING count({value}) FILTER ({part}) = {len(rule.parts)}"
            f" AND abs(found - total) > {rule.tolerance!r}"
        )
        days = parts.ask("SELECT CAST(t AS DATE) AS day, count(*) FROM off GROUP BY ALL ORDER BY 1")
        if not days:
            continue
        parts.db.execute(
            f"INSERT INTO gained SELECT _source_row, {literal(rule.id)} FROM rows"
            f" WHERE {part} AND {time} IN (SELECT t FROM off)"
        )
        [(when, found, expected)] = parts.ask("SELECT t, found, total FROM off ORDER BY t LIMIT 1")
        times = sum(count for _, count in days)
        [(line,)] = parts.ask(
            f"SELECT min(_source_row) FROM rows WHERE {part} AND {time} = ?", [when]
        )
        yield Finding(
            rule.id, "flag", times * len(rule.parts),
            f"{measure}: the sum over {', '.join(rule.parts)} is not {rule.total} at {times} times "
            f"on {some([str(day) for day, _ in days])}; first at {when}: {found:.3f} against "
            f"{expected:.3f}. The parts' rows are published and flagged.",
            FirstCase(line=line, column=measure, key=f"{when}", value=f"{found:.8f}",
                      expected=f"{expected:.8f}"),
        )  # fmt: skip


def period_of_the_name(
    name: str, contract: DatasetContract, span: tuple[str | None, str | None]
) -> Iterator[Finding]:
    """A file named for a year, or a month of it, has rows of that time."""
    named = match_name(contract, name)
    first, last = span
    if named.year is None or first is None or last is None:
        return
    month = "" if named.month is None else f"-{named.month:02d}"
    said = f"{named.year}{month}"
    if not first[: len(said)] <= said <= last[: len(said)]:
        yield Finding(
            checks.NAMED_PERIOD, "note", 1,
            f"The name says {said}, but the rows are of {first[:10]} to {last[:10]}.",
            FirstCase(value=said, expected=f"{first[:10]} to {last[:10]}"),
        )  # fmt: skip


def row_flags(parts: Parts, contract: DatasetContract) -> Iterator[Finding]:
    """What parsing flagged, counted: one finding for each check, in the contract's order."""
    counted = {
        flag: (count, line)
        for flag, count, line in parts.ask(
            "SELECT flag, count(*), min(_source_row) FROM"
            " (SELECT unnest(_flags) AS flag, _source_row FROM rows WHERE _flags <> [])"
            " GROUP BY ALL"
        )
    }
    for check in checks.checks_of(contract):
        if check.id not in counted or check.id == checks.DAYLIGHT_SAVING:
            continue
        count, line = counted[check.id]
        column = check.columns[0] if len(check.columns) == 1 else None
        value = None
        if column is not None:
            [(value,)] = parts.ask(
                f"SELECT CAST({identifier(column)} AS VARCHAR) FROM rows WHERE _source_row = ?",
                [line],
            )
        case = FirstCase(line, column, key_text(parts, contract, line), value, check.sentence)
        shown = "" if value is None else f": {value}"
        yield Finding(
            check.id, check.severity, count,
            f"{flagged(check, contract, count)}{_days(parts, contract, check.id)}; published and "
            f"flagged. The first: line {line} ({case.key}){shown}.", case,
        )  # fmt: skip


def _days(parts: Parts, contract: DatasetContract, flag: str) -> str:
    if contract.grain.time is None:
        return ""
    days = parts.ask(
        f"SELECT DISTINCT CAST({identifier(contract.grain.time)} AS DATE) AS day FROM rows"
        " WHERE list_contains(_flags, ?) ORDER BY day",
        [flag],
    )
    return f", on {some([str(day) for (day,) in days])}"
