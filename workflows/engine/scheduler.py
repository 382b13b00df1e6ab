"""One loop that moves many executions: ready frames, timers, and Tasks in flight.

A turn changes frames in memory, writes all changes of all executions in one transaction, and only
then lets them have effect: calls are made, listeners told. Whoever drives it decides when.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from tasks.failures import failure_of
from tasks.ports.clock import Clock, Jitter
from tasks.ports.executions import HistoryEvent
from workflows.engine import distributed, redrive
from workflows.engine.callbacks import Callback, outcome_of
from workflows.engine.children import Children, Job, Told
from workflows.engine.faults import StateFault
from workflows.engine.frames import DISTRIBUTED, Frame, Run
from workflows.engine.integrations import Integrations, Scripted, Submitted, TaskFailed
from workflows.engine.interpreter import Interpreter, TaskCall
from workflows.engine.journal import Journal
from workflows.engine.jsontext import dumps, loads
from workflows.engine.nested import SERVICES, Launch, Nested
from workflows.engine.objects import Objects
from workflows.engine.threads import TaskThreads

STEPS_PER_TURN = 64
POLL_S = 0.1
"""How often a process that waits looks for requests of other processes."""
WHOLE_RUN = 0
"""In place of a frame's id: the timer is the whole execution's."""

Listener = Callable[[str, HistoryEvent], None]


@dataclass(frozen=True)
class MapOutcome:
    """What a Distributed Map's job on a thread came to."""

    told: Told


Outcome = tuple[Any, str] | TaskFailed | Submitted | MapOutcome
"""Of a call: its result and the result's JSON text, its failure, or what was only submitted."""
Token = tuple[int, int, int]
"""Of a call: the execution's key, the frame's id, and a number that no other call has."""


