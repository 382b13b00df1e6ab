"""What is known at a step: fields by name, each with where it is found and what it may be.

The latest giver of a name wins; a name that two different steps gave on two ways that meet is
nobody's. A field given on some of the ways only is null on the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workflows.machines.kinds import ANYTHING, NULL, Kinds, kinds_of_constant, kinds_of_fields
from workflows.machines.nodes import Each, Note, Step, slot


@dataclass(frozen=True)
class Fact:
    """One known field. `slot` is the step that gave it, empty for the machine's input;
    `sure` is False when it was given on some of the ways only."""

    path: str
    kinds: Kinds
    slot: str = ""
    sure: bool = True
    also: str = ""
    """Another slot that gave it on another way; whoever takes it is refused."""


Facts = Mapping[str, Fact]


def known_at_start(takes: type) -> Facts:
    """The machine's input, and the execution, which is known everywhere."""
    facts = {name: Fact(f"$.{name}", kinds) for name, kinds in kinds_of_fields(takes).items()}
    return {"execution": Fact("$$.Execution.Id", frozenset({str})), **facts}


def given_by(name: str, node: Step | Note | Each) -> Facts:
    """What a step adds when it is done."""
    under = slot(name, node)
    if isinstance(node, Each):
        return {name: Fact(f"$.{name}", ANYTHING, name)}
    if isinstance(node, Note):
        gives = {key: kinds_of_constant(value) for key, value in node.gives.items()}
    else:
        gives = dict(kinds_of_fields(node.task.gives))
    return {key: Fact(f"$.{under}.{key}", some, under) for key, some in gives.items()}


def join(ways: Sequence[Facts]) -> Facts:
    """What is known where ways meet. A step's field goes before an input field of its name."""
    joined: dict[str, Fact] = {}
    for name in dict.fromkeys(name for way in ways for name in way):
        found = [way[name] for way in ways if name in way]
        givers = list(dict.fromkeys(fact.slot for fact in found if fact.slot))
        chosen = next((fact for fact in found if fact.slot), found[0])
        same = all(fact.path == chosen.path for fact in found)
        of_chosen = [fact.kinds for fact in found if fact.path == chosen.path]
        joined[name] = replace(
            chosen,
            kinds=frozenset().union(*of_chosen),
            sure=same and len(found) == len(ways) and all(fact.sure for fact in found),
            also=next((g for g in givers if g != chosen.slot), "")
            or next((fact.also for fact in found if fact.also), ""),
        )
    return joined


def kinds_with_null(fact: Fact) -> Kinds:
    """What the fact may be, null included where some way does not give it."""
    return fact.kinds if fact.sure else fact.kinds | NULL
