"""Which rows a period must have, and which of them are not there."""

from collections.abc import Iterator

from tasks.datasets import checks
from tasks.datasets.daylight_saving import SKIPPED_HOURS
from tasks.datasets.model import Completeness, DatasetContract
from tasks.reports import Finding, FirstCase
from tasks.tabular.expressions import identifier, literal
from tasks.validate.parts import Parts
from tasks.validate.words import some

MOST_EXPECTED = 5_000_000
"""More rows than any dataset has that is complete; beyond, one of the times must be wrong."""

_STEPS = {
    "PT30M": "30 minutes",
    "PT1H": "1 hour",
    "P1D": "1 day",
    "P7D": "7 days",
    "P1M": "1 month",
}


def missing_rows(parts: Parts, contract: DatasetContract) -> Iterator[Finding]:
    """Every entity has a row at every step between the file's first and last time.

    Rows missing in the hour that daylight saving left out are told apart: they cannot be there.
    """
    complete, time, step = contract.completeness, contract.grain.time, contract.grain.step
    if complete is None or time is None or step is None:
        return
    if (many := _how_many(parts, identifier(time), step) * len(complete.entities)) > MOST_EXPECTED:
        yield _out_of_reach(parts, identifier(time), many)
        return
    _expect(parts, contract, complete, identifier(time), step)
    skipped = ", ".join(f"DATE '{day}'" for day in SKIPPED_HOURS)
    hole = f"CAST(t AS DATE) IN ({skipped}) AND extract('hour' FROM t) = 0"
    explained = hole if complete.daylight_saving and step in ("PT1H", "PT30M") else "false"
    yield from _daylight_saving(parts, explained)
    days = parts.ask(
        "SELECT CAST(t AS DATE), count(*), string_agg(DISTINCT entity, ', ' ORDER BY entity)"
        f" FROM missing WHERE NOT ({explained}) GROUP BY 1 ORDER BY 1"
    )
    count = sum(row[1] for row in days)
    if not count:
        return
    [(expected,)] = parts.ask("SELECT count(*) FROM expected")
    [(when, entity)] = parts.ask(
        f"SELECT t, entity FROM missing WHERE NOT ({explained}) ORDER BY t, entity LIMIT 1"
    )
    listed = [f"{day} ({rows}: {entities})" for day, rows, entities in days]
    yield Finding(
        checks.MISSING_ROWS, "note", count,
        f"{count:,} of {expected:,} rows are not there, on {some(listed)}.",
        FirstCase(column=complete.column, key=f"{when} {entity}"),
    )  # fmt: skip


def _how_many(parts: Parts, time: str, step: str) -> int:
    """About how many steps lie between the first and the last time."""
    [(seconds,)] = parts.ask(f"SELECT epoch(max({time})) - epoch(min({time})) FROM rows")
    [(each,)] = parts.ask(f"SELECT epoch(INTERVAL {_STEPS[step]})")
    return int((seconds or 0) // each) + 1


def _out_of_reach(parts: Parts, time: str, many: int) -> Finding:
    [(first, last, count)] = parts.ask(
        f"SELECT CAST(min({time}) AS DATE), CAST(max({time}) AS DATE), count(*) FROM rows"
    )
    return Finding(
        checks.MISSING_ROWS, "note", many - count,
        f"{many:,} rows would make {first} to {last} complete, {count:,} are there: is one of "
        "these times wrong?",
    )  # fmt: skip


def _expect(
    parts: Parts, contract: DatasetContract, complete: Completeness, time: str, step: str
) -> None:
    entities = ", ".join(literal(entity) for entity in complete.entities)
    moment = "t" if contract.grain.anchor != "month_end" else "CAST(last_day(t) AS TIMESTAMP)"
    start = "first" if step != "P1M" else "date_trunc('month', first)"
    grid = f"date_trunc('day', CAST({time} AS TIMESTAMP))"
    if step in ("PT1H", "PT30M"):
        grid = f"CAST({time} AS TIMESTAMP)"
    parts.db.execute(
        "CREATE OR REPLACE TEMP TABLE expected AS"
        f" SELECT {moment} AS t, entity FROM (SELECT unnest(generate_series({start}, last,"
        f" INTERVAL {_STEPS[step]})) AS t FROM (SELECT CAST(min({time}) AS TIMESTAMP) AS first,"
        f" CAST(max({time}) AS TIMESTAMP) AS last FROM rows)), unnest([{entities}]) AS e(entity)"
    )
    parts.db.execute(
        "CREATE OR REPLACE TEMP TABLE missing AS SELECT t, entity FROM expected ANTI JOIN"
        f" (SELECT DISTINCT {grid} AS t, {identifier(complete.column)} AS entity FROM rows)"
        " USING (t, entity)"
    )


def _daylight_saving(parts: Parts, explained: str) -> Iterator[Finding]:
    [(absent,)] = parts.ask(f"SELECT count(*) FROM missing WHERE {explained}")
    [(present, line)] = parts.ask(
        "SELECT count(*), min(_source_row) FROM rows"
        f" WHERE list_contains(_flags, '{checks.DAYLIGHT_SAVING}')"
    )
    if not absent and not present:
        return
    days = parts.ask(f"SELECT DISTINCT CAST(t AS DATE) FROM missing WHERE {explained} ORDER BY 1")
    said = []
    if absent:
        on = some([str(day) for (day,) in days])
        said.append(f"{absent} rows at 00:00 of {on} are absent: clocks went from 00:00 to 01:00")
    if present:
        said.append(
            f"{present} rows, the first in line {line}, stand in an hour that clocks left out; "
            "their empty or zero values are no measurements"
        )
    yield Finding(
        checks.DAYLIGHT_SAVING, "note", absent + present,
        f"Daylight saving: {'; '.join(said)}. Not an error.",
        FirstCase(line=line, key=f"{days[0][0]} 00:00:00" if days else None),
    )  # fmt: skip