class Scheduler:
    """Drives the executions that this process owns. Not for several threads."""

    def __init__(
        self,
        journal: Journal,
        owner: str,
        integrations: Integrations | Scripted,
        clock: Clock,
        jitter: Jitter,
        concurrency: int,
        objects: Objects,
        load: Callable[[int], Run],
        launch: Launch,
    ) -> None:
        self._nested = Nested(journal, launch)
        self._load, self._children = load, Children(journal, owner, objects, clock)
        self._journal, self._owner, self._work = journal, owner, integrations
        self._clock, self._jitter = clock, jitter
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._threads = TaskThreads(concurrency, self._inbox)
        self._machines: dict[int, Interpreter] = {}
        self._timers: list[tuple[float, int, int]] = []
        self._pending: deque[tuple[int, int]] = deque()
        self._moved: set[int] = set()
        self._tokens: dict[tuple[int, int], Token] = {}
        self._calls = 0
        self._nap = POLL_S
        self._passes = False
        """Time was seen to pass while we slept: the clock is not one that needs a sleep to pass."""

    @property
    def keys(self) -> set[int]:
        """The executions it drives."""
        return set(self._machines)

    def poke(self) -> None:
        """End a wait early; may be called on any thread."""
        self._inbox.put(None)

    def add(self, run: Run, *, begun: bool) -> None:
        """Drive an execution: from its start, or from where the journal has it."""
        machine = Interpreter(run, self._clock, self._jitter)
        self._machines[run.key] = machine
        self._moved.add(run.key)
        seconds = run.machine.top.get("TimeoutSeconds")
        if seconds is not None:
            run.deadline = (run.redriven_at or run.started_at) + seconds
            heapq.heappush(self._timers, (run.deadline, run.key, WHOLE_RUN))
        if not begun:
            machine.begin()
            return
        if run.has_ended:
            redrive.go_on(machine)
            return
        for frame in run.frames.values():
            if frame.phase in ("ready", "again"):
                run.ready.append(frame.id)
            elif frame.phase in ("scheduled", "running"):
                call = self._journal.details(run.key, frame.call)
                run.payloads[frame.id] = _payload(call)
                self._pending.append((run.key, frame.id))
            elif frame.phase in ("reading", "writing"):
                self._pending.append((run.key, frame.id))
            elif frame.phase == "distributed":
                self._children.watch(run, frame)
            elif frame.wake is not None:
                heapq.heappush(self._timers, (frame.wake, run.key, frame.id))
            if frame.phase == "callback":
                self._nested.watch(run, frame, machine.resource(frame))

    def stop(self, key: int, error: str | None, cause: str | None) -> None:
        """Abort an execution, in this turn's transaction."""
        self._machines[key].end_by_force("ABORTED", error, cause)
        self._moved.add(key)

    def look_around(self) -> None:
        """Another process wrote to the journal."""
        self._children.look()
        self._nested.look()

    def elsewhere(self) -> set[int]:
        """The running executions that those driven here wait for, and that are not driven here."""
        return self._children.elsewhere(self.keys) | (self._nested.keys() - self.keys)

    def stops_asked(self) -> bool:
        """Whether executions were asked to stop here since this was asked."""
        asked = self._children.stops_asked or self._nested.stops_asked
        self._children.stops_asked = self._nested.stops_asked = False
        return asked

    def take_callback(self, sent: Callback) -> None:
        """Somebody sent something for a Task that waits."""
        machine = self._machines.get(sent.execution)
        frame = machine.run.frames.get(sent.frame) if machine else None
        if machine is None or frame is None or frame.call != sent.call:
            return
        if frame.phase == "running" and sent.outcome and machine.ends_early(frame):
            machine.run.changes.stopped.append(frame.id)  # the job is not waited for any more
        elif frame.phase != "callback":  # the call has not returned yet; it looks when it does
            return
        if sent.outcome is not None:
            self._end_task(machine, frame, outcome_of(sent.outcome))
        elif sent.beat is not None:
            machine.task_beaten(frame, sent.beat)
        self._moved.add(sent.execution)

    def forget(self) -> None:
        """Drop everything in memory; the journal has all that counts."""
        for token in self._tokens.values():
            self._threads.give_up(token)
        for held in (self._machines, self._timers, self._pending, self._moved, self._tokens):
            held.clear()
        self._children.forget()
        self._nested.forget()

    def close(self) -> None:
        """As `forget`, and let the threads end."""
        self.forget()
        self._threads.close()

    def turn(self, listener: Listener | None) -> bool:
        """Do all that can be done now; False when there was nothing."""
        self._take_outcomes()
        self._fire_timers()
        for (key, id), outcome in self._nested.outcomes().items():
            machine = self._machines[key]
            if frame := machine.run.frames.get(id):
                self._deliver(machine, frame, outcome)
        started, moved = self._children.turn(self._machines)
        self._moved |= moved
        for key in started:
            run = self._load(key)
            self.add(run, begun=run.next_event > 1)
        for key in sorted(self._moved):
            machine = self._machines[key]
            machine.advance(STEPS_PER_TURN)
            for frame in machine.run.changes.touched.values():
                if frame.phase == "scheduled":
                    self._pending.append((key, frame.id))
        calls = self._start_tasks()
        return self._commit(calls, listener)

    def wait(self) -> bool:
        """Wait until there may be something to do, or a moment; whether a Task told something."""
        due = self._timers[0][0] - self._clock.now() if self._timers else None
        if due is not None and not self._threads.busy:
            self._sleep(due)
            return False
        timeout = POLL_S if due is None else max(0.0, min(POLL_S, due))
        try:
            self._take(self._inbox.get(timeout=timeout))
        except Empty:
            return False
        return True

    def _sleep(self, due: float) -> None:
        # Naps are short, so that other processes' requests are seen. A clock that passes its time
        # at once (a test's) does not need them.
        if self._passes:
            self._doze(due)
            return
        started = monotonic()
        self._clock.sleep(max(0.0, min(due, self._nap)))
        self._passes = monotonic() - started > self._nap / 2
        self._nap = POLL_S if self._passes else self._nap * 2

    def _doze(self, due: float) -> None:
        """Wait for the inbox, which ends early when something comes. A clock that stands still
        meanwhile was taken for one that passes by itself, and was only slow."""
        before = self._clock.now()
        try:
            self._take(self._inbox.get(timeout=max(0.0, min(due, POLL_S))))
        except Empty:
            self._passes = self._clock.now() > before or due <= 0

    def _take_outcomes(self) -> None:
        while True:
            try:
                self._take(self._inbox.get_nowait())
            except Empty:
                return

    def _take(self, message: tuple[Token, Outcome] | None) -> None:
        if message is None:
            return
        token, outcome = message
        key, id, _ = token
        if not self._threads.finished(token) or self._tokens.pop((key, id), None) != token:
            return
        machine = self._machines[key]
        frame = machine.run.frames.get(id)
        if frame is None:  # a sibling's failure ended it in this very turn
            return
        self._deliver(machine, frame, outcome)

    def _deliver(self, machine: Interpreter, frame: Frame, outcome: Outcome) -> None:
        key = machine.run.key
        if isinstance(outcome, MapOutcome):
            machine.told(frame, outcome.told)
        elif isinstance(outcome, Submitted):
            machine.task_submitted(frame, dumps(outcome.output))
            if outcome.then is None:
                self._look(key, frame)
            else:
                self._end_task(machine, frame, outcome.then)
        else:
            self._end_task(machine, frame, outcome)
        self._moved.add(key)

    def _look(self, key: int, frame: Frame) -> None:
        """See whether something was sent that nobody told this process of."""
        if sent := self._journal.callback(key, frame.call):
            self.take_callback(sent)

    @staticmethod
    def _end_task(
        machine: Interpreter, frame: Frame, outcome: tuple[Any, str] | TaskFailed
    ) -> None:
        if isinstance(outcome, TaskFailed):
            machine.task_failed(frame, outcome)
        else:
            machine.task_succeeded(frame, *outcome)

    def _fire_timers(self) -> None:
        now = self._clock.now()
        while self._timers and self._timers[0][0] <= now:
            wake, key, id = heapq.heappop(self._timers)
            machine = self._machines.get(key)
            if machine is None:
                continue
            if id == WHOLE_RUN:
                if machine.run.deadline != wake:  # of the time before a redrive
                    continue
                machine.end_by_force("TIMED_OUT", None, None)
            else:
                frame = machine.run.frames.get(id)
                if frame is not None and frame.wake == wake and frame.phase == "callback":
                    self._look(key, frame)
                if frame is None or frame.wake != wake:
                    continue
                machine.fire(frame)
            self._moved.add(key)

    def _start_tasks(self) -> list[TaskCall]:
        calls: list[TaskCall] = []
        while self._pending and self._threads.free > len(calls):
            key, id = self._pending.popleft()
            machine = self._machines.get(key)
            frame = machine.run.frames.get(id) if machine else None
            if machine is None or frame is None or machine.run.changes.ending:
                continue
            if frame.phase in DISTRIBUTED:
                self._submit((key, id), _told(self._children.job(machine, frame)))
                continue
            again = frame.phase == "running"
            call = machine.call_again(frame) if again else machine.start_task(frame)
            self._moved.add(key)
            if not machine.overflowed():
                calls.append(call)
        return calls

    def _commit(self, calls: list[TaskCall], listener: Listener | None) -> bool:
        turns = {
            key: changes
            for key in self._moved
            if (changes := self._machines[key].run.take_changes())
        }
        fences = {key: self._machines[key].run.fence for key in turns}
        if turns:
            _, refused = self._journal.write(
                self._owner, [(key, fences[key], changes) for key, changes in turns.items()]
            )
            for key in refused:  # somebody else runs it: whatever is in flight does not count
                del turns[key]
                self._drop(key)
        self._moved = {
            k for k in self._moved if k in self._machines and self._machines[k].run.ready
        }
        told: list[tuple[str, HistoryEvent]] = []
        for key, changes in turns.items():
            run = self._machines[key].run
            told += [(run.arn, event) for event in changes.events]
            for id in changes.stopped:
                self._give_up(key, id)
                self._nested.give_up((key, id))
            for frame in changes.touched.values():
                if frame.wake is not None:
                    heapq.heappush(self._timers, (frame.wake, key, frame.id))
                elif frame.phase in ("reading", "writing"):
                    self._pending.append((key, frame.id))
                elif frame.phase == "distributed":
                    self._children.watch(run, frame)
                if frame.phase == "callback":
                    self._nested.watch(run, frame, self._machines[key].resource(frame))
            if changes.map_runs:
                self._children.stops_asked = True
            if changes.ending:
                self._children.ended(run)
                self._nested.ended(key)
                self._drop(key)
        for call in calls:
            if call.run in turns and not turns[call.run].ending:
                self._call(call)
        for arn, event in told if listener else ():
            assert listener is not None
            listener(arn, event)
        return bool(turns)

    def _drop(self, key: int) -> None:
        del self._machines[key]
        self._nested.drop(key)
        for frame in [id for run, id in self._tokens if run == key]:
            self._give_up(key, frame)
        self._moved.discard(key)

    def _give_up(self, key: int, frame: int) -> None:
        token = self._tokens.pop((key, frame), None)
        if token is not None:
            self._threads.give_up(token)

    def _call(self, call: TaskCall) -> None:
        if call.resource.service in SERVICES and not isinstance(self._work, Scripted):
            machine = self._machines[call.run]
            frame = machine.run.frames[call.frame]
            answer = self._nested.start(machine.run, frame, call.resource, call.payload)
            self._deliver(machine, frame, answer)
            return
        work = self._work
        self._submit((call.run, call.frame), lambda: _outcome(call, work))

    def _submit(self, frame: tuple[int, int], work: Callable[[], Any]) -> None:
        self._calls += 1
        token = (*frame, self._calls)
        self._tokens[frame] = token
        self._threads.submit(token, work)


