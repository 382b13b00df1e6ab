"""An ItemReader at work: the items of a Distributed Map, one by one from where they lie."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.engine.faults import StateFault
from workflows.engine.jsontext import loads
from workflows.engine.objects import Objects, ObjectsFault

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
MAX_HEADER_BYTES = 10 * 1024
LIST = "arn:aws:states:::s3:listObjectsV2"
GET = "arn:aws:states:::s3:getObject"


class ReaderFault(StateFault):
    """`States.ItemReaderFailed`."""

    def __init__(self, cause: str) -> None:
        super().__init__("States.ItemReaderFailed", cause)


def items_of(
    resource: str, config: Mapping[str, Any], arguments: Any, objects: Objects
) -> Iterator[Any]:
    """The items of a reader whose Parameters, or Arguments, came to `arguments`.

    Raises `ReaderFault`, while items are taken too.
    """
    try:
        if resource == LIST:
            yield from _listed(arguments, objects)
        else:
            yield from _read(config, arguments, objects)
    except ObjectsFault as fault:
        raise ReaderFault(str(fault)) from fault
    except UnicodeDecodeError as error:
        raise ReaderFault("The object is not text in UTF-8.") from error


def _listed(arguments: Any, objects: Objects) -> Iterator[Any]:
    for found in objects.list(_text(arguments, "Bucket"), _text(arguments, "Prefix", "")):
        yield {
            "Etag": f'"{found.etag}"',
            "Key": found.key,
            "LastModified": int(found.modified_at),
            "Size": found.size,
            "StorageClass": "STANDARD",
        }


def _read(config: Mapping[str, Any], arguments: Any, objects: Objects) -> Iterator[Any]:
    kind = config["InputType"]
    with objects.open(_text(arguments, "Bucket"), _text(arguments, "Key")) as body:
        if kind == "JSON":
            yield from _array(_json(body.read()), config.get("ItemsPointer"))
            return
        with io.TextIOWrapper(body, "utf-8-sig", newline="" if kind == "CSV" else None) as lines:
            if kind == "CSV":
                yield from _rows(lines, config)
            else:
                yield from (_json(line) for line in lines if line.strip())


def _json(text: str | bytes) -> Any:
    try:
        return loads(text)
    except ValueError as error:
        raise ReaderFault(f"Attempting to read invalid JSON: {error}") from error


def _array(value: Any, pointer: str | None) -> Sequence[Any]:
    for token in (pointer or "").split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise ReaderFault(f"The ItemsPointer {pointer} points to nothing in the object.")
    if not isinstance(value, list):
        raise ReaderFault("Attempting to map over non-iterable node.")
    return value


def _rows(lines: io.TextIOWrapper, config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    rows = csv.reader(lines, delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")])
    try:
        given = config.get("CSVHeaderLocation") == "GIVEN"
        header = config["CSVHeaders"] if given else next(rows, [])
        if len(set(header)) < len(header):
            raise ReaderFault("CSV headers cannot contain duplicates.")
        if sum(len(name.encode()) + 1 for name in header) > MAX_HEADER_BYTES:
            raise ReaderFault("CSV headers cannot be longer than 10 KiB.")
        for row in rows:
            if row:  # a line with nothing on it is no row
                row += [""] * (len(header) - len(row))
                yield dict(zip(header, row, strict=False))  # further fields are left out
    except csv.Error as error:
        raise ReaderFault(f"The CSV file cannot be read: {error}.") from error


def _text(arguments: Any, name: str, default: str | None = None) -> str:
    value = arguments.get(name, default) if isinstance(arguments, Mapping) else None
    if not isinstance(value, str):
        raise ReaderFault(f"The field '{name}' of the ItemReader must be a string.")
    return value
