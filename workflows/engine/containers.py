"""Parallel and Map: states whose work is done by frames of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.engine import distributed
from workflows.engine.definition import ITEMS, branch_scope
from workflows.engine.faults import StateFault
from workflows.engine.flow import flow_of
from workflows.engine.frames import Frame
from workflows.engine.jsontext import dumps

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import Interpreter

INLINE_LIMIT = 40
"""How many iterations an inline Map runs at once at most; MaxConcurrency 0 means this."""


@dataclass(frozen=True)
class Plan:
    """What a Map state goes over. It follows from the frame's value, so it is never journalled."""

    items: list[Any]
    limit: int


def begin_parallel(machine: Interpreter, frame: Frame) -> None:
    """Start one frame for each branch."""
    state, value = machine.state(frame), flow_of(machine, frame).arguments()
    started = machine.emit(frame, "ParallelStateStarted", {})
    frame.phase = "children"
    machine.run.touch(frame)
    text = dumps(value)
    for index in range(len(state["Branches"])):
        inner = branch_scope(frame.scope, frame.state, index)
        machine.run.spawn(frame, inner, index, value, text).last = started


def begin_map(machine: Interpreter, frame: Frame) -> None:
    """Start as many iterations as may run at once."""
    machine.run.plans.pop(frame.id, None)
    planned = plan(machine, frame)
    if distributed.is_distributed(machine.state(frame)):
        distributed.begin(machine, frame, planned)
        return
    machine.emit(frame, "MapStateStarted", {"length": len(planned.items)})
    frame.phase = "children"
    machine.run.touch(frame)
    if planned.items:
        for index in range(min(planned.limit, len(planned.items))):
            _start_item(machine, frame, planned, index)
    else:
        _succeeded(machine, frame, [])


def child_done(machine: Interpreter, frame: Frame, child: Frame) -> None:
    """A branch or iteration ended well: start the next, or finish the state with them all."""
    children = machine.run.children(frame)
    if machine.state(frame)["Type"] == "Map":
        frame.last = machine.emit(child, "MapIterationSucceeded", item(frame, child))
        machine.run.touch(frame)
        planned = plan(machine, frame)
        if len(children) < len(planned.items):
            try:
                _start_item(machine, frame, planned, len(children))
            except StateFault:
                _stop(machine, frame, None)
                raise
            return
    else:
        frame.last = child.last
        machine.run.touch(frame)
    if all(c.phase == "done" for c in children):
        outputs = [c.value for c in children]
        machine.run.remove_children(frame)
        machine.run.fallen = []
        _succeeded(machine, frame, outputs)


def child_failed(machine: Interpreter, frame: Frame, child: Frame) -> None:
    """A branch or iteration failed: its siblings are aborted, and all of them forgotten."""
    if machine.state(frame)["Type"] == "Map":
        frame.last = machine.emit(child, "MapIterationFailed", item(frame, child))
    else:
        frame.last = child.last
    _stop(machine, frame, child)


def item(frame: Frame, child: Frame) -> dict[str, Any]:
    """The details of an iteration's events."""
    return {"name": frame.state, "index": child.index}


def plan(machine: Interpreter, frame: Frame) -> Plan:
    """The items of a Map state that was entered. Raises `RuntimeFault`."""
    plans = machine.run.plans
    if frame.id not in plans:
        flow = flow_of(machine, frame)
        limit, state = flow.concurrency(), machine.state(frame)
        if not distributed.is_distributed(state):
            limit = min(limit, INLINE_LIMIT) or INLINE_LIMIT
        plans[frame.id] = Plan([] if "ItemReader" in state else flow.items(), limit)
    found = plans[frame.id]
    assert isinstance(found, Plan)
    return found


def _start_item(machine: Interpreter, frame: Frame, planned: Plan, index: int) -> None:
    given = planned.items[index]
    value = flow_of(machine, frame).item(given, {"Index": index, "Value": given})
    inner = branch_scope(frame.scope, frame.state, ITEMS)
    child = machine.run.spawn(frame, inner, index, value)
    details = {"name": frame.state, "index": index}
    child.last = machine.run.emit(frame.last, "MapIterationStarted", machine.now, details)


def _succeeded(machine: Interpreter, frame: Frame, outputs: list[Any]) -> None:
    kind = machine.state(frame)["Type"]
    # As on AWS, the exit's previousEventId points past this event.
    machine.run.emit(frame.last, f"{kind}StateSucceeded", machine.now, {})
    machine.complete(frame, outputs)


def _stop(machine: Interpreter, frame: Frame, failed: Frame | None) -> None:
    for child in machine.run.children(frame):
        if child is not failed and child.phase != "done":
            machine.abort(child)
            if machine.state(frame)["Type"] == "Map":
                machine.emit(child, "MapIterationAborted", item(frame, child))
    if failed is not None and machine.state(failed)["Type"] == "Task":
        frame.last = machine.run.emit(failed.last, "TaskStateAborted", machine.now, {})
    machine.run.remove_children(frame)
