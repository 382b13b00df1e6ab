"""The contracts, read once from their compiled JSON; neither YAML nor a schema is needed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from tasks.datasets.model import (
    BalanceRule,
    Column,
    Completeness,
    DatasetContract,
    FileNames,
    Grain,
    Kind,
    KnownValue,
    Measure,
    Sample,
    TotalRule,
)
from tasks.errors import NoSuchDataset

COMPILED = "contracts.json"


def contract_for(slug: str) -> DatasetContract:
    """The contract of a slug, written with `-` or `_`. Raises `NoSuchDataset` with the nearest."""
    wanted = slug.strip().casefold().replace("_", "-")
    try:
        return _by_slug()[wanted]
    except KeyError:
        raise NoSuchDataset(slug, nearest(wanted)) from None


def all_contracts() -> tuple[DatasetContract, ...]:
    """Every contract, sorted by slug."""
    return tuple(_by_slug().values())


def nearest(slug: str, *, most: int = 3) -> tuple[str, ...]:
    """The slugs most like `slug`, best first; empty when none is like it."""
    wanted = slug.casefold().replace("_", "-")
    known = list(_by_slug())
    begin = [s for s in known if wanted and s.startswith(wanted)]
    close = [s for s in get_close_matches(wanted, known, n=most, cutoff=0.5) if s not in begin]
    return tuple([*begin, *close][:most])


def load(text: str) -> tuple[DatasetContract, ...]:
    """The contracts of a compiled JSON, sorted by slug. Raises `ValueError` where one is wrong."""
    contracts = [from_compiled(c) for c in json.loads(text)["contracts"]]
    return tuple(sorted(contracts, key=lambda c: c.slug))


def from_compiled(data: Mapping[str, Any]) -> DatasetContract:
    """One contract of the compiled JSON, whose fields are those of the model by name."""
    whole = data["completeness"]
    return DatasetContract(
        **{
            **data,
            "terms": tuple(data["terms"]),
            "columns": tuple(_column(c) for c in data["columns"]),
            "measures": tuple(Measure(**_tuples(m)) for m in data["measures"]),
            "grain": Grain(**_tuples(data["grain"])),
            "completeness": Completeness(**_tuples(whole)) if whole else None,
            "totals": tuple(TotalRule(**_tuples(t)) for t in data["totals"]),
            "balances": tuple(BalanceRule(**_tuples(b)) for b in data["balances"]),
            "files": FileNames(**_tuples(data["files"])),
        }
    )


@cache
def _by_slug() -> Mapping[str, DatasetContract]:
    text = files(__package__).joinpath(COMPILED).read_text(encoding="utf-8")
    return {c.slug: c for c in load(text)}


def _column(data: Mapping[str, Any]) -> Column:
    sample = data.get("sample")
    return Column(
        **{
            **_tuples(data),
            "kind": Kind(data["kind"]),
            "values": tuple(KnownValue(**_tuples(v)) for v in data.get("values", ())),
            "sample": Sample(**_tuples(sample)) if sample else None,
        }
    )


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
