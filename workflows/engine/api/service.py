"""What all operations share: the engine, its journal and catalogue, time, chance, and lookups."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from tasks.ports.clock import Clock, Jitter
from workflows.engine.api import arns
from workflows.engine.api.arns import Arn
from workflows.engine.api.driver import Driver
from workflows.engine.api.faults import (
    ApiError,
    deleting,
    no_execution,
    no_machine,
    not_found,
)
from workflows.engine.catalogue import Alias, Catalogue, Machine, Version
from workflows.engine.context import machine_arn
from workflows.engine.engine import Engine
from workflows.engine.integrations import Integrations
from workflows.engine.journal import Row
from workflows.engine.jsontext import dumps, loads

MAX_DEPTH = 200
"""Values nested deeper are refused: nothing may make the engine's recursion fail."""

Request = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Later:
    """An answer that is made when the execution has ended."""

    ended: Future[None]
    answer: Callable[[], Answer]


@dataclass(frozen=True)
class Service:
    """Everything an operation may use."""

    engine: Engine
    driver: Driver
    catalogue: Catalogue
    clock: Clock
    jitter: Jitter
    work: Integrations
    redriven: dict[tuple[str, str], float] = field(default_factory=dict)
    """When executions were redriven, by ARN and client token, for requests sent again."""

    def machine(self, arn: Arn) -> Machine:
        """The machine itself, whatever the qualifier. Raises `StateMachineDoesNotExist`."""
        found = self.catalogue.machine(arn.machine)
        if found is None or not arn.text.startswith(arn.plain):
            raise no_machine(arn.text)
        if found.status == "DELETING" and self.purge(found):
            raise no_machine(arn.text)
        return found

    def active(self, arn: Arn) -> Machine:
        """As `machine`, and not about to go. Raises `StateMachineDeleting` too."""
        found = self.machine(arn)
        if found.status == "DELETING":
            raise deleting(arn.plain)
        return found

    def version(self, arn: Arn, *, missing: Callable[[str], ApiError] = no_machine) -> Version:
        """The version that the ARN's qualifier names; `missing` makes the error without one."""
        number = arn.version
        found = None if number is None else self.catalogue.version(arn.machine, number)
        if found is None or arn.text != arns.qualified(arn.machine, found.number):
            raise missing(arn.text)
        return found

    def alias(self, arn: Arn, *, missing: Callable[[str], ApiError] = not_found) -> Alias:
        """The alias that the ARN's qualifier names; `missing` makes the error without one."""
        found = self.catalogue.alias(arn.machine, arn.rest or "")
        if found is None or arn.text != arns.qualified(arn.machine, found.name):
            raise missing(arn.text)
        return found

    def row(self, arn: Arn) -> Row:
        """The execution. Raises `ExecutionDoesNotExist`."""
        found = self.engine.journal.row(arn.text)
        if found is None:
            raise no_execution(arn.text)
        return found

    def purge(self, machine: Machine) -> bool:
        """Forget a machine that is being deleted once none of its executions runs any more."""
        if self.running(machine.name, 1):
            return False
        self.catalogue.remove(machine.name, machine_arn(machine.name))
        return True

    def running(self, machine: str, limit: int) -> list[str]:
        """ARNs of a machine's running executions."""
        rows = self.engine.journal.rows(
            "SELECT arn FROM executions WHERE machine = ? AND status = 'RUNNING' LIMIT ?",
            [machine, limit],
        )
        return [str(arn) for (arn,) in rows]


def read_json(text: str) -> Any:
    """The value of JSON text. Raises `ValueError` for what is not, or is nested too deeply."""
    depth = deepest = 0
    quoted = escaped = False
    for char in text if text.count("[") + text.count("{") > MAX_DEPTH else "":
        if quoted:
            quoted, escaped = escaped or char != '"', not escaped and char == "\\"
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    if deepest > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} values are nested in each other")
    try:
        value = loads(text)
    except json.JSONDecodeError as error:
        where = f"line: {error.lineno}, column: {error.colno}"
        raise ValueError(f"{error.msg} at [Source: (String); {where}]") from error
    dumps(value)  # a number may be too large to be written again
    return value


def seconds(at: float) -> float:
    """A time as AWS writes it: seconds since the epoch, to the millisecond."""
    return round(at, 3)
