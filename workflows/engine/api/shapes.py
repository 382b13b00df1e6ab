"""What a request may look like, and AWS's words for what it may not.

A value of the wrong JSON type is a SerializationException, as AWS's front door says it. Whatever
else breaks a constraint is a ValidationException that lists all faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.api.faults import ApiError, invalid


@dataclass(frozen=True)
class Text:
    """A string. A secret one is not repeated in messages."""

    least: int | None = None
    most: int | None = None
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    secret: bool = False


@dataclass(frozen=True)
class Number:
    """A number, whole unless `real`."""

    least: int | None = None
    most: int | None = None
    real: bool = False


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class List:
    """A list of one kind of thing."""

    of: Shape
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Struct:
    """An object. Fields that it does not know are left alone, as AWS does."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = field(default=())


Shape = Text | Number | Flag | List | Struct


def check(shape: Struct, request: Any) -> dict[str, Any]:
    """The known fields of a request that keeps to its shape; a null counts as left out.

    Raises `SerializationException` or `ValidationException`.
    """
    read: dict[str, Any] = _read(shape, request, "")
    if faults := list(_faults(shape, read, "")):
        plural = "error" if len(faults) == 1 else "errors"
        raise invalid(f"{len(faults)} validation {plural} detected: {'; '.join(faults)}")
    return read


def _read(shape: Shape, value: Any, at: str) -> Any:
    match shape:
        case Struct(fields):
            if not isinstance(value, dict):
                raise _mistyped(value, "an object", at)
            return {
                name: _read(inner, value[name], _under(at, name))
                for name, inner in fields.items()
                if value.get(name) is not None
            }
        case List(of):
            if not isinstance(value, list):
                raise _mistyped(value, "a list", at)
            return [_read(of, v, _member(at, i)) for i, v in enumerate(value, 1)]
        case Text() if not isinstance(value, str):
            raise _mistyped(value, "a String", at)
        case Flag() if not isinstance(value, bool):
            raise _mistyped(value, "a Boolean", at)
        case Number(real=real):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole and not (isinstance(value, float) and (real or value.is_integer())):
                raise _mistyped(value, "a Number", at)
            return value if real else int(value)
    return value


def _faults(shape: Shape, value: Any, at: str) -> Iterator[str]:
    match shape:
        case Struct(fields, required):
            for name in required:
                if name not in value:
                    yield (
                        f"Value null at '{_under(at, name)}' failed to satisfy constraint: "
                        "Member must not be null"
                    )
            for name, inner in value.items():
                yield from _faults(fields[name], inner, _under(at, name))
        case List(of, least, most):
            yield from _sized(shape, value, at, len(value), least, most, "length")
            for index, inner in enumerate(value, 1):
                yield from _faults(of, inner, _member(at, index))
        case Text(least, most):
            yield from _sized(shape, value, at, len(value), least, most, "length")
            if shape.enum and value not in shape.enum:
                yield _fault(
                    shape, value, at,
                    f"Member must satisfy enum value set: [{', '.join(shape.enum)}]",
                )  # fmt: skip
            if shape.pattern and not re.fullmatch(shape.pattern, value):
                yield _fault(
                    shape, value, at,
                    f"Member must satisfy regular expression pattern: {shape.pattern}",
                )  # fmt: skip
        case Number(least, most):
            yield from _sized(shape, value, at, value, least, most, "value")


def _sized(
    shape: Shape, value: Any, at: str, size: float, least: int | None, most: int | None, word: str
) -> Iterator[str]:
    if least is not None and size < least:
        yield _fault(shape, value, at, f"Member must have {word} greater than or equal to {least}")
    if most is not None and size > most:
        yield _fault(shape, value, at, f"Member must have {word} less than or equal to {most}")


def _fault(shape: Shape, value: Any, at: str, constraint: str) -> str:
    shown = "" if isinstance(shape, Text) and shape.secret else f" '{value}'"
    return f"Value{shown} at '{at}' failed to satisfy constraint: {constraint}"


def _mistyped(value: Any, wanted: str, at: str) -> ApiError:
    found = "a Boolean" if isinstance(value, bool) else _NAMES.get(type(value), "null")
    where = f" at '{at}'" if at else ""
    return ApiError("SerializationException", f"{found} can not be converted to {wanted}{where}")


_NAMES: dict[type, str] = {
    str: "a String", int: "a Number", float: "a Number", list: "a list", dict: "an object",
}  # fmt: skip


def _under(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _member(at: str, index: int) -> str:
    return f"{at}.{index}.member"
