"""The intrinsic functions: `States.Format`, `States.ArrayPartition` and the others."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import random
import re
import uuid
from collections.abc import Callable
from typing import Any

from workflows.engine.expressions import HOLE, Call, Expression, Literal, Resolve
from workflows.engine.faults import StateFault
from workflows.engine.jsonpath import NoMatch, Path
from workflows.engine.jsontext import dumps, loads, same

MAX_TEXT = 10_000
MAX_ARRAY = 1_000


class _Wrong(ValueError):
    """The arguments do not fit the function."""


class NoArgument(NoMatch):
    """A path among the arguments of a function names nothing."""

    def __init__(self, function: str, path: str) -> None:
        self.function, self.path = function, path
        super().__init__(f"{function}: {path} names nothing")


def evaluate(expression: Expression, resolve: Resolve) -> Any:
    """The expression's value. Raises `NoMatch` for a path that names nothing (`NoArgument` where
    it is an argument), and `StateFault` with States.IntrinsicFailure for those that do not fit."""
    if isinstance(expression, Path):
        return resolve(expression)
    if isinstance(expression, Literal):
        return expression.value
    arguments = [_argument(a, expression, resolve) for a in expression.arguments]
    try:
        if expression.name == "Format":
            return _format(expression, arguments)
        function, low, high = FUNCTIONS[expression.name]
        if not low <= len(arguments) <= high:
            raise _Wrong(f"{len(arguments)} arguments do not fit")
        return function(*arguments)
    except _Wrong as error:
        raise StateFault(
            "States.IntrinsicFailure",
            f"The function '{expression.text}' had the following error: {error}",
        ) from error


def _argument(argument: Expression, call: Call, resolve: Resolve) -> Any:
    try:
        return evaluate(argument, resolve)
    except NoArgument:
        raise
    except NoMatch as error:
        assert isinstance(argument, Path)  # nothing else looks for anything
        raise NoArgument(call.text, argument.text) from error


def problem_with(call: Call) -> str | None:
    """Why the call can never work, or None."""
    if call.name == "Format":
        return None if call.arguments else "States.Format takes a template and its values"
    if call.name not in FUNCTIONS:
        return f"States.{call.name} is not an intrinsic function"
    _, low, high = FUNCTIONS[call.name]
    if low <= len(call.arguments) <= high:
        return None
    return f"States.{call.name} does not take {len(call.arguments)} arguments"


def _format(call: Call, arguments: list[Any]) -> str:
    if not arguments:
        raise _Wrong("a template is missing")
    template, *values = arguments
    if not isinstance(template, str):
        raise _Wrong("the template is not a text")
    first = call.arguments[0]
    pieces = first.pieces if isinstance(first, Literal) else _split(template)
    if pieces.count(HOLE) != len(values):
        raise _Wrong(f"{pieces.count(HOLE)} places for {len(values)} values")
    left = iter(values)
    return "".join(_shown(next(left)) if piece is HOLE else piece for piece in pieces)


def _split(template: str) -> tuple[str | None, ...]:
    return tuple(HOLE if p == "{}" else p for p in re.split(r"(\{\})", template))


def _shown(value: Any) -> str:
    """A value inside a text, as Java shows it: that is what Step Functions does."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={_shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return dumps(value)


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _Wrong(f"{dumps(value)} is not an array")
    return value


def _text(value: Any, limit: int | None = None) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"{dumps(value)} is not a text")
    if limit is not None and len(value) > limit:
        raise _Wrong(f"the text is longer than {limit} characters")
    return value


def _whole(value: Any) -> int:
    """Halves go up, as Java's Math.round does."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _Wrong(f"{dumps(value)} is not a number")
    return value if isinstance(value, int) else math.floor(value + 0.5)


def _partition(array: Any, size: Any) -> list[list[Any]]:
    items, step = _array(array), _whole(size)
    if step < 1:
        raise _Wrong("the size of a part must be above 0")
    return [items[i : i + step] for i in range(0, len(items), step)]


def _range(start: Any, end: Any, step: Any) -> list[int]:
    first, last, by = _whole(start), _whole(end), _whole(step)
    if by == 0:
        raise _Wrong("the step must not be 0")
    numbers = range(first, last + (1 if by > 0 else -1), by)
    if len(numbers) > MAX_ARRAY:
        raise _Wrong(f"more than {MAX_ARRAY} numbers")
    return list(numbers)


def _get(array: Any, index: Any) -> Any:
    items, at = _array(array), _whole(index)
    if not 0 <= at < len(items):
        raise _Wrong(f"there is no element {at}")
    return items[at]


def _unique(array: Any) -> list[Any]:
    kept: list[Any] = []
    for item in _array(array):
        if not any(same(item, k) for k in kept):
            kept.append(item)
    return kept


def _decode(text: Any) -> str:
    try:
        return base64.b64decode(_text(text, MAX_TEXT), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _Wrong("the text is not Base64 of UTF-8") from error


_ALGORITHMS = {
    "MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512",
}  # fmt: skip


def _hash(data: Any, algorithm: Any) -> str:
    if algorithm not in _ALGORITHMS:
        raise _Wrong(f"{dumps(algorithm)} is none of {', '.join(_ALGORITHMS)}")
    text = data if isinstance(data, str) else dumps(data)
    digest = hashlib.new(
        _ALGORITHMS[algorithm], _text(text, MAX_TEXT).encode(), usedforsecurity=False
    )
    return digest.hexdigest()


def _merge(first: Any, second: Any, deep: Any) -> dict[str, Any]:
    if deep is not False:
        raise _Wrong("only the shallow mode (false) exists")
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise _Wrong("both must be objects")
    return {**first, **second}


def _parse(text: Any) -> Any:
    try:
        return loads(text) if _text(text).strip() else None
    except ValueError as error:
        raise _Wrong("the text is not JSON") from error


def _random(start: Any, end: Any, seed: Any = None) -> int:
    low, high = _whole(start), _whole(end)
    if low >= high:
        raise _Wrong("the end must be above the start")
    source = random.Random(None if seed is None else _whole(seed))  # noqa: S311 not a secret
    return source.randrange(low, high)


def _split_text(text: Any, delimiters: Any) -> list[str]:
    """Each character of `delimiters` parts the text, and empty parts are left out."""
    by = _text(delimiters)
    parts = re.split("[" + re.escape(by) + "]", _text(text)) if by else [text]
    return [part for part in parts if part]


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "Array": (lambda *items: list(items), 0, MAX_ARRAY),
    "ArrayPartition": (_partition, 2, 2),
    "ArrayContains": (lambda a, value: any(same(value, x) for x in _array(a)), 2, 2),
    "ArrayRange": (_range, 3, 3),
    "ArrayGetItem": (_get, 2, 2),
    "ArrayLength": (lambda a: len(_array(a)), 1, 1),
    "ArrayUnique": (_unique, 1, 1),
    "Base64Encode": (lambda t: base64.b64encode(_text(t, MAX_TEXT).encode()).decode(), 1, 1),
    "Base64Decode": (_decode, 1, 1),
    "Hash": (_hash, 2, 2),
    "JsonMerge": (_merge, 3, 3),
    "StringToJson": (_parse, 1, 1),
    "JsonToString": (dumps, 1, 1),
    "MathRandom": (_random, 2, 3),
    "MathAdd": (lambda a, b: _whole(a) + _whole(b), 2, 2),
    "StringSplit": (_split_text, 2, 2),
    "UUID": (lambda: str(uuid.uuid4()), 0, 0),
}
"""By name: the function, and the least and most arguments it takes. `Format` is apart: it needs
to know which braces of its template were escaped."""
