"""How a frame moves: it enters a state, does its work, leaves it, fails, is retried or caught.

An interpreter changes frames and adds events in memory. It calls nothing outside, so that what a
turn changed can be journalled first and have its effect afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tasks.ports.clock import Clock, Jitter
from workflows.engine import containers, distributed, history, retry, states
from workflows.engine.callbacks import beaten, missed_a_beat, wait_for_outcome
from workflows.engine.context import context_of, role_arn
from workflows.engine.faults import QueryFault, RuntimeFault, SizeFault, StateFault
from workflows.engine.flow import flow_of
from workflows.engine.frames import DISTRIBUTED, Ending, Frame, Run
from workflows.engine.integrations import Resource, TaskFailed, submitted
from workflows.engine.jobs import job_id
from workflows.engine.jsontext import dumps
from workflows.engine.query import Query
from workflows.engine.quotas import (
    HISTORY_FULL,
    check_variables,
    input_fault,
    size_fault,
    too_large,
)
from workflows.engine.template import Scope

UNLIMITED_S = 99_999_999.0
_OVERFLOW = Ending("FAILED", 0.0, None, "States.Runtime", HISTORY_FULL)
_ABORTABLE = ("Task", "Wait", "Parallel", "Map")


@dataclass(frozen=True)
class TaskCall:
    """One attempt of a Task, to be made once the journal has it. `items` are the indexes of the
    Map iterations it is in, the outermost first."""

    run: int
    frame: int
    state: str
    items: tuple[int, ...]
    resource: Resource
    payload: Any
    timeout_s: float
    attempt: int
    job: str = ""
    """The id of the Batch job, where it is one."""


class Interpreter:
    """Moves the frames of one execution."""

    def __init__(self, run: Run, clock: Clock, jitter: Jitter) -> None:
        self.run, self.jitter, self._clock = run, jitter, clock
        self.now = clock.now()

    # What the scheduler asks for

    def begin(self) -> None:
        """Start the execution."""
        text = dumps(self.run.input)
        self.run.emit(
            0,
            "ExecutionStarted",
            self.now,
            {"input": text, "inputDetails": {"truncated": False}, "roleArn": role_arn()},
        )
        self.run.spawn(None, "", 0, self.run.input, text)

    def advance(self, limit: int) -> None:
        """Let the ready frames take at most `limit` steps."""
        self.now = self._clock.now()
        run = self.run
        while run.ready and limit and not run.changes.ending and not run.full:
            frame = run.frames.get(run.ready.popleft())
            if frame is not None and frame.phase in ("ready", "again"):
                self._step(frame)
                limit -= 1
        self.overflowed()

    def overflowed(self) -> bool:
        """Whether the history is full; then the execution ends here."""
        if self.run.full and not self.run.changes.ending:
            self._end(_OVERFLOW, "ExecutionFailed", self.run.root())
        return self.run.full

    def start_task(self, frame: Frame) -> TaskCall:
        """A thread is free for a scheduled Task."""
        self.now = self._clock.now()
        state = self.state(frame)
        resource = self.run.machine.resources[state["Resource"]]
        named = _named(resource)
        self.emit(frame, f"{resource.events}Started", named)
        answer = submitted(resource, self.run.payloads[frame.id], self._job(frame, resource))
        if answer is not None:
            self.emit(frame, "TaskSubmitted", {**named, **history.produced(answer)})
        if resource.pattern != "request":
            self.run.changes.opened.append((frame.call, frame.id))
        frame.phase = "running"
        self.run.touch(frame)
        return self.call_again(frame)

    def call_again(self, frame: Frame) -> TaskCall:
        """The call of a Task in flight, with its whole time before it."""
        state = self.state(frame)
        frame.wake = None if frame.timeout is None else self._clock.now() + frame.timeout
        self.run.touch(frame)
        resource = self.run.machine.resources[state["Resource"]]
        return TaskCall(
            self.run.key,
            frame.id,
            frame.state,
            self._items(frame),
            resource,
            self.run.payloads[frame.id],
            frame.timeout or UNLIMITED_S,
            sum(frame.retries.values()),
            self._job(frame, resource),
        )

    def task_submitted(self, frame: Frame, output: str) -> None:
        """The call in flight was made, and the Task goes on; `output` is the answer's JSON."""
        self.now = self._clock.now()
        resource = self.run.machine.resources[self.state(frame)["Resource"]]
        self.emit(frame, "TaskSubmitted", {**_named(resource), **history.produced(output)})
        wait_for_outcome(frame, self.now)
        self.run.touch(frame)

    def ends_early(self, frame: Frame) -> bool:
        """Whether an outcome that is sent ends the Task although its call is in flight: a job's."""
        return self.run.machine.resources[self.state(frame)["Resource"]].pattern == "sync"

    def task_beaten(self, frame: Frame, at: float) -> None:
        """A Task that waits for its outcome gave a sign of life."""
        if beaten(frame, at):
            self.run.touch(frame)

    def task_succeeded(self, frame: Frame, result: Any, text: str) -> None:
        """The call in flight gave a result; `text` is its JSON."""
        self.now = self._clock.now()
        resource = self.run.machine.resources[self.state(frame)["Resource"]]
        if too_large(text):
            fault = size_fault(resource.service if _named(resource) else resource.arn)
            self.task_failed(frame, TaskFailed(fault.error, fault.cause))
            return
        details = {**_named(resource), **history.produced(text)}
        self.emit(frame, f"{resource.events}Succeeded", details)
        self._called(frame)
        self.complete(frame, result)

    def task_failed(self, frame: Frame, failure: TaskFailed, *, also: str = "") -> None:
        """The call in flight ended with an error, which may be taken by the name `also` too."""
        self.now = self._clock.now()
        resource = self.run.machine.resources[self.state(frame)["Resource"]]
        late = failure.error in ("States.Timeout", "States.HeartbeatTimeout")
        outcome = "TimedOut" if late else "Failed"
        details = {**_named(resource), **history.failed(failure.error, failure.cause)}
        self.emit(frame, f"{resource.events}{outcome}", details)
        self._called(frame)
        self.fail(frame, failure.error, failure.cause, also=also)

    def fire(self, frame: Frame) -> None:
        """The frame's timer is due."""
        self.now = self._clock.now()
        missed = missed_a_beat(frame)
        frame.wake = None
        if frame.phase == "waiting":
            self._guard(frame, lambda: states.waited(self, frame))
        elif frame.phase == "retrying":
            frame.phase = "again"
            self.run.wake(frame)
        elif frame.phase == "running" or frame.phase == "callback":
            self.run.changes.stopped.append(frame.id)
            # Its name is States.Timeout, and it is taken by the name of its own as well.
            also = "States.HeartbeatTimeout" if missed else ""
            self.task_failed(frame, TaskFailed("States.Timeout"), also=also)

    def told(self, frame: Frame, tell: Callable[[Interpreter, Frame], None]) -> None:
        """A Distributed Map's work on a thread is done, and has this to tell."""
        self.now = self._clock.now()
        self._guard(frame, lambda: tell(self, frame))

    def end_by_force(self, status: str, error: str | None, cause: str | None) -> None:
        """Stop (ABORTED) or time out (TIMED_OUT) the execution; no Catch runs."""
        if self.run.changes.ending:  # it has just ended, and the journal does not know it yet
            return
        self.now = self._clock.now()
        root = self.run.root()
        self.abort(root)
        if status == "ABORTED":
            self._end(Ending("ABORTED", self.now, None, error, cause), "ExecutionAborted", root)
        else:
            self._end(Ending("TIMED_OUT", self.now, None, error, cause), "ExecutionTimedOut", root)

    # What the states are made of

    def resource(self, frame: Frame) -> Resource:
        """What the frame's Task calls."""
        return self.run.machine.resources[self.state(frame)["Resource"]]

    def state(self, frame: Frame) -> Mapping[str, Any]:
        """The definition of the frame's current state."""
        return self.run.machine.state(frame.scope, frame.state)

    def scope(self, frame: Frame) -> Scope:
        """What the expressions of the current state see."""
        return Scope(frame.value, context_of(self, frame), frame.variables)

    def query(self, frame: Frame) -> Query:
        """What the JSONata expressions of the current state see."""
        states = {"input": frame.value, "context": context_of(self, frame)}
        return Query(states, frame.variables, int(self.now * 1000), self.jitter.fraction)

    def emit(self, frame: Frame, type: str, details: dict[str, Any]) -> int:
        """Add an event to the frame's thread."""
        frame.last = self.run.emit(frame.last, type, self.now, details)
        return frame.last

    def complete(self, frame: Frame, result: Any) -> None:
        """The state's work gave `result`: shape it, and leave the state."""
        if self.state(frame)["Type"] != "Task" and too_large(dumps(result)):
            fault = size_fault(frame.state)
            self.fail(frame, fault.error, fault.cause)
            return

        def leave() -> None:
            output, assigned = flow_of(self, frame).output(result)
            self.leave(frame, output, self.state(frame).get("Next"), assigned)

        self._guard(frame, leave)

    def leave(
        self, frame: Frame, output: Any, next: str | None, assigned: Mapping[str, Any]
    ) -> None:
        """Leave the state with `output`; from here on the variables have their new values."""
        kind, text = self.state(frame)["Type"], dumps(output)
        texts = {name: dumps(value) for name, value in assigned.items()}
        if too_large(text):
            raise size_fault(frame.state)
        if assigned:
            check_variables(frame.state, texts, {**frame.variables, **assigned})
        self.emit(frame, f"{kind}StateExited", history.exited(frame.state, text, texts))
        if assigned:
            frame.variables = {**frame.variables, **assigned}
        frame.put(output, text)
        self.run.touch(frame)
        if next is not None:
            frame.state, frame.phase = next, "ready"
            self.run.wake(frame)
        else:
            self._finish(frame)

    def fail(self, frame: Frame, error: str | None, cause: str | None, *, also: str = "") -> None:
        """The state's work failed: retry it, catch it, or break the frame. `also` is another name
        that the error may be taken by."""
        state, name = self.state(frame), error or ""
        chosen = retry.retry(state.get("Retry", ()), name, frame.retries, self.jitter, also=also)
        if chosen is not None:
            index, seconds = chosen
            frame.retries = {**frame.retries, index: frame.retries.get(index, 0) + 1}
            frame.phase, frame.wake = "retrying", self.now + seconds
            self.run.touch(frame)
            self.run.fallen = []
            return
        if state["Type"] in ("Parallel", "Map"):
            self.emit(frame, f"{state['Type']}StateFailed", {})
        catching = retry.catcher(state.get("Catch", ()), name, also=also)
        if catching is None:
            self.broken(frame, error, cause)
            return
        self.run.fallen = []
        nameless = error is None and cause is None
        caught = {"Error": error, "Cause": None if nameless else cause or ""}

        def leave() -> None:
            output, assigned = flow_of(self, frame).caught(catching, caught)
            self.leave(frame, output, state["Catch"][catching]["Next"], assigned)

        self._guard(frame, leave, caught=False)

    def broken(self, frame: Frame, error: str | None, cause: str | None) -> None:
        """Nothing takes the error: the frame ends with it, and so does what waits for it."""
        parent = self.run.parent(frame)
        if parent is None:
            ending = Ending("FAILED", self.now, None, error, cause)
            self._end(ending, "ExecutionFailed", frame)
        else:
            containers.child_failed(self, parent, frame)
            self.fail(parent, error, cause)

    def fault(self, frame: Frame, fault: StateFault, *, caught: bool = True) -> None:
        """The state could not be executed as written."""
        where = (
            f"An error occurred while executing the state '{frame.state}' "
            f"(entered at the event id #{frame.entered}). "
        )
        cause = where + (fault.cause or "")
        if isinstance(fault, QueryFault):
            details = {**history.failed(fault.error, cause), "location": fault.location}
            self.emit(frame, "EvaluationFailed", {**details, "state": frame.state})
        # States.Runtime is nobody's to retry or catch, and a Map says nothing of it.
        go = self.fail if caught and fault.error != "States.Runtime" else self.broken
        go(frame, fault.error, cause)

    def abort(self, frame: Frame) -> None:
        """Say of each live thread from here down that it was aborted."""
        for child in self.run.children(frame):
            if child.phase != "done":
                self.abort(child)
                if self.state(frame)["Type"] == "Map":
                    self.emit(child, "MapIterationAborted", containers.item(frame, child))
        kind = self.state(frame)["Type"]
        if frame.phase in DISTRIBUTED:
            distributed.aborted(self, frame)
        if kind in _ABORTABLE and frame.phase not in ("ready", "done"):
            self.emit(frame, f"{kind}StateAborted", {})

    # Within

    def _step(self, frame: Frame) -> None:
        if frame.phase == "ready":
            if too_large(frame.text):
                fault = input_fault(frame.state)
                self.broken(frame, fault.error, fault.cause)
                return
            kind = self.state(frame)["Type"]
            frame.entered = self.emit(
                frame, f"{kind}StateEntered", history.entered(frame.state, frame.text)
            )
            frame.entered_at, frame.retries, frame.phase = self.now, {}, "again"
            self.run.touch(frame)
        self._guard(frame, lambda: states.HANDLERS[self.state(frame)["Type"]](self, frame))

    def _guard(self, frame: Frame, work: Any, *, caught: bool = True) -> None:
        try:
            work()
        except SizeFault as fault:
            self.broken(frame, fault.error, fault.cause)
        except StateFault as fault:
            self.fault(frame, fault, caught=caught)
        except (ValueError, OverflowError, RecursionError) as error:
            # A value that JSON cannot hold (1e400), or nested too deeply: the state's fault, and
            # nothing that may stop the loop.
            self.fault(frame, RuntimeFault(f"A value cannot be written as JSON: {error}"))

    def _job(self, frame: Frame, resource: Resource) -> str:
        return job_id(self.run.arn, frame.call) if resource.service == "batch" else ""

    def _items(self, frame: Frame) -> tuple[int, ...]:
        found = [
            inner.index
            for inner in self.run.ancestry(frame)
            if (parent := self.run.parent(inner)) and self.state(parent)["Type"] == "Map"
        ]
        # A Distributed Map's child is in an iteration of its own.
        found += [] if self.run.item is None else [self.run.item]
        return tuple(reversed(found))

    def _called(self, frame: Frame) -> None:
        if self.run.machine.resources[self.state(frame)["Resource"]].pattern != "request":
            self.run.changes.closed.append(frame.call)
        frame.wake = None
        self.run.payloads.pop(frame.id, None)

    def _finish(self, frame: Frame) -> None:
        parent = self.run.parent(frame)
        if parent is None:
            ending = Ending("SUCCEEDED", self.now, frame.text)
            self._end(ending, "ExecutionSucceeded", frame)
        else:
            frame.phase = "done"
            self.run.touch(frame)
            self._guard(parent, lambda: containers.child_done(self, parent, frame))

    def _end(self, ending: Ending, event: str, root: Frame) -> None:
        if self.run.full:
            ending, event = replace(_OVERFLOW, at=self.now), "ExecutionFailed"
        if ending.output is not None:
            details = history.produced(ending.output)
        else:
            details = history.failed(ending.error, ending.cause)
        self.emit(root, event, details)
        self.run.remove(root)
        self.run.changes.ending = ending
        if ending.status != "SUCCEEDED" and self.run.kind == "STANDARD":
            self.run.changes.kept = self.run.fallen


def _named(resource: Resource) -> dict[str, Any]:
    if resource.kind != "service":
        return {}
    return {"resourceType": resource.service, "resource": resource.action}
