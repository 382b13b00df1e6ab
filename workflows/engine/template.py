"""Reading and shaping data on its way through a state: paths, payload templates, ResultPath."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.expressions import parse_expression
from workflows.engine.faults import RuntimeFault, StateFault
from workflows.engine.intrinsics import NoArgument, evaluate
from workflows.engine.jsonpath import NoMatch, Path, parse
from workflows.engine.jsontext import dumps


@dataclass(frozen=True)
class Scope:
    """What an expression can see: `$`, the context object `$$`, and the variables."""

    input: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any]

    def of(self, input: Any) -> Scope:
        """The same, with another `$`."""
        return Scope(input, self.context, self.variables)

    def resolve(self, path: Path) -> Any:
        """What the path names. Raises `NoMatch`."""
        if path.root == "$":
            return path.find(self.input)
        if path.root == "$$":
            return path.find(self.context)
        if path.root not in self.variables:
            raise NoMatch(f"the variable ${path.root} has no value")
        return path.find(self.variables[path.root])

    def path(self, text: str) -> Any:
        """The value of an InputPath or the like. Raises `RuntimeFault`."""
        try:
            return self.resolve(parse(text))
        except NoMatch as error:
            raise RuntimeFault(f"Invalid path '{text}' : {error}") from error

    def expression(self, text: str, field: str) -> Any:
        """The value of the expression of one `.$` field. Raises `StateFault`."""
        try:
            return evaluate(parse_expression(text), self.resolve)
        except NoArgument as error:
            raise RuntimeFault(
                f"The function '{error.function}' had the following error: The JsonPath argument "
                f"for the field '{error.path}' could not be found in the input "
                f"'{dumps(self.input)}'"
            ) from error
        except NoMatch as error:
            raise RuntimeFault(
                f"The JSONPath '{text}' specified for the field '{field}' could not be found in "
                f"the input '{dumps(self.input)}'"
            ) from error

    def template(self, template: Any) -> Any:
        """A payload template filled in. Raises `StateFault`."""
        if isinstance(template, Mapping):
            return {
                key.removesuffix(".$"): (
                    self.expression(value, key) if key.endswith(".$") else self.template(value)
                )
                for key, value in template.items()
            }
        if isinstance(template, list):
            return [self.template(item) for item in template]
        return template


def effective_input(state: Mapping[str, Any], scope: Scope) -> Any:
    """The state's input after InputPath."""
    return _narrow(state, "InputPath", scope)


def output_of(state: Mapping[str, Any], scope: Scope, raw: Any, result: Any) -> Any:
    """The state's output: `result` put into `raw` by ResultPath, then OutputPath."""
    return _narrow(state, "OutputPath", scope.of(merged(state.get("ResultPath", "$"), raw, result)))


def merged(result_path: str | None, raw: Any, result: Any) -> Any:
    """`raw` with `result` at the reference path; null discards the result."""
    if result_path is None:
        return raw
    try:
        return parse(result_path).put(raw, result)
    except NoMatch as error:
        raise StateFault(
            "States.ResultPathMatchFailure",
            f"Unable to apply ResultPath '{result_path}' to the input: {error}",
        ) from error


def expressions_in(template: Any, at: str) -> Iterator[tuple[str, Any]]:
    """Each `.$` field of a payload template: where it is, and what stands there."""
    if isinstance(template, Mapping):
        for key, value in template.items():
            if key.endswith(".$"):
                yield f"{at}.{key}", value
            else:
                yield from expressions_in(value, f"{at}.{key}")
    elif isinstance(template, list):
        for index, value in enumerate(template):
            yield from expressions_in(value, f"{at}[{index}]")


def _narrow(state: Mapping[str, Any], field: str, scope: Scope) -> Any:
    path = state.get(field, "$")
    return {} if path is None else scope.path(path)
