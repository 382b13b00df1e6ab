"""A definition as a Mermaid flowchart, each state in the colour of what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.engine.steps import Step

COLOURS = {
    "SUCCEEDED": "fill:#d3f2d6,stroke:#2b8a3e,color:#123",
    "FAILED": "fill:#ffd8d8,stroke:#c92a2a,color:#123",
    "CAUGHT": "fill:#ffe8cc,stroke:#d9480f,color:#123",
    "ABORTED": "fill:#e9ecef,stroke:#868e96,color:#123",
    "RUNNING": "fill:#d0ebff,stroke:#1971c2,color:#123,stroke-width:3px",
}
_ORDER = ("RUNNING", "FAILED", "ABORTED", "CAUGHT", "SUCCEEDED")

Place = tuple[str, ...]
"""Where a state stands in a definition: the names of the states around it, and its own."""


def graph(definition: Mapping[str, Any], steps: Iterable[Step]) -> Iterator[str]:
    """The lines of the flowchart. States that were not entered have no colour; one that was
    entered several times has that of the visit that counts most, and the count of each."""
    seen: dict[Place, Counter[str]] = {}
    places: dict[int | None, Place] = {None: ()}
    for step in steps:
        place = places[step.id] = (*places[step.inside], step.name)
        seen.setdefault(place, Counter())[step.status] += 1
    drawing = _Drawing(seen)
    yield "flowchart TD"
    yield "  start([start])"
    yield from drawing.machine(definition, (), "start", "  ")
    for status, look in COLOURS.items():
        if drawing.coloured.get(status):
            yield f"  classDef {status} {look}"
            yield f"  class {','.join(drawing.coloured[status])} {status}"


class _Drawing:
    def __init__(self, seen: Mapping[Place, Counter[str]]) -> None:
        self._seen, self._ids = seen, dict[Place, str]()
        self.coloured: dict[str, list[str]] = {}

    def machine(
        self, machine: Mapping[str, Any], around: Place, before: str, indent: str
    ) -> Iterator[str]:
        """The states of a machine, a branch or an item's processor, and the ways between them."""
        states: Mapping[str, Mapping[str, Any]] = machine["States"]
        for name, state in states.items():
            yield from self._state(name, state, (*around, name), indent)
        yield f"{indent}{before} --> {self._id((*around, machine['StartAt']))}"
        for name, state in states.items():
            for arrow, then in _ways(state):
                here, there = self._id((*around, name)), self._id((*around, then))
                yield f"{indent}{here} {arrow} {there}"

    def _state(
        self, name: str, state: Mapping[str, Any], place: Place, indent: str
    ) -> Iterator[str]:
        inner = _machines_in(state)
        opening, closing = {
            "Choice": ("{", "}"), "Succeed": ("([", "])"), "Fail": ("([", "])"), "Wait": ("(", ")"),
        }.get(state["Type"], ("[", "]"))  # fmt: skip
        yield f'{indent}{self._id(place)}{opening}"{_text(name)}{self._counts(place)}"{closing}'
        for number, machine in enumerate(inner, 1):
            id = f"{self._id(place)}_{number}"
            title = f"{name}: each item" if state["Type"] == "Map" else f"{name}: branch {number}"
            yield f'{indent}subgraph {id}["{_text(title)}"]'
            yield f'{indent}  {id}_start(("."))'
            yield from self.machine(machine, place, f"{id}_start", indent + "  ")
            yield f"{indent}end"
            yield f"{indent}{self._id(place)} -.- {id}_start"

    def _id(self, place: Place) -> str:
        return self._ids.setdefault(place, f"s{len(self._ids)}")

    def _counts(self, place: Place) -> str:
        counts = self._seen.get(place)
        if not counts:
            return ""
        worst = next(status for status in _ORDER if counts[status])
        self.coloured.setdefault(worst, []).append(self._id(place))
        if counts.total() == 1:
            return ""
        told = ", ".join(f"{counts[status]} {status}" for status in _ORDER if counts[status])
        return f"<br/>{told}"


def _ways(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a state leads, each way once: for a Choice by rule, dotted for caught errors."""
    for number, rule in enumerate(state.get("Choices", ()), 1):
        yield f'-- "rule {number}" -->', rule["Next"]
    if "Default" in state:
        yield "-- else -->", state["Default"]
    if "Next" in state:
        yield "-->", state["Next"]
    for catcher in state.get("Catch", ()):
        yield f'-. "{_text(", ".join(catcher["ErrorEquals"]))}" .->', catcher["Next"]


def _machines_in(state: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if state["Type"] == "Map":
        return [state["ItemProcessor"] if "ItemProcessor" in state else state["Iterator"]]
    branches: Sequence[Mapping[str, Any]] = state.get("Branches", ())
    return branches


def _text(name: str) -> str:
    """A name within Mermaid's quotes."""
    return name.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
