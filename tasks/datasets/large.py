"""One large, true-to-form file for the benchmark, written by DuckDB: about 600 plants by hours."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb

from tasks.datasets.model import Column, DatasetContract
from tasks.datasets.sample_rows import STEPS, Row, entities, weight

BEGIN = date(2022, 1, 1)
TIME_TEXT = "%Y-%m-%d %H:%M:%S"


def write_large(
    path: Path, contract: DatasetContract, size: int, *, seed: int = 1, things: int = 600
) -> int:
    """Write a file of `size` bytes, to within one row of each thing, and answer its data rows.

    Rows go by time and then thing, the first time being 2022-01-01; the same arguments write the
    same bytes. Raises `ValueError` for a dataset without steps of half an hour, an hour or a day.
    """
    step = STEPS.get(contract.grain.step or "")
    if step is None or contract.time is None:
        raise ValueError(f"{contract.slug} has no fixed step in time")
    people = entities(contract, seed, things)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        _table_of_things(connection, contract, people, seed)
        select = _select(contract, int(step.total_seconds()), len(people), seed)
        head = len(";".join(c.name for c in contract.columns)) + 1
        rows = _rows_for(connection, select, size - head, len(people))
        options = "HEADER, DELIMITER ';', QUOTE '\"'"
        connection.execute(f"COPY ({select}) TO '{_text(str(path))}' ({options})", {"rows": rows})
    return rows


def _table_of_things(
    connection: duckdb.DuckDBPyConnection, contract: DatasetContract, people: list[Row], seed: int
) -> None:
    columns = ", ".join(f'"{name}" VARCHAR' for name in people[0])
    connection.execute(f"CREATE TABLE thing (number BIGINT, weight DOUBLE, {columns})")
    marks = ", ".join("?" for _ in range(len(people[0]) + 2))
    connection.executemany(
        f"INSERT INTO thing VALUES ({marks})",
        [[n, weight(contract, p, seed), *p.values()] for n, p in enumerate(people)],
    )
    # A list indexed by row number keeps the rows in order on every thread; a join would not.
    connection.execute(
        "CREATE TABLE things AS SELECT list(thing ORDER BY number) AS all_of_them FROM thing"
    )


def _select(contract: DatasetContract, seconds: int, count: int, seed: int) -> str:
    # Integers only up to the last division: the same bytes on every machine.
    swing = f"((row * 7919 + (row // {count}) * 104729 + {seed} * 15485863) % 100003)"
    first = datetime.combine(BEGIN, datetime.min.time()).strftime(TIME_TEXT)
    time = f"TIMESTAMP '{first}' + to_seconds((row // {count}) * {seconds})"
    values = ", ".join(_value(contract, c, time) for c in contract.columns)
    return f"""
        SELECT {values}
        FROM (
            SELECT row, {swing} AS swing,
                   list_extract((SELECT all_of_them FROM things), row % {count} + 1) AS thing
            FROM range($rows) AS numbers(row)
        )"""


def _value(contract: DatasetContract, column: Column, time: str) -> str:
    name = f'"{column.name}"'
    if column.name == contract.grain.time:
        return f"strftime({time}, '{TIME_TEXT}') AS {name}"
    if not column.numeric:
        return f"thing.{name} AS {name}"
    low = (column.sample and column.sample.low) or 0.0
    high = (column.sample and column.sample.high) or 1.0
    figure = f"thing.weight * ({low} + {high - low} * swing / 100002.0)"
    return f"CAST(round({figure}, {column.scale or 3}) AS VARCHAR) AS {name}"


def _rows_for(connection: duckdb.DuckDBPyConnection, select: str, size: int, count: int) -> int:
    lengths = f"SELECT avg(strlen(concat_ws(';', *COLUMNS(*))) + 1) FROM ({select})"
    row = connection.execute(lengths, {"rows": count * 50}).fetchone()
    mean = float(row[0]) if row else 1.0
    return max(1, round(size / mean))


def _text(text: str) -> str:
    return text.replace("'", "''")
