"""How data flow through a state, whichever query language it speaks.

A state's work asks its flow for what it needs and gives it what came of the work. What a flow
cannot read raises `StateFault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from workflows.engine.frames import Frame
from workflows.engine.jsonata_flow import JsonataFlow
from workflows.engine.jsonpath_flow import JsonPathFlow

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import Interpreter


class Flow(Protocol):
    """One visit of one state."""

    def input(self) -> Any:
        """The effective input."""
        ...

    def arguments(self) -> Any:
        """What a Task calls its resource with, and a Parallel its branches."""
        ...

    def role(self) -> str | None:
        """The role that a Task's Credentials name."""
        ...

    def passed(self) -> tuple[Any, Mapping[str, Any]]:
        """Output and assigned variables of a Pass."""
        ...

    def output(self, result: Any) -> tuple[Any, Mapping[str, Any]]:
        """Output and assigned variables after work that gave `result`."""
        ...

    def through(self) -> tuple[Any, Mapping[str, Any]]:
        """Output and assigned variables of a state that has no result: Wait, Succeed."""
        ...

    def caught(self, index: int, error: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        """Output and assigned variables when the catcher at this index takes the error."""
        ...

    def chosen(self) -> tuple[str | None, Any, Mapping[str, Any]]:
        """Where a Choice goes, with its output and assigned variables; None when no rule holds
        and there is no default."""
        ...

    def wake(self, now: float) -> float:
        """When a Wait is over, in seconds since the epoch."""
        ...

    def seconds(self, field: str) -> int | None:
        """A Task's TimeoutSeconds or HeartbeatSeconds."""
        ...

    def said(self, field: str) -> str | None:
        """A Fail's Error or Cause."""
        ...

    def items(self) -> list[Any]:
        """What a Map goes over."""
        ...

    def concurrency(self) -> int:
        """A Map's MaxConcurrency; 0 means no limit of its own."""
        ...

    def item(self, given: Any, position: Mapping[str, Any]) -> Any:
        """The input of an iteration; `position` is the context object's Map.Item."""
        ...


def flow_of(machine: Interpreter, frame: Frame) -> Flow:
    """The flow of the frame's current state."""
    state = machine.state(frame)
    if machine.run.machine.speaks_jsonata(state):
        return JsonataFlow(state, machine.query(frame))
    return JsonPathFlow(state, frame.value, machine.scope(frame))
