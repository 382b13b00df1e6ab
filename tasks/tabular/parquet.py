"""Parquet files in SQL: exactly those named, with the columns that they hold and no others."""

from collections.abc import Iterable
from pathlib import Path

from tasks.tabular.expressions import literal


def parquet(files: Iterable[Path | str]) -> str:
    """The table of all rows of `files`, by the names of their columns.

    A folder above them that is called `year=2024` adds no column, as it would by itself. That no
    path holds `*`, `?` or `[`, by which DuckDB would find other files, is seen to by ONS_HOME.
    """
    listed = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
