"""A release's monthly figures, small enough to be read in a document about it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import duckdb

from tasks.datasets.checks import DAYLIGHT_SAVING
from tasks.datasets.model import DatasetContract, Measure
from tasks.ports.objects import ObjectStore
from tasks.reports import ReleaseDocument
from tasks.tabular.database import database
from tasks.tabular.expressions import identifier
from tasks.tabular.parquet import parquet

MOST_ROWS = 1_000_000
MOST_ENTITIES = 12
MOST_MEASURES = 4
MOST_MONTHS = 24

ONE_VALUE = {
    "avg": "avg(value)",
    "sum": "sum(value)",
    "min": "min(value)",
    "max": "max(value)",
    "last": "arg_max(value, time)",
}


@dataclass(frozen=True)
class MonthlyFigures:
    """One measure of one entity: `values` are (YYYY-MM, value), each month's values made one by
    the measure's own way (`aggregation`)."""

    measure: Measure
    entity: tuple[str, ...]
    values: tuple[tuple[str, float], ...]


def monthly_figures(
    contract: DatasetContract, released: ReleaseDocument, objects: ObjectStore
) -> tuple[MonthlyFigures, ...]:
    """The first measures' figures of the last 24 months, by entity.

    Rows in an hour that daylight saving left out are not measured and do not count. No figures
    for registers, for releases of more than a million rows, and where there are more than a
    dozen entities, whose figures nobody would read.
    """
    time = contract.grain.time
    if time is None or contract.grain.step is None or not released.parts:
        return ()
    if released.rows_published > MOST_ROWS:
        return ()
    with ExitStack() as stack:
        files = [str(stack.enter_context(objects.local(part.key))) for part in released.parts]
        connection = stack.enter_context(database(256))  # a million rows fit
        return tuple(_figures(connection, contract, time, parquet(files)))


def _figures(
    connection: duckdb.DuckDBPyConnection, contract: DatasetContract, time: str, source: str
) -> Iterator[MonthlyFigures]:
    entity = ", ".join(
        f"coalesce(CAST({identifier(e)} AS VARCHAR), '')" for e in contract.grain.entities
    )
    entities = f"SELECT DISTINCT [{entity}] FROM {source} LIMIT {MOST_ENTITIES + 1}"
    if len(connection.execute(entities).fetchall()) > MOST_ENTITIES:
        return
    for measure in contract.measures[:MOST_MEASURES]:
        rows = connection.execute(
            f"SELECT entity, strftime(month, '%Y-%m'), {ONE_VALUE[measure.default]} FROM ("
            f"  SELECT [{entity}]::VARCHAR[] AS entity, {identifier(time)} AS time,"
            f"         date_trunc('month', {identifier(time)}) AS month,"
            f"         {identifier(measure.column)} AS value FROM {source}"
            f"  WHERE NOT list_contains(_flags, '{DAYLIGHT_SAVING}')"
            ") WHERE value IS NOT NULL GROUP BY entity, month ORDER BY entity, month"
        ).fetchall()
        by_entity: dict[tuple[str, ...], list[tuple[str, float]]] = {}
        for name, month, value in rows:
            by_entity.setdefault(tuple(name), []).append((month, float(value)))
        for name, values in by_entity.items():
            yield MonthlyFigures(measure, name, tuple(values[-MOST_MONTHS:]))
