"""Redrive: an execution that failed goes on from what failed, and keeps what succeeded.

When an execution fails, is stopped or runs out of time, the journal keeps its frames as they were.
A redriven execution is RUNNING again though its history has ended: whoever loads it lets each
frame go on here, first of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.engine import distributed
from workflows.engine.frames import DISTRIBUTED, Frame
from workflows.engine.map_runs import MapRunRedriven

if TYPE_CHECKING:  # the scheduler imports both
    from workflows.engine.interpreter import Interpreter
    from workflows.engine.journal import Row

PERIOD_S = 14 * 24 * 3600
MAX_EVENTS = 24_999
MAX_REDRIVES = 1000


def refusal(row: Row, events: int, has_frames: bool, now: float) -> str | None:
    """Why an execution cannot be redriven, as AWS says it; None when it can."""
    if row.status in ("RUNNING", "PENDING_REDRIVE", "SUCCEEDED"):
        return f"Execution is {row.status} and cannot be redriven"
    if row.kind != "STANDARD":
        return "Execution is of an EXPRESS state machine and cannot be redriven"
    if events >= MAX_EVENTS:
        return "Execution history event limit exceeded"
    if now - (row.stopped_at or row.started_at) > PERIOD_S:
        return "Execution redrivable period exceeded"
    if row.redrives >= MAX_REDRIVES:
        return "Execution redrive limit exceeded"
    if not has_frames:
        return "Execution was started before the launch of RedriveExecution"
    return None


def go_on(machine: Interpreter) -> None:
    """Let an execution that was loaded with the frames of its failure go on."""
    run = machine.run
    details = {"redriveCount": run.redrives}
    run.emit(run.next_event - 1, "ExecutionRedriven", machine.now, details)
    for frame in sorted(run.frames.values(), key=lambda frame: frame.id):
        if frame.id in run.frames:  # not with a Map that begins anew
            _go_on(machine, frame)


def _go_on(machine: Interpreter, frame: Frame) -> None:
    run = machine.run
    if frame.phase == "done":
        return
    frame.retries, frame.wake = {}, None
    if frame.phase == "map failed" or (frame.phase in DISTRIBUTED and frame.phase != "reading"):
        _redrive_map_run(machine, frame)
    elif frame.phase == "children" and any(c.phase != "done" for c in run.children(frame)):
        run.touch(frame)
    else:
        run.remove_children(frame)
        # A Fail state is entered anew, one that was not entered yet for the first time.
        enters = frame.phase == "ready" or machine.state(frame)["Type"] == "Fail"
        frame.phase = "ready" if enters else "again"
        run.wake(frame)


def _redrive_map_run(machine: Interpreter, frame: Frame) -> None:
    arn = distributed.arn_of(machine, frame, frame.call)
    count = machine.run.map_redrives.get(frame.call, 0) + 1
    machine.emit(frame, "MapRunRedriven", {"mapRunArn": arn, "redriveCount": count})
    machine.run.changes.map_runs.append(MapRunRedriven(frame.call, machine.now))
    distributed.items_read(machine, frame)
