"""TestState: one state tried alone, its calls made or mocked, told in as much detail as asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.api.faults import ApiError, invalid
from workflows.engine.api.mocks import check_mock
from workflows.engine.api.service import Answer, Request, Service, read_json
from workflows.engine.api.stages import stages
from workflows.engine.api.starting import checked_input
from workflows.engine.definition import StateMachine, load
from workflows.engine.faults import BadDefinition
from workflows.engine.integrations import TaskFailed, any_resource_of, resource_of
from workflows.engine.interpreter import TaskCall
from workflows.engine.jsontext import dumps
from workflows.engine.trial import Outcome, Trial, Tried

ALONE = "State"
"""The name that a state has when it was given alone."""
LIMIT_S = 300.0
_MOCKABLE = ("Task", "Map", "Parallel")


def test(service: Service, request: Request) -> Answer:
    """TestState."""
    mock = request.get("mock")
    if "context" in request and mock is None:
        raise invalid("A context can only be specified together with a mock")
    machine, scope, name = _state_of(request, mocked=mock is not None)
    trial = Trial(
        machine,
        scope,
        name,
        read_json(checked_input(request.get("input", "{}"))),
        _object(request, "variables") or {},
        _object(request, "context"),
        None if mock is None else _outcome(mock, machine, machine.state(scope, name), request),
        request.get("stateConfiguration", {}).get("retrierRetryCount", 0),
    )
    if mock is None:
        _needs_no_mock(machine, trial.state)
    tried = trial.run(service.clock, service.jitter, lambda call: _called(service, call))
    answer = _told(tried)
    if request.get("inspectionLevel", "INFO") != "INFO":
        read = request.get("stateConfiguration", {}).get("mapItemReaderData")
        answer["inspectionData"] = {**stages(service, trial, tried, read), **_details(tried)}
    return answer


def _state_of(request: Request, *, mocked: bool) -> tuple[StateMachine, str, str]:
    """The machine to load, and where the state is in it."""
    try:
        definition = read_json(request["definition"])
    except ValueError as error:
        raise _refused(f"INVALID_JSON_DESCRIPTION: {error}") from error
    if not isinstance(definition, dict):
        raise _refused("SCHEMA_VALIDATION_FAILED: a definition is an object at $")
    name = request.get("stateName")
    whole = definition if name is not None else _around(definition)
    try:
        machine = load("test", whole, any_resource_of if mocked else resource_of)
    except BadDefinition as error:
        told = (problem.replace(f"$.States.{ALONE}", "$") for problem in error.problems)
        raise _refused(", ".join(told)) from error
    for scope, inner in machine.scopes.items():
        if (name or ALONE) in inner["States"]:
            return machine, scope, name or ALONE
    raise invalid(f"The definition has no state '{name}'")


def _around(state: Mapping[str, Any]) -> dict[str, Any]:
    """A machine around one state: wherever it leads, something is there."""
    others = {name: {"Type": "Succeed"} for name in _goals(state)}
    return {"StartAt": ALONE, "States": {**others, ALONE: state}}


def _goals(state: Mapping[str, Any]) -> Iterator[str]:
    rules = [state, *_objects(state.get("Choices")), *_objects(state.get("Catch"))]
    for rule in rules:
        for field in ("Next", "Default"):
            if isinstance(rule.get(field), str):
                yield rule[field]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _object(request: Request, name: str) -> dict[str, Any] | None:
    if name not in request:
        return None
    try:
        value = read_json(request[name])
    except ValueError as error:
        raise invalid(f"'{name}' is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise invalid(f"'{name}' must be a JSON object")
    return value


def _outcome(
    mock: Mapping[str, Any], machine: StateMachine, state: Mapping[str, Any], request: Request
) -> Outcome:
    if state["Type"] not in _MOCKABLE:
        raise invalid(f"State type '{state['Type']}' is not supported when a mock is specified")
    if ("result" in mock) == ("errorOutput" in mock):
        raise invalid("A test mock must have exactly one of these fields: [result, errorOutput]")
    if "errorOutput" in mock:
        if "error" not in mock["errorOutput"]:
            raise invalid("mock.errorOutput must have an error")
        return TaskFailed(mock["errorOutput"]["error"], mock["errorOutput"].get("cause"))
    try:
        result = read_json(mock["result"])
    except ValueError as error:
        raise invalid(f"Mocked result must be valid JSON: {error}") from error
    check_mock(result, machine, state, mock.get("fieldValidationMode", "STRICT"))
    return _tolerated(state, request) or (result, dumps(result))


def _tolerated(state: Mapping[str, Any], request: Request) -> TaskFailed | None:
    """A Map whose iterations failed more often than it tolerates fails, whatever the mock says."""
    failures = request.get("stateConfiguration", {}).get("mapIterationFailureCount", 0)
    count = state.get("ToleratedFailureCount", 0)
    limited = isinstance(count, int) and "ToleratedFailurePercentage" not in state
    if state["Type"] == "Map" and limited and failures > count:
        return TaskFailed(
            "States.ExceedToleratedFailureThreshold",
            "The specified tolerated failure threshold was exceeded",
        )
    return None


def _needs_no_mock(machine: StateMachine, state: Mapping[str, Any]) -> None:
    if state["Type"] in ("Map", "Parallel"):
        raise invalid(f"State type '{state['Type']}' is only supported when a mock is specified")
    if state["Type"] == "Task":
        resource = machine.resources[state["Resource"]]
        if resource.pattern != "request" or resource.service == "states":
            raise invalid(f"'{state['Resource']}' is only supported when a mock is specified")


def _called(service: Service, call: TaskCall) -> Outcome:
    try:
        result = call.resource.call(
            service.work, call.payload, timeout_s=min(call.timeout_s, LIMIT_S), attempt=call.attempt
        )
        return result, dumps(result)
    except TaskFailed as failure:
        return failure
    except Exception as error:  # as the engine does for an integration that breaks its promise
        return TaskFailed(type(error).__name__, str(error))


def _told(tried: Tried) -> Answer:
    told = {
        "status": tried.status,
        "output": tried.output,
        "error": tried.error,
        "cause": tried.cause,
        "nextState": tried.next,
    }
    return {name: value for name, value in told.items() if value is not None}


def _details(tried: Tried) -> Answer:
    told: Answer = {}
    if tried.variables:
        told["variables"] = dumps(tried.variables)
    found = {
        "catchIndex": tried.catch_index,
        "retryIndex": tried.retry_index,
        "retryBackoffIntervalSeconds": None if tried.backoff_s is None else int(tried.backoff_s),
    }
    details = {name: value for name, value in found.items() if value is not None}
    return {**told, "errorDetails": details} if details else told


def _refused(why: str) -> ApiError:
    return ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{why}'")
