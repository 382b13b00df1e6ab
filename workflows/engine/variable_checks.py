"""The variables that a machine assigns: their names, and that no name means two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.checks import Problems

MAX_NAME = 80
RESERVED = "states"


def names(assign: Any, at: str) -> Problems:
    """The names of one Assign."""
    for field in assign if isinstance(assign, Mapping) else ():
        name = field.removesuffix(".$")
        if not name.isidentifier() or len(name) > MAX_NAME:
            yield (
                f"SCHEMA_VALIDATION_FAILED: '{name}' is no name for a variable: a letter, then "
                f"letters, digits and underscores, at most {MAX_NAME}, at {at}"
            )
        elif name == RESERVED:
            yield f"SCHEMA_VALIDATION_FAILED: the variable '{name}' is reserved at {at}"


def scopes(machine: Any, at: str, outer: frozenset[str] = frozenset()) -> Problems:
    """States inside a Parallel or Map may read the variables around them, and assign their own;
    one name cannot mean both."""
    states = machine.get("States") if isinstance(machine, Mapping) else None
    if not isinstance(states, Mapping):
        return
    for name, state in states.items():
        if not isinstance(state, Mapping):
            continue
        here = f"{at}.States.{name}" if name.isidentifier() else f"{at}.States['{name}']"
        for variable in sorted(set(_assigned(state)) & outer):
            yield (
                f"SCHEMA_VALIDATION_FAILED: the variable '{variable}' belongs to an outer scope "
                f"and cannot be assigned here at {here}.Assign"
            )
        # What the state itself assigns comes after its branches, and is not theirs to see.
        around = [_assigned(other) for key, other in states.items() if key != name]
        visible = outer.union(*around)
        for index, branch in enumerate(_list(state.get("Branches"))):
            yield from scopes(branch, f"{here}.Branches[{index}]", visible)
        for field in ("ItemProcessor", "Iterator"):
            # The children of a Distributed Map are executions of their own: they see nothing.
            seen = frozenset() if _distributed(state.get(field)) else visible
            yield from scopes(state.get(field), f"{here}.{field}", seen)


def _assigned(state: Any) -> Iterator[str]:
    if not isinstance(state, Mapping):
        return
    rules = [*_list(state.get("Choices")), *_list(state.get("Catch"))]
    for rule in (state, *rules):
        assign = rule.get("Assign") if isinstance(rule, Mapping) else None
        if isinstance(assign, Mapping):
            yield from (str(field).removesuffix(".$") for field in assign)


def _distributed(processor: Any) -> bool:
    config = processor.get("ProcessorConfig") if isinstance(processor, Mapping) else None
    return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
