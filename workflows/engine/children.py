"""The child executions of the Distributed Maps that this process drives: started, watched, ended.

A child is an execution with a history of its own. Its Map learns of its end from the counts that
the journal keeps, so it does not matter which process ran it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice

from tasks.ports.clock import Clock
from workflows.engine import distributed
from workflows.engine.context import execution_arn
from workflows.engine.definition import StateMachine
from workflows.engine.faults import StateFault
from workflows.engine.frames import Frame, Run
from workflows.engine.interpreter import Interpreter
from workflows.engine.item_source import ItemSource
from workflows.engine.journal import Journal
from workflows.engine.map_fields import MapFields
from workflows.engine.map_runs import MapRun, child_machine, label_of
from workflows.engine.objects import Objects
from workflows.engine.result_writer import ResultWriter, result_of

KEPT_AT_ONCE = 500
"""How many items are journalled in one transaction."""

Told = Callable[[Interpreter, Frame], None]
"""What a job on a thread came to, to be told to the machine on the loop's thread."""
Job = Callable[[], Told]


class Children:
    """Not for several threads; its jobs are run on any."""

    def __init__(self, journal: Journal, owner: str, objects: Objects, clock: Clock) -> None:
        self._journal, self._owner = journal, owner
        self._objects, self._clock = objects, clock
        self._maps: dict[int, tuple[int, int]] = {}
        self._machines: dict[tuple[str, str, str], StateMachine] = {}
        self._due: set[int] = set()
        self.stops_asked = False
        """Children were asked to stop since somebody looked."""

    def watch(self, run: Run, frame: Frame) -> None:
        """The children of this frame may run from now on."""
        key = self._journal.map_run(run.key, frame.call).key
        self._maps[key] = (run.key, frame.id)
        self._due.add(key)

    def ended(self, run: Run) -> None:
        """An execution has ended, maybe a child."""
        if run.map_run in self._maps:
            self._due.add(run.map_run)

    def look(self) -> None:
        """Another process wrote to the journal: it may have ended any child."""
        self._due |= self._maps.keys()

    def forget(self) -> None:
        """Drop everything in memory."""
        self._maps.clear()
        self._due.clear()

    def elsewhere(self, here: set[int]) -> set[int]:
        """The running children that this process waits for and does not drive."""
        found = [self._journal.running_children(key) for key in self._maps]
        return set().union(*found) - here

    def turn(self, machines: Mapping[int, Interpreter]) -> tuple[list[int], set[int]]:
        """Start the children that may start. Answers their keys, and those of the executions
        whose Map has no child left."""
        started: list[int] = []
        moved: set[int] = set()
        for key in sorted(self._due):
            execution, id = self._maps[key]
            machine = machines.get(execution)
            frame = machine.run.frames.get(id) if machine else None
            if machine is None or frame is None or frame.phase != "distributed":
                del self._maps[key]
                continue
            run = self._journal.map_run_by_key(key)
            if run.exceeded() and not run.failing:
                self._journal.stop_children(self._owner, machine.run.fence, run)
                self.stops_asked = True
            elif not run.failing and run.room() > 0:
                started += self._start(machine, frame, run)
            if run.running == 0 and (run.failing or run.exceeded() or run.waiting == 0):
                del self._maps[key]
                distributed.children_ended(machine, frame)
                moved.add(execution)
        self._due.clear()
        return started, moved

    def job(self, machine: Interpreter, frame: Frame) -> Job:
        """The work of a frame that reads its items, or puts its results together."""
        run = self._journal.map_run(machine.run.key, frame.call)
        fence = machine.run.fence
        try:
            if frame.phase == "reading":
                source = distributed.source(machine, frame)
                return lambda: self._read(run, source, fence)
            fields = MapFields(machine, frame)
            field = fields.state.get("ResultWriter", {})
            given = fields.template(
                field.get("Parameters", field.get("Arguments", {})), "ResultWriter/Arguments"
            )
            writer = ResultWriter.of(field, given)
            return lambda: self._write(run, writer, fence)
        except StateFault as fault:
            told = _failed(fault)
            return lambda: told

    def _start(self, machine: Interpreter, frame: Frame, run: MapRun) -> list[int]:
        inner = self._machine(machine, frame)
        kind = distributed.execution_type(machine.state(frame))
        return list(
            self._journal.start_children(
                self._owner, machine.run.fence, run, inner, execution_arn(inner.name, ""), kind,
                self._clock.now(), run.room(),
            )
        )  # fmt: skip

    def _machine(self, machine: Interpreter, frame: Frame) -> StateMachine:
        outer = machine.run.machine
        known = (outer.digest, frame.scope, frame.state)
        if known not in self._machines:
            label = label_of(frame.state, machine.state(frame))
            name = child_machine(outer.name, label)
            self._machines[known] = outer.part(name, distributed.child_definition(machine, frame))
        return self._machines[known]

    def _read(self, run: MapRun, source: ItemSource, fence: int) -> Told:
        kept = 0
        try:
            inputs = source.inputs(self._objects)
            while (batch := list(islice(inputs, KEPT_AT_ONCE))) or not kept:
                if not self._journal.keep_items(self._owner, fence, run, batch, kept):
                    break
                kept += len(batch)
                if not batch:
                    break
        except StateFault as fault:
            return _failed(fault)
        self._journal.items_kept(self._owner, fence, run)
        return distributed.items_read

    def _write(self, run: MapRun, writer: ResultWriter, fence: int) -> Told:
        try:
            result = result_of(writer, run, self._journal, self._objects)
        except StateFault as fault:
            return _failed(fault)
        if writer.arguments is not None:
            self._journal.results_written(self._owner, fence, run)
        if run.exceeded():
            cause = "The specified tolerated failure threshold was exceeded"
            return _failed(StateFault(distributed.EXCEEDED, cause))
        return lambda machine, frame: distributed.succeeded(machine, frame, result)


def _failed(fault: StateFault) -> Told:
    return lambda machine, frame: distributed.failed(machine, frame, fault)
