"""The types of the values that cross states, as sets of kinds that can be joined and compared.

`str | None` is two kinds; a `Literal` is one kind per value. A dataclass or a tuple is a kind of
its own, compared by identity of the type.
"""

import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

Kinds = frozenset[Any]
NULL: Kinds = frozenset({type(None)})
ANYTHING: Kinds = frozenset({Any})


def kinds(hint: Any) -> Kinds:
    """The kinds of a type hint."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return frozenset().union(*(kinds(arg) for arg in args))
    if origin is Literal:
        return frozenset(("is", value) for value in args)
    return frozenset({hint})


def kinds_of_constant(value: object) -> Kinds:
    """The kind of one given value."""
    return NULL if value is None else frozenset({("is", value)})


def kinds_of_fields(cls: type) -> Mapping[str, Kinds]:
    """The kinds of each field of a dataclass."""
    return {name: kinds(hint) for name, hint in typing.get_type_hints(cls).items()}


def fits(given: Kinds, taken: Kinds) -> bool:
    """Whether whatever is given is something that is taken."""
    return all(_accepted(kind, taken) for kind in given)


def spell(some: Kinds) -> str:
    """The kinds in words, for a message."""
    return " | ".join(sorted(_word(kind) for kind in some))


def _accepted(kind: Any, taken: Kinds) -> bool:
    if kind is Any or Any in taken or kind in taken:
        return True
    base = type(kind[1]) if isinstance(kind, tuple) else kind
    return base in taken or (base is int and float in taken)


def _word(kind: Any) -> str:
    if isinstance(kind, tuple):
        return repr(kind[1])
    return "null" if kind is type(None) else getattr(kind, "__name__", str(kind))
