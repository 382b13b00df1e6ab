"""The rows of a timetable: what a machine may do next, and how it may end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.errors import PlatformError
from tasks.spec import TaskSpec

if TYPE_CHECKING:
    from workflows.machines.model import Machine

Constant = str | int | float | bool | None


@dataclass(frozen=True)
class Step:
    """One task. It is sent the fields that its contract takes; what it gives is kept under the
    step's name, or under `under`.

    `rejected` is where a rejection of the file leads, `catches` where other errors lead that the
    task declares. `failed` is where any other failure leads; None means back through the `undo`
    tasks of what was done so far, this step's own first. `says` are constants that are sent
    instead of what is known.
    """

    task: TaskSpec
    then: str
    rejected: str | None = None
    catches: Mapping[type[PlatformError], str] = field(default_factory=dict)
    failed: str | None = None
    undo: TaskSpec | None = None
    under: str | None = None
    says: Mapping[str, Constant] = field(default_factory=dict)


@dataclass(frozen=True)
class Choose:
    """The way forks on one field: `rows` maps its value to the next step. None means null."""

    on: str
    rows: Mapping[str | bool | None, str]
    default: str


@dataclass(frozen=True)
class Note:
    """Constants to remember under the step's name, or under `under`."""

    gives: Mapping[str, Constant]
    then: str
    under: str | None = None


@dataclass(frozen=True)
class Each:
    """The machine `do` for every item of the list `over`, `at_once` of them at a time.

    The outputs, in the order of the items, are kept under the step's name as one list.
    """

    over: str
    do: Machine
    then: str
    at_once: int = 4


Node = Step | Choose | Note | Each


@dataclass(frozen=True)
class Field:
    """In `Done.says`: the value that is known under this name."""

    name: str


@dataclass(frozen=True)
class Done:
    """A good ending. Its output has the `fields`: each is what `says` tells, else what is known
    under its name on the way taken, else null."""

    fields: tuple[str, ...]
    says: Mapping[str, Constant | Field] = field(default_factory=dict)


def targets(node: Node) -> tuple[str, ...]:
    """Where a row says that it leads, the way back through the undo tasks left out."""
    if isinstance(node, Choose):
        return (*node.rows.values(), node.default)
    if isinstance(node, Step):
        ways = (node.then, node.rejected, *node.catches.values(), node.failed)
        return tuple(way for way in ways if way is not None)
    return (node.then,)


def slot(name: str, node: Node) -> str:
    """The name under which the node's result is kept."""
    under = node.under if isinstance(node, (Step, Note)) else None
    return under or name
