"""State machines: create, change, delete, describe, list."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workflows.engine.api import arns, paging, versions
from workflows.engine.api.definitions import accepted, variable_references
from workflows.engine.api.faults import ApiError, deleting, invalid
from workflows.engine.api.service import Answer, Request, Service, seconds
from workflows.engine.api.tags import as_tags
from workflows.engine.catalogue import Machine
from workflows.engine.context import machine_arn, role_arn
from workflows.engine.jsontext import dumps, loads, same

NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,80}")
_CONFIGURATION = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_DEFAULTS: dict[str, Any] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}


def ship(service: Service, definitions: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the catalogue show the machines that this version of ons brings, as they are now."""
    for name, definition in definitions.items():
        text, now = dumps(definition), service.clock.now()
        there = service.catalogue.machine(name)
        if there is None:
            settings = {"roleArn": role_arn(), **_DEFAULTS}
            service.catalogue.put(
                Machine(name, True, "ACTIVE", "STANDARD", text, settings, "", now, now, 0)
            )
        elif there.definition != text or not there.generated:
            if not there.generated:  # somebody's own: a version keeps what it was
                versions.published(service, there, None)
                there = service.catalogue.machine(name) or there
            service.catalogue.put(
                replace(
                    there, generated=True, status="ACTIVE", type="STANDARD", definition=text,
                    revision=str(uuid.uuid4()), updated_at=now,
                )
            )  # fmt: skip


