"""The Distributed Map: a Map whose items are worked on by executions of their own.

The frame of such a state goes through three phases: `reading`, while its items are read on a
thread; `distributed`, while its children run; `writing`, while their results are put together on a
thread. What its children do is in the journal alone, so that any process can go on with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from workflows.engine import history
from workflows.engine.definition import ITEMS, branch_scope, processor_of
from workflows.engine.faults import RuntimeFault, StateFault
from workflows.engine.frames import DISTRIBUTED, Frame
from workflows.engine.item_source import ItemSource
from workflows.engine.map_fields import MapFields
from workflows.engine.map_runs import MapRunBegun, MapRunEnded, label_of, map_run_arn

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.containers import Plan
    from workflows.engine.interpreter import Interpreter

EXCEEDED = "States.ExceedToleratedFailureThreshold"


def is_distributed(state: Mapping[str, Any]) -> bool:
    """Whether a state is a Distributed Map."""
    if state["Type"] != "Map":
        return False
    config = processor_of(state).get("ProcessorConfig", {})
    return bool(config.get("Mode") == "DISTRIBUTED")


def execution_type(state: Mapping[str, Any]) -> str:
    """STANDARD or EXPRESS: what the children are."""
    kind: str = processor_of(state)["ProcessorConfig"]["ExecutionType"]
    return kind


def begin(machine: Interpreter, frame: Frame, planned: Plan) -> None:
    """Start a map run, whose items are to be read."""
    state = machine.state(frame)
    length = 0 if "ItemReader" in state else len(planned.items)
    machine.emit(frame, "MapStateStarted", {"length": length})
    fields = MapFields(machine, frame)
    count = fields.limit("ToleratedFailureCount")
    percentage = fields.limit("ToleratedFailurePercentage", whole=False)
    if percentage is not None and percentage > 100:
        raise RuntimeFault("ToleratedFailurePercentage cannot be more than 100.")
    run = machine.run
    arn = arn_of(machine, frame, run.next_event)
    frame.call = machine.emit(frame, "MapRunStarted", {"mapRunArn": arn})
    run.changes.map_runs.append(
        MapRunBegun(frame.call, arn, machine.now, planned.limit, count, percentage)
    )
    frame.phase = "reading"
    run.touch(frame)


def arn_of(machine: Interpreter, frame: Frame, event: int) -> str:
    """The ARN of the map run that this event starts."""
    run = machine.run
    name = str(uuid5(NAMESPACE_URL, f"{run.arn}#{event}"))
    label = label_of(frame.state, machine.state(frame))
    return map_run_arn(run.machine.name.partition("/")[0], label, name)


def source(machine: Interpreter, frame: Frame) -> ItemSource:
    """Where the items of a Map state that was entered come from."""
    reads = "ItemReader" in machine.state(frame)
    fields = MapFields(machine, frame)
    return ItemSource(fields, None if reads else fields.flow.items())


def items_read(machine: Interpreter, frame: Frame) -> None:
    """All items are in the journal: the children may start."""
    frame.phase = "distributed"
    machine.run.touch(frame)


def children_ended(machine: Interpreter, frame: Frame) -> None:
    """No child runs any more: their results are to be put together."""
    frame.phase = "writing"
    machine.run.touch(frame)


def succeeded(machine: Interpreter, frame: Frame, result: Any) -> None:
    """The map run ended well, and this is what the state gives."""
    machine.emit(frame, "MapRunSucceeded", {})
    _ended(machine, frame, "SUCCEEDED")
    frame.phase = "children"
    # As on AWS, the exit's previousEventId points past this event.
    machine.run.emit(frame.last, "MapStateSucceeded", machine.now, {})
    machine.complete(frame, result)


def failed(machine: Interpreter, frame: Frame, fault: StateFault) -> None:
    """The map run failed, before its children, by them, or after them."""
    machine.emit(frame, "MapRunFailed", history.failed(fault.error, fault.cause))
    _ended(machine, frame, "FAILED")
    frame.phase = "again" if frame.phase == "reading" else "map failed"
    if fault.error == "States.Runtime":
        machine.fault(frame, fault)
    else:
        machine.fail(frame, fault.error, fault.cause)


def aborted(machine: Interpreter, frame: Frame) -> None:
    """The state is aborted, and its map run with it; its children are asked to stop."""
    machine.emit(frame, "MapRunAborted", {})
    _ended(machine, frame, "ABORTED")


def child_definition(machine: Interpreter, frame: Frame) -> dict[str, Any]:
    """The machine that the children run, as a definition of its own."""
    inner = machine.run.machine.scopes[branch_scope(frame.scope, frame.state, ITEMS)]
    outer = machine.run.machine.top.get("QueryLanguage")
    language = {} if outer is None else {"QueryLanguage": outer}
    return {**language, **{k: v for k, v in inner.items() if k != "ProcessorConfig"}}


def is_at_work(frame: Frame) -> bool:
    """Whether the frame has a map run that did not end yet."""
    return frame.phase in DISTRIBUTED


def _ended(machine: Interpreter, frame: Frame, status: Any) -> None:
    machine.run.changes.map_runs.append(MapRunEnded(frame.call, machine.now, status))
