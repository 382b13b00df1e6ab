"""From a machine to its States Language definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tasks.collect_outcome.spec import COLLECT_PARSE_OUTCOME
from tasks.parse_tabular.spec import PARSE_LARGE_TABULAR
from tasks.spec import TaskSpec, fields_of, optional_fields
from workflows import states
from workflows.machines.model import Choose, Each, Machine, Note, Step
from workflows.machines.nodes import slot
from workflows.machines.patience import (
    STUBBORN,
    Retrier,
    patience,
    patience_with_job,
    state_timeout_s,
)
from workflows.machines.plan import At, Source
from workflows.machines.routes import WrongMachine, catch_rows

LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"
BATCH_SUBMIT = "arn:aws:states:::batch:submitJob.sync"
ERROR_SLOT = "$.error"

COLLECTORS: Mapping[str, TaskSpec] = {PARSE_LARGE_TABULAR.name: COLLECT_PARSE_OUTCOME}
"""By the name of each Batch task, the task that reads what its job left."""


def to_asl(machine: Machine) -> dict[str, Any]:
    """The definition as States Language JSON. Functions and jobs are `${task name}`, to be filled
    in with their ARNs where it is deployed."""
    return _Emitter(machine).emit()


class _Emitter:
    """Makes the states first, by name, then leads each on to the next."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._states: dict[str, Any] = {}

    def emit(self) -> dict[str, Any]:
        machine = self._machine
        start = self._make_prelude(next(iter(machine.steps)))
        for name, node in machine.steps.items():
            if isinstance(node, Step):
                self._make_task(name, node.task, slot(name, node))
            elif isinstance(node, Note):
                self._add(
                    states.Pass(name, result=dict(node.gives), result_path=_slot_path(name, node))
                )
            elif isinstance(node, Choose):
                self._add(states.Choice(name))
            else:
                self._make_map(name, node)
        for name, task in machine.undoing.items():
            self._add(self._lambda(name, name, task, name, (STUBBORN,)))
        if machine.can_break:
            self._add(
                states.Fail(
                    machine.broken,
                    error_path=f"{ERROR_SLOT}.Error",
                    cause_path=f"{ERROR_SLOT}.Cause",
                )
            )
        for name in machine.endings:
            self._make_ending(name)
        self._lead_on()
        order = list(self._states)
        return states.graph(self._states[start], order, machine.summary)

    def _add(self, state: Any) -> None:
        if state.state_id in self._states:
            raise WrongMachine(self._machine.name, state.state_id, "two states have this name")
        self._states[state.state_id] = state

    def _make_prelude(self, first: str) -> str:
        """Fill in what the input may leave out, and null for what some way never finds out."""
        unknown = {
            under: dict.fromkeys(fields) for under, fields in self._machine.plan.unknown.items()
        }
        defaults = optional_fields(self._machine.takes)
        if not defaults and not unknown:
            return first
        given = {"given.$": "$", "defaults": defaults, "unknown": unknown}
        merged = "States.JsonMerge(States.JsonMerge($.defaults, $.given, false), $.unknown, false)"
        self._add(states.Pass("defaults", parameters=given))
        self._add(states.Pass("input", parameters={"whole.$": merged}, output_path="$.whole"))
        self._states["defaults"].next(self._states["input"])
        return "defaults"

    def _make_task(self, name: str, task: TaskSpec, under: str) -> None:
        if task.runs_on == "lambda":
            self._add(self._lambda(name, name, task, under, patience(task)))
            return
        collector = COLLECTORS[task.name]
        event = f"{name}_event"
        self._add(states.Pass(event, parameters=self._event(name), result_path=f"$.{event}"))
        self._add(
            states.Task(
                name,
                comment=task.summary,
                resource=BATCH_SUBMIT,
                parameters=_job(task, f"$.{event}"),
                result_path=None,
                timeout_seconds=state_timeout_s(task),
                retry=_retries(patience_with_job()),
            )
        )
        self._states[event].next(self._states[name])
        outcome = f"{name}_outcome"
        self._add(self._lambda(outcome, name, collector, under, patience(collector)))
        self._states[name].next(self._states[outcome])

    def _lambda(
        self, name: str, sent: str, task: TaskSpec, under: str, retriers: Iterable[Retrier]
    ) -> Any:
        """A state that sends `task` those of the fields known for `sent` that it takes."""
        event = {k: v for k, v in self._event(sent).items() if _bare(k) in fields_of(task.takes)}
        return states.Task(
            name,
            comment=task.summary,
            resource=LAMBDA_INVOKE,
            parameters={"FunctionName": f"${{{task.name}}}", "Payload": event},
            result_selector={f"{f}.$": f"$.Payload.{f}" for f in fields_of(task.gives)},
            result_path=f"$.{under}",
            timeout_seconds=state_timeout_s(task),
            retry=_retries(retriers),
        )

    def _make_map(self, name: str, node: Each) -> None:
        items = self._machine.plan.sent[name][node.over]
        state = states.Map(
            name,
            comment=node.do.summary,
            items_path=items.path if isinstance(items, At) else None,
            max_concurrency=node.at_once,
            result_path=f"$.{name}",
        )
        state.processor = to_asl(node.do)
        self._add(state)

    def _make_ending(self, name: str) -> None:
        report = f"report_{_snake(name)}"
        self._add(states.Pass(report, parameters=self._event(name)))
        self._add(states.Succeed(name))
        self._states[report].next(self._states[name])

    def _event(self, name: str) -> dict[str, Any]:
        return dict(
            _entry(field, source) for field, source in self._machine.plan.sent[name].items()
        )

    def _lead_on(self) -> None:
        machine = self._machine
        if "input" in self._states:
            self._states["input"].next(self._entry(next(iter(machine.steps))))
        for name, node in machine.steps.items():
            if isinstance(node, Choose):
                self._lead_choice(name, node)
                continue
            outcome = f"{name}_outcome"
            last = self._states[outcome if outcome in self._states else name]
            last.next(self._entry(node.then))
            if isinstance(node, Step):
                for row in catch_rows(node, machine.broken):
                    last.add_catch(self._catch(row.errors, row.then))
            if name in machine.plan.failures:
                for state in dict.fromkeys((self._states[name], last)):
                    state.add_catch(self._catch(("States.ALL",), machine.plan.failures[name]))
        for name, then in machine.undo_ways:
            self._states[name].next(self._states[then])

    def _lead_choice(self, name: str, node: Choose) -> None:
        source = self._machine.plan.sent[name][node.on]
        path = source.path if isinstance(source, At) else ""
        for value, then in node.rows.items():
            self._states[name].add_choice(states.rule(path, value), self._entry(then))
        self._states[name].default_choice(self._entry(node.default))

    def _catch(self, errors: Iterable[str], then: str) -> Any:
        return states.Catch(
            error_equals=list(errors), result_path=ERROR_SLOT, next_step=self._entry(then)
        )

    def _entry(self, name: str) -> Any:
        """The state by which a row is entered; a Batch step and an ending begin with a Pass."""
        for state in (f"{name}_event", f"report_{_snake(name)}", name):
            if state in self._states:
                return self._states[state]
        raise WrongMachine(self._machine.name, name, "there is no such state")


def _job(task: TaskSpec, event_path: str) -> dict[str, Any]:
    variable = {"Name": "ONS_EVENT", "Value.$": f"States.JsonToString({event_path})"}
    return {
        "JobName": task.name,
        "JobDefinition": f"${{{task.name}}}",
        "JobQueue": "${job_queue}",
        "Timeout": {"AttemptDurationSeconds": task.timeout_s},
        "ContainerOverrides": {"Environment": [variable]},
    }


def _retries(retriers: Iterable[Retrier]) -> list[Any]:
    return [
        states.Retry(
            error_equals=list(retrier.errors),
            interval_seconds=retrier.first_s,
            backoff_rate=retrier.growth,
            max_attempts=retrier.attempts,
            max_delay_seconds=retrier.longest_s,
            jitter_strategy="FULL",
        )
        for retrier in retriers
    ]


def _entry(field: str, source: Source) -> tuple[str, Any]:
    return (f"{field}.$", source.path) if isinstance(source, At) else (field, source)


def _bare(key: str) -> str:
    return key.removesuffix(".$")


def _slot_path(name: str, node: Note) -> str:
    return f"$.{slot(name, node)}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
