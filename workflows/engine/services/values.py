"""DynamoDB's typed values, and where they lie in an item.

A value is `{"S": "text"}`, `{"N": "1.5"}`, `{"L": […]}`, `{"M": {…}}` and so on; a path in an item
is the names and indexes on the way.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence, Sized
from decimal import Decimal, InvalidOperation
from typing import Any

Value = Mapping[str, Any]
Item = dict[str, Any]
Steps = tuple[str | int, ...]

COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class BadExpression(ValueError):
    """DynamoDB would refuse the expression."""


def copied(item: Any) -> Any:
    """The item anew, to be changed."""
    if isinstance(item, Mapping):
        return {key: copied(value) for key, value in item.items()}
    return [copied(value) for value in item] if isinstance(item, list) else item


def find(item: Mapping[str, Any], steps: Steps) -> Value | None:
    """The value at a path, None where there is none."""
    here: Any = {"M": item}
    for step in steps:
        inside = here.get("L" if isinstance(step, int) else "M")
        if inside is None:
            return None
        if isinstance(step, int):
            here = inside[step] if step < len(inside) else None
        else:
            here = inside.get(step)
        if here is None:
            return None
    found: Value = here
    return found


def put(item: Item, steps: Steps, value: Value, *, grow: bool = False) -> None:
    """Set the value at a path; `grow` makes the maps on the way. Raises `BadExpression`."""
    here: Any = {"M": item}
    for step in steps[:-1]:
        inside = here.get("L" if isinstance(step, int) else "M")
        if grow and isinstance(step, str) and isinstance(inside, dict):
            inside.setdefault(step, {"M": {}})
        try:
            here = inside[step]
        except (KeyError, IndexError, TypeError):
            raise _no_way() from None
    last, inside = steps[-1], here.get("L" if isinstance(steps[-1], int) else "M")
    if inside is None:
        raise _no_way()
    if isinstance(last, int) and last >= len(inside):
        inside.append(value)
    else:
        inside[last] = value


def drop(item: Item, steps: Steps) -> None:
    """Remove what is at a path; it must be there."""
    here: Any = {"M": item}
    for step in steps[:-1]:
        here = here["L" if isinstance(step, int) else "M"][step]
    here["L" if isinstance(steps[-1], int) else "M"].pop(steps[-1])


def _no_way() -> BadExpression:
    return BadExpression(
        "The document path provided in the update expression is invalid for update"
    )


def _plain(value: Value) -> tuple[str, Any]:
    ((kind, plain),) = value.items()
    if kind == "N":
        return kind, number(value)
    if kind == "B":
        return kind, base64.b64decode(plain)
    if kind == "S":
        return kind, str(plain).encode()
    return kind, sorted(map(str, plain)) if kind in ("SS", "NS", "BS") else plain


def number(value: Value) -> Decimal:
    """The number of an `N`. Raises `BadExpression`."""
    try:
        return Decimal(str(value["N"]))
    except (KeyError, InvalidOperation):
        raise BadExpression("An operand in the expression has an incorrect type") from None


def text_of(number: Decimal) -> str:
    """A number as DynamoDB gives it: no exponent, no zeros at the end."""
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


def same(left: Value | None, right: Value | None) -> bool:
    """Equality of type and value; what is not there equals nothing."""
    return left is not None and right is not None and _plain(left) == _plain(right)


def ordered(operator: str, left: Value | None, right: Value | None) -> bool:
    """A comparison of two numbers, texts or binaries; false for anything else."""
    if left is None or right is None:
        return False
    (kind, a), (other, b) = _plain(left), _plain(right)
    return kind == other and kind in ("N", "S", "B") and COMPARED[operator](a, b)


def size(value: Value) -> int:
    """Bytes of a text or binary, else the number of members. Raises `BadExpression`."""
    _, plain = _plain(value)
    if not isinstance(plain, Sized):
        raise BadExpression("An operand of the function size has an incorrect type")
    return len(plain)


def _starts(value: Value | None, more: Sequence[Value | None]) -> bool:
    (prefix,) = more
    if value is None or prefix is None or "S" not in value or "S" not in prefix:
        return False
    return str(value["S"]).startswith(prefix["S"])


def _contains(value: Value | None, more: Sequence[Value | None]) -> bool:
    (part,) = more
    if value is None or part is None:
        return False
    ((kind, plain),) = value.items()
    if kind == "S":
        return "S" in part and part["S"] in plain
    if kind == "L":
        return any(same(one, part) for one in plain)
    return kind in ("SS", "NS", "BS") and next(iter(part.values())) in plain


TESTS: Mapping[str, Callable[[Value | None, Sequence[Value | None]], bool]] = {
    "attribute_exists": lambda value, _: value is not None,
    "attribute_not_exists": lambda value, _: value is None,
    "attribute_type": lambda value, more: bool(
        value is not None and more[0] is not None and more[0].get("S") in value
    ),
    "begins_with": _starts,
    "contains": _contains,
}
