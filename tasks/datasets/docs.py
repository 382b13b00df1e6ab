"""The pages of `docs/datasets/`, written from the contracts, and the list of generated files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tasks.datasets.checks import checks_of
from tasks.datasets.compile import compile_contracts
from tasks.datasets.model import Column, DatasetContract, Measure
from tasks.datasets.registry import COMPILED, load

CREDIT = (
    "Fonte: ONS — Operador Nacional do Sistema Elétrico, Portal de Dados Abertos "
    "(dados.ons.org.br), licença CC-BY."
)
MADE = "<!-- Made from the contracts by `ons generate`; edit those. -->"
PAGES = Path("docs/datasets")


def generated_files() -> Mapping[Path, str]:
    """The compiled contracts and the pages, by path below the repository's root."""
    compiled = compile_contracts()
    contracts = load(compiled)
    return {
        Path("tasks/datasets") / COMPILED: compiled,
        PAGES / "README.md": index_page(contracts),
        **{PAGES / f"{c.slug}.md": dataset_page(c) for c in contracts},
    }


def index_page(contracts: Iterable[DatasetContract]) -> str:
    """The page that lists the datasets."""
    rows = (
        (
            f"[{c.slug}]({c.slug}.md)",
            c.title_pt,
            c.title_en,
            _step(c),
            ", ".join(dict.fromkeys(m.unit for m in c.measures)),
        )
        for c in contracts
    )
    lines = [
        MADE,
        "# Datasets",
        "",
        "What each ONS dataset promises, and what to beware of.",
        "`ons dataset SLUG` shows the same on a terminal.",
        "",
        *_table(("dataset", "título", "what it is", "one row per", "units"), rows),
        "",
        CREDIT,
    ]
    return "\n".join(lines) + "\n"


def dataset_page(contract: DatasetContract) -> str:
    """The page of one dataset, Markdown, one sentence per line."""
    parts = (
        [MADE, f"# {contract.title_pt}", "", f"*{contract.title_en}* (`{contract.slug}`)"],
        _sentences(contract.description),
        ["Good for:", *_sentences(contract.purpose)],
        ["## Rows", "", *_rows(contract)],
        ["## Columns", "", *_columns(contract)],
        *_added_up(contract),
        ["## Beware", "", *(f"- {s}" for s in _sentences(contract.limitations))],
        ["## Checks", "", *_checks(contract)],
        ["## Files", "", *_files(contract)],
        [CREDIT],
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _rows(contract: DatasetContract) -> Iterator[str]:
    grain = contract.grain
    yield f"One row per {_step(contract)}."
    yield f"The key is {_code(grain.key)}."
    if grain.time:
        yield f"Times in `{grain.time}` are ONS's wall time (Brasília), without a zone."
    if grain.anchor:
        yield f"A month is dated by its {'last' if grain.anchor == 'month_end' else 'first'} day."
    if contract.completeness:
        names = ", ".join(contract.completeness.entities)
        yield f"Complete means a row for each of {names} at each of those times."
    else:
        yield "Which rows must exist is not known, so completeness is not checked."


def _columns(contract: DatasetContract) -> list[str]:
    rows = (
        (
            f"`{c.name}`",
            str(c.kind),
            c.unit or "",
            _meaning(c),
            "yes" if c.nullable else "no",
        )
        for c in contract.columns
    )
    return _table(("column", "type", "unit", "meaning", "may be empty"), rows)


def _meaning(column: Column) -> str:
    text = f"*{column.title}.* {column.description}"
    if column.values:
        few = ", ".join(v.value for v in column.values[:12])
        text += f" Values: {few}{', …' if len(column.values) > 12 else ''}."
    if column.total_values:
        text += f" A total: {', '.join(column.total_values)}."
    if column.variants:
        text += f" Also published as {_code(column.variants)}."
    if not column.required:
        text += " Not in every file."
    return text


def _added_up(contract: DatasetContract) -> Iterator[list[str]]:
    if contract.measures:
        header = ("measure", "quantity", "over time", "over entities", "one value stands for")
        rows = (
            (
                f"`{m.column}` ({m.unit})",
                m.quantity.replace("_", " "),
                _over_time(m),
                "add" if m.additive_over_space else "do not add",
                f"{m.interval_hours:g} h" if m.interval_hours else "",
            )
            for m in contract.measures
        )
        yield ["## What can be added up", "", *_table(header, rows)]


def _over_time(measure: Measure) -> str:
    words = "add" if measure.additive_over_time else _TIME_WORDS[measure.default]
    if measure.quantity == "average_power" and measure.interval_hours == 1:
        words += ", or add for MWh"
    never = ", ".join(measure.forbidden)
    return f"{words}; never {never}" if never else words


_TIME_WORDS = {
    "avg": "average",
    "sum": "add",
    "last": "take the last",
    "min": "take the least",
    "max": "take the greatest",
}


def _checks(contract: DatasetContract) -> Iterator[str]:
    yield (
        "A row that misses a check is set aside (`quarantine`), or published with the check's id "
        "in `_flags` (`flag`); a `note` is about the file."
    )
    share = f"{contract.bad_rows_share:.0%}"
    yield f"A file with more than {share} of its rows in quarantine is rejected whole."
    yield ""
    rows = ((f"`{c.id}`", c.severity, c.sentence) for c in checks_of(contract))
    yield from _table(("check", "if missed", "what must hold"), rows)


def _files(contract: DatasetContract) -> Iterator[str]:
    yield (
        f"Published as `{contract.files.pattern}`, and as XLSX and Parquet where ONS offers them, "
        f"under `dataset/{contract.files.folder}/` of ONS's bucket."
    )
    if contract.coverage_start:
        yield f"The data begin on {contract.coverage_start}."
    yield f"Contract version {contract.version}, fingerprint `{contract.fingerprint}`."


def _step(contract: DatasetContract) -> str:
    step = contract.grain.step
    if step is None:
        return " and ".join(f"`{e}`" for e in contract.grain.entities)
    names = " and ".join(f"`{e}`" for e in contract.grain.entities)
    return f"{_STEP_NAMES[step]} and {names}"


_STEP_NAMES = {
    "PT30M": "half hour",
    "PT1H": "hour",
    "P1D": "day",
    "P7D": "week",
    "P1M": "month",
}


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", text)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = tuple(header)
    cells = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in cells]
