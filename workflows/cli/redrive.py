"""`ons redrive`: an execution that failed goes on from what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tasks.errors import BadRequest
from workflows.cli.executions import execution_fields
from workflows.cli.results import why
from workflows.cli.terminal import Json, Terminal

if TYPE_CHECKING:
    from tasks.ports.executions import Execution
    from workflows.engine.engine import Engine


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons redrive 5f2c")(redrive)


def redrive(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Its name or ARN, or how it begins.")],
    json: Json = False,
) -> None:
    """Let an execution that failed go on from what failed, keeping what succeeded."""
    from workflows.cli.runtime import open_runtime

    terminal: Terminal = ctx.obj
    # Leases that nobody works under are not settled before: this one is about to be worked under.
    with open_runtime(terminal) as runtime:
        before = runtime.engine.describe(id)
        refused = runtime.engine.redrive_refusal(before.id)
        if refused is None and (name := _fail_state(runtime.engine, before.id)):
            raise BadRequest(_fails_again(before, name))
        runtime.engine.redrive(before.id)
        runtime.engine.run([before.id])
        told = runtime.engine.describe(before.id)
    if json:
        terminal.write_json({**execution_fields(told), "error": told.error, "cause": told.cause})
    else:
        terminal.write([f"{told.name} {told.status}"])
    if told.status != "SUCCEEDED":
        if told.error is not None:
            terminal.error(why(told))
        raise typer.Exit(1)


def _fail_state(engine: Engine, id: str) -> str | None:
    """The Fail state that the execution ended in, if it did."""
    last = next((s for s in reversed(engine.steps(id)) if s.status == "FAILED"), None)
    return last.name if last is not None and last.type == "Fail" else None


def _fails_again(execution: Execution, state: str) -> str:
    origin = execution.input.get("origin")
    anew = f"; run the file anew: ons run {origin}" if isinstance(origin, str) else ""
    return (
        f"{execution.name} ended in {state}, a Fail state: a redrive would enter it and fail "
        f"again{anew}"
    )
