"""The filter expressions of JSONPath: `?(@.price < 10 && @.kind == 'book')`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from workflows.engine.jsontext import same

Predicate = Callable[[Any, Any], bool]
"""Asked of a candidate node and of the whole value."""
Operand = Callable[[Any, Any], Any]
"""Yields a value for a candidate and the whole value; raises `LookupError` for none."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<op>&&|\|\||==|!=|<=|>=|=~|<|>|!|\(|\)|\[|\]|,)
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    | (?P<regex>/(?:\\.|[^/\\])+/i?)
    | (?P<path>[@$](?:\.\.?(?:\*|[\w\-]+)|\[(?:'[^']*'|"[^"]*"|[^\[\]'"])*\])*)
    | (?P<word>[A-Za-z]+)
    )""",
    re.VERBOSE,
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def parse_filter(text: str, path: Callable[[str], Operand]) -> Predicate:
    """Parse what follows the question mark. Raises `ValueError`."""
    parser = _Parser(text, path)
    predicate = parser.either()
    if parser.kind:
        raise ValueError(f"filter {text!r}: unexpected {parser.text!r}")
    return predicate


class _Parser:
    def __init__(self, source: str, path: Callable[[str], Operand]) -> None:
        self.source, self.path, self.at = source, path, 0
        self.kind: str | None = None
        self.text = ""
        self.next()

    def next(self) -> None:
        if not self.source[self.at :].strip():
            self.kind, self.text = None, ""
            return
        token = _TOKEN.match(self.source, self.at)
        if not token:
            raise ValueError(f"filter {self.source!r}: not understood at position {self.at}")
        self.kind, self.at = token.lastgroup, token.end()
        self.text = token[self.kind or 0]

    def take(self, text: str) -> bool:
        if self.kind == "op" and self.text == text:
            self.next()
            return True
        return False

    def either(self) -> Predicate:
        left = self.both()
        while self.take("||"):
            left = _or(left, self.both())
        return left

    def both(self) -> Predicate:
        left = self.one()
        while self.take("&&"):
            left = _and(left, self.one())
        return left

    def one(self) -> Predicate:
        if self.take("!"):
            inner = self.one()
            return lambda node, root: not inner(node, root)
        if self.take("("):
            inside = self.either()
            if not self.take(")"):
                raise ValueError(f"filter {self.source!r}: a parenthesis is not closed")
            return inside
        is_path = self.kind == "path"
        left = self.operand()
        operator = self.text if self.kind in ("op", "word") else ""
        if operator in _COMPARE:
            self.next()
            return _compare(operator, left, self.operand())
        if is_path:
            return lambda node, root: _exists(left, node, root)
        raise ValueError(f"filter {self.source!r}: a comparison is missing")

    def operand(self) -> Operand:
        kind, text = self.kind, self.text
        if self.take("["):
            items: list[Operand] = []
            while not self.take("]"):
                items.append(self.operand())
                self.take(",")
            return lambda node, root: [item(node, root) for item in items]
        self.next()
        if kind == "path":
            return self.path(text)
        if kind == "number":
            number = float(text) if re.search(r"[.eE]", text) else int(text)
            return lambda node, root: number
        if kind == "string":
            string = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda node, root: string
        if kind == "regex":
            body, _, flags = text[1:].rpartition("/")
            pattern = re.compile(body, re.IGNORECASE if flags else 0)
            return lambda node, root: pattern
        if kind == "word" and text in _WORDS:
            return lambda node, root: _WORDS[text]
        raise ValueError(f"filter {self.source!r}: {text!r} is not a value")


def _or(a: Predicate, b: Predicate) -> Predicate:
    return lambda node, root: a(node, root) or b(node, root)


def _and(a: Predicate, b: Predicate) -> Predicate:
    return lambda node, root: a(node, root) and b(node, root)


def _exists(operand: Operand, node: Any, root: Any) -> bool:
    try:
        return bool(operand(node, root) != [])
    except LookupError:
        return False


def _compare(operator: str, left: Operand, right: Operand) -> Predicate:
    def holds(node: Any, root: Any) -> bool:
        try:
            return _COMPARE[operator](left(node, root), right(node, root))
        except LookupError:
            return False

    return holds


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(a: Any, b: Any) -> bool:
        numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (a, b))
        return (numbers or (isinstance(a, str) and isinstance(b, str))) and test(a, b)

    return compare


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": same,
    "!=": lambda a, b: not same(a, b),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "=~": lambda a, b: isinstance(a, str) and bool(b.fullmatch(a)),
    "in": lambda a, b: isinstance(b, list) and any(same(a, x) for x in b),
    "nin": lambda a, b: isinstance(b, list) and not any(same(a, x) for x in b),
}
