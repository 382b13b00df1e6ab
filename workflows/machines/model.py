"""A state machine as a value that reads like a timetable and checks itself when it is built.

The first row starts. Each row names a task and where its outcomes lead; ways only go down the
table, so every way ends. What a step takes is looked up by name among what is known on every way
to it (see `plan`). A failure walks back through the `undo` tasks of what was done, the last
first, and ends in `broken` with the error that began it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tasks.spec import TaskSpec, fields_of
from workflows.machines.nodes import Choose, Done, Each, Field, Node, Note, Step
from workflows.machines.plan import Plan, plan
from workflows.machines.routes import WrongMachine, check_routes, undo_chain

__all__ = ["Choose", "Done", "Each", "Field", "Machine", "Note", "Step", "WrongMachine"]


@dataclass(frozen=True)
class Machine:
    """One workflow. `takes` is the dataclass of its input; fields with a default may be left out.

    Building one that cannot work raises `WrongMachine`.
    """

    name: str
    summary: str
    takes: type
    steps: Mapping[str, Node]
    endings: Mapping[str, Done]
    broken: str = "Failed"
    undoing: Mapping[str, TaskSpec] = field(init=False, compare=False, repr=False)
    """The compensations by state name, in the order they run."""
    plan: Plan = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not dataclasses.is_dataclass(self.takes):
            raise WrongMachine(self.name, "takes", f"{self.takes!r} is not a dataclass")
        if "execution" in fields_of(self.takes):
            raise WrongMachine(self.name, "takes", "execution is known without being asked for")
        object.__setattr__(self, "undoing", undo_chain(self.steps))
        check_routes(self)
        object.__setattr__(self, "plan", plan(self))

    @property
    def undo_ways(self) -> tuple[tuple[str, str], ...]:
        """Each compensation with what follows it; the last is followed by `broken`."""
        return tuple(pairwise((*self.undoing, self.broken)))

    @property
    def can_break(self) -> bool:
        """Whether any failure leads to `broken`."""
        return self.plan.breaks
