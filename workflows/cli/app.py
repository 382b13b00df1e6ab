"""All commands of `ons`, by what they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

from workflows.cli import (
    catalogue,
    execution,
    executions,
    history,
    ingest,
    machine,
    maintenance,
    query,
    redrive,
    serve,
)
from workflows.cli.terminal import Terminal

Leave = typer.Exit
"""Raised to end early with its `exit_code`, as `--help` does."""

UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""What typer raises for a wrong option or argument; it carries the class under a private name."""

app = typer.Typer(
    name="ons",
    help="ONS open data, right and traceable.",
    epilog="Example: ons run CARGA_ENERGIA_2023.csv && ons query 'FROM carga_energia LIMIT 5'",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=False,
)


@app.callback(invoke_without_command=True)
def ons(
    ctx: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="The folder that holds everything; else ONS_HOME.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """ONS open data, right and traceable."""
    ctx.obj.home = home
    if version:
        from importlib.metadata import version as installed

        ctx.obj.write([f"ons {installed('ons-data-platform')}"])
        raise typer.Exit(0)
    if ctx.invoked_subcommand is None:
        ctx.obj.err.write(ctx.get_help() + "\n")
        raise typer.Exit(2)


def call(argv: Sequence[str], terminal: Terminal) -> int:
    """Run the command that `argv` names and answer its exit code. Raises `Leave`, `UsageError`
    and whatever the command raises; typer's own `main` would swallow an interrupt."""
    command = typer.main.get_command(app)
    with command.make_context("ons", list(_home_first(argv)), obj=terminal) as context:
        code = command.invoke(context)
    return code if isinstance(code, int) else 0


def _home_first(argv: Sequence[str]) -> Iterator[str]:
    """`--home` belongs to `ons`, and is understood behind the command too."""
    end = argv.index("--") if "--" in argv else len(argv)
    behind = {i for i in range(end - 1) if argv[i] == "--home"}
    moved = behind | {i + 1 for i in behind}
    moved |= {i for i in range(end) if argv[i].startswith("--home=")}
    yield from (argv[i] for i in sorted(moved))
    yield from (arg for i, arg in enumerate(argv) if i not in moved)


for group in (
    ingest,
    executions,
    execution,
    redrive,
    catalogue,
    history,
    query,
    serve,
    machine,
    maintenance,
):
    group.register(app)
