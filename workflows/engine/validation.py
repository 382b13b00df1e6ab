"""Definitions that AWS would refuse, and why: each problem in words with its JSON path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine import checks, jsonata_checks, map_checks, state_checks, variable_checks
from workflows.engine.checks import READ_PATHS, TEMPLATES, Problems
from workflows.engine.state_checks import Place
from workflows.engine.state_fields import CATCHER, FIELDS, RETRIER, unknown

MAX_NAME = 80
LANGUAGES = ("JSONPath", "JSONata")
_MACHINE = {"Comment", "StartAt", "States"}
_WHOLE = _MACHINE | {"Version", "TimeoutSeconds", "QueryLanguage"}
_PROCESSOR = _MACHINE | {"ProcessorConfig"}


def problems_in(definition: Any) -> Problems:
    """Every problem of a definition, each with its JSON path; none for a good one."""
    if not isinstance(definition, Mapping):
        yield "SCHEMA_VALIDATION_FAILED: a definition is an object at $"
        return
    language = definition.get("QueryLanguage", "JSONPath")
    if language not in LANGUAGES:
        yield _no_language("$")
        return
    if "TimeoutSeconds" in definition:
        yield from checks.whole(definition["TimeoutSeconds"], 1, "$.TimeoutSeconds")
    found = list(_machine(definition, "$", set(), language, _WHOLE))
    # Only of a machine that is sound otherwise can one say what is never reached.
    yield from found or _lost(definition, "$")
    if not found:
        yield from variable_checks.scopes(definition, "$")


def _machine(
    machine: Any, at: str, seen: set[str], language: str, known: set[str] = _MACHINE
) -> Problems:
    """One machine: the whole, a branch, or a Map's processor. `seen` are names taken already."""
    states = machine.get("States") if isinstance(machine, Mapping) else None
    if isinstance(machine, Mapping):
        yield from checks.unknown(machine, known, at)
    if not isinstance(states, Mapping) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: at least one state is needed at {at}.States"
        return
    if machine.get("StartAt") not in states:
        yield (
            f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: "
            f"{machine.get('StartAt')} at {at}.StartAt"
        )
    for name, state in states.items():
        here = _state_at(at, name)
        if not 1 <= len(name) <= MAX_NAME:
            yield f"a state's name has 1 to {MAX_NAME} characters at {here}"
        if name in seen:
            yield f"DUPLICATE_STATE_NAME: Duplicate State name: {name} at {here}"
        seen.add(name)
        yield from _state(state, here, states, seen, language)
    if not any(_ends(s) for s in states.values()):
        yield f"MISSING_END_STATE: Workflow has no terminal state at {at}.States"


def _state_at(at: str, name: str) -> str:
    return f"{at}.States.{name}" if name.isidentifier() else f"{at}.States['{name}']"


def _ends(state: Any) -> bool:
    return isinstance(state, Mapping) and (
        state.get("End") is True or state.get("Type") in ("Succeed", "Fail")
    )


def _lost(machine: Mapping[str, Any], at: str) -> Problems:
    """States that nothing leads to, in the machine and those inside of it."""
    reached = _reached(machine)
    for name, state in machine["States"].items():
        here = _state_at(at, name)
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {here}'
        for index, branch in enumerate(state.get("Branches", ())):
            yield from _lost(branch, f"{here}.Branches[{index}]")
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from _lost(state[field], f"{here}.{field}")