def create(service: Service, request: Request) -> Answer:
    """CreateStateMachine."""
    name, kind = request["name"], request.get("type", "STANDARD")
    if not NAME.fullmatch(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")
    _no_lone_description(request)
    _configured(request)
    accepted(name, request["definition"], kind)
    tags = as_tags(request.get("tags", []))
    settings = _settings(request, {**_DEFAULTS, "roleArn": request["roleArn"]})
    arn = machine_arn(name)
    there = service.catalogue.machine(name)
    if there is not None and there.status == "DELETING":
        if not service.purge(there):
            raise deleting(arn)
        there = None
    if there is None:
        now = service.clock.now()
        machine = Machine(
            name, False, "ACTIVE", kind, request["definition"], settings, "", now, now, 0
        )
        service.catalogue.put(machine)
        service.catalogue.set_tags(arn, tags)
    else:  # idempotent; another role or other tags make no difference
        _same_or_taken(there, kind, request["definition"], settings)
        machine = there
    answer = {"stateMachineArn": arn, "creationDate": seconds(machine.created_at)}
    if request.get("publish"):
        version = versions.published(service, machine, request.get("versionDescription"))
        answer["stateMachineVersionArn"] = arns.qualified(name, version.number)
    return answer


def update(service: Service, request: Request) -> Answer:
    """UpdateStateMachine: executions that run keep the definition they were started with."""
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    machine = service.active(_unqualified(arn))
    if not any(name in request for name in ("definition", "roleArn", *_CONFIGURATION)):
        raise ApiError(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, the "
            "TracingConfiguration or the EncryptionConfiguration must be specified",
        )
    _refuse_generated(machine)
    _no_lone_description(request)
    _configured(request)
    definition = request.get("definition", machine.definition)
    accepted(machine.name, definition, machine.type)
    settings = _settings(request, machine.settings)
    now = service.clock.now()
    if definition != machine.definition or not same(settings, dict(machine.settings)):
        machine = replace(
            machine, definition=definition, settings=settings, revision=str(uuid.uuid4()),
            updated_at=now,
        )  # fmt: skip
        service.catalogue.put(machine)
    answer: Answer = {"updateDate": seconds(now)}
    if machine.revision:
        answer["revisionId"] = machine.revision
    if request.get("publish"):
        version = versions.published(service, machine, request.get("versionDescription"))
        answer["stateMachineVersionArn"] = arns.qualified(machine.name, version.number)
    return answer


def delete(service: Service, request: Request) -> Answer:
    """DeleteStateMachine: its running executions are stopped; it is gone when none runs."""
    arn = _unqualified(arns.parse(request["stateMachineArn"], "stateMachine"))
    machine = service.catalogue.machine(arn.machine)
    if machine is None or arn.text != arn.plain:
        return {}
    _refuse_generated(machine)
    service.catalogue.put(replace(machine, status="DELETING"))
    for running in service.running(machine.name, -1):
        service.engine.stop(running, error="", cause="the state machine was deleted")
    service.driver.wake()
    service.purge(machine)
    return {}


def describe(service: Service, request: Request) -> Answer:
    """DescribeStateMachine: of a machine, one of its versions, or what a Map's children run."""
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    name, _, label = arn.machine.partition("/")
    if label:
        whole = service.machine(replace(arn, text=machine_arn(name), machine=name, rest=None))
        return {**_described(request, whole, arn.text), "label": label}
    machine = service.machine(arn)
    if arn.rest is None:
        return _described(request, machine, arn.text)
    version = service.version(arn)
    shown = replace(
        machine, definition=version.definition, settings=version.settings,
        revision=version.revision, created_at=version.created_at,
    )  # fmt: skip
    said = {} if version.description is None else {"description": version.description}
    return {**_described(request, shown, arn.text), **said}


def every(service: Service, request: Request) -> Answer:
    """ListStateMachines, in the order of their names."""
    now, size = service.clock.now(), paging.page_size(request)
    after = paging.position("ListStateMachines", request, now)
    found = service.catalogue.machines(after or "", size + 1)
    answer: Answer = {
        "stateMachines": [
            {
                "stateMachineArn": machine_arn(m.name),
                "name": m.name,
                "type": m.type,
                "creationDate": seconds(m.created_at),
            }
            for m in found[:size]
        ]
    }
    if len(found) > size:
        last = found[size - 1].name
        answer["nextToken"] = paging.token("ListStateMachines", request, last, now)
    return answer


def _described(request: Request, machine: Machine, arn: str) -> Answer:
    answer: Answer = {
        "stateMachineArn": arn,
        "name": machine.name,
        "status": machine.status,
        "definition": machine.definition,
        "type": machine.type,
        "creationDate": seconds(machine.created_at),
        **machine.settings,
    }
    if machine.revision:
        answer["revisionId"] = machine.revision
    if request.get("includedData") == "METADATA_ONLY":
        answer["definition"] = "{}"
    elif references := variable_references(loads(machine.definition)):
        answer["variableReferences"] = references
    return answer


def _settings(request: Request, before: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: request[name] for name in ("roleArn", *_CONFIGURATION) if name in request}
    return {**before, **given}


def _configured(request: Request) -> None:
    """What stands behind the configurations on AWS is not here; only their defaults are taken."""
    logging = request.get("loggingConfiguration", {})
    if logging.get("level", "OFF") != "OFF" or logging.get("destinations"):
        raise ApiError(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: 'there is no CloudWatch here; use level OFF'",
        )
    if request.get("encryptionConfiguration", {}).get("type", "AWS_OWNED_KEY") != "AWS_OWNED_KEY":
        raise ApiError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: 'there is no KMS here; use AWS_OWNED_KEY'",
        )
    role = request.get("roleArn", "arn:aws:iam::0:role/x")
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d+:role/.+", role):
        raise ApiError("InvalidArn", f"Invalid Role Arn: '{role}'")


def _no_lone_description(request: Request) -> None:
    if "versionDescription" in request and not request.get("publish"):
        raise invalid("Version description can only be set when publish is true")


def _same_or_taken(there: Machine, kind: str, definition: str, settings: Mapping[str, Any]) -> None:
    ours = {k: v for k, v in settings.items() if k != "roleArn"}
    theirs = {k: v for k, v in there.settings.items() if k != "roleArn"}
    if (there.type, there.definition) != (kind, definition) or not same(ours, theirs):
        raise ApiError(
            "StateMachineAlreadyExists",
            f"State Machine Already Exists: '{machine_arn(there.name)}'",
        )


def _refuse_generated(machine: Machine) -> None:
    if machine.generated:
        raise ApiError(
            "AccessDeniedException",
            f"{machine.name} comes with ons and is not changed over the API; change "
            "workflows/machines and run `ons generate`, or create a machine of another name",
        )


def _unqualified(arn: arns.Arn) -> arns.Arn:
    if arn.rest is not None or "/" in arn.machine:
        raise invalid("This operation takes the ARN of a state machine without a qualifier")
    return arn
