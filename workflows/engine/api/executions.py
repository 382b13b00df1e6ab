"""Executions: describe, list, stop, redrive, and their history."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import wait
from typing import Any

from workflows.engine.api import arns, paging
from workflows.engine.api.faults import ApiError, invalid, not_found, wrong_type
from workflows.engine.api.service import Answer, Request, Service, seconds
from workflows.engine.context import machine_arn, role_arn
from workflows.engine.definition import load
from workflows.engine.faults import NotRedrivable
from workflows.engine.history import details_key, failed
from workflows.engine.journal import Row
from workflows.engine.jsontext import dumps, loads

STOP_WAIT_S = 2.0
"""How long StopExecution waits for the execution to end before it answers."""
_DATA = ("input", "output", "parameters", "assignedVariables")


def describe(service: Service, request: Request) -> Answer:
    """DescribeExecution."""
    row = service.row(arns.parse(request["executionArn"], "execution"))
    answer: Answer = {
        "executionArn": row.arn,
        "stateMachineArn": machine_arn(row.machine),
        "name": row.name,
        "status": row.status,
        "startDate": seconds(row.started_at),
        **text_of(row, included(request)),
        **_origin(service, row),
    }
    if row.stopped_at is not None:
        answer["stopDate"] = seconds(row.stopped_at)
    reason = _not_redrivable(service, row)
    if reason is not None:
        answer |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    else:
        answer["redriveStatus"] = "REDRIVABLE" if row.map_run is None else "REDRIVABLE_BY_MAP_RUN"
    return answer


def machine_of(service: Service, request: Request) -> Answer:
    """DescribeStateMachineForExecution: the machine as it was when the execution started."""
    row = service.row(arns.parse(request["executionArn"], "execution"))
    name, _, label = row.machine.partition("/")
    machine = service.catalogue.machine(name)
    settings = machine.settings if machine else {"roleArn": role_arn()}
    definition, updated_at, revision = _definition(service, row)
    answer: Answer = {
        "stateMachineArn": machine_arn(row.machine),
        "name": name,
        "definition": definition,
        "updateDate": seconds(updated_at),
        **settings,
    }
    if request.get("includedData") == "METADATA_ONLY":
        answer["definition"] = "{}"
    if revision:
        answer["revisionId"] = revision
    if label and row.map_run is not None:
        run = service.engine.journal.map_run_by_key(row.map_run)
        answer |= {"label": label, "mapRunArn": run.arn}
    return answer


def every(service: Service, request: Request) -> Answer:
    """ListExecutions, newest first: of a machine, a version, an alias, or a map run."""
    if ("stateMachineArn" in request) == ("mapRunArn" in request):
        raise invalid("Exactly one of stateMachineArn and mapRunArn must be specified")
    now, size = service.clock.now(), paging.page_size(request)
    below = paging.position("ListExecutions", request, now)
    term, value = (
        _in_map_run(service, request) if "mapRunArn" in request else _of_machine(service, request)
    )
    terms, values = [term], [value]
    if "statusFilter" in request:
        terms.append("status = ?")
        values.append(request["statusFilter"])
    if "redriveFilter" in request:
        terms.append("redrives > 0" if request["redriveFilter"] == "REDRIVEN" else "redrives = 0")
    if below is not None:
        terms.append("key < ?")
        values.append(below)
    found = service.engine.journal.rows(
        f"SELECT key FROM executions WHERE {' AND '.join(terms)} ORDER BY key DESC LIMIT ?",
        [*values, size + 1],
    )
    rows = [service.engine.journal.by_key(key) for (key,) in found[:size]]
    answer: Answer = {"executions": [_item(service, row) for row in rows]}
    if len(found) > size:
        answer["nextToken"] = paging.token("ListExecutions", request, rows[-1].key, now)
    return answer


def history(service: Service, request: Request) -> Answer:
    """GetExecutionHistory."""
    row = service.row(arns.parse(request["executionArn"], "execution"))
    now, size = service.clock.now(), paging.page_size(request)
    last = paging.position("GetExecutionHistory", request, now)
    order, beyond = ("DESC", "<") if request.get("reverseOrder") else ("ASC", ">")
    term, values = ("", []) if last is None else (f" AND id {beyond} ?", [last])
    found = service.engine.journal.rows(
        "SELECT id, previous, type, at, details FROM events"
        f" WHERE execution = ?{term} ORDER BY id {order} LIMIT ?",
        [row.key, *values, size + 1],
    )
    whole = request.get("includeExecutionData", True)
    answer: Answer = {"events": [_event(*event, whole=whole) for event in found[:size]]}
    if len(found) > size:
        answer["nextToken"] = paging.token("GetExecutionHistory", request, found[size - 1][0], now)
    return answer


def stop(service: Service, request: Request) -> Answer:
    """StopExecution. One that has ended stays as it is."""
    row = service.row(arns.parse(request["executionArn"], "execution"))
    if row.status == "RUNNING":
        ended = service.driver.ended(row.arn)
        service.engine.stop(row.arn, error=request.get("error", ""), cause=request.get("cause", ""))
        service.driver.wake()
        row = service.engine.journal.by_key(row.key)
        if row.status == "RUNNING":  # it is for its owner to end it: this process, or another
            wait([ended], timeout=STOP_WAIT_S)
            row = service.engine.journal.by_key(row.key)
    return {"stopDate": seconds(row.stopped_at or service.clock.now())}


def redrive(service: Service, request: Request) -> Answer:
    """RedriveExecution. The same client token again answers the redrive that it asked for."""
    row = service.row(arns.parse(request["executionArn"], "execution"))
    token = (row.arn, request.get("clientToken", ""))
    if token[1] and token in service.redriven:
        return {"redriveDate": seconds(service.redriven[token])}
    if reason := _not_redrivable(service, row):
        raise ApiError("ExecutionNotRedrivable", reason)
    try:
        at = service.engine.redrive(row.arn)
    except NotRedrivable as error:
        raise ApiError("ExecutionNotRedrivable", error.reason) from error
    service.redriven[token] = at
    service.driver.wake()
    return {"redriveDate": seconds(at)}


def included(request: Request) -> bool:
    """Whether inputs and outputs are asked for."""
    return bool(request.get("includedData", "ALL_DATA") == "ALL_DATA")


def text_of(row: Row, included: bool) -> Answer:
    """What an execution was given and gave, as far as it is known."""
    answer: Answer = {"inputDetails": {"included": included}}
    if row.output is not None:
        answer["outputDetails"] = {"included": included}
    given = {"input": row.input, "output": row.output} if included else {}
    told = {**given, **failed(row.error, row.cause)}
    return {**answer, **{name: text for name, text in told.items() if text is not None}}


def _definition(service: Service, row: Row) -> tuple[str, float, str]:
    """The definition's text as it was given where that is still known, when, and its revision."""
    machine = service.catalogue.machine(row.machine)
    origin = service.catalogue.origin(row.key)
    if origin.version is not None:
        arn = arns.parse(origin.version, "stateMachine")
        version = service.catalogue.version(arn.machine, arn.version or 0)
        if version is not None:
            return version.definition, version.created_at, version.revision
    if machine is not None and load(machine.name, loads(machine.definition)).digest == row.digest:
        return machine.definition, machine.updated_at, machine.revision
    return dumps(service.engine.journal.definition(row.digest)), row.started_at, ""


