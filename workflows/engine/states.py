"""The work of each type of state, once it is entered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workflows.engine import containers
from workflows.engine.faults import RuntimeFault, StateFault
from workflows.engine.flow import flow_of
from workflows.engine.frames import Frame
from workflows.engine.integrations import REGION, parameters_fault
from workflows.engine.jsontext import dumps
from workflows.engine.quotas import input_fault, too_large

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import Interpreter


def waited(machine: Interpreter, frame: Frame) -> None:
    """A Wait state is over."""
    output, assigned = flow_of(machine, frame).through()
    machine.leave(frame, output, machine.state(frame).get("Next"), assigned)


def _pass(machine: Interpreter, frame: Frame) -> None:
    output, assigned = flow_of(machine, frame).passed()
    machine.leave(frame, output, machine.state(frame).get("Next"), assigned)


def _succeed(machine: Interpreter, frame: Frame) -> None:
    waited(machine, frame)  # the same flow of data, and no Next


def _fail(machine: Interpreter, frame: Frame) -> None:
    flow = flow_of(machine, frame)
    machine.broken(frame, flow.said("Error"), flow.said("Cause"))


def _choice(machine: Interpreter, frame: Frame) -> None:
    goal, output, assigned = flow_of(machine, frame).chosen()
    if goal is None:
        raise StateFault("States.NoChoiceMatched", "No choice rule matched and no default is set.")
    machine.leave(frame, output, goal, assigned)


def _wait(machine: Interpreter, frame: Frame) -> None:
    wake = flow_of(machine, frame).wake(machine.now)
    if wake <= machine.now:
        waited(machine, frame)
        return
    frame.phase, frame.wake = "waiting", wake
    machine.run.touch(frame)


def _task(machine: Interpreter, frame: Frame) -> None:
    frame.call = machine.run.next_event  # the event below; a task token names it
    state, flow = machine.state(frame), flow_of(machine, frame)
    payload = flow.arguments()
    resource = machine.run.machine.resources[state["Resource"]]
    if fault := parameters_fault(resource, payload):
        raise RuntimeFault(fault)
    limits = {
        "timeoutInSeconds": flow.seconds("TimeoutSeconds"),
        "heartbeatInSeconds": flow.seconds("HeartbeatSeconds"),
    }
    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    role = flow.role()
    if role is not None:
        given["taskCredentials"] = {"roleArn": role}
    text = dumps(payload)
    if too_large(text):
        raise input_fault(frame.state)
    if resource.kind != "service":
        details = {
            "resource": resource.arn,
            "input": text,
            "inputDetails": {"truncated": False},
            **given,
        }
    else:
        details = {
            "resourceType": resource.service,
            "resource": resource.action,
            "region": REGION,
            "parameters": text,
            **given,
        }
    machine.emit(frame, f"{resource.events}Scheduled", details)
    frame.timeout, frame.heartbeat = limits["timeoutInSeconds"], limits["heartbeatInSeconds"]
    frame.phase = "scheduled"
    machine.run.payloads[frame.id] = payload
    machine.run.touch(frame)


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
