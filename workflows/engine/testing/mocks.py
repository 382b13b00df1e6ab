"""Scripted integrations, in the file format that Step Functions Local made known.

    {"StateMachines": {"Order": {"TestCases": {"HappyPath": {"Charge": "ChargedTwice"}}}},
     "MockedResponses": {"ChargedTwice": {"0-1": {"Throw": {"Error": "Busy", "Cause": "…"}},
                                          "2": {"Return": {"paid": true}}}}}

A case gives its states a response each; a response says how each call of the state ends, counted
from 0 over all the state's calls in one execution: retries, later visits and Map iterations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import BadRequest
from tasks.failures import TaskFailed
from workflows.engine.interpreter import TaskCall

_ATTEMPTS = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)


class BadMocks(BadRequest):
    """The mock file, or what was asked of it, is wrong."""


@dataclass(frozen=True)
class Outcome:
    """How one call ends: with a result, or (`failed`) with an error that may be without a name."""

    result: Any = None
    error: str | None = None
    cause: str | None = None
    failed: bool = False


@dataclass(frozen=True)
class Response:
    """One of the MockedResponses: the first and last attempt of each run, and its outcome."""

    name: str
    outcomes: tuple[tuple[int, int, Outcome], ...]

    def at(self, attempt: int) -> Outcome | None:
        """The outcome of one attempt, None where the response says nothing of it."""
        return next((o for first, last, o in self.outcomes if first <= attempt <= last), None)


@dataclass(frozen=True)
class Mocks:
    """A mock file that was read."""

    machines: Mapping[str, Mapping[str, Mapping[str, str]]]
    responses: Mapping[str, Response]

    @classmethod
    def read(cls, source: Mapping[str, Any] | str | Path) -> Mocks:
        """From a file, or from its content. Raises `BadMocks`, saying where the fault is."""
        content = source if isinstance(source, Mapping) else _file(Path(source))
        machines = _object(content.get("StateMachines"), "$.StateMachines")
        # The singular stands in AWS's own description of the format.
        field = "MockedResponse" if "MockedResponse" in content else "MockedResponses"
        responses = _object(content.get(field, {}), f"$.{field}")
        return cls(
            {name: _cases(made, f"$.StateMachines.{name}") for name, made in machines.items()},
            {name: _response(name, made, f"$.{field}.{name}") for name, made in responses.items()},
        )

    def machine_of(self, wanted: str | None, file: str | None, case: str) -> str:
        """The machine that is meant: the one wanted, that of the definition file's name, the only
        one there is, or the only one with the case. Raises `BadMocks`."""
        if wanted is not None:
            return _among(wanted, self.machines, "state machine")
        if file in self.machines:
            return str(file)
        named = [name for name, cases in self.machines.items() if case in cases]
        found = list(self.machines) if len(self.machines) == 1 else named
        if len(found) != 1:
            raise BadMocks(
                "the mock file has the state machines "
                f"{', '.join(sorted(self.machines)) or '(none)'}; say which with --machine"
            )
        return found[0]

    def case(self, machine: str, case: str) -> Mapping[str, Response]:
        """The response of each mocked state of a test case. Raises `BadMocks`."""
        cases = self.machines[_among(machine, self.machines, "state machine")]
        states = cases[_among(case, cases, f"test case of {machine}")]
        return {
            state: self.responses[_among(name, self.responses, f"mocked response (for {state})")]
            for state, name in states.items()
        }


class Script:
    """The integrations of one execution: each call gets the next outcome of its state.

    What is not written down is a fault of the test, never of the machine: it ends the execution,
    and `fault` says what was missing.
    """

    def __init__(self, responses: Mapping[str, Response]) -> None:
        self._responses = responses
        self._calls = dict.fromkeys(responses, 0)
        self.fault: str | None = None

    def answer(self, call: TaskCall) -> Any:
        """As `integrations.Scripted`."""
        response = self._responses.get(call.state)
        if response is None:
            return self._give_up(
                f"the state {call.state!r} calls {call.resource.arn}, "
                "and this test case has no mock for it"
            )
        attempt = self._calls[call.state]
        self._calls[call.state] += 1
        outcome = response.at(attempt)
        if outcome is None:
            return self._give_up(
                f"the state {call.state!r} was called {_times(attempt + 1)}, and the mocked "
                f"response {response.name!r} has no attempt {attempt}"
            )
        if outcome.failed:
            # A failure may be without a name, as SendTaskFailure's.
            raise TaskFailed(outcome.error, outcome.cause)
        return outcome.result

    @property
    def unused(self) -> tuple[str, ...]:
        """The mocked states that were never called."""
        return tuple(state for state, calls in self._calls.items() if not calls)

    def check(self, scopes: Mapping[str, Mapping[str, Any]]) -> None:
        """Every mocked state is a Task of the machine. Raises `BadMocks`."""
        states = {name: s for scope in scopes.values() for name, s in scope["States"].items()}
        for name in self._responses:
            kind = states[_among(name, states, "state in the definition")]["Type"]
            if kind != "Task":
                raise BadMocks(f"{name!r} is a {kind} state; only Task states are mocked")

    def _give_up(self, fault: str) -> Any:
        self.fault = self.fault or fault
        raise TaskFailed("States.Runtime", fault)  # which no Retry and no Catch takes


def _file(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise BadMocks(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadMocks(f"{path}: not JSON: {error}") from error
    return _object(content, "$")


def _cases(machine: Any, at: str) -> Mapping[str, Mapping[str, str]]:
    cases = _object(_object(machine, at).get("TestCases"), f"{at}.TestCases")
    for case, states in cases.items():
        for state, response in _object(states, f"{at}.TestCases.{case}").items():
            if not isinstance(response, str):
                raise BadMocks(
                    f"the name of a mocked response is needed at {at}.TestCases.{case}.{state}"
                )
    return cases


def _response(name: str, attempts: Any, at: str) -> Response:
    found: list[tuple[int, int, Outcome]] = []
    for text, outcome in _object(attempts, at).items():
        match = _ATTEMPTS.fullmatch(text)
        first = int(match[1]) if match else 0
        last = int(match[2] or match[1]) if match else -1
        if last < first:
            raise BadMocks(f"an attempt is '0', or a range '0-2', not {text!r}, at {at}")
        if any(first <= known_last and known_first <= last for known_first, known_last, _ in found):
            raise BadMocks(f"the attempts {text!r} are given twice at {at}")
        found.append((first, last, _outcome(outcome, f"{at}.{text}")))
    return Response(name, tuple(found))


def _outcome(value: Any, at: str) -> Outcome:
    given = _object(value, at)
    if set(given) == {"Return"}:
        return Outcome(result=given["Return"])
    if set(given) != {"Throw"}:
        raise BadMocks(f"exactly one of 'Return' and 'Throw' is needed at {at}")
    thrown = _object(given["Throw"], f"{at}.Throw")
    for field in ("Error", "Cause"):
        if not isinstance(thrown.get(field), (str, type(None))):
            raise BadMocks(f"'{field}' is a string at {at}.Throw.{field}")
    return Outcome(error=thrown.get("Error"), cause=thrown.get("Cause"), failed=True)


def _object(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadMocks(f"an object is needed at {at} of the mock file")
    return value


def _among(name: str, known: Iterable[str], what: str) -> str:
    if name not in known:
        raise BadMocks(
            f"there is no {what} {name!r}; there are: {', '.join(sorted(known)) or '(none)'}"
        )
    return name


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
