"""JSONata's own functions, where the library differs from version 2.0.6 of the language."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([Ee][-+]?\d+)?", re.ASCII)
_BASED = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")


def library(name: str) -> Any:
    """One of the library's functions."""
    return Jsonata.static_frame.lookup(name)


def _number(call: Callable[[], Any], text: Any) -> Any:
    """Only what JSON writes as a number, or 0x, 0o and 0b, without spaces."""
    if isinstance(text, str):
        if _BASED.fullmatch(text):
            return int(text, 0)
        if not _NUMBER.fullmatch(text):
            raise JException("D3030", -1, text)
    return call()


def _millis(call: Callable[[], Any], text: Any, *_: Any) -> Any:
    try:
        return call()
    except ValueError as error:
        raise JException("D3110", -1, text) from error


def _power(call: Callable[[], Any], base: Any, exponent: Any) -> Any:
    try:
        result = call()
    except (OverflowError, TypeError, ValueError, ZeroDivisionError) as error:
        raise JException("D3061", -1, base, exponent) from error
    if isinstance(result, complex):
        raise JException("D3061", -1, base, exponent)
    return result


def _sort(call: Callable[[], Any], *_: Any) -> Any:
    try:
        return call()
    except TypeError as error:  # numbers and texts, which Python does not order
        raise JException("D3070", -1) from error


def _integer(call: Callable[[], Any], *_: Any) -> Any:
    """Not a number is a value, as on AWS."""
    try:
        return call()
    except ValueError:
        return math.nan


def _distinct(_: Callable[[], Any], array: Any) -> Any:
    """True is not 1."""
    if not isinstance(array, list) or len(array) <= 1:
        return array
    kept: list[Any] = []
    for item in array:
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return Utils.create_sequence_from_iter(kept) if Utils.is_sequence(array) else kept


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(Utils.is_deep_equal(a, b))


class _Correction:
    """Takes the place of a function of the library, which it may call."""

    def __init__(self, name: str, correct: Callable[..., Any]) -> None:
        self.native, self.correct = library(name), correct

    def call(self, input: Any, args: Any) -> Any:
        return self.correct(lambda: self.native.call(input, args), *args)


def _corrected(name: str, correct: Callable[..., Any]) -> Any:
    function = copy.copy(library(name))  # with its signature
    function.call = _Correction(name, correct).call
    return function


_CORRECTIONS: dict[str, Callable[..., Any]] = {
    "number": _number,
    "toMillis": _millis,
    "power": _power,
    "sort": _sort,
    "parseInteger": _integer,
    "distinct": _distinct,
}
CORRECTED = {name: _corrected(name, correct) for name, correct in _CORRECTIONS.items()}
"""By name."""
