"""The flow of data of a state that speaks JSONata: Arguments, Output and expressions in fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.query import Query
from workflows.engine.times import parse_timestamp

Left = tuple[Any, Mapping[str, Any]]


class JsonataFlow:
    """A `Flow`; the query's `$states.input` is the state's input."""

    def __init__(self, state: Mapping[str, Any], query: Query) -> None:
        self._state, self._query = state, query

    def input(self) -> Any:
        return self._query.states["input"]

    def arguments(self) -> Any:
        if "Arguments" not in self._state:
            return self.input()
        return self._query.template(self._state["Arguments"], "Arguments")

    def output(self, result: Any) -> Left:
        return _left(self._state, self._query.having(result=result), result)

    def role(self) -> str | None:
        given = self._state.get("Credentials", {})
        if "RoleArn" not in given:
            return None
        role: str = self._query.of_type(given["RoleArn"], "Credentials/RoleArn", "string")
        return role

    def passed(self) -> Left:
        return self.through()

    def through(self) -> Left:
        return _left(self._state, self._query, self.input())

    def caught(self, index: int, error: Mapping[str, Any]) -> Left:
        query = self._query.having(errorOutput=error)
        return _left(self._state["Catch"][index], query, error, f"Catch[{index}]/")

    def chosen(self) -> tuple[str | None, Any, Mapping[str, Any]]:
        for index, rule in enumerate(self._state["Choices"]):
            at = f"Choices[{index}]/"
            if self._query.of_type(rule["Condition"], f"{at}Condition", "boolean"):
                return rule["Next"], *_left(rule, self._query, self.input(), at)
        if "Default" not in self._state:
            return None, None, {}
        return self._state["Default"], *self.through()

    def wake(self, now: float) -> float:
        if "Seconds" in self._state:
            return now + self._query.whole(self._state["Seconds"], "Seconds", 0)
        stamp = self._query.of_type(self._state["Timestamp"], "Timestamp", "string")
        moment = parse_timestamp(stamp)
        if moment is None:
            raise self._query.fault(
                self._state["Timestamp"],
                "Timestamp",
                " must be a valid ISO-8601 extended offset date-time format string.",
            )
        return moment

    def seconds(self, field: str) -> int | None:
        if field not in self._state:
            return None
        return self._query.whole(self._state[field], field, 1)

    def said(self, field: str) -> str | None:
        if field not in self._state:
            return None
        text: str = self._query.of_type(self._state[field], field, "string")
        return text

    def items(self) -> list[Any]:
        if "Items" not in self._state:
            given = self.input()
            if not isinstance(given, list):
                raise self._query.fault("$states.input", "Items", " must evaluate to an array.")
            return given
        items: list[Any] = self._query.of_type(self._state["Items"], "Items", "array")
        return items

    def concurrency(self) -> int:
        return self._query.whole(self._state.get("MaxConcurrency", 0), "MaxConcurrency", 0)

    def item(self, given: Any, position: Mapping[str, Any]) -> Any:
        if "ItemSelector" not in self._state:
            return given
        context = {**self._query.states["context"], "Map": {"Item": position}}
        query = self._query.having(context=context)
        return query.template(self._state["ItemSelector"], "ItemSelector")


def _left(rule: Mapping[str, Any], query: Query, otherwise: Any, at: str = "") -> Left:
    """Output and Assign of the state, or of its rule or catcher; both see the old variables."""
    output = query.template(rule["Output"], f"{at}Output") if "Output" in rule else otherwise
    assigned: Mapping[str, Any] = query.template(rule.get("Assign", {}), f"{at}Assign")
    return output, assigned
