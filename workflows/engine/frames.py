"""The state of an execution as plain values: frames, and what one turn of the scheduler changed.

A frame stands for one thread of states: the machine itself, a Parallel branch, or a Map item. It
has no Python stack behind it; all that it is lies in the journal, so that any process can go on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tasks.ports.executions import HistoryEvent, Status
from workflows.engine import history
from workflows.engine.definition import ROOT, StateMachine
from workflows.engine.jsontext import dumps, loads
from workflows.engine.map_runs import MapRunChange
from workflows.engine.quotas import MAX_EVENTS

Phase = Literal[
    "ready",  # will enter its state
    "again",  # will do its state's work again, after a retry's wait
    "waiting",  # a Wait state, until `wake`
    "retrying",  # until `wake`
    "scheduled",  # a Task that no thread has taken yet
    "running",  # a Task in flight, until `wake` at the latest
    "callback",  # a Task whose outcome somebody will send, until `wake` at the latest
    "children",  # a Parallel or Map whose frames are at work
    "reading",  # a Distributed Map whose items are being read
    "distributed",  # one whose child executions are at work
    "writing",  # one whose results are being put together
    "map failed",  # one whose map run failed after it had read its items
    "done",  # its value is its output
]
DISTRIBUTED: frozenset[Phase] = frozenset({"reading", "distributed", "writing"})
"""Those of a Distributed Map whose map run did not end yet."""


@dataclass
class Frame:
    """One thread of states.

    `value` is the input of the current state, or the output once done; `text` is its JSON.
    `last` is the newest event of this thread. `retries` counts by retrier. `call` is the event
    that scheduled the Task, `timeout` and `heartbeat` its limits in seconds; `deadline` is when a
    Task that waits for its outcome runs out of time, whatever signs of life it gives.
    """

    id: int
    parent: int | None
    scope: str
    index: int
    state: str
    value: Any
    text: str
    phase: Phase = "ready"
    last: int = 0
    entered: int = 0
    entered_at: float = 0.0
    retries: dict[int, int] = field(default_factory=dict)
    wake: float | None = None
    timeout: float | None = None
    call: int = 0
    variables: dict[str, Any] = field(default_factory=dict)
    heartbeat: float | None = None
    deadline: float | None = None
    fresh: bool = True
    """The journal does not have this value yet."""

    def data(self) -> str:
        """All but the value, as JSON text for the journal."""
        return dumps(
            [
                self.parent, self.scope, self.index, self.state, self.phase, self.last,
                self.entered, self.entered_at, list(self.retries.items()), self.wake,
                self.timeout, self.call, self.variables, self.heartbeat, self.deadline,
            ]
        )  # fmt: skip

    @classmethod
    def of(cls, id: int, data: str, text: str) -> Frame:
        """The frame that the journal kept."""
        (parent, scope, index, state, phase, last, entered, entered_at, retries, wake, timeout,
         call, variables, *later) = loads(data)  # fmt: skip
        heartbeat, deadline = later or (None, None)  # formats 1 and 2 had no such fields
        return cls(
            id, parent, scope, index, state, loads(text), text, phase, last, entered, entered_at,
            dict(retries), wake, timeout, call, variables, heartbeat, deadline, fresh=False,
        )  # fmt: skip

    def put(self, value: Any, text: str | None = None) -> None:
        """Give the frame another value."""
        self.value, self.text = value, dumps(value) if text is None else text
        self.fresh = True


@dataclass(frozen=True)
class Ending:
    """How an execution ended; `output` is JSON text."""

    status: Status
    at: float
    output: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass
class Changes:
    """What one turn changed: to be journalled in one transaction before any of it has effect.

    `times` are the events' times in seconds; `stopped` are calls whose outcome nobody wants.
    `opened` are (call, frame) of Tasks whose outcome may be sent from now on, `closed` the calls
    of those whose outcome may not be sent any more. `kept` are the frames of an execution that
    failed, as they were before: a redrive goes on with them.
    """

    events: list[HistoryEvent] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    touched: dict[int, Frame] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    opened: list[tuple[int, int]] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    map_runs: list[MapRunChange] = field(default_factory=list)
    kept: list[Frame] = field(default_factory=list)
    ending: Ending | None = None

    def __bool__(self) -> bool:
        return bool(self.events or self.touched or self.removed or self.ending)


@dataclass
class Run:
    """One execution in memory, owned by this process with `fence`."""

    key: int
    arn: str
    name: str
    machine: StateMachine
    input: Any
    started_at: float
    fence: int
    frames: dict[int, Frame] = field(default_factory=dict)
    kids: dict[int, list[Frame]] = field(default_factory=dict)
    """The frames that a frame started and that are not removed yet, in the order of their index."""
    ready: deque[int] = field(default_factory=deque)
    next_event: int = 1
    next_frame: int = 1
    payloads: dict[int, Any] = field(default_factory=dict)
    """What the Tasks in flight were sent, by frame."""
    plans: dict[int, object] = field(default_factory=dict)
    """What the Map states at work go over, by frame; they follow from the frames' values."""
    changes: Changes = field(default_factory=Changes)
    full: bool = False
    """An event came that the history has no room for."""
    kind: str = "STANDARD"
    redrives: int = 0
    redriven_at: float | None = None
    map_run: int | None = None
    item: int | None = None
    """Of a Distributed Map's child: the key of its map run, and its number there."""
    map_redrives: dict[int, int] = field(default_factory=dict)
    """Of an execution to be redriven: how often its map runs were, by the event of their start."""
    has_ended: bool = False
    """Its history ends with an ending, though it runs: it is to be redriven."""
    deadline: float | None = None
    fallen: list[Frame] = field(default_factory=list)
    """The frames removed by a failure that nothing has taken yet."""

    def emit(self, previous: int, type: str, at: float, details: dict[str, Any]) -> int:
        """Add an event and answer its id."""
        id = self.next_event
        if id >= MAX_EVENTS and self.kind == "STANDARD" and not type.startswith("Execution"):
            self.full = True  # what comes now has no place; the interpreter ends the execution
            return previous
        self.next_event += 1
        self.changes.events.append(history.event(id, previous, type, at, details))
        self.changes.times.append(at)
        return id

    def spawn(
        self, parent: Frame | None, scope: str, index: int, value: Any, text: str | None = None
    ) -> Frame:
        """A new frame, about to enter the first state of its scope."""
        frame = Frame(
            self.next_frame,
            parent.id if parent else None,
            scope,
            index,
            self.machine.start_of(scope),
            value,
            dumps(value) if text is None else text,
            variables=parent.variables if parent else {},
        )
        self.next_frame += 1
        self.add(frame)
        self.wake(frame)
        return frame

    def add(self, frame: Frame) -> None:
        """Take up a frame: a new one, or one that the journal kept (in the order of their ids)."""
        self.frames[frame.id] = frame
        if frame.parent is not None:
            self.kids.setdefault(frame.parent, []).append(frame)
        self.next_frame = max(self.next_frame, frame.id + 1)

    def wake(self, frame: Frame) -> None:
        """The frame has work to do now."""
        self.ready.append(frame.id)
        self.touch(frame)

    def touch(self, frame: Frame) -> None:
        """The frame changed and must be journalled."""
        self.changes.touched[frame.id] = frame

    def children(self, frame: Frame) -> list[Frame]:
        """The frames that it started and that are not removed yet, in the order of their index."""
        return self.kids.get(frame.id, [])

    def parent(self, frame: Frame) -> Frame | None:
        """The frame that started it."""
        return None if frame.parent is None else self.frames[frame.parent]

    def ancestry(self, frame: Frame) -> Iterator[Frame]:
        """The frame, the frame that started it, and so on."""
        here: Frame | None = frame
        while here is not None:
            yield here
            here = self.parent(here)

    def remove(self, frame: Frame) -> None:
        """Forget the frame and all below it; a call in flight is not wanted any more."""
        self.remove_children(frame)
        self.fallen.append(frame)
        if frame.phase in ("running", "callback") or frame.phase in DISTRIBUTED:
            self.changes.stopped.append(frame.id)
        if frame.phase in ("running", "callback"):
            self.changes.closed.append(frame.call)
        self.payloads.pop(frame.id, None)
        self.plans.pop(frame.id, None)
        self.changes.touched.pop(frame.id, None)
        self.changes.removed.append(frame.id)
        del self.frames[frame.id]

    def remove_children(self, frame: Frame) -> None:
        """Forget all that the frame started."""
        for child in self.kids.pop(frame.id, []):
            self.remove(child)

    def take_changes(self) -> Changes:
        """What changed since the last time."""
        changes, self.changes = self.changes, Changes()
        self.fallen = []
        return changes

    def root(self) -> Frame:
        """The machine's own frame."""
        return next(f for f in self.frames.values() if f.scope == ROOT)
