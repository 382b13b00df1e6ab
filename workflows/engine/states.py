"""The work of each type of state, once it is entered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workflows.engine import choice, containers
from workflows.engine.faults import RuntimeFault, StateFault
from workflows.engine.frames import Frame
from workflows.engine.integrations import REGION, parameters_fault
from workflows.engine.jsontext import dumps
from workflows.engine.template import Scope, effective_input, output_of
from workflows.engine.times import parse_timestamp

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import Interpreter


def waited(machine: Interpreter, frame: Frame) -> None:
    """A Wait state is over."""
    state, scope = machine.state(frame), machine.scope(frame)
    value = effective_input(state, scope)
    output = output_of({"OutputPath": state.get("OutputPath", "$")}, scope, frame.value, value)
    machine.leave(frame, output, state.get("Next"), state, scope.of(value))


def _pass(machine: Interpreter, frame: Frame) -> None:
    state, scope = machine.state(frame), machine.scope(frame)
    result = effective_input(state, scope)
    seen = scope.of(result)
    if "Parameters" in state:
        result = seen.template(state["Parameters"])
    result = state.get("Result", result)
    output = output_of(state, scope, frame.value, result)
    machine.leave(frame, output, state.get("Next"), state, scope.of(result))


def _succeed(machine: Interpreter, frame: Frame) -> None:
    waited(machine, frame)  # the same flow of data, and no Next


def _fail(machine: Interpreter, frame: Frame) -> None:
    state, scope = machine.state(frame), machine.scope(frame)
    machine.broken(frame, _said(state, "Error", scope), _said(state, "Cause", scope))


def _said(state: Any, field: str, scope: Scope) -> str | None:
    if f"{field}Path" not in state:
        text: str | None = state.get(field)
        return text
    value = scope.expression(state[f"{field}Path"], f"{field}Path")
    if not isinstance(value, str):
        raise RuntimeFault(f"{field}Path must be a string: {state[f'{field}Path']}")
    return value


def _choice(machine: Interpreter, frame: Frame) -> None:
    state, scope = machine.state(frame), machine.scope(frame)
    value = effective_input(state, scope)
    seen = scope.of(value)
    rule = next((rule for rule in state["Choices"] if choice.holds(rule, seen)), None)
    if rule is None and "Default" not in state:
        raise StateFault("States.NoChoiceMatched", "No choice rule matched and no default is set.")
    output = output_of({"OutputPath": state.get("OutputPath", "$")}, scope, frame.value, value)
    machine.leave(frame, output, rule["Next"] if rule else state["Default"], rule or state, seen)


def _wait(machine: Interpreter, frame: Frame) -> None:
    state, scope = machine.state(frame), machine.scope(frame)
    seen = scope.of(effective_input(state, scope))
    wake = _wake(machine, state, seen)
    if wake <= machine.now:
        waited(machine, frame)
        return
    frame.phase, frame.wake = "waiting", wake
    machine.run.touch(frame)


def _wake(machine: Interpreter, state: Any, seen: Scope) -> float:
    if "Seconds" in state:
        return machine.now + float(state["Seconds"])
    if "SecondsPath" in state:
        seconds = seen.path(state["SecondsPath"])
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
            raise RuntimeFault(
                "The SecondsPath parameter cannot be parsed as a long value: "
                f"{state['SecondsPath']} == {_plain(seconds)}"
            )
        return machine.now + seconds
    stamp = state.get("Timestamp") or seen.path(state["TimestampPath"])
    moment = parse_timestamp(stamp)
    if moment is None:
        raise RuntimeFault(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
            f"date-time format string: {state['TimestampPath']} == {_plain(stamp)}"
        )
    return moment


def _task(machine: Interpreter, frame: Frame) -> None:
    frame.call = machine.run.next_event  # the event below; a task token names it
    state, scope = machine.state(frame), machine.scope(frame)
    payload = effective_input(state, scope)
    if "Parameters" in state:
        payload = scope.of(payload).template(state["Parameters"])
    resource = machine.run.machine.resources[state["Resource"]]
    if fault := parameters_fault(resource, payload):
        raise RuntimeFault(fault)
    limits = {
        "timeoutInSeconds": _seconds(state, "TimeoutSeconds", scope),
        "heartbeatInSeconds": _seconds(state, "HeartbeatSeconds", scope),
    }
    given = {name: value for name, value in limits.items() if value is not None}
    if resource.kind != "service":
        details = {
            "resource": resource.arn,
            "input": dumps(payload),
            "inputDetails": {"truncated": False},
            **given,
        }
    else:
        details = {
            "resourceType": resource.service,
            "resource": resource.action,
            "region": REGION,
            "parameters": dumps(payload),
            **given,
        }
    machine.emit(frame, f"{resource.events}Scheduled", details)
    frame.timeout, frame.heartbeat = limits["timeoutInSeconds"], limits["heartbeatInSeconds"]
    frame.phase = "scheduled"
    machine.run.payloads[frame.id] = payload
    machine.run.touch(frame)


def _seconds(state: Any, field: str, scope: Scope) -> int | None:
    seconds: int | None = state.get(field)
    if f"{field}Path" in state:
        seconds = scope.path(state[f"{field}Path"])
        if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 1:
            raise RuntimeFault(
                f"The {field}Path parameter does not reference a positive integer: "
                f"{state[f'{field}Path']} == {_plain(seconds)}"
            )
    return seconds


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


HANDLERS: dict[str, Callable[[Interpreter, Frame], None]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": containers.begin_parallel,
    "Map": containers.begin_map,
}
