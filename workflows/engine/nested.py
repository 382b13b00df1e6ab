"""Executions that Tasks start: `states:startExecution`, in all its forms.

They are started on the loop's own thread, and none waits on a thread for its end: a parent would
hold what its child needs. Which attempt of which Task started an execution is in its row, so that
the same attempt, made again after a crash, finds it instead of starting another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tasks.errors import BadRequest
from tasks.failures import TaskFailed
from workflows.engine.faults import ExecutionAlreadyExists, NoSuchMachine
from workflows.engine.frames import Frame, Run
from workflows.engine.integrations import Resource, Submitted
from workflows.engine.journal import Journal, Row
from workflows.engine.jsontext import dumps, loads
from workflows.engine.map_journal import STOPPED
from workflows.engine.result_writer import described

SERVICES = ("states", "aws-sdk:sfn")

Launch = Callable[[str, str, str, str], int]
"""Start an execution: the machine's name, its own, its input as JSON text, and who starts it.
Answers its key. Raises `BadRequest`."""
Ended = tuple[Any, str] | TaskFailed
Waiting = tuple[int, int]
"""Who waits for an execution: the key of another, and a frame of it."""


@dataclass(frozen=True)
class Started:
    """An execution that a Task started, and whose end it waits for."""

    key: int
    resource: Resource


class Nested:
    """The executions that Tasks driven here have started. Not for several threads."""

    def __init__(self, journal: Journal, launch: Launch) -> None:
        self._journal, self._launch = journal, launch
        self._waiting: dict[Waiting, Started] = {}
        self._due: set[Waiting] = set()
        self.stops_asked = False
        """Executions were asked to stop since somebody looked."""

    def start(self, run: Run, frame: Frame, resource: Resource, payload: Any) -> Submitted | Ended:
        """Start the execution that an attempt of a Task asks for."""
        by = f"{run.key}#{frame.call}"
        try:
            key = self._started(by)
            if key is None:
                name = str(payload.get("Name") or "") or str(
                    uuid5(NAMESPACE_URL, f"{run.arn}#{frame.call}")
                )
                machine = payload["StateMachineArn"]
                key = self._launch(_machine_name(machine), name, _input(payload), by)
        except (BadRequest, ValueError) as error:
            return _refused(resource, payload, error)
        row = self._journal.by_key(key)
        answer = _answer(resource, row)
        if resource.pattern == "request":
            return answer, dumps(answer)
        return Submitted(answer)

    def watch(self, run: Run, frame: Frame, resource: Resource) -> None:
        """The Task waits for the end of what it started, as `.sync` does."""
        key = self._started(f"{run.key}#{frame.call}")
        if key is not None and resource.pattern == "sync":
            self._waiting[run.key, frame.id] = Started(key, resource)
            self._due.add((run.key, frame.id))

    def ended(self, key: int) -> None:
        """An execution has ended, maybe one that somebody waits for."""
        self._due |= {who for who, started in self._waiting.items() if started.key == key}

    def look(self) -> None:
        """Another process wrote to the journal: it may have ended any of them."""
        self._due |= self._waiting.keys()

    def give_up(self, who: Waiting) -> None:
        """The Task does not wait any more: what it started is stopped."""
        started = self._waiting.pop(who, None)
        if started is not None:
            self._journal.ask_to_stop(started.key, STOPPED)
            self.stops_asked = True

    def outcomes(self) -> Mapping[Waiting, Ended]:
        """The Tasks whose execution has ended since, with what came of it."""
        found: dict[Waiting, Ended] = {}
        for who in sorted(self._due & self._waiting.keys()):
            started = self._waiting[who]
            row = self._journal.by_key(started.key)
            if row.status not in ("RUNNING", "PENDING_REDRIVE"):
                del self._waiting[who]
                found[who] = _outcome(row, started.resource)
        self._due.clear()
        return found

    def keys(self) -> set[int]:
        """The executions that somebody waits for."""
        return {started.key for started in self._waiting.values()}

    def drop(self, execution: int) -> None:
        """An execution is not driven here any more; what its Tasks started goes on."""
        for who in [who for who in self._waiting if who[0] == execution]:
            del self._waiting[who]

    def forget(self) -> None:
        """Drop everything in memory."""
        self._waiting.clear()
        self._due.clear()

    def _started(self, by: str) -> int | None:
        rows = self._journal.rows("SELECT key FROM executions WHERE started_by = ?", [by])
        return rows[0][0] if rows else None


def _machine_name(arn: str) -> str:
    """The machine that an ARN, or the placeholder of a definition, names."""
    if arn.startswith("${") and arn.endswith("}"):
        return arn[2:-1]
    parts = arn.split(":")
    return parts[6] if len(parts) == 7 and parts[5] == "stateMachine" else arn


def _input(payload: Mapping[str, Any]) -> str:
    """The input's JSON text: a text is JSON text already. Raises `ValueError`."""
    given = payload.get("Input")
    if isinstance(given, str):
        return dumps(loads(given))
    return dumps({} if given is None else given)


def _answer(resource: Resource, row: Row) -> dict[str, Any]:
    """What StartExecution answers."""
    if resource.service != "states":
        return {"ExecutionArn": row.arn, "StartDate": described(row)["StartDate"]}
    return {
        "ExecutionArn": row.arn,
        "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": ""},
        "StartDate": _ms(row.started_at),
    }


def _outcome(row: Row, resource: Resource) -> Ended:
    told = described(row)
    told["StartDate"] = _ms(row.started_at)
    if row.stopped_at is not None:
        told["StopDate"] = _ms(row.stopped_at)
    if row.status != "SUCCEEDED":
        return TaskFailed("States.TaskFailed", dumps(told))
    if resource.action.endswith(":2"):
        told |= {"Input": loads(row.input), "Output": loads(row.output or "null")}
    return told, dumps(told)


def _refused(resource: Resource, payload: Mapping[str, Any], error: Exception) -> TaskFailed:
    prefix = "StepFunctions" if resource.service == "states" else "Sfn"
    if isinstance(error, NoSuchMachine):
        name = "StateMachineDoesNotExist"
        said = f"State Machine Does Not Exist: '{payload['StateMachineArn']}'"
    elif isinstance(error, ExecutionAlreadyExists):
        name, said = "ExecutionAlreadyExists", f"Execution Already Exists: '{error.execution}'"
    elif isinstance(error, BadRequest):
        name, said = "InvalidName", f"Invalid Name: '{payload.get('Name')}'"
    else:
        name, said = "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
    return TaskFailed(
        f"{prefix}.{name}Exception",
        f"{said} (Service: Sfn, Status Code: 400, Request ID: )",
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
