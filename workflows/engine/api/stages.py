"""What data are at each stage of their way through a state, as far as they came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflows.engine.api.service import Answer, Service
from workflows.engine.faults import StateFault
from workflows.engine.flow import Flow, flow_of
from workflows.engine.jsontext import dumps
from workflows.engine.template import Scope, merged
from workflows.engine.trial import Trial, Tried

_RESULTS = ("Task", "Parallel", "Map")


def stages(service: Service, trial: Trial, tried: Tried) -> Answer:
    """By the names of TestState's inspectionData; each value is JSON text."""
    interpreter, frame = trial.stage(service.clock, service.jitter)
    flow = flow_of(interpreter, frame)
    told: Answer = {"input": dumps(trial.input)}
    try:
        if trial.machine.speaks_jsonata(trial.state):
            told.update(_jsonata(trial, flow, tried))
        else:
            for name, value in _jsonpath(trial, flow, interpreter.scope(frame), tried):
                told[name] = dumps(value)
        told.update(_of_map(trial, flow))
    except StateFault:  # the answer itself says what is wrong
        pass
    return told


def _jsonata(trial: Trial, flow: Flow, tried: Tried) -> Iterator[tuple[str, str]]:
    if trial.state["Type"] in ("Task", "Parallel"):
        yield "afterArguments", dumps(flow.arguments())
    if tried.received is not None:
        yield "result", tried.received[1]


def _jsonpath(trial: Trial, flow: Flow, seen: Scope, tried: Tried) -> Iterator[tuple[str, Any]]:
    state = trial.state
    if state["Type"] == "Fail":
        return
    yield "afterInputPath", flow.input()
    if state["Type"] == "Pass":
        given = flow.arguments()
        yield "afterParameters", given
        result = selected = state.get("Result", given)
        yield "result", result
    elif state["Type"] in _RESULTS:
        if state["Type"] != "Map":
            yield "afterParameters", flow.arguments()
        if tried.received is None:
            return
        result = selected = tried.received[0]
        yield "result", result
        if "ResultSelector" in state:
            selected = seen.of(result).template(state["ResultSelector"])
        yield "afterResultSelector", selected
    else:
        return
    yield "afterResultPath", merged(state.get("ResultPath", "$"), trial.input, selected)


def _of_map(trial: Trial, flow: Flow) -> Iterator[tuple[str, Any]]:
    state = trial.state
    if state["Type"] != "Map":
        return
    yield "maxConcurrency", flow.concurrency()
    for field in ("ToleratedFailureCount", "ToleratedFailurePercentage"):
        if isinstance(state.get(field), (int, float)):
            yield field[0].lower() + field[1:], state[field]
    if "ItemReader" in state:
        return
    items = flow.items()
    if not trial.machine.speaks_jsonata(state):
        yield "afterItemsPath", dumps(items)
    if "ItemSelector" in state:
        chosen = [flow.item(v, {"Index": i, "Value": v}) for i, v in enumerate(items)]
        yield "afterItemSelector", dumps(chosen)
