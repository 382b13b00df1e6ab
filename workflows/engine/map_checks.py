"""What a Distributed Map asks of its fields, and which of them only it may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workflows.engine import checks, jsonata_checks, state_checks
from workflows.engine.checks import Problems
from workflows.engine.item_reader import DELIMITERS, GET, LIST
from workflows.engine.state_checks import Place

ONLY_DISTRIBUTED = (
    "ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount",
    "ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
)  # fmt: skip
PUT = "arn:aws:states:::s3:putObject"
INPUT_TYPES = ("CSV", "JSON", "JSONL")
_LABEL = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,40}")
_WRONG = "SCHEMA_VALIDATION_FAILED:"


def config(processor: Mapping[str, Any], at: str) -> Problems:
    """A processor's ProcessorConfig."""
    given = processor.get("ProcessorConfig", {})
    if not isinstance(given, Mapping):
        yield f"{_WRONG} 'ProcessorConfig' is an object at {at}.ProcessorConfig"
        return
    yield from checks.unknown(given, {"Mode", "ExecutionType"}, f"{at}.ProcessorConfig")
    mode = given.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield f"{_WRONG} 'Mode' is INLINE or DISTRIBUTED at {at}.ProcessorConfig.Mode"
    kind = given.get("ExecutionType")
    if mode == "DISTRIBUTED" and kind not in ("STANDARD", "EXPRESS"):
        yield (
            f"{_WRONG} 'ExecutionType' is STANDARD or EXPRESS at {at}.ProcessorConfig.ExecutionType"
        )


def fields(state: Mapping[str, Any], mode: Any, place: Place) -> Problems:
    """The fields of a Map that are a Distributed Map's alone."""
    at = place.at
    if mode != "DISTRIBUTED":
        for field in ONLY_DISTRIBUTED:
            if field in state:
                yield f"{_WRONG} Field '{field}' needs a processor in Mode DISTRIBUTED at {at}"
        return
    if "Label" in state and not _LABEL.fullmatch(state["Label"]):
        yield f"{_WRONG} a Label has 1 to 40 plain characters at {at}.Label"
    yield from _number(state, "ToleratedFailureCount", 0, at, place)
    percentage = state.get("ToleratedFailurePercentage")
    if isinstance(percentage, float):
        if not 0 <= percentage <= 100:
            yield f"{_WRONG} a percentage is from 0 to 100 at {at}.ToleratedFailurePercentage"
    else:
        yield from _number(state, "ToleratedFailurePercentage", 0, at, place)
    for field, check in (("ItemReader", _reader), ("ItemBatcher", _batcher),
                         ("ResultWriter", _writer)):  # fmt: skip
        if field not in state:
            continue
        if isinstance(state[field], Mapping):
            yield from check(state[field], f"{at}.{field}", place)
        else:
            yield f"{_WRONG} '{field}' is an object at {at}.{field}"


def _reader(reader: Mapping[str, Any], at: str, place: Place) -> Problems:
    yield from checks.unknown(reader, {"Resource", "ReaderConfig", *_given(place)}, at)
    if reader.get("Resource") not in (LIST, GET):
        yield f"the resource {reader.get('Resource')!r} cannot be read from at {at}.Resource"
    yield from _arguments(reader, at, place)
    config, here = reader.get("ReaderConfig", {}), f"{at}.ReaderConfig"
    if not isinstance(config, Mapping):
        yield f"{_WRONG} 'ReaderConfig' is an object at {here}"
        return
    known = {"InputType", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter", "MaxItems",
             "MaxItemsPath", "ItemsPointer", "Transformation"}  # fmt: skip
    yield from checks.unknown(config, known, here)
    yield from _number(config, "MaxItems", 0, here, place)
    if config.get("Transformation", "NONE") != "NONE":
        yield f"the Transformation {config['Transformation']!r} is not supported at {here}"
    kind = config.get("InputType")
    if reader.get("Resource") == GET and kind not in INPUT_TYPES:
        yield f"the InputType {kind!r} is not supported by this engine at {here}.InputType"
    if "ItemsPointer" in config and (
        kind != "JSON" or not re.fullmatch(r"(/[^/]*)*", str(config["ItemsPointer"]))
    ):
        yield f"{_WRONG} 'ItemsPointer' is a JSON pointer, with JSON alone, at {here}.ItemsPointer"
    if kind == "CSV":
        yield from _csv(config, here)


