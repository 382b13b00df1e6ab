"""From an ODCS 3.1 contract (YAML) to the model; `tasks/datasets/README.md` says what stands where.

Read when contracts are compiled, never at run time: PyYAML and jsonschema are not installed there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from tasks.datasets import checks
from tasks.datasets.fingerprint import fingerprint_of
from tasks.datasets.registry import from_compiled

HERE = Path(__file__).parent
ENGINE = "ons-data-platform"
KINDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "date": "date",
    "timestamp": "timestamp",
}


class ContractError(ValueError):
    """A contract file that is not ODCS 3.1, or says what the model has no place for."""

    def __init__(self, path: Path, detail: str) -> None:
        self.path, self.detail = path, detail
        super().__init__(f"{path.name}: {detail}")


def contract_files(folder: Path = HERE) -> tuple[Path, ...]:
    """The contract files of a folder, sorted by name."""
    return tuple(sorted(folder.glob("*.odcs.yaml")))


def read_contract(path: Path) -> dict[str, Any]:
    """The compiled form of one contract file, as `registry.from_compiled` takes it.

    Raises `ContractError` naming the file, the place in it and what is wrong.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for error in sorted(_schema().iter_errors(document), key=lambda e: list(e.absolute_path)):
        place = "/".join(str(p) for p in error.absolute_path) or "the top"
        raise ContractError(path, f"at {place}: {error.message[:300]}")
    try:
        compiled = _contract(document)
        from_compiled(compiled)
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(path, f"{type(error).__name__}: {error}") from error
    if path.name != f"{compiled['slug']}.odcs.yaml":
        raise ContractError(path, f"its id is {compiled['slug']!r}")
    return compiled


@cache
def _schema() -> jsonschema.Draft201909Validator:
    schema = json.loads((HERE / "odcs-schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft201909Validator.check_schema(schema)
    return jsonschema.Draft201909Validator(schema)


def _contract(document: Mapping[str, Any]) -> dict[str, Any]:
    (table,) = document["schema"]
    extra = _custom(table)
    columns = [_column(p) for p in table["properties"]]
    keys = [p for p in table["properties"] if p.get("primaryKey")]
    key = [p["name"] for p in sorted(keys, key=lambda p: p["primaryKeyPosition"])]
    rules = _rules(table.get("quality", ()))
    grain = extra.pop("grain")
    compiled: dict[str, Any] = {
        "slug": document["id"],
        "version": document["version"],
        "title_pt": document["name"],
        "title_en": table["businessName"],
        "domain": document["domain"],
        "description": _prose(table["description"]),
        "purpose": _prose(document["description"]["purpose"]),
        "limitations": _prose(document["description"]["limitations"]),
        "terms": list(document["tags"]),
        "columns": columns,
        "measures": [m for p in table["properties"] for m in _measures(p)],
        "grain": {
            "key": key,
            "time": grain.get("time"),
            "step": grain.get("step"),
            "anchor": grain.get("anchor"),
            "entities": [k for k in key if k != grain.get("time")],
            "entity_count": grain.get("entityCount", 0),
        },
        "completeness": next(iter(rules["completeness"]), None),
        "totals": rules["total"],
        "balances": rules["balance"],
        "files": {
            "stems": extra.pop("fileStems"),
            "folder": extra.pop("folder"),
            "pattern": table["physicalName"],
        },
        "bad_rows_share": extra.pop("badRowsShare", 0.01),
        "freshness": _sla(document, "frequency"),
        "coverage_start": extra.pop("coverageStart", None),
    }
    _nothing_left(extra, "the table")
    return {**compiled, "fingerprint": fingerprint_of(compiled)}


def _column(data: Mapping[str, Any]) -> dict[str, Any]:
    name, extra = data["name"], _custom(data)
    extra.pop("measure", None)
    low, high, valid = _limits(name, data.get("quality", ()))
    values = [{"value": v} if isinstance(v, str) else v for v in extra.pop("values", ())]
    if valid is not None and values and [v["value"] for v in values] != valid:
        raise ValueError(f"{name}: its values are not its validValues")
    column = {
        "name": name,
        "kind": KINDS[data["logicalType"]],
        "title": data["businessName"],
        "description": _prose(data["description"]),
        "unit": extra.pop("unit", None),
        "required": not extra.pop("headerOptional", False),
        "nullable": not data.get("required", False),
        "variants": extra.pop("headerVariants", []),
        "values": values or [{"value": v} for v in valid or ()],
        "closed": valid is not None,
        "scale": extra.pop("scale", None),
        "minimum": low,
        "maximum": high,
        "follows": extra.pop("follows", None),
        "sample": _snake(extra.pop("sample", None)),
    }
    _nothing_left(extra, name)
    return {k: v for k, v in column.items() if v not in (None, [])}


def _limits(
    name: str, quality: Iterable[Mapping[str, Any]]
) -> tuple[float | None, float | None, list[str] | None]:
    low = high = valid = None
    for check in quality:
        arguments = dict(check["arguments"])
        if check["id"] == checks.out_of_range(name):
            low, high = arguments.pop("minimum", None), arguments.pop("maximum", None)
        elif check["id"] == checks.unknown_value(name):
            valid = arguments.pop("validValues")
        else:
            raise ValueError(f"{name}: no check is called {check['id']!r}")
        _nothing_left(arguments, check["id"])
    return low, high, valid


def _measures(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    measure = _custom(data).get("measure")
    if measure is None:
        return []
    return [{"column": data["name"], "unit": _custom(data)["unit"], **(_snake(measure) or {})}]


def _rules(quality: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"total": [], "balance": [], "completeness": []}
    for check in quality:
        if check.get("engine") != ENGINE:
            raise ValueError(f"{check['id']}: only checks of the engine {ENGINE} are known here")
        rule = _snake(check["implementation"]) or {}
        kind = rule.pop("rule")
        found[kind].append(rule if kind == "completeness" else {"id": check["id"], **rule})
    return found


def _custom(element: Mapping[str, Any]) -> dict[str, Any]:
    return {p["property"]: p["value"] for p in element.get("customProperties", ())}


def _sla(document: Mapping[str, Any], name: str) -> str:
    (found,) = (p for p in document["slaProperties"] if p["property"] == name)
    return f"P{found['value']}{found['unit'].upper()}"


def _snake(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if data is None:
        return None
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in k): v for k, v in data.items()}


def _prose(text: str) -> str:
    return " ".join(text.split())


def _nothing_left(extra: Mapping[str, Any] | Sequence[Any], where: str) -> None:
    if extra:
        raise ValueError(f"{where}: unknown properties {', '.join(sorted(extra))}")
