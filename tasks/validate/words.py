"""Short words for keys and lists in findings."""

from collections.abc import Sequence

from tasks.datasets.model import DatasetContract
from tasks.tabular.expressions import identifier
from tasks.validate.parts import Parts


def key_text(parts: Parts, contract: DatasetContract, line: int) -> str:
    """The key of the row that starts in a physical line, such as `2013-02-02 00:00:01 N`."""
    if not contract.grain.key:
        return ""
    names = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in contract.grain.key)
    rows = parts.ask(f"SELECT {names} FROM rows WHERE _source_row = ? LIMIT 1", [line])
    return " ".join(str(value) for value in rows[0]) if rows else ""


def some(items: Sequence[str], most: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    listed = ", ".join(items[:most])
    return listed if len(items) <= most else f"{listed} and {len(items) - most} more"
