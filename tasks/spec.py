"""What a state machine must know of a task, and the JSON form of the values that cross states.

A `TaskSpec` is data: the machines read it, the doors obey it, and nothing here is heavy.
Events and results are frozen dataclasses of text, numbers, flags, tuples and further such
dataclasses; `to_json` and `from_json` are their only JSON form.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from tasks.errors import PlatformError, TryAgain

T = TypeVar("T")


@dataclass(frozen=True)
class TaskSpec:
    """One task: what it takes, gives and raises; where and how long it runs.

    `timeout_s` is the function's own limit; the state's is larger, so that a function that
    runs out of time is told apart from one that never answered.
    """

    name: str
    takes: type
    gives: type
    summary: str
    raises: tuple[type[PlatformError], ...] = ()
    runs_on: Literal["lambda", "batch"] = "lambda"
    timeout_s: int = 60
    memory_mb: int = 256
    in_process: bool = True
    """On a laptop: run beside the engine (True) or in a worker process of its own (False)."""
    handler: str = ""
    """`package.module:function`; `tasks.<name>.task:<name>` unless said otherwise."""

    def __post_init__(self) -> None:
        if not self.handler:
            object.__setattr__(self, "handler", f"tasks.{self.name}.task:{self.name}")
        for value in (self.takes, self.gives):
            if not dataclasses.is_dataclass(value):
                raise TypeError(f"{self.name}: {value!r} is not a dataclass")
        if self.runs_on == "lambda" and self.timeout_s > 900:
            raise ValueError(f"{self.name}: a Lambda function runs for 900 s at most")

    @property
    def error_names(self) -> tuple[str, ...]:
        """Leaf names of what the task raises, and `TryAgain`: Step Functions knows no bases."""
        return tuple(
            sorted({leaf.__name__ for e in (*self.raises, TryAgain) for leaf in leaves(e)})
        )


def leaves(error: type[PlatformError]) -> tuple[type[PlatformError], ...]:
    """The classes below `error` that have none below themselves; `error` itself if it has none."""
    below = error.__subclasses__()
    return tuple(leaf for sub in below for leaf in leaves(sub)) if below else (error,)


def fields_of(value: type) -> tuple[str, ...]:
    """The names of a dataclass's fields, in order."""
    return tuple(f.name for f in dataclasses.fields(value))


def optional_fields(value: type) -> dict[str, Any]:
    """The fields that may be left out of an event's JSON, with the JSON of what they then are."""
    return {
        f.name: _encode(f.default)
        for f in dataclasses.fields(value)
        if f.default is not dataclasses.MISSING
    }


def to_json(value: Any) -> dict[str, Any]:
    """The JSON object of a dataclass value."""
    encoded = _encode(value)
    if not isinstance(encoded, dict):
        raise TypeError(f"{value!r} is not a dataclass value")
    return encoded


def from_json(cls: type[T], data: Mapping[str, Any]) -> T:
    """Build `cls` from its JSON object. Unknown fields are refused, missing ones take defaults.

    Raises `ValueError` naming the field that is unknown, missing or of the wrong type.
    """
    kind: type = cls
    hints = _hints_of(kind)
    names = fields_of(cls)
    if unknown := sorted(set(data) - set(names)):
        raise ValueError(f"{cls.__name__} has no field {', '.join(unknown)}")
    values = {n: _decode(hints[n], data[n], f"{cls.__name__}.{n}") for n in names if n in data}
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(f"{cls.__name__}: {error}") from error


@cache
def _hints_of(cls: type) -> Mapping[str, Any]:
    """Evaluating annotations takes longer than all the rest of reading an event."""
    return typing.get_type_hints(cls)


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_encode(v) for v in value]
    if isinstance(value, Mapping):
        return {k: _encode(v) for k, v in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{value!r} has no JSON form")


def _decode(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        if value is None and type(None) in args:
            return None
        inner = [a for a in args if a is not type(None)]
        return _decode(inner[0], value, where)
    if origin is Literal:
        if value not in args:
            raise ValueError(f"{where}: {value!r} is none of {', '.join(map(repr, args))}")
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_decode(args[0], v, where) for v in value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_json(hint, value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, float, bool) and type(value) is hint:
        return value
    raise ValueError(f"{where}: expected {getattr(hint, '__name__', hint)}, got {value!r}")
