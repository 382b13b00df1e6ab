"""DynamoDB's expressions over one item: conditions, updates and projections.

Values are typed as in DynamoDB's JSON: `{"S": "text"}`, `{"N": "1.5"}`, `{"L": […]}`, `{"M": {…}}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workflows.engine.services.values import (
    COMPARED,
    TESTS,
    BadExpression,
    Item,
    Steps,
    Value,
    copied,
    drop,
    find,
    number,
    ordered,
    put,
    same,
    size,
    text_of,
)

_TOKEN = re.compile(r"\s*(?:([:#]?[A-Za-z0-9_]+)|(<>|<=|>=|[=<>(),.\[\]+-]))")


class Expression:
    """One expression with its names (`#n`) and values (`:v`)."""

    def __init__(self, text: str, names: Mapping[str, str], values: Mapping[str, Value]) -> None:
        self._text, self._names, self._values = text, names, values
        self._tokens = _tokens(text)
        self._at = 0

    def holds(self, item: Item) -> bool:
        """A ConditionExpression. Raises `BadExpression`."""
        result = self._or(item)
        self._done()
        return result

    def update(self, item: Item) -> tuple[Item, list[Steps]]:
        """An UpdateExpression: the new item, and the paths it changed. Raises `BadExpression`."""
        changed: list[Steps] = []
        after: Item = copied(item)
        while self._at < len(self._tokens):
            clause = self._next().upper()
            part = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add,
                    "DELETE": self._subtract}.get(clause)  # fmt: skip
            if part is None:
                raise self._wrong()
            while True:
                changed.append(part(item, after))
                if not self._taken(","):
                    break
        return after, changed

    def project(self, item: Item) -> Item:
        """A ProjectionExpression. Raises `BadExpression`."""
        found: Item = {}
        while True:
            steps = self._path()
            value = find(item, steps)
            if value is not None:
                # What is asked for below a map comes within that map, as it lies there.
                put(found, steps, value, grow=True)
            if not self._taken(","):
                break
        self._done()
        return found

    # Conditions

    def _or(self, item: Item) -> bool:
        result = self._and(item)
        while self._word("OR"):
            other = self._and(item)
            result = result or other
        return result

    def _and(self, item: Item) -> bool:
        result = self._not(item)
        while self._word("AND"):
            other = self._not(item)
            result = result and other
        return result

    def _not(self, item: Item) -> bool:
        if self._word("NOT"):
            return not self._not(item)
        if self._taken("("):
            result = self._or(item)
            self._expect(")")
            return result
        return self._comparison(item)

    def _comparison(self, item: Item) -> bool:
        if (test := TESTS.get(self._peek())) and self._peek(1) == "(":
            self._at += 2
            steps = self._path()
            more: list[Value | None] = []
            while self._taken(","):
                more.append(self._operand(item))
            self._expect(")")
            return test(find(item, steps), more)
        left = self._operand(item)
        if self._word("BETWEEN"):
            low = self._operand(item)
            if not self._word("AND"):
                raise self._wrong()
            high = self._operand(item)
            return ordered(">=", left, low) and ordered("<=", left, high)
        if self._word("IN"):
            self._expect("(")
            among = [self._operand(item)]
            while self._taken(","):
                among.append(self._operand(item))
            self._expect(")")
            return any(same(left, one) for one in among)
        operator = self._next()
        right = self._operand(item)
        if operator in ("=", "<>"):
            return same(left, right) == (operator == "=")
        if operator not in COMPARED:
            raise self._wrong()
        return ordered(operator, left, right)

    def _operand(self, item: Item) -> Value | None:
        if self._peek().startswith(":"):
            return self._value()
        if self._peek() == "size" and self._peek(1) == "(":
            self._at += 2
            value = find(item, self._path())
            self._expect(")")
            return None if value is None else {"N": str(size(value))}
        return find(item, self._path())

    # Updates

    def _set(self, before: Item, after: Item) -> Steps:
        steps = self._path()
        self._expect("=")
        value = self._new(before)
        while self._peek() in ("+", "-"):
            sign = 1 if self._next() == "+" else -1
            value = {"N": text_of(number(value) + sign * number(self._new(before)))}
        put(after, steps, value)
        return steps

    def _new(self, before: Item) -> Value:
        word = self._peek()
        if word in ("if_not_exists", "list_append") and self._peek(1) == "(":
            self._at += 2
            first = find(before, self._path()) if word == "if_not_exists" else self._new(before)
            self._expect(",")
            second = self._new(before)
            self._expect(")")
            if word == "if_not_exists":
                return second if first is None else first
            if first is None or "L" not in first or "L" not in second:
                raise BadExpression("An operand in the update expression has an incorrect type")
            return {"L": [*first["L"], *second["L"]]}
        value = self._operand(before)
        if value is None:
            raise BadExpression(
                "The provided expression refers to an attribute that does not exist in the item"
            )
        return value

    def _remove(self, before: Item, after: Item) -> Steps:
        steps = self._path()
        if find(before, steps) is not None:
            drop(after, steps)
        return steps

    def _add(self, before: Item, after: Item) -> Steps:
        steps, value = self._path(), self._value()
        known = find(before, steps)
        kind = next(iter(value))
        if known is None:
            put(after, steps, value)
        elif kind == "N" and "N" in known:
            put(after, steps, {"N": text_of(number(known) + number(value))})
        elif kind in ("SS", "NS", "BS") and kind in known:
            more = [one for one in value[kind] if one not in known[kind]]
            put(after, steps, {kind: [*known[kind], *more]})
        else:
            raise BadExpression("An operand in the update expression has an incorrect type")
        return steps

    def _subtract(self, before: Item, after: Item) -> Steps:
        steps, value = self._path(), self._value()
        known, kind = find(before, steps), next(iter(value))
        if known is not None and kind in known and kind in ("SS", "NS", "BS"):
            left = [one for one in known[kind] if one not in value[kind]]
            put(after, steps, {kind: left}) if left else drop(after, steps)
        return steps

    # Words

    def _path(self) -> Steps:
        steps: list[str | int] = [self._name()]
        while True:
            if self._taken("."):
                steps.append(self._name())
            elif self._taken("["):
                index = self._next()
                if not index.isdecimal():
                    raise self._wrong()
                steps.append(int(index))
                self._expect("]")
            else:
                return tuple(steps)

    def _name(self) -> str:
        word = self._next()
        if word.startswith("#"):
            if word not in self._names:
                raise BadExpression(
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {word}"
                )
            return self._names[word]
        if not re.fullmatch(r"[A-Za-z_]\w*", word):
            raise self._wrong()
        return word

    def _value(self) -> Value:
        word = self._next()
        if word not in self._values:
            raise BadExpression(
                f"An expression attribute value used in expression is not defined; "
                f"attribute value: {word}"
            )
        return self._values[word]

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise self._wrong()
        self._at += 1
        return word

    def _word(self, word: str) -> bool:
        return self._taken(self._peek()) if self._peek().upper() == word else False

    def _taken(self, word: str) -> bool:
        if not word or self._peek() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._taken(word):
            raise self._wrong()

    def _done(self) -> None:
        if self._at < len(self._tokens):
            raise self._wrong()

    def _wrong(self) -> BadExpression:
        near = self._peek() or "<EOF>"
        return BadExpression(f'Invalid expression: Syntax error; token: "{near}" in {self._text!r}')


def _tokens(text: str) -> Sequence[str]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if not match:
            raise BadExpression(f"Invalid expression: Syntax error near {text[at : at + 10]!r}")
        found.append(match[1] or match[2])
        at = match.end()
    return found
