"""`ons executions` and `ons stop`: what ran, what runs, and how it ended."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Literal, get_args

import typer

from tasks.errors import BadRequest
from tasks.ports.executions import Execution, Status
from workflows.cli.results import why
from workflows.cli.terminal import Json, NoResume, Terminal, table

Outcome = Literal["published", "unchanged", "archived", "rejected", "failed", "parked"]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons executions --outcome rejected")(executions)
    app.command(epilog="Example: ons stop 5f2c")(stop)


def executions(
    ctx: typer.Context,
    status: Annotated[
        str | None, typer.Option(help=f"Only these: {', '.join(get_args(Status))}.")
    ] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only files that ended so.")] = None,
    machine: Annotated[str | None, typer.Option(help="Only of this state machine.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    no_resume: NoResume = False,
    json: Json = False,
) -> None:
    """List executions, newest first; before that, go on with those of dead processes."""
    from workflows.cli.runtime import running

    terminal: Terminal = ctx.obj
    wanted = _status(status)
    with running(terminal, resume=not no_resume) as runtime:
        found = map(execution_fields, runtime.engine.newest(machine=machine, status=wanted))
        told = list(islice((e for e in found if outcome in (None, e["outcome"])), limit))
    if json:
        terminal.write_json(told)
    elif told:
        shown = ("started_at", "machine", "status", "outcome", "file", "dataset", "name")
        terminal.write(table(shown, [[e[name] for name in shown] for e in told]))
    else:
        terminal.say("there is no such execution" if outcome or status else "nothing ran yet")


def stop(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Its name or ARN, or how it begins.")],
) -> None:
    """Abort a running execution, and clean up after it."""
    from workflows.cli.runtime import open_runtime, settle

    terminal: Terminal = ctx.obj
    with open_runtime(terminal) as runtime:
        before = runtime.engine.describe(id)
        runtime.engine.stop(before.id, error="Stopped", cause="by `ons stop`")
        after = runtime.engine.describe(before.id)
        if after.status != "RUNNING":
            settle(runtime)
    if before.status != "RUNNING":
        terminal.say(f"{before.name} had ended before: {before.status}")
    elif after.status == "RUNNING":
        terminal.say(f"{before.name} is told to stop; the process that runs it will")
    else:
        terminal.write([f"{before.name} {after.status}"])


def execution_fields(execution: Execution) -> dict[str, Any]:
    """An execution as a list shows it. `outcome` is how its file ended, null for other machines
    and while it runs."""
    output = execution.output if isinstance(execution.output, dict) else {}
    given = execution.input
    outcome = None
    if execution.machine == "ingest_file" and execution.status != "RUNNING":
        outcome = output.get("status") if execution.status == "SUCCEEDED" else "failed"
    origin = given.get("origin")
    return {
        "id": execution.id,
        "machine": execution.machine,
        "name": execution.name,
        "status": execution.status,
        "outcome": outcome,
        "started_at": execution.started_at,
        "stopped_at": execution.stopped_at,
        "file": origin.rpartition("/")[2] if isinstance(origin, str) else None,
        "origin": origin,
        "dataset": output.get("dataset") or given.get("dataset"),
        "source": output.get("source") or given.get("source"),
        "release": output.get("release"),
        "reason": output.get("reason") if execution.error is None else why(execution),
    }


def _status(text: str | None) -> Status | None:
    for status in get_args(Status):
        if text is not None and text.upper() == status:
            chosen: Status = status
            return chosen
    if text is None:
        return None
    raise BadRequest(f"--status {text}: expected one of {', '.join(get_args(Status))}")
