"""What may stand behind a `.$` field: a path, or an intrinsic function over paths and literals.

Parsing is separate from evaluating, so that a definition is checked before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows.engine.jsonpath import BadPath, Path, parse

MAX_NESTING = 10
HOLE = None
"""Stands for `{}` in the pieces of a literal text."""


class BadExpression(ValueError):
    """The text is neither a path nor a call of an intrinsic function."""


@dataclass(frozen=True)
class Literal:
    """A text, number, boolean or null. `pieces` are a text's parts between its `{}`."""

    value: Any
    pieces: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Call:
    """`States.Name(argument, …)`."""

    text: str
    name: str
    arguments: tuple[Expression, ...]


Expression = Path | Literal | Call


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Path | Call:
    """Parse the text of a `.$` field. Raises `BadExpression`."""
    stripped = text.strip()
    try:
        if stripped.startswith("$"):
            return parse(stripped)
        expression, end = _expression(stripped, 0, 1)
    except BadPath as error:
        raise BadExpression(str(error)) from error
    if end != len(stripped) or not isinstance(expression, Call):
        raise BadExpression(f"{text!r} is neither a path nor a call of an intrinsic function")
    return expression


def paths_of(expression: Expression) -> Iterator[Path]:
    """All paths that the expression reads."""
    if isinstance(expression, Path):
        yield expression
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from paths_of(argument)


def calls_of(expression: Expression) -> Iterator[Call]:
    """All calls in the expression, the outermost first."""
    if isinstance(expression, Call):
        yield expression
        for argument in expression.arguments:
            yield from calls_of(argument)


_CALL = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_WORD = re.compile(r"(true|false|null)\b")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_SPACE = re.compile(r"\s*")
_WORDS = {"true": True, "false": False, "null": None}


def _expression(text: str, at: int, depth: int) -> tuple[Expression, int]:
    at = _skip(text, at)
    if call := _CALL.match(text, at):
        if depth > MAX_NESTING:
            raise BadExpression(f"{text!r}: intrinsic functions nest to {MAX_NESTING} at most")
        return _call(text, call, depth)
    if text.startswith("'", at):
        return _text(text, at + 1)
    if text.startswith("$", at):
        end = _path_end(text, at)
        return parse(text[at:end].strip()), end
    if word := _WORD.match(text, at):
        return Literal(_WORDS[word[1]]), word.end()
    if number := _NUMBER.match(text, at):
        real = number[1] or number[2]
        return Literal(float(number[0]) if real else int(number[0])), number.end()
    raise BadExpression(f"{text!r}: not understood at position {at}")


def _call(text: str, call: re.Match[str], depth: int) -> tuple[Call, int]:
    arguments: list[Expression] = []
    at = _skip(text, call.end())
    while not text.startswith(")", at):
        if arguments:
            if not text.startswith(",", at):
                raise BadExpression(f"{text!r}: a comma or parenthesis is missing at {at}")
            at += 1
        argument, at = _expression(text, at, depth + 1)
        arguments.append(argument)
        at = _skip(text, at)
    return Call(text[call.start() : at + 1], call[1], tuple(arguments)), at + 1


def _text(text: str, at: int) -> tuple[Literal, int]:
    pieces: list[str | None] = []
    plain: list[str] = []
    piece = ""
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            escaped = text[at + 1]
            # Only these are escapes; before anything else the backslash is itself.
            piece += escaped if escaped in "'{}\\" else char + escaped
            at += 2
        elif char == "'":
            plain.append(piece)
            return Literal("".join(plain), (*pieces, piece)), at + 1
        elif text.startswith("{}", at):
            plain += [piece, "{}"]
            pieces += [piece, HOLE]
            piece = ""
            at += 2
        else:
            piece += char
            at += 1
    raise BadExpression(f"{text!r}: a text is not closed")


def _path_end(text: str, at: int) -> int:
    depth, quote = 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[(":
            depth += 1
        elif char in "])" and depth:
            depth -= 1
        elif char in ",)":
            return at
        at += 1
    return at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


Resolve = Callable[[Path], Any]
"""Yields what a path names. Raises `NoMatch`."""
