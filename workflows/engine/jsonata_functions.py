"""The functions that Step Functions adds to JSONata, and the clock and chance that others see.

`undefined` is Python's None here and null is the library's `NULL_VALUE`, as inside of the library.
"""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

from workflows.engine.jsonata_library import CORRECTED, library

MAX_ELEMENTS = 360_145
"""More numbers than these go beyond the memory that AWS gives an expression in `$range`."""


class OutOfMemory(Exception):
    """The expression holds more than AWS allows."""


def functions(now_ms: int, fraction: Callable[[], float]) -> dict[str, Any]:
    """What expressions see beside the library's own functions, by name.

    `$now` and `$millis` tell the time that is handed in; `$random` without a seed is `fraction`.
    """
    return {**_FIXED, **_clock(now_ms), "random": Jsonata.JLambda(_random_of(fraction))}


def _clock(now_ms: int) -> dict[str, Any]:
    show = library("fromMillis")

    def now(*arguments: Any) -> Any:
        return show.call(None, [now_ms, *arguments])

    return {"now": Jsonata.JLambda(now), "millis": Jsonata.JLambda(lambda: now_ms)}


def _partition(*arguments: Any) -> Any:
    """`$partition(array, size)`: the array in parts of that size, the last one perhaps shorter."""
    array, size = _taken("partition", arguments, 2)
    if array is None or size is None:
        return None
    items = array if isinstance(array, list) else [array]
    step = _whole("partition", 2, size)
    if step <= 0:
        raise _mismatch("partition", 2)
    return [list(items[at : at + step]) for at in range(0, len(items), step)]


def _range(*arguments: Any) -> Any:
    """`$range(first, last, step)`: the numbers from first to last, both included."""
    given = _taken("range", arguments, 3)
    if any(argument is None for argument in given):
        return None
    first, last, step = (_whole("range", at + 1, value) for at, value in enumerate(given))
    if step == 0:
        raise _mismatch("range", 3)
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > MAX_ELEMENTS:
        raise OutOfMemory
    return list(numbers)


_ALGORITHMS = {
    "MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512",
}  # fmt: skip


def _hash(*arguments: Any) -> Any:
    """`$hash(text, algorithm)` as hexadecimal digits."""
    text, algorithm = _taken("hash", arguments, 2)
    if text is None or algorithm is None:
        return None
    if not isinstance(text, str):
        raise _mismatch("hash", 1)
    if algorithm not in _ALGORITHMS:
        raise _mismatch("hash", 2)
    return hashlib.new(_ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _uuid(*arguments: Any) -> str:
    _taken("uuid", arguments, 0)
    return str(uuid.uuid4())


def _parse(*arguments: Any) -> Any:
    """`$parse(text)`: the value of JSON text."""
    (text,) = _taken("parse", arguments, 1)
    if text is None:
        return None
    if not isinstance(text, str):
        raise _mismatch("parse", 1)
    try:
        return incoming(json.loads(text, parse_constant=_refuse))
    except ValueError as error:
        raise JException("D3137", -1, f"Invalid JSON passed to $parse(): {error}") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _random_of(fraction: Callable[[], float]) -> Callable[..., Any]:
    def draw(*arguments: Any) -> float:
        """`$random()` or `$random(seed)`, which draws as java.util.Random does."""
        if not arguments:
            return fraction()
        (seed,) = _taken("random", arguments, 1)
        if isinstance(seed, bool) or not isinstance(seed, (int, float)):
            raise _mismatch("random", 1)
        bits = _java_bits(math.trunc(seed))
        return ((next(bits) >> 22 << 27) + (next(bits) >> 21)) / (1 << 53)

    return draw


def _java_bits(seed: int) -> Iterator[int]:
    state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)
    while True:
        state = (state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        yield state


def incoming(value: Any) -> Any:
    """A JSON value as the library wants it: null is not undefined. Nothing given is changed."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {key: incoming(inner) for key, inner in value.items()}
    return [incoming(item) for item in value] if isinstance(value, list) else value


def _taken(name: str, arguments: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    if len(arguments) != count:
        raise _mismatch(name, min(len(arguments), count) + 1)
    return arguments


def _whole(name: str, index: int, value: Any) -> int:
    """A whole number; what is behind the point is cut off, as AWS does."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _mismatch(name, index)
    return math.trunc(value)


def _mismatch(name: str, index: int) -> JException:
    return JException("T0410", -1, index, name)


_FIXED: dict[str, Any] = {
    **{
        name: Jsonata.JLambda(function)
        for name, function in {
            "partition": _partition,
            "range": _range,
            "hash": _hash,
            "uuid": _uuid,
            "parse": _parse,
        }.items()
    },
    **CORRECTED,
    "eval": None,  # Step Functions has none: calling it is calling what is not a function
}
