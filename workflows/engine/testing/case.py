"""One execution of a definition with scripted integrations, in no time on the wall clock."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.ports.executions import HistoryEvent
from workflows.engine.definition import load
from workflows.engine.engine import Engine
from workflows.engine.history import details_key
from workflows.engine.integrations import Scripted, any_resource_of
from workflows.engine.jsontext import loads
from workflows.engine.testing.mocks import BadMocks, Mocks, Script
from workflows.engine.testing.virtual import START, Buckets, SeededJitter, VirtualClock

Definition = Mapping[str, Any] | str | Path


@dataclass(frozen=True)
class CaseResult:
    """How the execution of a test case ended.

    `output` is a JSON value, None for an execution that did not succeed. `events` are those of
    GetExecutionHistory, with times as text. `unused` are the mocked states that were never called.
    `seconds` is what passed on the execution's clock. `objects` are the buckets afterwards.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    events: tuple[Mapping[str, Any], ...]
    unused: tuple[str, ...]
    seconds: float
    objects: Mapping[str, Mapping[str, bytes]]

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the states, in the order in which they were entered."""
        entered = (e.get("stateEnteredEventDetails") for e in self.events)
        return tuple(e["name"] for e in entered if e)

    @property
    def types(self) -> tuple[str, ...]:
        """The types of the events."""
        return tuple(event["type"] for event in self.events)

    def inputs(self, state: str) -> list[Any]:
        """What each call of a Task state was sent, in order."""
        found: list[Any] = []
        inside: dict[int, str | None] = {}
        for event in self.events:
            entered = event.get("stateEnteredEventDetails")
            name = entered["name"] if entered else inside.get(event["previousEventId"])
            inside[event["id"]] = name
            if name == state and event["type"].endswith("Scheduled"):
                details = event[details_key(event["type"])]
                found.append(loads(details.get("parameters", details.get("input"))))
        return found


def run_case(
    definition: Definition,
    mocks: Mapping[str, Any] | str | Path,
    case: str,
    input: Any = None,
    *,
    machine: str | None = None,
    objects: Mapping[str, Mapping[str, str | bytes]] | str | Path | None = None,
    now: float = START,
) -> CaseResult:
    """Run one case of a mock file.

    `definition` and `mocks` are files or their content; `input` is a JSON value, by default `{}`.
    `machine` is the state machine's name in the mock file where that does not follow from the
    definition file's name. `objects` is what a Distributed Map may read: bucket and key to content,
    or a folder with a folder for each bucket. The execution starts at `now`, in seconds since the
    epoch. Raises `BadDefinition`; and `BadMocks`, also when a Task is called for which, or oftener
    than, the case says.
    """
    content = _content(definition)
    scopes = load("definition", content, any_resource_of).scopes
    read = Mocks.read(mocks)
    file = None if isinstance(definition, Mapping) else _stem(Path(definition))
    name = read.machine_of(machine, file, case)
    script = Script(read.case(name, case))
    script.check(scopes)
    result = run_script(content, script, input, name=name, objects=objects, now=now)
    if script.fault is not None:
        raise BadMocks(f"{name}, {case}: {script.fault}")
    return replace(result, unused=script.unused)


def run_script(
    definition: Definition,
    script: Scripted,
    input: Any = None,
    *,
    name: str = "machine",
    objects: Mapping[str, Mapping[str, str | bytes]] | str | Path | None = None,
    now: float = START,
) -> CaseResult:
    """As `run_case`, with integrations written in Python: `script.answer` is asked for each call,
    one at a time."""
    name = re.sub(r"[^\w.-]", "-", name)[:80]
    buckets = objects if isinstance(objects, Mapping) else {}
    held = Buckets(buckets) if objects is None or buckets else Buckets.under(Path(str(objects)))
    clock = VirtualClock(now)
    with tempfile.TemporaryDirectory(prefix="ons-machine-test-") as home:
        engine = Engine(
            Path(home),
            {name: _content(definition)},
            script,
            clock=clock,
            jitter=SeededJitter(),
            concurrency=1,
            resources=any_resource_of,
            objects=held,
        )
        try:
            id = engine.start(name, {} if input is None else input, name="test")
            engine.run([id])
            ended, events = engine.describe(id), engine.history(id)
        finally:
            engine.close()
    return CaseResult(
        ended.status,
        ended.output,
        ended.error,
        ended.cause,
        tuple(map(as_aws, events)),
        (),
        clock.now() - now,
        held.content,
    )


def read_definition(path: Path) -> Mapping[str, Any]:
    """A definition from its file. Raises `BadMocks` where there is none."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise BadMocks(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadMocks(f"{path}: not JSON: {error}") from error
    if not isinstance(content, Mapping):
        raise BadMocks(f"{path}: a definition is a JSON object")
    return content


def as_aws(event: HistoryEvent) -> Mapping[str, Any]:
    """An event as GetExecutionHistory shows it, its time as text."""
    shown: dict[str, Any] = {
        "timestamp": event.timestamp,
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous_id,
    }
    if event.details:
        shown[details_key(event.type)] = event.details
    return shown


def _content(definition: Definition) -> Mapping[str, Any]:
    return definition if isinstance(definition, Mapping) else read_definition(Path(definition))


def _stem(path: Path) -> str:
    return path.name.removesuffix(".json").removesuffix(".asl")
