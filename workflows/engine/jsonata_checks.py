"""Checks of the fields of states that speak JSONata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.checks import Problems, whole
from workflows.engine.query import CLOSE, OPEN, inner, is_expression

INVALID = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"


def template(value: Any, at: str, *, catching: bool = False) -> Problems:
    """Every expression inside a template. `$states.errorOutput` exists only where an error was
    caught."""
    if isinstance(value, str):
        yield from _text(value, at, catching)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            where = f"{at}.{key}" if str(key).isidentifier() else f"{at}['{key}']"
            yield from template(part, where, catching=catching)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from template(part, f"{at}[{index}]", catching=catching)


def whole_or_expression(value: Any, low: int, at: str) -> Problems:
    """A whole number from `low` up, or an expression for one."""
    yield from expression(value, at) if isinstance(value, str) else whole(value, low, at)


def expression(value: Any, at: str) -> Problems:
    """An expression where no other text makes sense."""
    if not is_expression(value):
        yield f"SCHEMA_VALIDATION_FAILED: a JSONata expression {OPEN} … {CLOSE} is needed at {at}"
        return
    yield from template(value, at)


def _text(text: str, at: str, catching: bool) -> Problems:
    if not is_expression(text):
        if text.startswith(OPEN) or text.endswith(CLOSE):
            yield f"{INVALID}: an expression begins with {OPEN} and ends with {CLOSE} at {at}"
        return
    from workflows.engine import jsonata, jsonata_tree  # only machines that use JSONata pay

    try:
        tree = jsonata.parse(inner(text))
    except jsonata.BadQuery as error:
        yield f"{INVALID}: {error} at {at}"
        return
    for name in jsonata_tree.top_level_references(tree):
        yield f"{UNSUPPORTED}: Reference to '{name}' at the top level is not supported. at {at}"
    if not catching and jsonata_tree.reads_state(tree, "errorOutput"):
        yield f"{UNSUPPORTED}: $states.errorOutput is only available in a Catch at {at}"