def _told(job: Job) -> Callable[[], MapOutcome]:
    def work() -> MapOutcome:
        try:
            return MapOutcome(job())
        except Exception as error:  # a store that breaks its promise must not stop the loop
            fault = StateFault("States.Runtime", f"{type(error).__name__}: {error}")
            return MapOutcome(lambda machine, frame: distributed.failed(machine, frame, fault))

    return work


def _outcome(call: TaskCall, work: Integrations | Scripted) -> Outcome:
    if isinstance(work, Scripted):
        written = _result(lambda: work.answer(call))
        submits = call.resource.pattern == "token" or (
            call.resource.pattern == "sync" and call.resource.service == "states"
        )
        if not submits or isinstance(written, (Submitted, MapOutcome)):
            return written
        return Submitted({}, then=written)
    return _result(
        lambda: call.resource.call(
            work, call.payload, timeout_s=call.timeout_s, attempt=call.attempt, job=call.job
        )
    )


def _result(work: Callable[[], Any]) -> Outcome:
    try:
        result = work()
        return result if isinstance(result, Submitted) else (result, dumps(result))
    except TaskFailed as failure:
        return failure
    except Exception as error:  # an integration that breaks its promise must not stop the loop
        return failure_of(error)


def _payload(scheduled: dict[str, Any]) -> Any:
    return loads(scheduled["parameters"] if "parameters" in scheduled else scheduled["input"])
