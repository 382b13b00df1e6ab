"""`ons machine test` and `ons machine validate`: a definition alone, without any service.

Neither needs an ONS_HOME, and the definition may be anybody's.
"""

from __future__ import annotations

import json as json_text
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.errors import BadRequest
from workflows.cli.terminal import Json, Terminal

if TYPE_CHECKING:
    from workflows.engine.testing import CaseResult

_PROBLEM = re.compile(
    r"(?:(?P<code>[A-Z_]{3,}): )?(?P<message>.*?)(?: at (?P<location>\$.*))?", re.S
)

Definition = Annotated[Path, typer.Argument(help="A file in Amazon States Language (JSON).")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Test or check a state machine definition, without any service.",
        epilog="Example: ons machine validate order.asl.json",
        rich_markup_mode=None,
        no_args_is_help=True,
    )
    group.command(
        "test",
        epilog="Example: ons machine test order.asl.json --mocks MockConfigFile.json "
        "--case HappyPath --input '{\"id\": 1}'",
    )(run_test)
    group.command(epilog="Example: ons machine validate order.asl.json")(validate)
    app.add_typer(group, name="machine")


def run_test(
    ctx: typer.Context,
    definition: Definition,
    mocks: Annotated[
        Path | None, typer.Option(help="The scripted responses, as for Step Functions Local.")
    ] = None,
    case: Annotated[str | None, typer.Option(help="The test case of the mock file.")] = None,
    input: Annotated[str, typer.Option(help="The execution's input, or @FILE.")] = "{}",
    machine: Annotated[
        str | None, typer.Option(help="The state machine's name in the mock file.")
    ] = None,
    objects: Annotated[
        Path | None, typer.Option(help="A folder BUCKET/KEY that a Distributed Map reads.")
    ] = None,
    now: Annotated[
        str, typer.Option(help="When the execution starts; its waits take no time.")
    ] = "2026-01-01T00:00:00Z",
    json: Json = False,
) -> int:
    """Run one execution with scripted integrations; exit 0 however it ends, 2 for a wrong test."""
    from workflows.engine.testing import run_case
    from workflows.engine.times import parse_timestamp

    terminal: Terminal = ctx.obj
    moment = parse_timestamp(now)
    if moment is None:
        raise BadRequest(f"--now {now}: expected a time such as 2026-01-01T00:00:00Z")
    if (mocks is None) != (case is None):
        raise BadRequest("--mocks and --case are given together, or (without Tasks) not at all")
    if objects is not None and not objects.is_dir():
        raise BadRequest(f"{objects} is no folder")
    file: Any = {"StateMachines": {"machine": {"TestCases": {"none": {}}}}}
    ran = run_case(
        definition,
        file if mocks is None else mocks,
        "none" if case is None else case,
        _input(input),
        machine=machine,
        objects=objects,
        now=moment,
    )
    for state in ran.unused:
        terminal.say(f"warning: the mock for the state {state!r} was never used")
    if json:
        terminal.write_json(
            {
                "status": ran.status,
                "output": ran.output,
                "error": ran.error,
                "cause": ran.cause,
                "events": ran.events,
            }
        )
    else:
        terminal.write(_told(ran))
    return 0


def validate(ctx: typer.Context, definition: Definition, json: Json = False) -> int:
    """Say what is wrong with a definition; exit 1 when Step Functions would refuse it."""
    from workflows.engine.definition import load
    from workflows.engine.faults import BadDefinition
    from workflows.engine.integrations import any_resource_of
    from workflows.engine.testing.case import read_definition

    terminal: Terminal = ctx.obj
    content = read_definition(definition)
    found: list[dict[str, str | None]] = []
    try:
        load(definition.name, content, any_resource_of)
        load(definition.name, content)
    except BadDefinition as error:
        try:
            load(definition.name, content, any_resource_of)
            severity = "WARNING"  # AWS has the service; the embedded engine does not
        except BadDefinition:
            severity = "ERROR"
        found = [_diagnostic(severity, problem) for problem in error.problems]
    refused = any(d["severity"] == "ERROR" for d in found)
    if json:
        terminal.write_json({"result": "FAIL" if refused else "OK", "diagnostics": found})
    else:
        for one in found:
            code = f"{one['code']}: " if one["code"] else ""
            where = f" at {one['location']}" if one["location"] else ""
            terminal.write([f"{str(one['severity']).lower()}: {code}{one['message']}{where}"])
        terminal.write(["refused" if refused else "valid"])
    return 1 if refused else 0


def _input(text: str) -> Any:
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text("utf-8")
        except OSError as error:
            raise BadRequest(f"--input {text}: {error.strerror}") from error
    try:
        return json_text.loads(text)
    except ValueError as error:
        raise BadRequest(f"--input: not JSON: {error}") from error


def _told(ran: CaseResult) -> Iterator[str]:
    seconds = f"{ran.seconds:.3f}".rstrip("0").rstrip(".")
    yield f"status  {ran.status}, after {seconds} s on the machine's clock"
    if ran.status == "SUCCEEDED":
        yield f"output  {json_text.dumps(ran.output, ensure_ascii=False)}"
    if ran.error is not None:
        yield f"error   {ran.error}"
    if ran.cause is not None:
        yield f"cause   {ran.cause}"
    for event in ran.events:
        about = event.get("stateEnteredEventDetails") or event.get("stateExitedEventDetails")
        yield f"{event['id']:>6}  {event['type']}{'  ' + about['name'] if about else ''}"


def _diagnostic(severity: str, problem: str) -> dict[str, str | None]:
    match = _PROBLEM.fullmatch(problem)
    told = match.groupdict() if match else {"code": None, "message": problem, "location": None}
    return {"severity": severity, **told}
