"""Where a query runs: a DuckDB in memory that knows the current releases and can do nothing else.

The files of each dataset are those that the ledger names in one read transaction, so a query sees
whole publications only, whatever is published or rolled back while it runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.datasets.model import DatasetContract
from tasks.datasets.registry import all_contracts
from tasks.errors import BadQuery
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore
from tasks.queries.statement import Question, first_line, read_question
from tasks.queries.views import create_view, current_files, view_name
from tasks.tabular.expressions import literal

if TYPE_CHECKING:
    import duckdb

_NO_EXTENSIONS: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}

SPILL_GB = 10
"""What a query may spill to disk; DuckDB alone would fill nine tenths of what is free."""


@dataclass(frozen=True)
class Limits:
    """What one query may take.

    DuckDB heeds an interrupt between batches of rows; a single function over one huge value may
    keep it for minutes. `give_up` is called when it has not heeded for `grace_s`: a process that
    serves one query ends itself.
    """

    timeout_s: float
    memory_mb: int
    threads: int = 2
    grace_s: float = 2.0
    give_up: Callable[[], None] | None = None


class Answer:
    """The rows of a query, read as they are asked for; the memory stays flat."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, question: Question, scratch: Path):
        self._connection, self._question, self._scratch = connection, question, scratch
        described = connection.execute(f"DESCRIBE {question.sql}\n").fetchall()
        self.columns: tuple[str, ...] = tuple(str(row[0]) for row in described)
        self.types: tuple[str, ...] = tuple(str(row[1]) for row in described)

    def rows(self, size: int = 2000) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Batches of rows in the query's order."""
        result = self._connection.execute(self._readable())
        while batch := result.fetchmany(size):
            yield batch

    @contextmanager
    def parquet(self) -> Iterator[Path]:
        """The whole result as one Parquet file, there for as long as the context lasts."""
        target = self._scratch / "result.parquet"
        self._connection.execute(
            f"COPY ({self._question.sql}\n) TO {literal(str(target))}"
            " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
        )
        yield target

    def _readable(self) -> str:
        """Times with a zone reach Python as text: DuckDB would need a further package for them."""
        zoned = [i for i, kind in enumerate(self.types) if "WITH TIME ZONE" in kind]
        if not zoned:
            return self._question.sql
        names = [f"c{i}" for i in range(len(self.columns))]
        chosen = ", ".join(f"{n}::VARCHAR" if i in zoned else n for i, n in enumerate(names))
        inner = f"({self._question.sql}\n) AS q({', '.join(names)})"
        return f"SELECT {chosen} FROM {inner}"


@contextmanager
def ask(
    sql: str,
    *,
    objects: ObjectStore,
    ledger: Ledger,
    limits: Limits,
    contracts: Iterable[DatasetContract] | None = None,
) -> Iterator[Answer]:
    """Run one SELECT over one view per contract (all of them unless said otherwise), named by its
    slug with underscores.

    Raises `BadQuery` when it is not exactly one SELECT over the datasets, when it is wrong, and
    when it takes longer or more memory than `limits`; also while its rows are read.
    """
    import duckdb

    with ExitStack() as open_things:
        scratch = open_things.enter_context(objects.scratch())
        connection = open_things.enter_context(duckdb.connect(":memory:", config=_NO_EXTENSIONS))
        views = {view_name(c): c for c in (all_contracts() if contracts is None else contracts)}
        question = read_question(sql, views, connection)
        chosen = {name: views[name] for name in sorted(question.tables)}
        files = open_things.enter_context(current_files(chosen, objects, ledger))
        for name, contract in chosen.items():
            create_view(connection, name, contract, files[name])
        _lock(connection, [f for fs in files.values() for f in fs], scratch, limits)
        clock = open_things.enter_context(_time_limit(connection, limits))
        try:
            yield Answer(connection, question, scratch)
        except duckdb.InterruptException as error:
            if not clock.is_set():
                raise
            raise too_long(limits.timeout_s) from error
        except duckdb.OutOfMemoryException as error:
            raise BadQuery(
                f"the query needs more than {limits.memory_mb} MB; ONS_QUERY_MEMORY_MB sets more"
            ) from error
        except duckdb.Error as error:
            raise BadQuery(first_line(error)) from error
        except RuntimeError as error:
            # DuckDB notices Ctrl-C before Python does, and says it in its own way.
            if str(error) != "Query interrupted":
                raise
            raise KeyboardInterrupt from error


def too_long(seconds: float) -> BadQuery:
    """The error of a query that reached its time limit."""
    return BadQuery(f"the query took longer than {seconds:g} s; `--timeout` gives it more")


def _lock(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], scratch: Path, limits: Limits
) -> None:
    """From here on the session reads `files`, writes our own result, and can be opened no more."""
    allowed = ", ".join(literal(str(f)) for f in [*files, scratch / "result.parquet"])
    for setting in (
        "TimeZone = 'UTC'",
        "enable_progress_bar = false",
        f"threads = {limits.threads}",
        f"memory_limit = '{limits.memory_mb}MB'",
        f"temp_directory = {literal(str(scratch / 'spill'))}",
        f"max_temp_directory_size = '{SPILL_GB}GB'",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[threading.Event]:
    """Interrupt whatever runs once the time is over, again and again: an interrupt that comes
    between two statements is lost. The event tells that it was us."""
    done, over = threading.Event(), threading.Event()

    def watch() -> None:
        wait, end = limits.timeout_s, time.monotonic() + limits.timeout_s + limits.grace_s
        while not done.wait(wait):
            over.set()
            connection.interrupt()
            if limits.give_up is not None and time.monotonic() > end:
                limits.give_up()
            wait = 0.1

    watcher = threading.Thread(target=watch, name="query-time-limit", daemon=True)
    watcher.start()
    try:
        yield over
    finally:
        done.set()
        watcher.join()
