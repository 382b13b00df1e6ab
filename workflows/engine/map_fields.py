"""A Distributed Map's own fields, whichever query language its state speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workflows.engine.faults import RuntimeFault
from workflows.engine.flow import Flow, flow_of
from workflows.engine.frames import Frame
from workflows.engine.jsontext import dumps

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import Interpreter


class MapFields:
    """What the fields of a Map state come to for one visit of it; all raise `StateFault`."""

    def __init__(self, machine: Interpreter, frame: Frame) -> None:
        self.state = machine.state(frame)
        self.flow: Flow = flow_of(machine, frame)
        self._query = None
        if machine.run.machine.speaks_jsonata(self.state):
            self._query = machine.query(frame)
        else:
            self._seen = machine.scope(frame).of(self.flow.input())

    def template(self, template: Any, field: str) -> Any:
        """A payload template filled in."""
        if self._query is not None:
            return self._query.template(template, field)
        return self._seen.template(template)

    def number(self, holder: Mapping[str, Any], field: str) -> Any:
        """The field's value, or that of its Path form; None for a field that is not there."""
        if field in holder:
            return self.template(holder[field], field)
        path = holder.get(f"{field}Path")
        return None if path is None else self._seen.path(path)

    def limit(self, field: str, *, whole: bool = True) -> float | None:
        """ToleratedFailureCount, or ToleratedFailurePercentage, which need not be a whole one."""
        value = self.number(self.state, field)
        if value is None:
            return None
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not good or (whole and value != int(value)):
            shown = dumps(value) if isinstance(value, str) else f'"{dumps(value)}"'
            path = self.state.get(f"{field}Path", self.state.get(field))
            raise RuntimeFault(
                f"The {field}Path field refers to value {shown} "
                f"which is not a valid integer: {path}"
            )
        if value < 0:
            raise RuntimeFault(f"{field} cannot be negative.")
        return int(value) if whole else float(value)

    def item(self, index: int, value: Any) -> Any:
        """An item as ItemSelector makes it."""
        return self.flow.item(value, {"Index": index, "Value": value})
