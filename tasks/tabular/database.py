"""A DuckDB in memory for one piece of work: bounded, silent, and the same on every machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tasks.tabular.expressions import literal


@contextmanager
def database(
    memory_mb: int, *, scratch: Path | None = None, threads: int | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that takes `memory_mb` and what `scratch` holds, without which nothing is
    spilled. With one thread rows keep their order, and the same rows make the same bytes."""
    with duckdb.connect() as connection:
        for setting in (
            f"memory_limit = '{memory_mb}MB'",
            f"temp_directory = {literal(str(scratch or ''))}",
            *([f"threads = {threads}"] if threads else []),
            "TimeZone = 'UTC'",
            # It would be drawn among the results, once something takes two seconds.
            "enable_progress_bar = false",
        ):
            connection.execute(f"SET {setting}")
        yield connection
