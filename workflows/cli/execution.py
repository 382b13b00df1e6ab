"""`ons execution ID`: one execution's states as a tree, what went wrong on top."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.errors import BadRequest, NoSuchExecution
from workflows.cli.executions import execution_fields
from workflows.cli.terminal import Json, NoResume, Terminal, table

if TYPE_CHECKING:
    from tasks.ports.executions import Execution, HistoryEvent
    from workflows.cli.runtime import Runtime
    from workflows.cli.tree import Linked
    from workflows.engine.steps import Step

ENDED = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
"""What children of a map run are counted by here; the others have not begun."""


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons execution 5f2c --state parse")(execution)


def execution(
    ctx: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Its name or ARN, or how it begins.")],
    io: Annotated[bool, typer.Option("--io", help="With the states' inputs and outputs.")] = False,
    state: Annotated[
        str | None, typer.Option(help="Only the visits of this state, with input and output.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Print what happens, until it has ended.")
    ] = False,
    graph: Annotated[
        bool, typer.Option("--graph", help="Print its machine for Mermaid, coloured by status.")
    ] = False,
    no_resume: NoResume = False,
    json: Json = False,
) -> None:
    """Show one execution: its error, the tree of its states with times and attempts, their
    values."""
    from tasks.moments import utc_from_seconds
    from workflows.cli import graph as drawing
    from workflows.cli.runtime import running

    if sum((follow, graph, state is not None)) > 1:
        raise BadRequest("--follow, --graph and --state do not go together")
    terminal: Terminal = ctx.obj
    with running(terminal, resume=not (no_resume or follow)) as runtime:
        told = runtime.engine.describe(id)
        if follow:
            _follow(terminal, runtime, told.id, drive=not no_resume, json=json)
            return
        steps = runtime.engine.steps(told.id)
        now = utc_from_seconds(runtime.platform.clock.now())
        if graph:
            terminal.write(drawing.graph(runtime.engine.definition(told.id), steps))
        elif json:
            terminal.write_json(_as_json(told, _only(steps, state), now))
        elif state is not None:
            terminal.write(_visits(_only(steps, state), now))
        else:
            terminal.write(portrait(told, steps, runtime, now, io=io))


def portrait(
    execution: Execution, steps: Sequence[Step], runtime: Runtime, now: str, *, io: bool
) -> Iterator[str]:
    """One execution for a person, what went wrong on top."""
    from workflows.cli import tree

    fields = execution_fields(execution)
    outcome = f", {fields['outcome']}" if fields["outcome"] else ""
    yield f"{execution.machine} {execution.name}: {execution.status}{outcome}"
    if fields["reason"]:
        yield f"because  {fields['reason']}"
    if blamed := _blamed(steps, execution.error):
        tries = f", attempt {blamed.attempts}" if blamed.attempts > 1 else ""
        yield f"in       {_name(blamed)}{tries}"
    yield f"started  {execution.started_at}"
    if execution.stopped_at:
        yield f"ended    {execution.stopped_at}"
    for name in ("origin", "dataset", "source", "release"):
        if fields[name]:
            yield f"{name:<8} {fields[name]}"
    yield ""
    yield from table(tree.COLUMNS, tree.rows(steps, _linked(runtime, execution.id), now))
    if io:
        yield from _value("input", execution.input)
        for step in steps:
            yield from _value(f"{_name(step)} input", step.input)
            yield from _value(f"{_name(step)} output", step.output)
        yield from _value("output", execution.output)


def _follow(terminal: Terminal, runtime: Runtime, id: str, *, drive: bool, json: bool) -> None:
    from workflows.cli.following import follow, line
    from workflows.cli.runtime import settle
    from workflows.engine.steps import Story

    story = Story()

    def see(event: HistoryEvent) -> None:
        changed = story.add(event)
        if json:
            fields = {"id": event.id, "previous_id": event.previous_id, "type": event.type,
                      "timestamp": event.timestamp, "details": event.details}  # fmt: skip
            terminal.write([json_text.dumps(fields, ensure_ascii=False)])
        else:
            terminal.write(line(event, changed))
        terminal.out.flush()

    follow(runtime.engine, id, runtime.platform.clock, see, drive=drive)
    if drive:
        settle(runtime)


def _as_json(execution: Execution, steps: Sequence[Step], now: str) -> Mapping[str, Any]:
    from workflows.cli import tree

    return {
        **execution_fields(execution),
        "input": execution.input,
        "output": execution.output,
        "error": execution.error,
        "cause": execution.cause,
        "states": [tree.fields(step, now) for step in steps],
    }


def _visits(steps: Sequence[Step], now: str) -> Iterator[str]:
    from workflows.cli.results import sentence
    from workflows.cli.tree import seconds

    for step in steps:
        tries = f", attempt {step.attempts}" if step.attempts > 1 else ""
        yield f"{_name(step)}: {step.status}{tries}, {seconds(step, now)} s"
        if step.error is not None:
            yield f"because  {sentence(step.error, step.cause)}"
        yield from _value("input", step.input)
        yield from _value("output", step.output)
        yield ""


def _only(steps: Sequence[Step], state: str | None) -> Sequence[Step]:
    """The visits of one state, by its name or by the whole way to it. Raises `BadRequest`."""
    if state is None:
        return steps
    found = [step for step in steps if state in (step.name, _name(step))]
    if not found:
        known = ", ".join(dict.fromkeys(step.name for step in steps))
        raise BadRequest(f"it did not enter a state {state!r}; it entered {known or 'none yet'}")
    return found


def _blamed(steps: Sequence[Step], error: str | None) -> Step | None:
    """The innermost state whose failure ended the execution; where it ended in a Fail state, the
    last one before that whose error was caught and is told."""
    failed = [step for step in steps if step.status == "FAILED"]
    top = [step for step in failed if step.inside is None]
    if not top:
        return None
    blamed = top[-1]
    while inner := [step for step in failed if step.inside == blamed.id]:
        blamed = inner[-1]
    told = [step for step in steps if step.status == "CAUGHT" and step.error == error]
    return told[-1] if blamed.type == "Fail" and told else blamed


def _linked(runtime: Runtime, id: str) -> Linked:
    """Of a nested execution its status; of a map run also how its children ended, and those that
    did not succeed."""
    from workflows.cli.tree import SHOWN_THREADS, Link

    engine = runtime.engine
    runs = {run.arn: run for run in engine.map_runs(id)}

    def link(arn: str) -> Link:
        if run := runs.get(arn):
            counts = [f"{c.executions} {s}" for s, c in sorted(run.counts.items()) if s in ENDED]
            told = f"{run.status} ({', '.join(counts)})" if counts else run.status
            odd = ((c.id, c.status) for c in engine.children(arn) if c.status != "SUCCEEDED")
            return Link(told, tuple(islice(odd, SHOWN_THREADS)))
        try:
            return Link(engine.describe(arn).status)
        except NoSuchExecution:
            return Link(None)

    return link


def _name(step: Step) -> str:
    return "/".join((*step.path, step.name))


def _value(title: str, value: Any) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    yield from json_text.dumps(value, ensure_ascii=False, indent=2).splitlines()
