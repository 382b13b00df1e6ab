"""Short words for keys and lists in findings."""

from collections.abc import Sequence

from tasks.datasets import checks
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


def flagged(check: checks.Check, contract: DatasetContract, count: int) -> str:
    """What so many rows with a check's flag have in common, such as `2 empty values of val_cmo`."""
    column = contract.by_name[check.columns[0]]
    if check.id == checks.empty(column.name):
        return f"{_number(count, 'empty value')} of {column.name}"
    if check.id == checks.unknown_value(column.name):
        known = ", ".join(value.value for value in column.values)
        return f"{_number(count, 'value')} of {column.name} that is none of {known}"
    if check.id == checks.out_of_range(column.name):
        bounds = [(column.minimum, "below"), (column.maximum, "above")]
        said = " or ".join(f"{word} {bound:,g}" for bound, word in bounds if bound is not None)
        return f"{_number(count, 'value')} of {column.name} {said} {column.unit or ''}".rstrip()
    if check.id == checks.OFF_GRID:
        step = checks.STEP_WORDS[contract.grain.step or ""]
        return f"{_number(count, 'time')} in {column.name} off the grid of {step}"
    return f"{_number(count, 'row')} without: {check.sentence.rstrip('.')}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def some(items: Sequence[str], most: int = 3) -> str:
    """The first few of a list, and how many more there are."""
    listed = ", ".join(items[:most])
    return listed if len(items) <= most else f"{listed} and {len(items) - most} more"
