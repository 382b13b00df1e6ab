"""Start executions: of a machine as it is, of a version, or of an alias that shares out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from workflows.engine.api import arns, versions
from workflows.engine.api.definitions import accepted
from workflows.engine.api.executions import included, text_of
from workflows.engine.api.express import limited
from workflows.engine.api.faults import ApiError, invalid, wrong_type
from workflows.engine.api.machines import NAME
from workflows.engine.api.service import (
    Answer,
    Later,
    Request,
    Service,
    read_json,
    seconds,
)
from workflows.engine.catalogue import Kind, Origin
from workflows.engine.context import execution_arn, machine_arn
from workflows.engine.definition import StateMachine, load
from workflows.engine.faults import ExecutionAlreadyExists
from workflows.engine.integrations import ACCOUNT, REGION

MAX_INPUT = 262_144


@dataclass(frozen=True)
class _Order:
    machine: StateMachine
    kind: Kind
    origin: Origin
    arn: str
    name: str
    input: str


def start(service: Service, request: Request) -> Answer:
    """StartExecution. A Standard machine's execution that runs under this name with the same input
    is answered once more; an Express machine never looks at names."""
    order = _order(service, request)
    _launch(service, order)
    row = service.row(arns.parse(order.arn, "execution", "express"))
    return {"executionArn": order.arn, "startDate": seconds(row.started_at)}


def start_sync(service: Service, request: Request) -> Later:
    """StartSyncExecution, of Express machines only."""
    order = _order(service, request)
    if order.kind != "EXPRESS":
        raise wrong_type()
    ended = service.driver.ended(order.arn)
    _launch(service, order)
    return Later(ended, lambda: _told(service, request, order))


def _order(service: Service, request: Request) -> _Order:
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    machine = service.active(arn)
    definition, origin = machine.definition, Origin(trace=request.get("traceHeader"))
    if arn.rest is not None:
        if arn.version is not None:
            version = service.version(arn)
        else:
            version = versions.chosen(service, service.alias(arn))
            origin = replace(origin, alias=arn.text)
        origin = replace(origin, version=arns.qualified(machine.name, version.number))
        definition = version.definition
    name = request.get("name") or str(uuid.uuid4())
    if not NAME.fullmatch(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")
    text = checked_input(request.get("input", "{}"))
    loaded = accepted(machine.name, definition, machine.type)
    found = execution_arn(machine.name, name)
    if machine.type == "EXPRESS":
        loaded = load(machine.name, limited(loaded))
        found = f"arn:aws:states:{REGION}:{ACCOUNT}:express:{machine.name}:{name}:{uuid.uuid4()}"
    return _Order(loaded, machine.type, origin, found, name, text)


def _launch(service: Service, order: _Order) -> None:
    def note(key: int) -> None:
        service.catalogue.note_origin(key, order.origin)
        if order.kind == "EXPRESS":
            service.engine.journal.db.execute(
                "UPDATE executions SET kind = 'EXPRESS' WHERE key = ?", (key,)
            )

    try:
        service.engine.launch(order.machine, order.arn, order.name, order.input, noting=note)
    except ExecutionAlreadyExists as error:
        raise ApiError(
            "ExecutionAlreadyExists", f"Execution Already Exists: '{order.arn}'"
        ) from error
    service.driver.wake()


def checked_input(text: str) -> str:
    """JSON text for input, as it was given. Raises `InvalidExecutionInput`."""
    if len(text.encode()) > MAX_INPUT:
        raise invalid(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_INPUT}"
        )
    try:
        read_json(text)
    except ValueError as error:
        raise ApiError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
        ) from error
    return text


def _told(service: Service, request: Request, order: _Order) -> Answer:
    row = service.row(arns.parse(order.arn, "express"))
    stopped = row.stopped_at or service.clock.now()
    lasted = (stopped - row.started_at) * 1000
    return {
        "executionArn": row.arn,
        "stateMachineArn": machine_arn(row.machine),
        "name": row.name,
        "startDate": seconds(row.started_at),
        "stopDate": seconds(stopped),
        "status": "FAILED" if row.status == "ABORTED" else row.status,
        **text_of(row, included(request)),
        **({"traceHeader": order.origin.trace} if order.origin.trace else {}),
        "billingDetails": {
            "billedMemoryUsedInMB": 64,
            "billedDurationInMilliseconds": int(-(-lasted // 100)) * 100,
        },
    }