def _csv(config: Mapping[str, Any], at: str) -> Problems:
    header, given = config.get("CSVHeaderLocation"), config.get("CSVHeaders")
    if header not in ("FIRST_ROW", "GIVEN"):
        yield f"{_WRONG} 'CSVHeaderLocation' is FIRST_ROW or GIVEN at {at}.CSVHeaderLocation"
    texts = isinstance(given, list) and given and all(isinstance(name, str) for name in given)
    if header == "GIVEN" and not texts:
        yield f"{_WRONG} 'CSVHeaders' is a list of names at {at}.CSVHeaders"
    if header != "GIVEN" and "CSVHeaders" in config:
        yield f"{_WRONG} 'CSVHeaders' needs the CSVHeaderLocation GIVEN at {at}.CSVHeaders"
    if config.get("CSVDelimiter", "COMMA") not in DELIMITERS:
        yield f"{_WRONG} 'CSVDelimiter' is one of {', '.join(DELIMITERS)} at {at}.CSVDelimiter"


def _batcher(batcher: Mapping[str, Any], at: str, place: Place) -> Problems:
    sizes = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
    known = {"BatchInput", *sizes, *(f"{size}Path" for size in sizes)}
    yield from checks.unknown(batcher, known, at)
    if not any(size in batcher or f"{size}Path" in batcher for size in sizes):
        yield f"{_WRONG} at least one of {' and '.join(sizes)} is needed at {at}"
    for size in sizes:
        yield from _number(batcher, size, 1, at, place)
    yield from _template(batcher.get("BatchInput"), f"{at}.BatchInput", place)


def _writer(writer: Mapping[str, Any], at: str, place: Place) -> Problems:
    yield from checks.unknown(writer, {"Resource", "WriterConfig", *_given(place)}, at)
    config = writer.get("WriterConfig")
    if "Resource" in writer:
        if writer["Resource"] != PUT:
            yield f"the resource {writer['Resource']!r} cannot be written to at {at}.Resource"
        yield from _arguments(writer, at, place)
    elif config is None or any(name in writer for name in _given(place)):
        yield f"{_WRONG} a Resource with its parameters, or a WriterConfig, is needed at {at}"
    if config is None:
        return
    if not isinstance(config, Mapping):
        yield f"{_WRONG} 'WriterConfig' is an object at {at}.WriterConfig"
        return
    yield from checks.unknown(config, {"Transformation", "OutputType"}, f"{at}.WriterConfig")
    for field, words in (("Transformation", ("NONE", "COMPACT", "FLATTEN")),
                         ("OutputType", ("JSON", "JSONL"))):  # fmt: skip
        if config.get(field, words[0]) not in words:
            yield f"{_WRONG} '{field}' is one of {', '.join(words)} at {at}.WriterConfig.{field}"


def _arguments(holder: Mapping[str, Any], at: str, place: Place) -> Problems:
    (name,) = _given(place)
    if not isinstance(holder.get(name), Mapping):
        yield f"{_WRONG} '{name}' is an object at {at}.{name}"
    else:
        yield from _template(holder[name], f"{at}.{name}", place)


def _given(place: Place) -> tuple[str]:
    return ("Arguments",) if place.jsonata else ("Parameters",)


def _template(template: Any, at: str, place: Place) -> Problems:
    if place.jsonata:
        yield from jsonata_checks.template(template, at)
    else:
        yield from checks.template(template, at)


def _number(holder: Mapping[str, Any], field: str, low: int, at: str, place: Place) -> Problems:
    if field in holder:
        yield from state_checks.number(holder[field], low, f"{at}.{field}", place)
    path = holder.get(f"{field}Path")
    if path is not None:
        if place.jsonata:
            yield f"{_WRONG} Field '{field}Path' is not supported with JSONata at {at}"
        yield from checks.path(path, f"{at}.{field}Path", reference=False)
    yield from state_checks.alone(holder, field, at)
