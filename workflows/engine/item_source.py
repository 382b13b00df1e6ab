"""The inputs of a Distributed Map's child executions: items read, selected and batched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from workflows.engine.faults import RuntimeFault
from workflows.engine.item_reader import ReaderFault, items_of
from workflows.engine.jsontext import dumps
from workflows.engine.map_fields import MapFields
from workflows.engine.objects import Objects

MAX_ITEMS = 100_000_000
MAX_INPUT_BYTES = 262_144


@dataclass(frozen=True)
class ItemSource:
    """Where a Map state's items come from, once it was entered; `items` are those of its input,
    None where an ItemReader reads them."""

    fields: MapFields
    items: list[Any] | None

    def inputs(self, objects: Objects) -> Iterator[tuple[str, int]]:
        """The input of each child execution as JSON text, and how many items are in it.

        Raises `StateFault`, while they are taken too.
        """
        items = (self.fields.item(at, item) for at, item in enumerate(self._items(objects)))
        batcher = self.fields.state.get("ItemBatcher")
        if batcher is None:
            return ((dumps(item), 1) for item in items)
        return self._batches(batcher, items)

    def _items(self, objects: Objects) -> Iterator[Any]:
        if self.items is not None:
            return iter(self.items)
        reader = self.fields.state["ItemReader"]
        config = reader.get("ReaderConfig", {})
        most = _number(self.fields.number(config, "MaxItems"), "MaxItems")
        if most < 0:
            raise ReaderFault("field MaxItems must be positive")
        given = reader.get("Parameters", reader.get("Arguments", {}))
        arguments = self.fields.template(given, "ItemReader/Arguments")
        return islice(items_of(reader["Resource"], config, arguments, objects), most or MAX_ITEMS)

    def _batches(
        self, batcher: Mapping[str, Any], items: Iterator[Any]
    ) -> Iterator[tuple[str, int]]:
        most = _positive(self.fields.number(batcher, "MaxItemsPerBatch"), "MaxItemsPerBatch")
        size = _positive(
            self.fields.number(batcher, "MaxInputBytesPerBatch"), "MaxInputBytesPerBatch"
        )
        rest = ""
        if "BatchInput" in batcher:
            given = self.fields.template(batcher["BatchInput"], "ItemBatcher/BatchInput")
            rest = f'"BatchInput":{dumps(given)},'
        room = min(size or MAX_INPUT_BYTES, MAX_INPUT_BYTES) - len(f'{{{rest}"Items":[]}}'.encode())
        batch: list[str] = []
        held = 0
        for text in map(dumps, items):
            length = len(text.encode()) + 1
            if batch and (len(batch) == most or held + length > room):
                yield f'{{{rest}"Items":[{",".join(batch)}]}}', len(batch)
                batch, held = [], 0
            batch.append(text)
            held += length
        if batch:
            yield f'{{{rest}"Items":[{",".join(batch)}]}}', len(batch)


def _number(value: Any, field: str) -> int:
    """A whole number, written as one or as text; 0 for none."""
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise RuntimeFault(f"The value of {field} is not a valid integer: {dumps(value)}")
    return value


def _positive(value: Any, field: str) -> int:
    number = _number(value, field)
    if value is not None and number < 1:
        raise RuntimeFault(f"{field} must be positive")
    return number
