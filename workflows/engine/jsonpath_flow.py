"""The flow of data of a state that speaks JSONPath: InputPath, Parameters, ResultPath and so on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine import choice
from workflows.engine.faults import RuntimeFault
from workflows.engine.jsontext import dumps
from workflows.engine.template import Scope, effective_input, merged, output_of
from workflows.engine.times import parse_timestamp

Left = tuple[Any, Mapping[str, Any]]


class JsonPathFlow:
    """A `Flow`; `raw` is the state's input before InputPath."""

    def __init__(self, state: Mapping[str, Any], raw: Any, scope: Scope) -> None:
        self._state, self._raw, self._scope = state, raw, scope

    def input(self) -> Any:
        return effective_input(self._state, self._scope)

    def arguments(self) -> Any:
        value = self.input()
        if "Parameters" in self._state:
            value = self._scope.of(value).template(self._state["Parameters"])
        return value

    def role(self) -> str | None:
        if "Credentials" not in self._state:
            return None
        given = self._scope.of(self.input()).template(self._state["Credentials"])
        return None if "RoleArn" not in given else str(given["RoleArn"])

    def passed(self) -> Left:
        return self.output(self._state["Result"] if "Result" in self._state else self.arguments())

    def output(self, result: Any) -> Left:
        selected, seen = result, self._scope.of(result)
        if "ResultSelector" in self._state:
            selected = seen.template(self._state["ResultSelector"])
        output = output_of(self._state, self._scope, self._raw, selected)
        return output, _assigned(self._state, seen)

    def through(self) -> Left:
        value = self.input()
        return self._narrowed(value), _assigned(self._state, self._scope.of(value))

    def caught(self, index: int, error: Mapping[str, Any]) -> Left:
        catcher = self._state["Catch"][index]
        output = merged(catcher.get("ResultPath", "$"), self._raw, error)
        return output, _assigned(catcher, self._scope.of(error))

    def chosen(self) -> tuple[str | None, Any, Mapping[str, Any]]:
        value = self.input()
        seen = self._scope.of(value)
        rule = next((rule for rule in self._state["Choices"] if choice.holds(rule, seen)), None)
        if rule is None and "Default" not in self._state:
            return None, None, {}
        goal = rule["Next"] if rule else self._state["Default"]
        return goal, self._narrowed(value), _assigned(rule or self._state, seen)

    def wake(self, now: float) -> float:
        state, seen = self._state, self._scope.of(self.input())
        if "Seconds" in state:
            return now + float(state["Seconds"])
        if "SecondsPath" in state:
            seconds = seen.path(state["SecondsPath"])
            if not _whole(seconds, 0):
                raise RuntimeFault(
                    "The SecondsPath parameter cannot be parsed as a long value: "
                    f"{state['SecondsPath']} == {_plain(seconds)}"
                )
            return now + float(seconds)
        stamp = state.get("Timestamp") or seen.path(state["TimestampPath"])
        moment = parse_timestamp(stamp)
        if moment is None:
            raise RuntimeFault(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
                f"date-time format string: {state['TimestampPath']} == {_plain(stamp)}"
            )
        return moment

    def seconds(self, field: str) -> int | None:
        seconds: int | None = self._state.get(field)
        path = self._state.get(f"{field}Path")
        if path is not None:
            seconds = self._scope.path(path)
            if not _whole(seconds, 1):
                raise RuntimeFault(
                    f"The {field}Path parameter does not reference a positive integer: "
                    f"{path} == {_plain(seconds)}"
                )
        return seconds

    def said(self, field: str) -> str | None:
        path = self._state.get(f"{field}Path")
        if path is None:
            text: str | None = self._state.get(field)
            return text
        value = self._scope.expression(path, f"{field}Path")
        if not isinstance(value, str):
            raise RuntimeFault(f"{field}Path must be a string: {path}")
        return value

    def items(self) -> list[Any]:
        path = self._state.get("ItemsPath", "$")
        items = self._scope.of(self.input()).path(path)
        if not isinstance(items, list):
            raise RuntimeFault(f'Reference path "{path}" must point to array.')
        return items

    def concurrency(self) -> int:
        path = self._state.get("MaxConcurrencyPath")
        if path is None:
            limit: int = self._state.get("MaxConcurrency", 0)
            return limit
        found = self._scope.of(self.input()).path(path)
        if not _whole(found, 0):
            shown = dumps(found) if isinstance(found, str) else f'"{dumps(found)}"'
            raise RuntimeFault(
                f"The MaxConcurrencyPath field refers to value {shown} "
                f"which is not a valid integer: {path}"
            )
        return int(found)

    def item(self, given: Any, position: Mapping[str, Any]) -> Any:
        selector = self._state.get("ItemSelector", self._state.get("Parameters"))
        if selector is None:
            return given
        context = {**self._scope.context, "Map": {"Item": position}}
        return Scope(self.input(), context, self._scope.variables).template(selector)

    def _narrowed(self, value: Any) -> Any:
        only = {"OutputPath": self._state.get("OutputPath", "$")}
        return output_of(only, self._scope, self._raw, value)


def _assigned(rule: Mapping[str, Any], seen: Scope) -> Mapping[str, Any]:
    """What the state, or the rule or catcher that was taken, assigns."""
    assigned: Mapping[str, Any] = seen.template(rule.get("Assign", {}))
    return assigned


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)
