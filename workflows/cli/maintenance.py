"""`ons generate` and `ons doctor`: is everything as it should be?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tasks.errors import BadRequest
from workflows.cli.terminal import Json, Terminal

KEEP_DAYS = 90.0
"""As long as Step Functions keeps an execution's history."""
AUTHOR_MODULES = frozenset({"jsonschema", "stepfunctions", "yaml"})


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons generate --check")(generate)
    app.command(epilog="Example: ons doctor --repair")(doctor)


def generate(
    ctx: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 on drift.")] = False,
) -> int:
    """Write what is derived from code: state machines, compiled contracts, their pages."""
    terminal: Terminal = ctx.obj
    root = _checkout()
    try:
        from workflows import generate as generator
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in AUTHOR_MODULES:
            raise
        raise BadRequest(
            f"generating needs {error.name}; "
            "`pip install 'ons-data-platform[author]'` installs what it takes"
        ) from error
    changed = generator.drift(root) if check else generator.write(root)
    terminal.write(changed)
    if check and changed:
        terminal.error(f"{len(changed)} generated files differ; `ons generate` writes them")
        return 1
    terminal.say("nothing differs" if not changed else f"{len(changed)} files written")
    return 0


def doctor(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make again what is derived from the ledger.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Forget executions that ended long ago.")
    ] = False,
    keep_days: Annotated[
        float, typer.Option(min=0, help="With --prune: forget what ended so many days ago.")
    ] = KEEP_DAYS,
    even_redrivable: Annotated[
        bool,
        typer.Option(
            "--even-redrivable", help="With --prune: failed ones younger than 14 days too."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Check ONS_HOME: ledger, objects, lake, index, journal. Exit 1 when something is wrong."""
    from workflows.cli.doctor import clients, examine, pruned
    from workflows.cli.runtime import open_runtime

    terminal: Terminal = ctx.obj
    if not prune and (keep_days != KEEP_DAYS or even_redrivable):
        raise BadRequest("--keep-days and --even-redrivable say how to --prune")
    with open_runtime(terminal) as runtime:
        found = [pruned(runtime, keep_days, even_redrivable=even_redrivable)] if prune else []
        found += [*examine(runtime, repair=repair), clients(terminal.environ)]
    if json:
        terminal.write_json(
            [{"check": c.name, "state": c.state, "detail": list(c.detail)} for c in found]
        )
    else:
        for check in found:
            first, *more = check.detail or ("",)
            terminal.write([f"{check.state:<8}  {check.name:<14}  {first}".rstrip()])
            terminal.write(f"{'':26}{line}" for line in more)
    return 1 if any(c.state == "wrong" for c in found) else 0


def _checkout() -> Path:
    """The root of the repository this code runs from. Raises `BadRequest` when installed."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise BadRequest("`ons generate` writes into a checkout of the repository; this is none")
    return root
