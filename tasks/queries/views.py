"""The datasets as views: what is current of each, with the types that its contract promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.datasets.model import DatasetContract
from tasks.errors import HomeUnusable
from tasks.ports.ledger import Ledger
from tasks.ports.objects import NoSuchObject, ObjectStore
from tasks.queries.statement import first_line
from tasks.tabular.expressions import SQL_TYPES, TRACE_TYPES, identifier
from tasks.tabular.parquet import parquet

if TYPE_CHECKING:
    import duckdb


def view_name(contract: DatasetContract) -> str:
    """The dataset's slug as a name in SQL."""
    return contract.slug.replace("-", "_")


@contextmanager
def current_files(
    views: Mapping[str, DatasetContract], objects: ObjectStore, ledger: Ledger
) -> Iterator[dict[str, list[Path]]]:
    files: dict[str, list[Path]] = {name: [] for name in views}
    names = {contract.slug: name for name, contract in views.items()}
    with ExitStack() as kept:
        for record in ledger.current() if views else ():
            if name := names.get(record.new.dataset):
                for part in record.new.parts:
                    try:
                        files[name].append(kept.enter_context(objects.local(part.key)))
                    except NoSuchObject as error:
                        raise HomeUnusable(
                            f"{part.key} of the release {record.new.release} is missing; "
                            "`ons doctor` tells what else is"
                        ) from error
        yield files


def create_view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    contract: DatasetContract,
    files: Sequence[Path],
) -> None:
    """The contract's columns with its types, whatever an older release had, then whatever else
    the files have. Nothing is hidden. Raises `HomeUnusable` for a file that cannot be read."""
    import duckdb

    try:
        columns, source = _selection(connection, contract, files)
        connection.execute(f"CREATE VIEW {identifier(name)} AS SELECT {columns} FROM {source}")
    except duckdb.Error as error:
        raise HomeUnusable(
            f"a file of {contract.slug} cannot be read ({first_line(error)}); "
            "`ons doctor` tells what is damaged"
        ) from error


def _selection(
    connection: duckdb.DuckDBPyConnection, contract: DatasetContract, files: Sequence[Path]
) -> tuple[str, str]:
    """The view's columns, and what they are selected from."""
    promised = {c.name: SQL_TYPES[c.kind] for c in contract.columns}
    source, found = "(SELECT 1 WHERE false)", dict[str, str]()
    if files:
        source = parquet(files)
        described = connection.execute(f"DESCRIBE FROM {source}").fetchall()
        found = {row[0]: row[1] for row in described}
    further = {n: t for n, t in found.items() if n not in promised and n not in TRACE_TYPES}
    columns = ", ".join(
        f"{_cast(n, t, found)} AS {identifier(n)}"
        for n, t in {**promised, **further, **TRACE_TYPES}.items()
    )
    return columns, source


def _cast(name: str, kind: str, found: Mapping[str, str]) -> str:
    if name not in found:
        return f"NULL::{kind}"
    return identifier(name) if found[name] == kind else f"{identifier(name)}::{kind}"
