"""The checks that several parts of a definition share; each problem says its JSON path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.expressions import BadExpression, calls_of, parse_expression
from workflows.engine.intrinsics import problem_with
from workflows.engine.jsonpath import BadPath, parse
from workflows.engine.template import expressions_in

Problems = Iterator[str]

READ_PATHS = (
    "InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath",
    "HeartbeatSecondsPath", "MaxConcurrencyPath",
)  # fmt: skip
TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Credentials")


def shapes(state: Mapping[str, Any], at: str) -> Problems:
    """Fields that are not even the right kind of JSON; nothing else is asked of them then."""
    for field, value in state.items():
        shape = _SHAPES.get(field, "")
        wrong = not isinstance(value, _KINDS[shape.split(" of ")[0]])
        if shape.endswith(" of objects") and not wrong:
            wrong = not all(isinstance(part, Mapping) for part in value)
        if wrong:
            yield f"SCHEMA_VALIDATION_FAILED: '{field}' is {shape} at {at}.{field}"


_KINDS: dict[str, type | tuple[type, ...]] = {
    "": object,
    "a string": str,
    "true or false": bool,
    "an object": Mapping,
    "a list": list,
    "a path or null": (str, type(None)),
}
_SHAPES = {
    **dict.fromkeys(
        ("Next", "Default", "Resource", "Error", "Cause", "ErrorPath", "CausePath", "Comment",
         "Label"), "a string"),
    **dict.fromkeys((*READ_PATHS, "ResultPath"), "a path or null"),
    **dict.fromkeys(("Retry", "Catch", "Choices", "Branches"), "a list of objects"),
    **dict.fromkeys(("ItemProcessor", "Iterator", "Assign", "Credentials"), "an object"),
    "End": "true or false",
}  # fmt: skip


def target(name: Any, at: str, states: Mapping[str, Any]) -> Problems:
    """A state to go to must exist."""
    if not isinstance(name, str) or name not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {name} at {at}"


def unknown(value: Mapping[str, Any], known: set[str], at: str) -> Problems:
    """Fields that this thing does not have."""
    for field in value:
        if field not in known:
            yield f"SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at {at}"


def path(text: Any, at: str, *, reference: bool) -> Problems:
    """A JSONPath, or a Reference Path where it is written to."""
    try:
        parsed = parse(text)
    except (BadPath, TypeError):
        yield f"INVALID_JSON_PATH: Value is not a valid JSONPath: {text!r} at {at}"
        return
    if reference and not parsed.reference:
        yield f"INVALID_JSON_PATH: Value is not a Reference Path: {text!r} at {at}"


def expression(text: Any, at: str) -> Problems:
    """What may stand behind a `.$` field."""
    try:
        parsed = parse_expression(text)
    except (BadExpression, AttributeError, TypeError) as error:
        yield (
            "SCHEMA_VALIDATION_FAILED: The value for the field must be a valid JSONPath or a "
            f"valid intrinsic function call: {error} at {at}"
        )
        return
    for call in calls_of(parsed):
        if problem := problem_with(call):
            yield f"SCHEMA_VALIDATION_FAILED: {problem} at {at}"


def template(template: Any, at: str) -> Problems:
    """A payload template, wherever its expressions are."""
    for where, text in expressions_in(template, at):
        yield from expression(text, where)


def whole(value: Any, low: int, at: str) -> Problems:
    """A whole number from `low` up."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= 99999999:
        yield f"SCHEMA_VALIDATION_FAILED: a whole number from {low} to 99999999 is needed at {at}"


def errors(rule: Mapping[str, Any], at: str, last: bool) -> Problems:
    """The ErrorEquals of a retrier or catcher; `last` says that no other follows it."""
    names = rule.get("ErrorEquals")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        yield f"SCHEMA_VALIDATION_FAILED: 'ErrorEquals' is a list of names at {at}.ErrorEquals"
    elif "States.ALL" in names and (len(names) > 1 or not last):
        yield f"SCHEMA_VALIDATION_FAILED: States.ALL must be alone and last at {at}.ErrorEquals"


def retrier(retrier: Mapping[str, Any], at: str, last: bool) -> Problems:
    """One retrier."""
    yield from errors(retrier, at, last)
    for field, low in (("IntervalSeconds", 1), ("MaxAttempts", 0), ("MaxDelaySeconds", 1)):
        if field in retrier:
            yield from whole(retrier[field], low, f"{at}.{field}")
    backoff = retrier.get("BackoffRate", 1)
    if isinstance(backoff, bool) or not isinstance(backoff, (int, float)) or backoff < 1:
        yield f"SCHEMA_VALIDATION_FAILED: 'BackoffRate' is 1 or more at {at}.BackoffRate"
    if retrier.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
        yield f"SCHEMA_VALIDATION_FAILED: 'JitterStrategy' is FULL or NONE at {at}.JitterStrategy"
