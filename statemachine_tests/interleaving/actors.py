"""Machines walked with the platform's own tasks, one call of a port at a time.

An actor has no stack that would have to be kept: what it did follows from what its calls
answered. To take a step, the walk is begun again with the answers known so far, and pauses at the
first call that has none yet. So any actor may stop, double or begin its task again anywhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from io import BytesIO
from typing import Any

from statemachine_tests.stated import GOOD
from tasks.claim.task import claim
from tasks.discard_release.task import discard_release
from tasks.discard_staging.task import discard_staging
from tasks.errors import FileRejected
from tasks.failures import TaskFailed
from tasks.find_abandoned.task import find_abandoned
from tasks.parse_tabular.spec import Parsed
from tasks.publish.task import publish
from tasks.release_claim.task import release_claim
from tasks.reports import ParseReport, Part, ValidateReport, dump
from tasks.spec import TaskSpec, fields_of
from tasks.validate.spec import Validated
from tasks.write_parquet.task import write_parquet
from workflows.machines import INGEST_FILE, SETTLE_ABANDONED
from workflows.machines.model import Choose, Each, Machine, Note, Step

Answer = tuple[bool, Any]
PART = b"rows of "


def parse_tabular(event: Any, *, objects: Any) -> Parsed:
    """As much of Parse as others see: a part and a report in staging."""
    body = PART + event.key.encode()
    key = f"{event.staging}part-0000.parquet"
    objects.put(key, body)
    report = ParseReport(
        "carga-energia", 1, 0, (Part(key, 1, len(body), 2, 2),), None, (), (), ";", "utf-8", ".", ()
    )
    objects.put(f"{event.staging}parse.json", dump(report))
    return Parsed(f"{event.staging}parse.json", 1, 0)


def validate(event: Any, *, objects: Any) -> Validated:
    """As much of Validate as others see: a report in staging."""
    report = ValidateReport((), None, (), None, None)
    objects.put(f"{event.staging}validate.json", dump(report))
    return Validated(f"{event.staging}validate.json", 0, 0)


HANDLERS: Mapping[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (claim, parse_tabular, validate, write_parquet, publish, discard_release,
              discard_staging, release_claim, find_abandoned)
}  # fmt: skip
"""Those that touch the ledger or the objects; all others answer what is stated."""


class Paused(BaseException):
    """The walk has come to a call that was not made yet."""


class Over(BaseException):
    """The walk is not wanted any further: its execution was stopped, or its task timed out."""


@dataclass(frozen=True)
class Call:
    """One call of a port."""

    port: str
    method: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@dataclass(frozen=True)
class Actor:
    """One walk. `answers` are those of its calls so far. `until` ends it before its task of that
    number: a zombie. `failed` are the tasks that timed out, by number; they are not called."""

    name: str
    walk: Walk
    answers: tuple[Answer, ...] = ()
    until: int | None = None
    failed: frozenset[int] = frozenset()
    handlers: Mapping[str, Callable[..., Any]] = field(default_factory=lambda: HANDLERS)

    def look(self) -> Look:
        """Where it is: at a call, or at its end."""
        ports = _Ports(self)
        call = ending = None
        try:
            ending = self.walk(ports)
        except Paused:
            call = ports.next
        except Over:
            ending = "over"
        return Look(call, ending, ports.task, ports.began, ports)

    def after(self, answer: Answer) -> Actor:
        """It has made its call."""
        return replace(self, answers=(*self.answers, answer))

    @cached_property
    def mark(self) -> str:
        """Equal for actors of one name that will do the same."""
        return repr((self.name, self.answers, self.until, sorted(self.failed)))


@dataclass(frozen=True)
class Look:
    """An actor's next call, or its ending; its task by number, and how many calls it had made
    when that task began."""

    call: Call | None
    ending: str | None
    task: int
    began: int
    ports: _Ports

    def make(self, world: Any) -> Answer:
        """Make the call, in a world."""
        self.ports.world = world
        answer: Answer = world.call(self.call)
        return answer


class _Ports:
    """Gives each task its ports, which answer what is known and pause at what is not."""

    def __init__(self, actor: Actor) -> None:
        self._actor, self._used = actor, 0
        self.task, self.began = -1, 0
        self.next: Call | None = None
        self.world: Any = None
        """Set while a call is made: what it is given to call goes on to the world itself."""

    def call(self, call: Call) -> Any:
        if self.world is not None:
            good, answer = self.world.call(call)
            if not good:
                raise answer
            return answer
        if self._used == len(self._actor.answers):
            self.next = call
            raise Paused
        good, answer = self._actor.answers[self._used]
        self._used += 1
        if not good:
            raise answer
        return BytesIO(answer) if isinstance(answer, bytes) else answer

    def run(self, spec: TaskSpec, known: Mapping[str, Any]) -> Any:
        """One task. Raises what it raises."""
        self.task, self.began = self.task + 1, self._used
        if self.task == self._actor.until:
            raise Over
        if self.task in self._actor.failed:
            raise TaskFailed("States.Timeout")
        handler = self._actor.handlers.get(spec.name)
        if handler is None:
            return GOOD[spec.name]
        event = spec.takes(**{name: known[name] for name in fields_of(spec.takes)})
        wanted = [
            p.name
            for p in inspect.signature(handler).parameters.values()
            if p.kind is inspect.Parameter.KEYWORD_ONLY
        ]
        return handler(event, **{name: _Port(self, name) for name in wanted})


class _Port:
    def __init__(self, ports: _Ports, name: str) -> None:
        self._ports, self._name = ports, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._ports.call(Call(self._name, method, args, kwargs))


Walk = Callable[[_Ports], str]


def ingest(execution: str, day: int = 1) -> Walk:
    """`ingest_file` for the file of a day."""
    release, at = f"r{day}", f"2023-01-{day:02}T00:00:00Z"
    known = {
        "execution": execution, "key": f"raw/{day}", "origin": "CARGA.csv", "published_at": at,
        "dataset": None, "source": None, "sha256": f"sha-{day}", "size": 1,
    }  # fmt: skip
    told = {"release": release, "dataset": "carga-energia", "source": "CARGA"}

    def walk(ports: _Ports) -> str:
        return _walk(INGEST_FILE, ports, dict(known), told)

    return walk


def settle() -> Walk:
    """`settle_abandoned`, one lease after the other."""

    def walk(ports: _Ports) -> str:
        find, each = SETTLE_ABANDONED.steps["find_abandoned"], SETTLE_ABANDONED.steps["settle_each"]
        assert isinstance(find, Step)
        assert isinstance(each, Each)
        for item in ports.run(find.task, {"limit": 100}).items:
            _walk(each.do, ports, {f.name: getattr(item, f.name) for f in fields(item)}, {})
        return "Swept"

    return walk


def _walk(machine: Machine, ports: _Ports, known: dict[str, Any], told: Mapping[str, Any]) -> str:
    """Go from step to step as the machine says, and answer the name of the ending."""
    after = dict(machine.undo_ways)
    name = next(iter(machine.steps))
    while name not in machine.endings and name != machine.broken:
        if name in machine.undoing:
            ports.run(machine.undoing[name], known)
            name = after[name]
            continue
        node = machine.steps[name]
        if isinstance(node, Choose):
            name = node.rows.get(known[node.on], node.default)
        elif isinstance(node, Note):
            known |= node.gives
            name = node.then
        else:
            assert isinstance(node, Step)
            name = _step(machine, name, node, ports, known, told)
    return name


def _step(
    machine: Machine, name: str, node: Step, ports: _Ports, known: dict[str, Any],
    told: Mapping[str, Any],
) -> str:  # fmt: skip
    try:
        result = ports.run(node.task, {**known, **node.says})
    except FileRejected:
        return node.rejected or machine.plan.failures[name]
    except Exception as error:
        caught = [then for kind, then in node.catches.items() if isinstance(error, kind)]
        return caught[0] if caught else machine.plan.failures[name]
    known |= {f.name: getattr(result, f.name) for f in fields(result)}
    if name == "classify":
        known |= told
    return node.then


__all__ = ["Actor", "Call", "Look", "ingest", "settle"]
