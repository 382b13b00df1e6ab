"""The flow of data of a state that speaks JSONata: templates with `{% expressions %}` in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from workflows.engine.faults import QueryFault
from workflows.engine.jsontext import dumps

OPEN, CLOSE = "{%", "%}"
JSONATA = "JSONata"


def is_expression(value: Any) -> bool:
    """Whether a text of a definition is an expression: it begins with `{%` and ends with `%}`."""
    return (
        isinstance(value, str)
        and value.startswith(OPEN)
        and value.endswith(CLOSE)
        and len(value) >= len(OPEN) + len(CLOSE)
    )


def inner(text: str) -> str:
    """The JSONata between the brackets."""
    return text[len(OPEN) : -len(CLOSE)].strip()


@dataclass(frozen=True)
class Query:
    """What an expression sees: `$states` and the variables.

    `states` has `input` and `context`, and `result` or `errorOutput` where they exist. Fields are
    named as AWS names them, such as `Output/total` or `Choices[1]/Condition`.
    """

    states: Mapping[str, Any]
    variables: Mapping[str, Any]
    now_ms: int
    fraction: Callable[[], float]

    def having(self, **more: Any) -> Query:
        """The same, with more in `$states`."""
        return replace(self, states={**self.states, **more})

    def template(self, template: Any, field: str) -> Any:
        """The template with each expression's value in its place. Raises `QueryFault`."""
        if isinstance(template, str):
            return self._value(template, field) if is_expression(template) else template
        if isinstance(template, Mapping):
            return {key: self.template(part, f"{field}/{key}") for key, part in template.items()}
        if isinstance(template, list):
            return [self.template(p, f"{field}[{at}]") for at, p in enumerate(template)]
        return template

    def of_type(self, value: Any, field: str, *types: str) -> Any:
        """As `template`, where an expression must give one of these types: boolean, string,
        number, integer, array, object."""
        result = self.template(value, field)
        found = type_of(result)
        if is_expression(value) and found not in types and not (
            found == "integer" and "number" in types
        ):  # fmt: skip
            raise self.fault(
                value,
                field,
                f" returned an unexpected result type. Expected '{' or '.join(types)}', "
                f"but was '{found}' for value: {dumps(result)}",
            )
        return result

    def whole(self, value: Any, field: str, least: int) -> int:
        """As `of_type`, for a whole number from `least` up."""
        number: int = self.of_type(value, field, "integer")
        if number < least:
            raise self.fault(value, field, f" must be {least} or more, but was {number}")
        return number

    def fault(self, expression: Any, field: str, why: str) -> QueryFault:
        """The fault that says this of an expression."""
        text = inner(expression) if is_expression(expression) else str(expression)
        said = f"The JSONata expression '{text}' specified for the field '{field}'{why}"
        return QueryFault(said, field)

    @cached_property
    def _bound(self) -> Mapping[str, Any]:
        from workflows.engine import jsonata  # only machines that use it pay for its library

        return jsonata.bind({**self.variables, "states": self.states})

    def _value(self, text: str, field: str) -> Any:
        from workflows.engine import jsonata  # only machines that use it pay for its library

        try:
            value = jsonata.evaluate(inner(text), self._bound, self.now_ms, self.fraction)
        except jsonata.QueryFailed as error:
            raise self.fault(text, field, str(error)) from error
        except jsonata.UnsupportedResult as error:
            raise self.fault(text, field, " returned an unsupported result type.") from error
        if value is jsonata.UNDEFINED:
            raise self.fault(text, field, " returned nothing (undefined).")
        return value


def type_of(value: Any) -> str:
    """The name of a JSON value's type."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return "number"
    names = {bool: "boolean", str: "string", int: "integer", list: "array", dict: "object"}
    return names[type(value)]
