"""The parsed parts of one file as one DuckDB table that rules can ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tasks.ports.objects import ObjectStore
from tasks.reports import Part
from tasks.tabular.database import database
from tasks.tabular.parquet import parquet

MEMORY_MB = 400


@dataclass(frozen=True)
class Parts:
    """`rows` is a view: the contract's columns, `_source_row` (physical line) and `_flags`."""

    db: duckdb.DuckDBPyConnection

    def ask(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.db.execute(query, list(values)).fetchall()

    def view(self, name: str, files: Sequence[Path]) -> None:
        """A further view over Parquet files."""
        self.db.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {parquet(files)}")


@contextmanager
def open_parts(objects: ObjectStore, parts: Sequence[Part], scratch: Path) -> Iterator[Parts]:
    """The parts as local files behind one connection, which may spill into `scratch`."""
    with ExitStack() as stack:
        files = [stack.enter_context(objects.local(part.key)) for part in parts]
        db = stack.enter_context(database(MEMORY_MB, scratch=scratch))
        db.execute("SET preserve_insertion_order = false")
        opened = Parts(db)
        opened.view("rows", files)
        db.execute("CREATE TEMP TABLE gained (_source_row BIGINT, flag VARCHAR)")
        yield opened
