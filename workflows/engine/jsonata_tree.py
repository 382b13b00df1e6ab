"""What an expression reads that Step Functions does not have: there is no input to a JSONata
expression, so `$`, `$$` and bare names at its top level mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonata.parser import Parser

_LISTS = ("arguments", "expressions")
_SINGLE = ("lhs", "rhs", "expression", "condition", "then", "_else", "body", "procedure")


def top_level_references(tree: Any) -> list[str]:
    """The names of what is read from the missing input, each once, in their order."""
    return list(dict.fromkeys(_references(tree)))


def reads_state(tree: Any, name: str) -> bool:
    """Whether the expression reads `$states.<name>`."""
    return any(
        len(steps) > 1
        and (steps[0].type, steps[0].value) == ("variable", "states")
        and (steps[1].type, steps[1].value) == ("name", name)
        for node in _all(tree)
        if node.type == "path" and (steps := node.steps)
    )


def _references(node: Any) -> Iterator[str]:
    if not isinstance(node, Parser.Symbol):
        return
    if node.type == "path":
        # What follows the first step has that step's value before it.
        yield from _references(node.steps[0])
        for step in node.steps[1:]:
            yield from _roots(step)
        return
    if node.type == "name":
        yield str(node.value)
    elif node.type in ("wildcard", "descendant", "parent"):
        yield {"wildcard": "*", "descendant": "**", "parent": "%"}[node.type]
    elif node.type == "variable" and node.value in ("", "$"):
        yield f"${node.value}"
    elif node.type == "transform":
        return  # it reads what it is applied to
    for child in _children(node):
        yield from _references(child)


def _roots(node: Any) -> Iterator[str]:
    """`$$` is the input wherever it stands."""
    for inner in _all(node):
        if inner.type == "variable" and inner.value == "$":
            yield "$$"


def _all(node: Any) -> Iterator[Any]:
    if not isinstance(node, Parser.Symbol):
        return
    yield node
    for step in node.steps or ():
        yield from _all(step)
    for child in _children(node):
        yield from _all(child)
    for stage in (node.predicate or [], node.stages or []):
        for predicate in stage:
            yield from _all(predicate.expr)
    for pair in node.group.lhs_object or () if node.group else ():
        for part in pair:
            yield from _all(part)


def _children(node: Any) -> Iterator[Any]:
    for field in _SINGLE:
        yield getattr(node, field, None)
    for field in _LISTS:
        if node.type != "lambda":  # a lambda's arguments are names
            yield from getattr(node, field, None) or ()
    for pair in node.lhs_object or ():
        yield from pair
