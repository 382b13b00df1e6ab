"""JSONPath as Step Functions understands it.

A *definite* path names one node and yields it, or there is none. An *indefinite* one (wildcard,
slice, several names, filter, descent) yields the list of all that it meets. A *reference path*
is definite and made of names and indexes alone; only it may be written to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows.engine.jsonfilter import Predicate, parse_filter
from workflows.engine.jsonpath_functions import NAMES, call


class BadPath(ValueError):
    """The text is no JSONPath."""


class NoMatch(LookupError):
    """A definite path names nothing in this value."""


@dataclass(frozen=True)
class Names:
    """Children by name: one, or several."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Indexes:
    """Elements by position; negative ones count from the end."""

    positions: tuple[int, ...]


@dataclass(frozen=True)
class Slice:
    """Elements from start (included) to stop (excluded)."""

    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True)
class Everything:
    """All children."""


@dataclass(frozen=True)
class Descent:
    """The node itself and all below it."""


@dataclass(frozen=True)
class Filter:
    """The children that a predicate holds for."""

    predicate: Predicate


Segment = Names | Indexes | Slice | Everything | Descent | Filter


@dataclass(frozen=True)
class Path:
    """A parsed path. `root` is `$` (the input), `$$` (the context) or a variable's name."""

    text: str
    root: str
    segments: tuple[Segment, ...]
    function: str | None = None

    @property
    def definite(self) -> bool:
        return all(_single(s) for s in self.segments)

    @property
    def reference(self) -> bool:
        return self.root == "$" and self.definite and not self.function

    def find(self, value: Any) -> Any:
        """The node, or the list of nodes for an indefinite path; or what the path's function says
        of it. Raises `NoMatch`."""
        found = self._nodes(value)
        if self.function is None:
            return found
        try:
            return call(self.function, found)
        except LookupError as error:
            raise NoMatch(str(error)) from error

    def _nodes(self, value: Any) -> Any:
        nodes, fan, trail = [value], False, self.root
        for segment in self.segments:
            found = [n for node in nodes for n in _children(segment, node, value)]
            if not found and not fan and _single(segment):
                raise NoMatch(_missing(segment, trail))
            if not fan and isinstance(segment, (Names, Indexes)):
                trail += _shown(segment)
            elif not fan and not isinstance(segment, Descent) and not _can_fan(nodes[0]):
                raise NoMatch(f"Expected to find an array or object in path {trail}")
            fan = fan or not _single(segment)
            nodes = found
        return nodes if fan else nodes[0]

    def put(self, value: Any, new: Any) -> Any:
        """`value` with `new` at this reference path; parts are copied, never changed.

        Missing objects are made on the way. Raises `NoMatch` where that cannot be.
        """
        return _put(value, self.segments, new, self.text)


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Parse a path that starts with `$`, `$$` or `$variable`. Raises `BadPath`."""
    head = re.match(r"\$\$|\$[A-Za-z_]\w*|\$", text)
    if not head:
        raise BadPath(f"{text!r} does not start with $")
    called = _CALLED.search(text, head.end())
    plain = text[: called.start()] if called else text
    segments = tuple(_segments(plain, head.end()))
    root = head.group()
    function = called[1] if called else None
    return Path(text, root if root in ("$", "$$") else root[1:], segments, function)


def _single(segment: Segment) -> bool:
    return (isinstance(segment, Names) and len(segment.names) == 1) or (
        isinstance(segment, Indexes) and len(segment.positions) == 1
    )


def _can_fan(node: Any) -> bool:
    return isinstance(node, (dict, list))


def _shown(segment: Names | Indexes) -> str:
    if isinstance(segment, Names):
        return "[" + ",".join(f"'{n}'" for n in segment.names) + "]"
    return "[" + ",".join(map(str, segment.positions)) + "]"


def _missing(segment: Segment, trail: str) -> str:
    if isinstance(segment, Names):
        return f"Missing property in path {trail}{_shown(segment)}"
    assert isinstance(segment, Indexes)
    return f"Index out of bounds when evaluating path {trail}{_shown(segment)}"


def _children(segment: Segment, node: Any, root: Any) -> Iterator[Any]:
    match segment:
        case Names(names):
            if isinstance(node, dict):
                yield from (node[n] for n in names if n in node)
        case Indexes(positions):
            if isinstance(node, list):
                yield from (node[i] for i in positions if -len(node) <= i < len(node))
        case Slice(start, stop, step):
            if isinstance(node, list):
                yield from node[start:stop:step]
        case Everything():
            yield from _below(node)
        case Descent():
            yield from _walk(node)
        case Filter(predicate):
            # Applied to an object, a filter asks about the object itself.
            candidates = node if isinstance(node, list) else [node]
            if isinstance(node, (dict, list)):
                yield from (n for n in candidates if predicate(n, root))


def _below(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in _below(node):
        yield from _walk(child)


def _put(value: Any, segments: tuple[Segment, ...], new: Any, text: str) -> Any:
    if not segments:
        return new
    head, rest = segments[0], segments[1:]
    if isinstance(head, Names) and len(head.names) == 1:
        if not isinstance(value, dict):
            raise NoMatch(f"{text}: {head.names[0]!r} cannot be set in what is not an object")
        name = head.names[0]
        return {**value, name: _put(value.get(name, {}), rest, new, text)}
    if isinstance(head, Indexes) and len(head.positions) == 1:
        at = head.positions[0]
        if not isinstance(value, list) or not 0 <= at < len(value):
            raise NoMatch(f"{text}: there is no element {at}")
        return [*value[:at], _put(value[at], rest, new, text), *value[at + 1 :]]
    raise BadPath(f"{text!r} is not a reference path")


_CALLED = re.compile(rf"\.({'|'.join(NAMES)})\(\)$")
_DOT_NAME = re.compile(r"[^.\[\]()\s'\",*?@:]+")
_QUOTED = re.compile(r"""\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*""")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?")


def _segments(text: str, at: int) -> Iterator[Segment]:
    while at < len(text):
        if text.startswith("..", at):
            yield Descent()
            at += 2
            if at < len(text) and text[at] == "[":
                continue
            segment, at = _name(text, at)
            yield segment
        elif text[at] == ".":
            segment, at = _name(text, at + 1)
            yield segment
        elif text[at] == "[":
            end = _closing(text, at)
            yield _bracket(text[at + 1 : end], text)
            at = end + 1
        else:
            raise BadPath(f"{text!r} is not a JSONPath: unexpected {text[at]!r}")


def _name(text: str, at: int) -> tuple[Segment, int]:
    if text.startswith("*", at):
        return Everything(), at + 1
    found = _DOT_NAME.match(text, at)
    if not found:
        raise BadPath(f"{text!r} is not a JSONPath: a name is missing at position {at}")
    return Names((found.group(),)), found.end()


def _closing(text: str, at: int) -> int:
    depth, quote, i = 0, "", at
    while i < len(text):
        char = text[i]
        if quote:
            if char == "\\":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "[(":
            depth += 1
        elif char in "])":
            depth -= 1
            if depth == 0:
                return i
        i += 1
    raise BadPath(f"{text!r} is not a JSONPath: a bracket is not closed")


def _bracket(inner: str, text: str) -> Segment:
    inner = inner.strip()
    if inner == "*":
        return Everything()
    if inner.startswith("?"):
        try:
            return Filter(parse_filter(inner[1:].strip(), _relative))
        except ValueError as error:
            raise BadPath(f"{text!r} is not a JSONPath: {error}") from error
    if sliced := _SLICE.fullmatch(inner):
        start, stop, step = (int(g) if g else None for g in sliced.groups())
        if step == 0:
            raise BadPath(f"{text!r} is not a JSONPath: a step of 0")
        return Slice(start, stop, step)
    if inner[:1] in ("'", '"'):
        names, at = [], 0
        while quoted := _QUOTED.match(inner, at):
            names.append(re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2]))
            at = quoted.end()
            if at == len(inner):
                return Names(tuple(names))
            if inner[at] != ",":
                break
            at += 1
    elif all(re.fullmatch(r"-?\d+", p.strip(), re.ASCII) for p in inner.split(",")):
        return Indexes(tuple(map(int, inner.split(","))))
    raise BadPath(f"{text!r} is not a JSONPath: [{inner}] is not understood")


def _relative(text: str) -> Callable[[Any, Any], Any]:
    """A path inside a filter: `@…` from the candidate, `$…` from the root."""
    path = parse("$" + text[1:])
    if text[0] == "@":
        return lambda node, root: path.find(node)
    return lambda node, root: path.find(root)
