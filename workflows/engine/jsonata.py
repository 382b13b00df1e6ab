"""Runs JSONata expressions: with AWS's functions, within AWS's bounds, in AWS's words.

This module imports the JSONata library; it is itself imported only by machines that use JSONata.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.parser import Parser
from jsonata.utils import Utils

from workflows.engine.jsonata_functions import OutOfMemory, functions, incoming
from workflows.engine.jsonata_messages import message_of, sentence_of
from workflows.engine.jsonata_regex import compile_pattern

MAX_DEPTH = 100
MAX_STEPS = 1_000_000
"""Evaluations of parts of an expression. AWS counts seconds, which no machine has the same."""
MAX_ITEMS = 873_783
MAX_TEXT = 1 << 22
_CACHED = 1024


class BadQuery(ValueError):
    """The text is no JSONata expression. `code` is JSONata's, empty where it has none."""

    def __init__(self, message: str, code: str = "") -> None:
        self.code = code
        super().__init__(message)


class QueryFailed(Exception):
    """The expression failed; the text is how the sentence that names the expression goes on."""


UNDEFINED: Any = object()
"""The expression's value is nothing."""


def bind(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """JSON values by name, without the dollar sign, for `evaluate`; they are copied."""
    return {name: incoming(value) for name, value in values.items()}


def evaluate(
    text: str, bound: Mapping[str, Any], now_ms: int, fraction: Callable[[], float]
) -> Any:
    """The expression's value as JSON, or `UNDEFINED`. Raises `QueryFailed`, `UnsupportedResult`."""
    expression = _compiled(text)
    bounds = _Bounds()
    watched = {"__evaluate_entry": bounds.enter, "__evaluate_exit": bounds.leave}
    Jsonata.CURRENT.jsonata = expression  # the library evaluates with the thread's newest one
    try:
        result = expression.evaluate(None, {**functions(now_ms, fraction), **bound, **watched})
    except JException as error:
        raise QueryFailed(f" threw an error during evaluation. {sentence_of(error)}") from error
    except _Exceeded as error:
        raise QueryFailed(f" threw an error during evaluation: {error}") from error
    except OutOfMemory as error:
        raise QueryFailed(f" threw an error during evaluation: {_MEMORY}") from error
    except RecursionError as error:
        raise QueryFailed(f" threw an error during evaluation: {_DEPTH}") from error
    except Exception as error:  # the library lets Python's own exceptions through
        name = type(error).__name__
        raise QueryFailed(f" threw an internal error during evaluation: {name}") from error
    return UNDEFINED if result is None else _outgoing(result)


def parse(text: str) -> Parser.Symbol:
    """The expression's syntax tree. Raises `BadQuery` with JSONata's words."""
    return _compiled(text).ast


_DEPTH = (
    "Stack overflow error: Check for non-terminating recursive function. "
    "Consider rewriting as tail-recursive."
)
_TIME = "Expression evaluation timeout: Check for infinite loop"
_MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"


class _Exceeded(Exception):
    """A bound was reached."""


class _Bounds:
    """Ends an expression that goes too deep, takes too long, or makes too much."""

    def __init__(self) -> None:
        self.depth = self.steps = 0

    def enter(self, *_seen: Any) -> None:
        self.depth += 1
        self.steps += 1
        if self.depth > MAX_DEPTH:
            raise _Exceeded(_DEPTH)
        if self.steps > MAX_STEPS:
            raise _Exceeded(_TIME)

    def leave(self, *seen: Any) -> None:
        result = seen[-1]
        self.depth -= 1
        if (isinstance(result, list) and len(result) > MAX_ITEMS) or (
            isinstance(result, str) and len(result) > MAX_TEXT
        ):
            raise _Exceeded(_MEMORY)


class _Expression(Jsonata):  # type: ignore[misc]  # the library has no types
    """Numbers beyond the finite ones are values, as on AWS, and remainders have fractions."""

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: Any) -> Any:
        try:
            result = super().evaluate_numeric_expression(lhs, rhs, op)
            if op == "%" and result is not None:  # the library's is for whole numbers
                result = Utils.convert_number(math.fmod(lhs, rhs))
            return result
        except ZeroDivisionError:
            return math.nan if not lhs else math.copysign(math.inf, lhs)
        except ValueError:  # a remainder of a division by zero
            return math.nan
        except OverflowError:
            return math.inf
        except JException as error:
            if error.error == "D1001" and isinstance(error.current, float):
                return error.current
            raise


_LOCAL = threading.local()


def _compiled(text: str) -> Any:
    """Parsed once for each thread: the library's expressions are not for several."""
    if not hasattr(_LOCAL, "cache"):
        _LOCAL.cache = OrderedDict()
    cache = _LOCAL.cache
    if text in cache:
        cache.move_to_end(text)
        return cache[text]
    try:
        expression = _Expression(text, compile_pattern)
    except JException as error:
        raise BadQuery(message_of(error), str(error.error)) from error
    except Exception as error:  # the library's parser stumbles over some texts
        raise BadQuery(f"the expression cannot be parsed: {type(error).__name__}") from error
    expression.set_output_convert_nulls(False)
    expression.set_validate_input(False)
    cache[text] = expression
    if len(cache) > _CACHED:
        cache.popitem(last=False)
    return expression


class UnsupportedResult(Exception):
    """The expression's value is a function, which no JSON can hold."""


def _outgoing(value: Any) -> Any:
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return int(value) if value.is_integer() and abs(value) < 1e21 else value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): _outgoing(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_outgoing(item) for item in value]
    raise UnsupportedResult
