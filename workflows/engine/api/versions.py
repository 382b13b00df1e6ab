"""Versions of state machines, which never change, and aliases, which share out between two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workflows.engine.api import arns, paging
from workflows.engine.api.arns import Arn
from workflows.engine.api.faults import ApiError, invalid, no_machine, not_found
from workflows.engine.api.service import Answer, Request, Service, seconds
from workflows.engine.catalogue import Alias, Machine, Version

INITIAL = "INITIAL"
MOST_VERSIONS = 1000
MOST_ALIASES = 100
_ALL = 10**9


def publish(service: Service, request: Request) -> Answer:
    """PublishStateMachineVersion: one version for each revision."""
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    if arn.rest is not None:
        raise invalid("This operation takes the ARN of a state machine without a qualifier")
    machine = service.active(arn)
    wanted = request.get("revisionId")
    if wanted not in (None, machine.revision or INITIAL):
        raise ApiError(
            "ConflictException",
            f"Failed to publish the State Machine version for revision {wanted}. The current "
            f"State Machine revision is {machine.revision or INITIAL}.",
        )
    version = published(service, machine, request.get("description"))
    return {
        "creationDate": seconds(version.created_at),
        "stateMachineVersionArn": arns.qualified(machine.name, version.number),
    }


def published(service: Service, machine: Machine, description: str | None) -> Version:
    """A version of the machine as it is; the one there, when this revision has one already."""
    newest = next(iter(service.catalogue.versions(machine.name, _ALL, 1)), None)
    if newest is not None and newest.revision == machine.revision:
        if description not in (None, newest.description):
            raise ApiError(
                "ConflictException",
                "Failed to publish the State Machine version: version "
                f"{arns.qualified(machine.name, newest.number)} has this revision and another "
                "description.",
            )
        return newest
    if service.catalogue.count_versions(machine.name) >= MOST_VERSIONS:
        raise _quota(f"A state machine has at most {MOST_VERSIONS} versions")
    number = machine.newest + 1
    version = Version(
        machine.name, number, machine.definition, machine.settings, machine.revision, description,
        service.clock.now(),
    )  # fmt: skip
    service.catalogue.publish(replace(machine, newest=number), version)
    return version


def versions_of(service: Service, request: Request) -> Answer:
    """ListStateMachineVersions, newest first."""
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    now, size = service.clock.now(), paging.page_size(request)
    below = paging.position("ListStateMachineVersions", request, now)
    found = service.catalogue.versions(arn.machine, below or _ALL, size + 1)
    answer: Answer = {
        "stateMachineVersions": [
            {
                "stateMachineVersionArn": arns.qualified(v.machine, v.number),
                "creationDate": seconds(v.created_at),
            }
            for v in found[:size]
        ]
    }
    if len(found) > size:
        answer["nextToken"] = paging.token(
            "ListStateMachineVersions", request, found[size - 1].number, now
        )
    return answer


def delete_version(service: Service, request: Request) -> Answer:
    """DeleteStateMachineVersion: not while an alias leads to it; gone already is no error."""
    arn = arns.parse(request["stateMachineVersionArn"], "stateMachine")
    if arn.version is None:
        raise invalid("The version ARN ends with the number of a version")
    users = [
        a.name
        for a in service.catalogue.aliases(arn.machine)
        if arn.version in [number for number, _ in a.routes]
    ]
    if users:
        raise ApiError(
            "ConflictException",
            "Version to be deleted must not be referenced by an alias. Current list of aliases "
            f"referencing this version: [{', '.join(users)}]",
        )
    service.catalogue.remove_version(arn.machine, arn.version)
    return {}


def create_alias(service: Service, request: Request) -> Answer:
    """CreateStateMachineAlias: the same one again is no error."""
    machine, routes = _routes(service, request["routingConfiguration"])
    name, now = request["name"], service.clock.now()
    alias = Alias(machine, name, request.get("description"), routes, now, now)
    there = service.catalogue.alias(machine, name)
    if there is None:
        if len(service.catalogue.aliases(machine)) >= MOST_ALIASES:
            raise _quota(f"A state machine has at most {MOST_ALIASES} aliases")
        service.catalogue.put_alias(alias)
    elif (there.description, sorted(there.routes)) != (alias.description, sorted(routes)):
        raise ApiError(
            "ConflictException",
            "Failed to create alias because an alias with the same name and a different routing "
            "configuration already exists.",
        )
    else:
        alias = there
    return {
        "stateMachineAliasArn": arns.qualified(machine, name),
        "creationDate": seconds(alias.created_at),
    }


def update_alias(service: Service, request: Request) -> Answer:
    """UpdateStateMachineAlias."""
    alias = service.alias(_alias_arn(request))
    if not {"description", "routingConfiguration"} & request.keys():
        raise invalid("Either the description or the routing configuration must be specified")
    now = service.clock.now()
    if "routingConfiguration" in request:
        machine, routes = _routes(service, request["routingConfiguration"])
        if machine != alias.machine:
            raise invalid(
                "Routing configuration must contain state machine versions of one machine"
            )
        alias = replace(alias, routes=routes)
    description = request.get("description", alias.description)
    service.catalogue.put_alias(replace(alias, description=description, updated_at=now))
    return {"updateDate": seconds(now)}


def describe_alias(service: Service, request: Request) -> Answer:
    """DescribeStateMachineAlias."""
    arn = _alias_arn(request)
    alias = service.alias(arn)
    answer: Answer = {
        "stateMachineAliasArn": arn.text,
        "name": alias.name,
        "routingConfiguration": [
            {"stateMachineVersionArn": arns.qualified(alias.machine, number), "weight": weight}
            for number, weight in alias.routes
        ],
        "creationDate": seconds(alias.created_at),
        "updateDate": seconds(alias.updated_at),
    }
    if alias.description is not None:
        answer["description"] = alias.description
    return answer


def delete_alias(service: Service, request: Request) -> Answer:
    """DeleteStateMachineAlias."""
    alias = service.alias(_alias_arn(request))
    service.catalogue.remove_alias(alias.machine, alias.name)
    return {}


def aliases_of(service: Service, request: Request) -> Answer:
    """ListStateMachineAliases, newest first; of a machine, or that lead to one version."""
    arn = arns.parse(request["stateMachineArn"], "stateMachine")
    service.machine(arn)
    if arn.rest is not None:
        service.version(arn, missing=not_found)
    now, size = service.clock.now(), paging.page_size(request)
    skip = paging.position("ListStateMachineAliases", request, now) or 0
    found = [
        a
        for a in service.catalogue.aliases(arn.machine)
        if arn.version is None or arn.version in [number for number, _ in a.routes]
    ]
    answer: Answer = {
        "stateMachineAliases": [
            {
                "stateMachineAliasArn": arns.qualified(a.machine, a.name),
                "creationDate": seconds(a.created_at),
            }
            for a in found[skip : skip + size]
        ]
    }
    if len(found) > skip + size:
        answer["nextToken"] = paging.token("ListStateMachineAliases", request, skip + size, now)
    return answer


def chosen(service: Service, alias: Alias) -> Version:
    """The version that this start of an execution goes to, by weight."""
    mark = service.jitter.fraction() * 100
    number = alias.routes[-1][0]
    for candidate, weight in alias.routes:
        mark -= weight
        if mark < 0:
            number = candidate
            break
    found = service.catalogue.version(alias.machine, number)
    if found is None:
        raise no_machine(arns.qualified(alias.machine, number))
    return found


def _routes(service: Service, given: Any) -> tuple[str, tuple[tuple[int, int], ...]]:
    named = [arns.parse(route["stateMachineVersionArn"], "stateMachine") for route in given]
    if len({arn.machine for arn in named}) > 1:
        raise invalid("Routing configuration must contain state machine versions of one machine")
    weights = [route["weight"] for route in given]
    if sum(weights) != 100:
        raise invalid(f"Sum of routing configuration weights must equal 100. Received: {weights}")
    if len({arn.text for arn in named}) < len(named):
        raise invalid("Routing configuration must contain distinct state machine version ARNs")
    service.active(named[0])
    numbers = [service.version(arn, missing=not_found).number for arn in named]
    return named[0].machine, tuple(zip(numbers, weights, strict=True))


def _alias_arn(request: Request) -> Arn:
    arn = arns.parse(request["stateMachineAliasArn"], "stateMachine")
    if arn.rest is None or arn.version is not None:
        raise invalid("The alias ARN ends with the name of an alias")
    return arn


def _quota(why: str) -> ApiError:
    return ApiError("ServiceQuotaExceededException", why)
