"""What tests of Map states share: a store in memory, and definitions."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from workflows.engine.engine import Engine
from workflows.engine.objects import Listed, ObjectsFault

INVOKE = "arn:aws:states:::lambda:invoke"
LIST = "arn:aws:states:::s3:listObjectsV2"
GET = "arn:aws:states:::s3:getObject"
PUT = "arn:aws:states:::s3:putObject"


class Memory:
    """Objects of one bucket, by key."""

    def __init__(self, **objects: str) -> None:
        self.held = {key: text.encode() for key, text in objects.items()}

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        self._in(bucket)
        for key in sorted(self.held):
            if key.startswith(prefix):
                yield Listed(key, len(self.held[key]), 1_700_000_000.5, "e" * 32)

    def open(self, bucket: str, key: str) -> BinaryIO:
        self._in(bucket)
        if key not in self.held:
            raise ObjectsFault(f"The specified key does not exist: {key}")
        return io.BytesIO(self.held[key])

    def put(self, bucket: str, key: str, body: bytes) -> None:
        self._in(bucket)
        self.held[key] = body

    def json(self, key: str) -> Any:
        return json.loads(self.held[key])

    @staticmethod
    def _in(bucket: str) -> None:
        if bucket != "b":
            raise ObjectsFault(f"The specified bucket does not exist: {bucket}")


def task(function: str = "f", **more: Any) -> dict[str, Any]:
    called = {"FunctionName": function, "Payload.$": "$"}
    return {"Type": "Task", "Resource": INVOKE, "Parameters": called, "OutputPath": "$.Payload",
            "End": True, **more}  # fmt: skip


def one(state: Any, **others: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": state, **others}}


def inline(**more: Any) -> dict[str, Any]:
    inner = {"StartAt": "I", "States": {"I": task()}}
    return {"Type": "Map", "ItemProcessor": inner, "End": True, **more}


def distributed(state: Any = None, *, kind: str = "STANDARD", **more: Any) -> dict[str, Any]:
    """A machine of one Distributed Map called `S`."""
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
             "StartAt": "I", "States": {"I": state or task()}}  # fmt: skip
    return one({"Type": "Map", "ItemProcessor": inner, "End": True, **more})


PASS = {"Type": "Pass", "End": True}


def reading(config: Any, resource: str = GET, **given: str) -> dict[str, Any]:
    """An ItemReader of bucket `b`."""
    found = {"Resource": resource, "Parameters": {"Bucket": "b", **given}}
    return {**found, "ReaderConfig": config} if config else found


def map_run(engine: Engine, id: str) -> Any:
    """The only map run of an execution."""
    (found,) = engine.map_runs(id)
    return found


def counts(run: Any) -> dict[str, tuple[int, int]]:
    """Executions and items by status; what is none is left out."""
    return {
        status: (count.executions, count.items)
        for status, count in run.counts.items()
        if count.executions
    }
