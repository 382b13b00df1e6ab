"""`ons query`: one SELECT over what is published."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from tasks.errors import BadRequest
from workflows.cli.terminal import Terminal

if TYPE_CHECKING:
    from tasks.queries.session import Answer
    from tasks.wiring import Platform

Format = Literal["table", "csv", "json", "parquet"]


def register(app: typer.Typer) -> None:
    app.command(
        epilog="Example: ons query 'SELECT id_subsistema, avg(val_cargaenergiamwmed) "
        "FROM carga_energia GROUP BY 1' --format csv"
    )(query)


def query(
    ctx: typer.Context,
    sql: Annotated[
        str, typer.Argument(help="One SELECT. Each dataset is a table: its slug with underscores.")
    ],
    format: Annotated[Format, typer.Option(help="How to write the rows.")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write instead of the output.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds; else ONS_QUERY_TIMEOUT_S.")
    ] = None,
    memory: Annotated[
        int | None, typer.Option(min=64, help="Megabytes; else ONS_QUERY_MEMORY_MB.")
    ] = None,
) -> None:
    """Ask the published data one SELECT. It reads, and can do nothing else."""
    terminal: Terminal = ctx.obj
    settings = terminal.settings
    answer_query(
        sql,
        terminal,
        terminal.platform(),
        format=format,
        output=output,
        timeout_s=timeout or settings.query_timeout_s,
        memory_mb=memory or settings.query_memory_mb,
    )


def answer_query(
    sql: str,
    terminal: Terminal,
    platform: Platform,
    *,
    format: Format,
    output: Path | None,
    timeout_s: float,
    memory_mb: int,
) -> None:
    """Write the rows of `sql` to `output`, or to the terminal's. Raises `BadQuery`.

    A file is there whole or not at all; an existing one is replaced.
    """
    from tasks.queries.session import Limits, ask, too_long

    def give_up() -> None:
        # Only the process can be ended: DuckDB is within one function and hears nothing.
        error = too_long(timeout_s)
        terminal.error(str(error))
        os._exit(error.exit_code)

    if format == "parquet" and output is None and terminal.out.isatty():
        raise BadRequest("Parquet is not for a terminal; name a file with -o FILE")
    limits = Limits(
        timeout_s=timeout_s, memory_mb=memory_mb, threads=os.cpu_count() or 1, give_up=give_up
    )
    with ask(sql, objects=platform.objects, ledger=platform.ledger, limits=limits) as answer:
        if format == "parquet":
            with (
                answer.parquet() as made,
                made.open("rb") as body,
                _binary(output, terminal) as target,
            ):
                shutil.copyfileobj(body, target)
        elif output is None:
            terminal.out.writelines(_text(answer, format))
        else:
            with _replacing(output) as target:
                target.writelines(line.encode() for line in _text(answer, format))


def _text(answer: Answer, format: Format) -> Iterator[str]:
    from tasks.queries.formats import as_csv, as_json, as_table

    write = {"csv": as_csv, "json": as_json, "table": as_table}[format]
    return write(answer.columns, chain.from_iterable(answer.rows()))


@contextmanager
def _binary(output: Path | None, terminal: Terminal) -> Iterator[IO[bytes]]:
    if output is None:
        terminal.out.flush()
        yield terminal.out.buffer
    else:
        with _replacing(output) as target:
            yield target


@contextmanager
def _replacing(output: Path) -> Iterator[IO[bytes]]:
    """Write beside `output`, and become it only when all went well."""
    try:
        aside = tempfile.NamedTemporaryFile(  # noqa: SIM115 - it outlives its own context to move
            dir=output.parent, prefix=f".{output.name}.", delete=False
        )
    except OSError as error:
        raise BadRequest(f"{output} cannot be written: {error.strerror}") from error
    made = Path(aside.name)
    try:
        with aside:
            yield aside
        made.chmod(0o666 & ~_umask())
        made.replace(output)
    except OSError as error:
        raise BadRequest(f"{output} cannot be written: {error.strerror}") from error
    finally:
        made.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
