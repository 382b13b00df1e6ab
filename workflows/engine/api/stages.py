"""What data are at each stage of their way through a state, as far as they came."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from workflows.engine.api.service import Answer, Service
from workflows.engine.faults import StateFault
from workflows.engine.flow import Flow, flow_of
from workflows.engine.item_reader import GET, LIST, items_of
from workflows.engine.item_source import ItemSource
from workflows.engine.jsontext import dumps
from workflows.engine.map_fields import MapFields
from workflows.engine.objects import Listed, ObjectsFault
from workflows.engine.template import Scope, merged
from workflows.engine.trial import Trial, Tried

_PLACE = {"Bucket": "given", "Key": "given"}
_RESULTS = ("Task", "Parallel", "Map")


def stages(service: Service, trial: Trial, tried: Tried, read: str | None) -> Answer:
    """By the names of TestState's inspectionData; each value is JSON text, but for numbers. `read`
    is what a Map's ItemReader finds."""
    interpreter, frame = trial.stage(service.clock, service.jitter)
    flow = flow_of(interpreter, frame)
    told: Answer = {"input": dumps(trial.input)}
    try:
        if trial.machine.speaks_jsonata(trial.state):
            told.update(_jsonata(trial, flow, tried))
        else:
            for name, value in _jsonpath(trial, flow, interpreter.scope(frame), tried):
                told[name] = dumps(value)
        if trial.state["Type"] == "Map":
            told.update(_of_map(trial, flow, MapFields(interpreter, frame), read))
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


def _of_map(
    trial: Trial, flow: Flow, fields: MapFields, read: str | None
) -> Iterator[tuple[str, Any]]:
    state = trial.state
    yield "maxConcurrency", flow.concurrency()
    for field in ("ToleratedFailureCount", "ToleratedFailurePercentage"):
        if (limit := fields.limit(field)) is not None:
            yield field[0].lower() + field[1:], limit
    if "ItemReader" not in state:
        items = flow.items()
        if not trial.machine.speaks_jsonata(state):
            yield "afterItemsPath", dumps(items)
    elif read is not None:
        items = _read(state["ItemReader"], fields, read)
        if "ItemsPointer" in state["ItemReader"].get("ReaderConfig", {}):
            yield "afterItemsPointer", dumps(items)
    else:
        return
    if "ItemSelector" in state:
        chosen = [flow.item(v, {"Index": i, "Value": v}) for i, v in enumerate(items)]
        yield "afterItemSelector", dumps(chosen)
    if "ItemBatcher" in state:
        batches = ItemSource(fields, items).inputs(_Given(""))
        yield "afterItemBatcher", f"[{','.join(text for text, _ in batches)}]"


def _read(reader: Mapping[str, Any], fields: MapFields, read: str) -> list[Any]:
    config = reader.get("ReaderConfig", {})
    if reader["Resource"] == LIST:
        config = {"InputType": "JSON"}
    most = fields.number(config, "MaxItems")
    items = list(items_of(GET, config, _PLACE, _Given(read)))
    return items[:most] if isinstance(most, int) and most > 0 else items


@dataclass(frozen=True)
class _Given:
    """The one object that there is."""

    text: str

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        raise ObjectsFault(f"there is no listing of {bucket}/{prefix}")

    def open(self, bucket: str, key: str) -> BinaryIO:
        if (bucket, key) != (_PLACE["Bucket"], _PLACE["Key"]):
            raise ObjectsFault(f"there is no {bucket}/{key}")
        return io.BytesIO(self.text.encode())

    def put(self, bucket: str, key: str, body: bytes) -> None:
        raise ObjectsFault(f"{bucket}/{key} is not written, nor its {len(body)} bytes")
