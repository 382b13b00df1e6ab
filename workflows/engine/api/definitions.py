"""Definitions as the API takes them: text, judged with all that is wrong or odd in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from workflows.engine.api.express import express_faults
from workflows.engine.api.faults import ApiError
from workflows.engine.api.service import Answer, Request, Service, read_json
from workflows.engine.definition import StateMachine, load
from workflows.engine.faults import BadDefinition

_CODED = re.compile(r"(?:(?P<code>[A-Z][A-Z_]+): )?(?P<message>.*?)(?: at (?P<at>\$.*))?", re.S)
_VARIABLE = re.compile(r"(?<!\$)\$([A-Za-z_][A-Za-z0-9_]*)(?![A-Za-z0-9_]|\s*\()")
_LIKE_A_PATH = re.compile(r"\$\$?\.[A-Za-z_]|States\.[A-Z][A-Za-z0-9]+\(")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Arguments")
_BELOW = ("ItemProcessor", "Iterator", "Branches")
DEFAULT_RESULTS = 100


@lru_cache(maxsize=256)
def accepted(name: str, definition: str, kind: str) -> StateMachine:
    """The definition as a machine of that type. Raises `InvalidDefinition` with all faults."""
    try:
        return _loaded(name, definition, kind)
    except BadDefinition as error:
        raise ApiError(
            "InvalidDefinition",
            f"Invalid State Machine Definition: '{', '.join(error.problems)}'",
        ) from error


def validate(_: Service, request: Request) -> Answer:
    """ValidateStateMachineDefinition."""
    severity = request.get("severity", "ERROR")
    most = request.get("maxResults", 0) or DEFAULT_RESULTS
    problems: list[str] = []
    try:
        machine = _loaded("definition", request["definition"], request.get("type", "STANDARD"))
    except BadDefinition as error:
        problems = list(error.problems)
    found = [_diagnostic("ERROR", problem) for problem in problems]
    if severity == "WARNING" and not problems:
        found += [_diagnostic("WARNING", odd) for odd in _oddities(machine.top, "$")]
    answer: Answer = {"result": "FAIL" if problems else "OK", "diagnostics": found[:most]}
    if len(found) > most:
        answer["truncated"] = True
    return answer


def variable_references(machine: Mapping[str, Any]) -> dict[str, list[str]]:
    """The variables that each state refers to, for states that refer to any."""
    found: dict[str, list[str]] = {}
    for name, state in machine.get("States", {}).items():
        own = {field: value for field, value in state.items() if field not in _BELOW}
        names = {n for text in _strings(own) for n in _VARIABLE.findall(text)} - {"states"}
        if names:
            found[name] = sorted(names)
        for inner in _inner(state):
            found |= variable_references(inner)
    return found


def _loaded(name: str, text: str, kind: str) -> StateMachine:
    if not text.strip():
        raise BadDefinition(name, ["MISSING_DESCRIPTION: the definition is empty"])
    try:
        value = read_json(text)
    except ValueError as error:
        raise BadDefinition(name, [f"INVALID_JSON_DESCRIPTION: {error}"]) from error
    if not isinstance(value, dict):
        raise BadDefinition(name, ["SCHEMA_VALIDATION_FAILED: a definition is an object at $"])
    machine = load(name, value)
    if kind == "EXPRESS" and (faults := express_faults(machine)):
        raise BadDefinition(name, faults)
    return machine


def _diagnostic(severity: str, problem: str) -> dict[str, str]:
    match = _CODED.fullmatch(problem)
    code = (match and match["code"]) or (
        "INVALID_RESOURCE" if "resource" in problem else "SCHEMA_VALIDATION_FAILED"
    )
    told = {"severity": severity, "code": code, "message": match["message"] if match else problem}
    if match and match["at"]:
        told["location"] = _pointer(match["at"])
    return told


def _pointer(path: str) -> str:
    """A JSON path as AWS writes a location: `/States/Wait/Next`."""
    parts = re.findall(r"\.([^.\[]+)|\['(.*?)'\]|\[(\d+)\]", path)
    return "/" + "/".join(next(filter(None, part), "") for part in parts)


def _oddities(machine: Mapping[str, Any], at: str) -> Iterator[str]:
    """What is allowed and probably not meant."""
    jsonata = machine.get("QueryLanguage") == "JSONata"
    for name, state in machine["States"].items():
        here = f"{at}.States['{name}']"
        if state.get("QueryLanguage", "JSONata" if jsonata else "JSONPath") == "JSONPath":
            for field in _TEMPLATES:
                yield from _undollared(state.get(field), f"{here}.{field}")
            if state["Type"] == "Pass" and _has_path(state.get("Result")):
                yield f"PASS_RESULT_IS_STATIC: A Result is not evaluated at {here}.Result"
        for inner in _inner(state):
            yield from _oddities(inner, here)


def _undollared(template: Any, at: str) -> Iterator[str]:
    if isinstance(template, Mapping):
        for key, value in template.items():
            odd = isinstance(value, str) and _LIKE_A_PATH.match(value) and not key.endswith(".$")
            if odd:
                yield f"NO_DOLLAR: Field '{key}' looks like a path and does not end in .$ at {at}"
            yield from _undollared(value, at)
    elif isinstance(template, list):
        for value in template:
            yield from _undollared(value, at)


def _has_path(result: Any) -> bool:
    if isinstance(result, Mapping):
        return any(key.endswith(".$") or _has_path(value) for key, value in result.items())
    return isinstance(result, list) and any(map(_has_path, result))


def _inner(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    processor = state.get("ItemProcessor") or state.get("Iterator")
    if processor:
        yield processor
    yield from state.get("Branches", ())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
