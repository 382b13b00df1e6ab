"""Why Step Functions, or this engine, would refuse a definition: in words, with the JSON path.

What this engine does not do yet is refused here by name, so that no machine starts and then
meets it: JSONata, the Distributed Map, task tokens, and resources of other services.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workflows.engine import checks
from workflows.engine.checks import READ_PATHS, TEMPLATES, Problems
from workflows.engine.choice import comparison_of
from workflows.engine.times import parse_timestamp

MAX_NAME = 80

_COMMON = {"Type", "Comment", "QueryLanguage"}
_PATHS = {"InputPath", "OutputPath"}
_NEXT = {"Next", "End", "Assign"}
_RESULT = {"Parameters", "ResultPath"}
_SELECT = {"ResultSelector", "Retry", "Catch"}
FIELDS: dict[str, set[str]] = {
    "Pass": _COMMON | _PATHS | _NEXT | _RESULT | {"Result"},
    "Succeed": _COMMON | _PATHS,
    "Fail": _COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
    "Choice": _COMMON | _PATHS | {"Choices", "Default", "Assign"},
    "Wait": _COMMON | _PATHS | _NEXT | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Task": _COMMON | _PATHS | _NEXT | _RESULT | _SELECT
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds",
       "HeartbeatSecondsPath", "Credentials"},
    "Parallel": _COMMON | _PATHS | _NEXT | _RESULT | _SELECT | {"Branches"},
    "Map": _COMMON | _PATHS | _NEXT | _RESULT | _SELECT
    | {"ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "MaxConcurrency",
       "MaxConcurrencyPath", "Label", "ToleratedFailureCount", "ToleratedFailurePercentage",
       "ToleratedFailureCountPath", "ToleratedFailurePercentagePath", "ItemReader", "ItemBatcher",
       "ResultWriter"},
}  # fmt: skip


def problems_in(definition: Any) -> Problems:
    """Every problem of a definition, each with its JSON path; none for a good one."""
    if not isinstance(definition, Mapping):
        yield "SCHEMA_VALIDATION_FAILED: a definition is an object at $"
        return
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield "the query language JSONata is not supported yet at $.QueryLanguage"
        return
    known = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
    yield from checks.unknown(definition, known, "$")
    if "TimeoutSeconds" in definition:
        yield from checks.whole(definition["TimeoutSeconds"], 1, "$.TimeoutSeconds")
    yield from _machine(definition, "$", set())


def _machine(machine: Any, at: str, seen: set[str]) -> Problems:
    states = machine.get("States") if isinstance(machine, Mapping) else None
    if not isinstance(states, Mapping) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: at least one state is needed at {at}.States"
        return
    if machine.get("StartAt") not in states:
        yield (
            f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: "
            f"{machine.get('StartAt')} at {at}.StartAt"
        )
    for name, state in states.items():
        here = f"{at}.States['{name}']" if not name.isidentifier() else f"{at}.States.{name}"
        if not 1 <= len(name) <= MAX_NAME:
            yield f"a state's name has 1 to {MAX_NAME} characters at {here}"
        if name in seen:
            yield f"DUPLICATE_STATE_NAME: Duplicate State name: {name} at {here}"
        seen.add(name)
        yield from _state(state, here, states, seen)
    if not any(_ends(s) for s in states.values()):
        yield f"NO_TERMINAL_STATE: no state ends the machine at {at}.States"


def _ends(state: Any) -> bool:
    return isinstance(state, Mapping) and (
        state.get("End") is True or state.get("Type") in ("Succeed", "Fail")
    )


def _state(state: Any, at: str, states: Mapping[str, Any], seen: set[str]) -> Problems:
    kind = state.get("Type") if isinstance(state, Mapping) else None
    if kind not in FIELDS:
        yield f"SCHEMA_VALIDATION_FAILED: {kind!r} is not a type of state at {at}.Type"
        return
    if state.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"the query language JSONata is not supported yet at {at}.QueryLanguage"
        return
    yield from checks.unknown(state, FIELDS[kind], at)
    if misshapen := list(checks.shapes(state, at)):
        yield from misshapen
        return
    yield from _next(state, kind, at, states)
    for field in READ_PATHS:
        if state.get(field) is not None:
            yield from checks.path(state[field], f"{at}.{field}", reference=False)
    if state.get("ResultPath") is not None:
        yield from checks.path(state["ResultPath"], f"{at}.ResultPath", reference=True)
    for field in TEMPLATES:
        yield from checks.template(state.get(field), f"{at}.{field}")
    for index, retrier in enumerate(state.get("Retry", ())):
        yield from checks.retrier(retrier, f"{at}.Retry[{index}]", index == len(state["Retry"]) - 1)
    for index, catch in enumerate(state.get("Catch", ())):
        here, last = f"{at}.Catch[{index}]", index == len(state["Catch"]) - 1
        yield from checks.errors(catch, here, last)
        yield from checks.target(catch.get("Next"), f"{here}.Next", states)
        if catch.get("ResultPath") is not None:
            yield from checks.path(catch["ResultPath"], f"{here}.ResultPath", reference=True)
        yield from checks.template(catch.get("Assign"), f"{here}.Assign")
    if special := _SPECIAL.get(kind):
        yield from special(state, at, states, seen)


def _next(state: Mapping[str, Any], kind: str, at: str, states: Mapping[str, Any]) -> Problems:
    if kind in ("Choice", "Succeed", "Fail"):
        return
    if ("Next" in state) == (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of 'Next' and 'End' is needed at {at}"
    if "Next" in state:
        yield from checks.target(state["Next"], f"{at}.Next", states)


def _task(state: Mapping[str, Any], at: str, _s: Mapping[str, Any], _n: set[str]) -> Problems:
    if "Resource" not in state:
        yield f"SCHEMA_VALIDATION_FAILED: 'Resource' is needed at {at}"
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        if field in state:
            yield from checks.whole(state[field], 1, f"{at}.{field}")
        if field in state and f"{field}Path" in state:
            yield f"SCHEMA_VALIDATION_FAILED: '{field}' stands alone, without its Path, at {at}"


def _fail(state: Mapping[str, Any], at: str, _s: Mapping[str, Any], _n: set[str]) -> Problems:
    for field in ("ErrorPath", "CausePath"):
        if field in state:
            yield from checks.expression(state[field], f"{at}.{field}")
            if field.removesuffix("Path") in state:
                yield (
                    f"SCHEMA_VALIDATION_FAILED: '{field}' and its constant exclude each other "
                    f"at {at}"
                )


def _wait(state: Mapping[str, Any], at: str, _s: Mapping[str, Any], _n: set[str]) -> Problems:
    forms = [f for f in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if f in state]
    if len(forms) != 1:
        yield f"SCHEMA_VALIDATION_FAILED: a Wait has exactly one of its four forms at {at}"
    if "Seconds" in state:
        yield from checks.whole(state["Seconds"], 0, f"{at}.Seconds")
    if "Timestamp" in state and parse_timestamp(state["Timestamp"]) is None:
        yield f"SCHEMA_VALIDATION_FAILED: not a timestamp with an offset at {at}.Timestamp"


def _choice(state: Mapping[str, Any], at: str, states: Mapping[str, Any], _n: set[str]) -> Problems:
    if not state.get("Choices"):
        yield f"SCHEMA_VALIDATION_FAILED: at least one rule is needed at {at}.Choices"
    for index, rule in enumerate(state.get("Choices", ())):
        here = f"{at}.Choices[{index}]"
        yield from checks.target(rule.get("Next"), f"{here}.Next", states)
        yield from checks.template(rule.get("Assign"), f"{here}.Assign")
        yield from _rule(rule, here)
    if "Default" in state:
        yield from checks.target(state["Default"], f"{at}.Default", states)


def _rule(rule: Any, at: str) -> Problems:
    if not isinstance(rule, Mapping):
        yield f"SCHEMA_VALIDATION_FAILED: a rule is an object at {at}"
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


def _parallel(state: Mapping[str, Any], at: str, _s: Mapping[str, Any], seen: set[str]) -> Problems:
    if not state.get("Branches"):
        yield f"SCHEMA_VALIDATION_FAILED: at least one branch is needed at {at}.Branches"
    for index, branch in enumerate(state.get("Branches", ())):
        yield from _machine(branch, f"{at}.Branches[{index}]", seen)


def _map(state: Mapping[str, Any], at: str, _s: Mapping[str, Any], seen: set[str]) -> Problems:
    if ("ItemProcessor" in state) == ("Iterator" in state):
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of ItemProcessor and Iterator at {at}"
        return
    field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    inner = state[field]
    config = inner.get("ProcessorConfig", {})
    if isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED":
        yield f"the Distributed Map is not supported yet at {at}.{field}.ProcessorConfig.Mode"
    if "ItemSelector" in state and "Parameters" in state:
        yield f"SCHEMA_VALIDATION_FAILED: ItemSelector and Parameters exclude each other at {at}"
    if "MaxConcurrency" in state:
        yield from checks.whole(state["MaxConcurrency"], 0, f"{at}.MaxConcurrency")
    yield from _machine(inner, f"{at}.{field}", seen)


_SPECIAL: dict[str, Callable[[Mapping[str, Any], str, Mapping[str, Any], set[str]], Problems]] = {
    "Task": _task,
    "Fail": _fail,
    "Wait": _wait,
    "Choice": _choice,
    "Parallel": _parallel,
    "Map": _map,
}
