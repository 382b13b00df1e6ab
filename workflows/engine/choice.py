"""Which way a Choice state goes: comparison rules over the input."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from workflows.engine.faults import RuntimeFault
from workflows.engine.jsonpath import NoMatch, parse
from workflows.engine.template import Scope
from workflows.engine.times import parse_timestamp


def holds(rule: Mapping[str, Any], scope: Scope) -> bool:
    """Whether the rule holds. Raises `RuntimeFault` for a path that names nothing."""
    if "And" in rule:
        return all(holds(part, scope) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, scope) for part in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    name = comparison_of(rule)
    expected = rule[name]
    if name == "IsPresent":
        return _present(rule["Variable"], scope) is expected
    value = _value(rule["Variable"], scope)
    if name in TYPE_TESTS:
        return TYPE_TESTS[name](value) is expected
    if name.endswith("Path"):
        name, expected = name.removesuffix("Path"), _value(expected, scope)
    return COMPARISONS[name](value, expected)


def comparison_of(rule: Mapping[str, Any]) -> str:
    """The name of the rule's comparison. Raises `KeyError` when it has not exactly one."""
    names = [n for n in rule if n.removesuffix("Path") in COMPARISONS or n in TYPE_TESTS]
    if len(names) != 1:
        raise KeyError("a rule has exactly one comparison")
    return names[0]


def _value(path: str, scope: Scope) -> Any:
    try:
        return scope.resolve(parse(path))
    except NoMatch as error:
        raise RuntimeFault(
            f"Invalid path '{path}': The choice state's condition path references an invalid value."
        ) from error


def _present(path: str, scope: Scope) -> bool:
    try:
        scope.resolve(parse(path))
    except NoMatch:
        return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsPresent": lambda value: True,
    "IsNull": lambda value: value is None,
    "IsString": _is(str),
    "IsNumeric": _number,
    "IsBoolean": _is(bool),
    "IsTimestamp": lambda value: parse_timestamp(value) is not None,
}


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", pattern)
    return re.compile(
        "".join(".*" if p == "*" else re.escape(p[1:] if len(p) == 2 and p[0] == "\\" else p)
                for p in parts),
        re.DOTALL,
    )  # fmt: skip


def _matches(value: Any, pattern: Any) -> bool:
    both = isinstance(value, str) and isinstance(pattern, str)
    return both and bool(_wildcard(pattern).fullmatch(value))


def _boolean(a: Any, b: Any) -> bool:
    return isinstance(a, bool) and isinstance(b, bool) and a is b


def _texts(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    return lambda a, b: isinstance(a, str) and isinstance(b, str) and bool(test(a, b))


def _numbers(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    return lambda a, b: _number(a) and _number(b) and bool(test(a, b))


def _times(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def compare(a: Any, b: Any) -> bool:
        first, second = parse_timestamp(a), parse_timestamp(b)
        return first is not None and second is not None and bool(test(first, second))

    return compare


_TESTS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "StringMatches": _matches,
    "BooleanEquals": _boolean,
    **{f"String{name}": _texts(test) for name, test in _TESTS.items()},
    **{f"Numeric{name}": _numbers(test) for name, test in _TESTS.items()},
    **{f"Timestamp{name}": _times(test) for name, test in _TESTS.items()},
}
"""By name; a value of another type is simply not equal, less or greater."""