def _reached(machine: Mapping[str, Any]) -> set[str]:
    reached: set[str] = set()
    waiting = [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _goals(machine["States"][name])
    return reached


def _goals(state: Mapping[str, Any]) -> Iterator[str]:
    for rule in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (rule[field] for field in ("Next", "Default") if field in rule)


def _state(state: Any, at: str, states: Mapping[str, Any], seen: set[str], whole: str) -> Problems:
    kind = state.get("Type") if isinstance(state, Mapping) else None
    if kind not in FIELDS:
        yield f"SCHEMA_VALIDATION_FAILED: {kind!r} is not a type of state at {at}.Type"
        return
    language = state.get("QueryLanguage", whole)
    if language not in LANGUAGES:
        yield _no_language(at)
        return
    if whole == "JSONata" != language:
        yield (
            "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' "
            f"for whole state machine at {at}"
        )
        return
    yield from unknown(state, FIELDS[kind], at, language)
    if misshapen := list(checks.shapes(state, at)):
        yield from misshapen
        return
    place = Place(at, states, language)
    yield from _next(state, kind, place)
    yield from _jsonata(state, at) if place.jsonata else _jsonpath(state, at)
    yield from state_checks.assign(state, at, place)
    yield from _rules(state, place)
    if kind in state_checks.BY_TYPE:
        yield from state_checks.BY_TYPE[kind](state, place)
    elif kind == "Parallel":
        yield from _parallel(state, at, seen, whole)
    elif kind == "Map":
        yield from _map(state, place, seen, whole)


def _no_language(at: str) -> str:
    return f"SCHEMA_VALIDATION_FAILED: 'QueryLanguage' is JSONPath or JSONata at {at}.QueryLanguage"


def _next(state: Mapping[str, Any], kind: str, place: Place) -> Problems:
    if kind in ("Choice", "Succeed", "Fail"):
        return
    if ("Next" in state) == (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of 'Next' and 'End' is needed at {place.at}"
    if "Next" in state:
        yield from checks.target(state["Next"], f"{place.at}.Next", place.states)


def _jsonpath(state: Mapping[str, Any], at: str) -> Problems:
    for field in READ_PATHS:
        if state.get(field) is not None:
            yield from checks.path(state[field], f"{at}.{field}", reference=False)
    if state.get("ResultPath") is not None:
        yield from checks.path(state["ResultPath"], f"{at}.ResultPath", reference=True)
    for field in TEMPLATES:
        yield from checks.template(state.get(field), f"{at}.{field}")


def _jsonata(state: Mapping[str, Any], at: str) -> Problems:
    for field in ("Arguments", "Output", "ItemSelector", "Credentials"):
        yield from jsonata_checks.template(state.get(field), f"{at}.{field}")
    items = state.get("Items")
    if isinstance(items, str):
        yield from jsonata_checks.expression(items, f"{at}.Items")
    else:
        yield from jsonata_checks.template(items, f"{at}.Items")


def _rules(state: Mapping[str, Any], place: Place) -> Problems:
    retriers, catchers = state.get("Retry", []), state.get("Catch", [])
    for index, retrier in enumerate(retriers):
        here = f"{place.at}.Retry[{index}]"
        yield from unknown(retrier, RETRIER, here, place.language)
        yield from checks.retrier(retrier, here, index == len(retriers) - 1)
    for index, catch in enumerate(catchers):
        here = f"{place.at}.Catch[{index}]"
        yield from unknown(catch, CATCHER, here, place.language)
        yield from checks.errors(catch, here, index == len(catchers) - 1)
        yield from checks.target(catch.get("Next"), f"{here}.Next", place.states)
        if catch.get("ResultPath") is not None:
            yield from checks.path(catch["ResultPath"], f"{here}.ResultPath", reference=True)
        if place.jsonata:
            yield from jsonata_checks.template(catch.get("Output"), f"{here}.Output", catching=True)
        yield from state_checks.assign(catch, here, place, catching=True)


def _parallel(state: Mapping[str, Any], at: str, seen: set[str], whole: str) -> Problems:
    if not state.get("Branches"):
        yield f"SCHEMA_VALIDATION_FAILED: at least one branch is needed at {at}.Branches"
    for index, branch in enumerate(state.get("Branches", ())):
        yield from _machine(branch, f"{at}.Branches[{index}]", seen, whole)


def _map(state: Mapping[str, Any], place: Place, seen: set[str], whole: str) -> Problems:
    at = place.at
    if ("ItemProcessor" in state) == ("Iterator" in state):
        yield f"SCHEMA_VALIDATION_FAILED: exactly one of ItemProcessor and Iterator at {at}"
        return
    field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    inner = state[field]
    wrong = list(map_checks.config(inner, f"{at}.{field}"))
    yield from wrong
    if not wrong:
        mode = inner.get("ProcessorConfig", {}).get("Mode")
        yield from map_checks.fields(state, mode, place)
    if "ItemSelector" in state and "Parameters" in state:
        yield f"SCHEMA_VALIDATION_FAILED: ItemSelector and Parameters exclude each other at {at}"
    if "MaxConcurrency" in state:
        yield from state_checks.number(state["MaxConcurrency"], 0, f"{at}.MaxConcurrency", place)
    yield from state_checks.alone(state, "MaxConcurrency", at)
    yield from _machine(inner, f"{at}.{field}", seen, whole, _PROCESSOR)