def _item(service: Service, row: Row) -> Answer:
    known = {name: value for name, value in _origin(service, row).items() if name != "traceHeader"}
    item: Answer = {
        "executionArn": row.arn,
        "stateMachineArn": machine_arn(row.machine),
        "name": row.name,
        "status": row.status,
        "startDate": seconds(row.started_at),
        **known,
    }
    if row.stopped_at is not None:
        item["stopDate"] = seconds(row.stopped_at)
    if row.map_run is not None and row.item is not None:
        item["itemCount"] = service.engine.journal.rows(
            "SELECT items FROM map_items WHERE map_run = ? AND item = ?", [row.map_run, row.item]
        )[0][0]
    return item


def _origin(service: Service, row: Row) -> Answer:
    origin = service.catalogue.origin(row.key)
    run = None if row.map_run is None else service.engine.journal.map_run_by_key(row.map_run)
    told = {
        "mapRunArn": None if run is None else run.arn,
        "stateMachineVersionArn": origin.version,
        "stateMachineAliasArn": origin.alias,
        "traceHeader": origin.trace,
        "redriveCount": row.redrives,
        "redriveDate": None if row.redriven_at is None else seconds(row.redriven_at),
    }
    return {name: value for name, value in told.items() if value is not None}


def _not_redrivable(service: Service, row: Row) -> str | None:
    machine = service.catalogue.machine(row.machine.partition("/")[0])
    if machine is not None and machine.status == "DELETING":
        return "State machine is in DELETING status"
    return service.engine.redrive_refusal(row.arn)


def _of_machine(service: Service, request: Request) -> tuple[str, Any]:
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    machine = service.machine(arn)
    if machine.type == "EXPRESS":
        raise wrong_type()
    if arn.rest is None:
        return "machine = ?", machine.name
    if arn.version is not None:
        service.version(arn, missing=not_found)
        return "key IN (SELECT execution FROM origins WHERE version = ?)", arn.text
    service.alias(arn)
    return "key IN (SELECT execution FROM origins WHERE alias = ?)", arn.text


def _in_map_run(service: Service, request: Request) -> tuple[str, Any]:
    arn = arns.parse(request["mapRunArn"], "mapRun")
    run = service.engine.journal.map_run_of(arn.text)
    if run is None:
        raise not_found(arn.text)
    return "map_run = ?", run.key


def _event(id: int, previous: int, type: str, at: float, text: str, *, whole: bool) -> Answer:
    details: Mapping[str, Any] = loads(text)
    if not whole:
        details = {name: value for name, value in details.items() if name not in _DATA}
    event: Answer = {
        "timestamp": seconds(at),
        "type": type,
        "id": id,
        "previousEventId": previous,
    }
    if details:
        event[details_key(type)] = details
    return event
