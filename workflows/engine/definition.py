"""A state machine definition, checked when it is loaded.

States are found by *scope* and name. The scope of the machine's own states is empty; that of a
Parallel branch or of a Map's processor is the way to it, such as `Fan/0` or `Each/items`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.faults import BadDefinition
from workflows.engine.integrations import Resource, resource_of
from workflows.engine.jsontext import dumps, loads
from workflows.engine.validation import problems_in

ROOT = ""
ITEMS = "items"


@dataclass(frozen=True)
class StateMachine:
    """A definition that Step Functions would accept, and that this engine can run."""

    name: str
    text: str
    digest: str
    top: Mapping[str, Any]
    scopes: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Resource]

    def state(self, scope: str, name: str) -> Mapping[str, Any]:
        """One state's definition."""
        found: Mapping[str, Any] = self.scopes[scope]["States"][name]
        return found

    def speaks_jsonata(self, state: Mapping[str, Any]) -> bool:
        """Whether the state's query language is JSONata, its own or the machine's."""
        return bool(state.get("QueryLanguage", self.top.get("QueryLanguage")) == "JSONata")

    def part(self, name: str, definition: Mapping[str, Any]) -> StateMachine:
        """A machine made of a part of this one, and checked with it."""
        text = dumps(definition)
        digest = hashlib.sha256(text.encode()).hexdigest()
        scopes = dict(_scopes(definition, ROOT))
        return StateMachine(name, text, digest, definition, scopes, self.resources)

    def start_of(self, scope: str) -> str:
        """The name of the scope's first state."""
        name: str = self.scopes[scope]["StartAt"]
        return name


def load(
    name: str,
    definition: Mapping[str, Any],
    resource_of: Callable[[str], Resource | None] = resource_of,
) -> StateMachine:
    """Check a definition. `resource_of` knows the resources that its Tasks may call, by default
    those of the embedded services. Raises `BadDefinition` with every problem found."""
    try:
        text = dumps(definition)
    except (TypeError, ValueError) as error:
        reason, _, _ = str(error).partition(":")  # newer Pythons add the value
        raise BadDefinition(name, [f"not JSON: {reason} at $"]) from error
    if problems := list(problems_in(definition)):
        raise BadDefinition(name, problems)
    scopes = dict(_scopes(definition, ROOT))
    called = list(_called(definition, "$"))
    resources = {arn: found for _, arn in called if (found := resource_of(arn))}
    if unknown := [(at, arn) for at, arn in called if arn not in resources]:
        raise BadDefinition(
            name,
            [
                f"the resource {arn!r} is not supported by this engine at {at}"
                for at, arn in unknown
            ],
        )
    digest = hashlib.sha256(text.encode()).hexdigest()
    return StateMachine(name, text, digest, loads(text), scopes, resources)


def branch_scope(scope: str, state: str, branch: int | str) -> str:
    """The scope of one branch of a Parallel state, or of a Map's processor (`ITEMS`)."""
    return f"{scope}/{_plain(state)}/{branch}"


def processor_of(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """A Map's inner machine, by its name of today or the older one."""
    found: Mapping[str, Any] = (
        state["ItemProcessor"] if "ItemProcessor" in state else state["Iterator"]
    )
    return found


def _scopes(machine: Mapping[str, Any], scope: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield scope, machine
    for name, state in machine["States"].items():
        if state["Type"] == "Map":
            yield from _scopes(processor_of(state), branch_scope(scope, name, ITEMS))
        for index, branch in enumerate(state.get("Branches", ())):
            yield from _scopes(branch, branch_scope(scope, name, index))


def _called(machine: Mapping[str, Any], at: str) -> Iterator[tuple[str, str]]:
    """Where each Task names its Resource, and the Resource."""
    for name, state in machine["States"].items():
        here = f"{at}.States.{name}" if name.isidentifier() else f"{at}.States['{name}']"
        if state["Type"] == "Task":
            yield f"{here}.Resource", state["Resource"]
        if state["Type"] == "Map":
            field = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
            yield from _called(state[field], f"{here}.{field}")
        for index, branch in enumerate(state.get("Branches", ())):
            yield from _called(branch, f"{here}.Branches[{index}]")


def _plain(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")
