"""What a Distributed Map gives: its children's outputs, or the place where they were exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.context import machine_arn
from workflows.engine.faults import StateFault
from workflows.engine.journal import Journal, Row
from workflows.engine.jsontext import dumps, loads
from workflows.engine.map_runs import MapRun
from workflows.engine.objects import Objects, ObjectsFault
from workflows.engine.redrive import refusal
from workflows.engine.times import utc_text

MAX_FILE_BYTES = 64 * 1024 * 1024
_FILES = {
    "SUCCEEDED": "SUCCEEDED",
    "FAILED": "FAILED",
    "TIMED_OUT": "FAILED",
    "ABORTED": "FAILED",
}


@dataclass(frozen=True)
class ResultWriter:
    """A ResultWriter field; `arguments` are its Parameters filled in, None without a Resource."""

    arguments: Mapping[str, Any] | None
    transformation: str
    lines: bool

    @classmethod
    def of(cls, field: Mapping[str, Any], arguments: Any) -> ResultWriter:
        """The field of a state; without one, outputs as they are."""
        config = field.get("WriterConfig", {})
        exports = "Resource" in field
        return cls(
            arguments if exports else None,
            config.get("Transformation", "NONE" if exports else "COMPACT"),
            config.get("OutputType", "JSON") == "JSONL",
        )


def result_of(writer: ResultWriter, run: MapRun, journal: Journal, objects: Objects) -> Any:
    """The state's result; what a ResultWriter exports is written here.

    Raises `StateFault`: States.ResultWriterFailed.
    """
    children = (journal.by_key(key) for key in journal.children(run.key))
    if writer.arguments is None:
        return list(_shaped(writer, children))
    try:
        return _exported(writer, writer.arguments, run, journal, objects)
    except ObjectsFault as fault:
        raise StateFault("States.ResultWriterFailed", str(fault)) from fault


def _exported(
    writer: ResultWriter, given: Mapping[str, Any], run: MapRun, journal: Journal, objects: Objects
) -> Any:
    bucket, prefix = given.get("Bucket"), given.get("Prefix", "")
    if not isinstance(bucket, str) or not isinstance(prefix, str):
        raise StateFault("States.ResultWriterFailed", "Bucket and Prefix must be strings.")
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    folder += run.arn.rpartition(":")[2]
    manifest: dict[str, list[Any]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status, found in manifest.items():
        if status == "PENDING":
            texts = map(dumps, _pending(run, journal))
        else:
            rows = (journal.by_key(key) for key in journal.children(run.key))
            texts = map(dumps, _shaped(writer, (r for r in rows if _FILES[r.status] == status)))
        kind = "jsonl" if writer.lines else "json"
        for number, body in enumerate(_files(texts, lines=writer.lines)):
            key = f"{folder}/{status}_{number}.{kind}"
            objects.put(bucket, key, body)
            found.append({"Key": key, "Size": len(body)})
    last = f"{folder}/manifest.json"
    whole = {"DestinationBucket": bucket, "MapRunArn": run.arn, "ResultFiles": manifest}
    objects.put(bucket, last, dumps(whole).encode())
    return {"MapRunArn": run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": last}}


def _files(texts: Iterable[str], *, lines: bool) -> Iterator[bytes]:
    """The results as few files, none of them much larger than it may be."""
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= MAX_FILE_BYTES:
            yield _file(held, lines=lines)
            held, size = [], 0
    if held:
        yield _file(held, lines=lines)


def _file(texts: list[str], *, lines: bool) -> bytes:
    if lines:
        return "".join(f"{text}\n" for text in texts).encode()
    return f"[{','.join(texts)}]".encode()


def _shaped(writer: ResultWriter, children: Iterable[Row]) -> Iterator[Any]:
    for row in children:
        if writer.transformation == "NONE" or row.output is None:
            yield described(row)
            continue
        output = loads(row.output)
        if writer.transformation == "FLATTEN" and isinstance(output, list):
            yield from output
        else:
            yield output


def described(row: Row) -> dict[str, Any]:
    """An execution in the form of DescribeExecution that states and files of results hold."""
    refused = refusal(row, 0, True, row.stopped_at or 0)
    whole = {
        "Cause": row.cause,
        "Error": row.error,
        "ExecutionArn": row.arn,
        "Input": row.input,
        "InputDetails": {"Included": True},
        "Name": row.name,
        "Output": row.output,
        "OutputDetails": None if row.output is None else {"Included": True},
        "RedriveCount": row.redrives,
        "RedriveDate": None if row.redriven_at is None else utc_text(row.redriven_at),
        "RedriveStatus": "NOT_REDRIVABLE" if refused else _redrivable(row),
        "RedriveStatusReason": refused,
        "StartDate": utc_text(row.started_at),
        "StateMachineArn": machine_arn(row.machine),
        "Status": row.status,
        "StopDate": None if row.stopped_at is None else utc_text(row.stopped_at),
    }
    return {name: value for name, value in whole.items() if value is not None}


def _redrivable(row: Row) -> str:
    return "REDRIVABLE" if row.map_run is None else "REDRIVABLE_BY_MAP_RUN"


def _pending(run: MapRun, journal: Journal) -> Iterator[dict[str, Any]]:
    """Children that were never started: a name and an input, and no time."""
    machine = run.arn.split(":")[6]
    prefix = f"{machine_arn(machine).replace(':stateMachine:', ':execution:')}:"
    for item, text in journal.items(run.key, "PENDING"):
        name = run.child_name(item)
        yield {
            "ExecutionArn": f"{prefix}{name}",
            "Input": text,
            "InputDetails": {"Included": True},
            "Name": name,
            "StateMachineArn": machine_arn(machine),
            "Status": "PENDING",
        }
