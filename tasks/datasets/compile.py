"""The compiled contracts: what `ons generate` writes to `contracts.json`."""

from __future__ import annotations

import json
from pathlib import Path

from tasks.datasets.odcs import HERE, contract_files, read_contract


def compile_contracts(folder: Path = HERE) -> str:
    """All contracts of a folder as one JSON text, sorted; equal contracts, equal text.

    Raises `ContractError` where one is wrong.
    """
    contracts = sorted((read_contract(p) for p in contract_files(folder)), key=lambda c: c["slug"])
    note = "Made from *.odcs.yaml by `ons generate`; edit those."
    document = {"note": note, "contracts": contracts}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
