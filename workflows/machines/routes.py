"""Where each outcome of a step leads, and the way back through what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from tasks.errors import ClaimHeld, ClaimLost, FileRejected, PlatformError, TryAgain
from tasks.spec import TaskSpec, leaves
from workflows.machines.nodes import Each, Step, targets

if TYPE_CHECKING:
    from workflows.machines.model import Machine


class WrongMachine(ValueError):
    """The machine cannot work; the message names the machine, the step and what is wrong."""

    def __init__(self, machine: str, step: str, what: str) -> None:
        self.machine, self.step = machine, step
        super().__init__(f"{machine}: {step}: {what}")


@dataclass(frozen=True)
class CatchRow:
    """Errors by their leaf names, and the step that they lead to."""

    errors: tuple[str, ...]
    then: str


def undo_chain(steps: Mapping[str, object]) -> Mapping[str, TaskSpec]:
    """The compensations by state name, in the order they run: the last thing done first."""
    undos = [step.undo for step in steps.values() if isinstance(step, Step) and step.undo]
    return {undo.name: undo for undo in reversed(list(dict.fromkeys(undos)))}


def catch_rows(step: Step, broken: str) -> tuple[CatchRow, ...]:
    """Where the errors that a step's task declares lead. What is not here is a failure.

    A lost lease leads straight to the end: what this execution left belongs to whoever holds the
    lease now, and no compensation of ours may touch it.
    """
    ways: dict[str, list[str]] = {}
    for error in declared(step.task):
        if error in step.catches:
            ways.setdefault(step.catches[error], []).append(error.__name__)
        elif issubclass(error, FileRejected) and step.rejected:
            ways.setdefault(step.rejected, []).append(error.__name__)
        elif issubclass(error, ClaimLost):
            ways.setdefault(broken, []).append(error.__name__)
    return tuple(CatchRow(tuple(sorted(names)), then) for then, names in ways.items())


def declared(task: TaskSpec) -> tuple[type[PlatformError], ...]:
    """The leaf errors that a task declares."""
    return tuple(dict.fromkeys(leaf for error in task.raises for leaf in leaves(error)))


def check_routes(machine: Machine) -> None:
    """Raises `WrongMachine` unless every row leads on, down the table, to an ending, every row is
    reached, and every declared error that is not a failure has somewhere to go."""
    rows = list(machine.steps)
    if not rows:
        raise WrongMachine(machine.name, "steps", "there are none")
    for position, (name, node) in enumerate(machine.steps.items()):
        for target in targets(node):
            if target not in machine.steps and target not in machine.endings:
                raise WrongMachine(machine.name, name, f"leads to {target}, which does not exist")
            if target in rows[: position + 1]:
                raise WrongMachine(machine.name, name, f"leads back to {target}; ways only go down")
        if isinstance(node, Step):
            _check_errors(machine.name, name, node)
    reached = {rows[0], *chain.from_iterable(targets(n) for n in machine.steps.values())}
    if lost := [name for name in (*rows, *machine.endings) if name not in reached]:
        raise WrongMachine(machine.name, lost[0], "nothing leads there")
    _check_names(machine)


def before(machine: Machine) -> Mapping[str, frozenset[str]]:
    """For each step, the steps that may have run, or half run, before it."""
    earlier: dict[str, set[str]] = {name: set() for name in machine.steps}
    for name, node in machine.steps.items():
        for target in targets(node):
            if target in earlier:
                earlier[target] |= {name, *earlier[name]}
    return {name: frozenset(names) for name, names in earlier.items()}


def _check_errors(machine: str, name: str, step: Step) -> None:
    errors = declared(step.task)
    rejections = [error for error in errors if issubclass(error, FileRejected)]
    if any(error not in step.catches for error in rejections) and not step.rejected:
        raise WrongMachine(machine, name, f"{rejections[0].__name__} has nowhere to go")
    if step.rejected and not rejections:
        raise WrongMachine(machine, name, f"{step.task.name} rejects nothing")
    if ClaimHeld in errors and ClaimHeld not in step.catches:
        raise WrongMachine(machine, name, "ClaimHeld has nowhere to go")
    for error in step.catches:
        if error not in errors and error is not TryAgain:
            raise WrongMachine(machine, name, f"{step.task.name} never raises {error.__name__}")


def _check_names(machine: Machine) -> None:
    seen: set[str] = set()
    for name in _state_names(machine):
        if name in seen:
            raise WrongMachine(machine.name, name, "two states would have this name")
        seen.add(name)


def _state_names(machine: Machine) -> Iterator[str]:
    own: Iterable[str] = (*machine.steps, *machine.endings, *machine.undoing, machine.broken)
    yield from own
    for node in machine.steps.values():
        if isinstance(node, Each):
            inner = _state_names(node.do)
            yield from (n for n in inner if n != node.do.broken or node.do.can_break)
