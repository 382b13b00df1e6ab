"""What each type of state asks of its own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine import checks, jsonata_checks, state_fields, variable_checks
from workflows.engine.checks import Problems
from workflows.engine.choice import comparison_of
from workflows.engine.query import is_expression
from workflows.engine.times import parse_timestamp


@dataclass(frozen=True)
class Place:
    """Where a state stands: its JSON path, its siblings, its query language."""

    at: str
    states: Mapping[str, Any]
    language: str

    @property
    def jsonata(self) -> bool:
        return self.language == "JSONata"


def task(state: Mapping[str, Any], place: Place) -> Problems:
    if "Resource" not in state:
        yield f"SCHEMA_VALIDATION_FAILED: 'Resource' is needed at {place.at}"
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        if field in state:
            yield from number(state[field], 1, f"{place.at}.{field}", place)
        yield from alone(state, field, place.at)
    beat, limit = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if isinstance(beat, int) and isinstance(limit, int) and beat >= limit:
        yield (
            "SCHEMA_VALIDATION_FAILED: 'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' "
            f"at {place.at}.HeartbeatSeconds"
        )


def fail(state: Mapping[str, Any], place: Place) -> Problems:
    for field in ("Error", "Cause"):
        if f"{field}Path" in state:
            yield from checks.expression(state[f"{field}Path"], f"{place.at}.{field}Path")
        yield from alone(state, field, place.at)
        if place.jsonata and field in state:
            yield from jsonata_checks.template(state[field], f"{place.at}.{field}")


def wait(state: Mapping[str, Any], place: Place) -> Problems:
    at = place.at
    forms = [f for f in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if f in state]
    if len(forms) != 1:
        yield f"SCHEMA_VALIDATION_FAILED: a Wait has exactly one of its four forms at {at}"
    if "Seconds" in state:
        yield from number(state["Seconds"], 0, f"{at}.Seconds", place)
    stamp = state.get("Timestamp")
    if place.jsonata and is_expression(stamp):
        yield from jsonata_checks.template(stamp, f"{at}.Timestamp")
    elif "Timestamp" in state and parse_timestamp(stamp) is None:
        yield f"SCHEMA_VALIDATION_FAILED: not a timestamp with an offset at {at}.Timestamp"


def choice(state: Mapping[str, Any], place: Place) -> Problems:
    if not state.get("Choices"):
        yield f"SCHEMA_VALIDATION_FAILED: at least one rule is needed at {place.at}.Choices"
    for index, rule in enumerate(state.get("Choices", ())):
        here = f"{place.at}.Choices[{index}]"
        yield from checks.target(rule.get("Next"), f"{here}.Next", place.states)
        yield from assign(rule, here, place)
        yield from _jsonata_rule(rule, here) if place.jsonata else _rule(rule, here)
    if "Default" in state:
        yield from checks.target(state["Default"], f"{place.at}.Default", place.states)


def assign(rule: Mapping[str, Any], at: str, place: Place, *, catching: bool = False) -> Problems:
    """The Assign of a state, rule or catcher."""
    if "Assign" not in rule:
        return
    if not isinstance(rule["Assign"], Mapping):
        yield f"SCHEMA_VALIDATION_FAILED: 'Assign' is an object at {at}.Assign"
        return
    yield from variable_checks.names(rule["Assign"], f"{at}.Assign")
    if place.jsonata:
        yield from jsonata_checks.template(rule["Assign"], f"{at}.Assign", catching=catching)
    else:
        yield from checks.template(rule["Assign"], f"{at}.Assign")


def number(value: Any, low: int, at: str, place: Place) -> Problems:
    """A whole number; in JSONata also an expression."""
    if place.jsonata:
        yield from jsonata_checks.whole_or_expression(value, low, at)
    else:
        yield from checks.whole(value, low, at)


def alone(state: Mapping[str, Any], field: str, at: str) -> Problems:
    """A field and its Path form exclude each other."""
    if field in state and f"{field}Path" in state:
        yield (
            "SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: "
            f"[{field}, {field}Path] at {at}"
        )


def _jsonata_rule(rule: Mapping[str, Any], at: str) -> Problems:
    known = {"Condition", "Next", "Assign", "Output", "Comment"}
    yield from state_fields.unknown(rule, known | {"Variable"}, at, "JSONata")
    condition = rule.get("Condition")
    if not isinstance(condition, bool):
        yield from jsonata_checks.expression(condition, f"{at}.Condition")
    yield from jsonata_checks.template(rule.get("Output"), f"{at}.Output")


def _rule(rule: Any, at: str) -> Problems:
    if not isinstance(rule, Mapping):
        yield f"SCHEMA_VALIDATION_FAILED: a rule is an object at {at}"
        return
    only = {field: rule[field] for field in rule if field in state_fields.ONLY["JSONata"]}
    if only:
        yield from state_fields.unknown(only, set(only), at, "JSONPath")
        return
    for word in ("And", "Or"):
        parts = rule.get(word, ())
        if not isinstance(parts, (list, tuple)):
            yield f"SCHEMA_VALIDATION_FAILED: '{word}' is a list at {at}.{word}"
            return
        for index, part in enumerate(parts):
            yield from _rule(part, f"{at}.{word}[{index}]")
    if "Not" in rule:
        yield from _rule(rule["Not"], f"{at}.Not")
    if any(word in rule for word in ("And", "Or", "Not")):
        return
    try:
        name = comparison_of(rule)
    except KeyError:
        yield f"SCHEMA_VALIDATION_FAILED: a rule has exactly one comparison at {at}"
        return
    yield from checks.path(rule.get("Variable"), f"{at}.Variable", reference=False)
    if name.endswith("Path"):
        yield from checks.path(rule[name], f"{at}.{name}", reference=False)
    else:
        yield from _operand(name, rule[name], f"{at}.{name}")


def _operand(name: str, value: Any, at: str) -> Problems:
    """The constant that a comparison compares with."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "Is": bool, "Boolean": bool, "Numeric": (int, float), "String": str, "Timestamp": str,
    }  # fmt: skip
    kind = next(kinds[word] for word in kinds if name.startswith(word))
    numeric = name.startswith("Numeric")
    if not isinstance(value, kind) or (numeric and isinstance(value, bool)):
        yield f"SCHEMA_VALIDATION_FAILED: {value!r} cannot be compared by {name} at {at}"
    elif name.startswith("Timestamp") and parse_timestamp(value) is None:
        yield f"SCHEMA_VALIDATION_FAILED: not a timestamp with an offset at {at}"


BY_TYPE: dict[str, Callable[[Mapping[str, Any], Place], Problems]] = {
    "Task": task,
    "Fail": fail,
    "Wait": wait,
    "Choice": choice,
}
