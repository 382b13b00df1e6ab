"""Looking at a definition as an outsider would: its graphs, its states, where they lead."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def graphs(definition: Json) -> Iterator[Json]:
    """The definition and those inside its Maps and Parallels."""
    yield definition
    for state in definition["States"].values():
        inner = [state["ItemProcessor"]] if "ItemProcessor" in state else []
        for graph in (*inner, *state.get("Branches", ())):
            yield from graphs(graph)


def states(definition: Json) -> Iterator[tuple[str, Json]]:
    """Every state by name, those of inner graphs included."""
    for graph in graphs(definition):
        yield from graph["States"].items()


def tasks(definition: Json) -> Iterator[tuple[str, Json]]:
    """Every Task state."""
    return ((name, state) for name, state in states(definition) if state["Type"] == "Task")


def leads_to(state: Json) -> tuple[str, ...]:
    """The names of the states that may come next."""
    ways = [state.get("Next"), state.get("Default")]
    ways += [row["Next"] for row in (*state.get("Catch", ()), *state.get("Choices", ()))]
    return tuple(way for way in ways if way)


def texts(value: Any) -> Iterator[str]:
    """All texts inside a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def called(state: Json) -> str:
    """The name of the task that a Task state calls."""
    parameters = state["Parameters"]
    placeholder: str = parameters.get("FunctionName") or parameters["JobDefinition"]
    return placeholder.removeprefix("${").removesuffix("}")
