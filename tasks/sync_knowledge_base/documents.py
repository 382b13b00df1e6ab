"""The searchable texts: one about each dataset's contract, one about each current release.

Both are in Portuguese and English, side by side, so that either language finds them and a reader
of either understands them.
"""

from collections.abc import Sequence

from tasks.datasets.model import Column, DatasetContract
from tasks.ports.knowledge import Document
from tasks.reports import ReleaseDocument
from tasks.sync_knowledge_base.figures import MonthlyFigures

STEPS = {
    "PT30M": "semi-horária (half-hourly)",
    "PT1H": "horária (hourly)",
    "P1D": "diária (daily)",
    "P7D": "semanal (weekly)",
    "P1M": "mensal (monthly)",
}
WAYS = {
    "avg": "Média mensal (monthly average)",
    "sum": "Soma mensal (monthly sum)",
    "min": "Mínimo mensal (monthly minimum)",
    "max": "Máximo mensal (monthly maximum)",
    "last": "Último valor do mês (last value of the month)",
}


def dataset_id(slug: str) -> str:
    return f"dataset:{slug}"


def release_id(release: str) -> str:
    return f"release:{release}"


def dataset_document(contract: DatasetContract) -> Document:
    """What the contract says: meaning, grain, columns, traps and names it is asked for by."""
    grain = STEPS.get(contract.grain.step or "", "cadastro (register), sem tempo (without time)")
    lines = [
        f"{contract.title_pt}. {contract.title_en}. Dataset {contract.slug}.",
        contract.description,
        contract.purpose,
        contract.limitations,
        (
            f"Granularidade (grain): {grain}; uma linha por (one row per) "
            f"{', '.join(contract.grain.key)}."
        ),
        f"Desde (since) {contract.coverage_start}." if contract.coverage_start else "",
        f"Termos (terms): {', '.join(contract.terms)}.",
        f"Arquivos (files): {contract.files.pattern}.",
        *(_column_line(column) for column in contract.columns),
    ]
    return Document(
        id=dataset_id(contract.slug),
        kind="dataset",
        dataset=contract.slug,
        source="",
        release="",
        title=f"{contract.title_pt} ({contract.title_en})",
        body=_joined(lines),
    )


def release_document(
    contract: DatasetContract, released: ReleaseDocument, figures: Sequence[MonthlyFigures]
) -> Document:
    """What one release holds: coverage, rows, what was found in it, and monthly figures."""
    covered = (
        f"Cobertura (coverage): {released.first_time} a (to) {released.last_time}, "
        "hora de Brasília (Brasília wall time)."
        if released.first_time
        else ""
    )
    lines = [
        f"{contract.title_pt}. {contract.title_en}. Dataset {contract.slug}.",
        (
            f"Fonte (source): {released.source}, do arquivo (from file) {released.source_file}, "
            f"publicado em (published at) {released.published_at}; release {released.release}."
        ),
        covered,
        (
            f"Linhas publicadas (rows published): {released.rows_published}; em quarentena "
            f"(quarantined): {released.rows_quarantined}."
        ),
        *(
            f"Achado (finding) {finding.rule}, {finding.count}×: {finding.message}"
            for finding in released.findings
        ),
        f"Termos (terms): {', '.join(contract.terms)}.",
        *(_figures_line(contract, f) for f in figures),
    ]
    days = [time[:10] for time in (released.first_time, released.last_time) if time]
    period = f", {' a '.join(dict.fromkeys(days))}" if days else ""
    return Document(
        id=release_id(released.release),
        kind="release",
        dataset=contract.slug,
        source=released.source,
        release=released.release,
        title=f"{released.source}: {contract.title_pt}{period}",
        body=_joined(lines),
    )


def _column_line(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    values = ", ".join(
        v.value + (f" ({', '.join(v.spellings)})" if v.spellings else "") for v in column.values
    )
    known = f" Valores (values): {values}." if values else ""
    return f"{column.name}{unit}: {column.title}. {column.description}{known}"


def _figures_line(contract: DatasetContract, figures: MonthlyFigures) -> str:
    unit = figures.measure.unit
    entity = ", ".join(
        _with_name(contract, column, value)
        for column, value in zip(contract.grain.entities, figures.entity, strict=True)
    )
    values = "; ".join(f"{month} {value:.2f}" for month, value in figures.values)
    way = WAYS[figures.measure.default]
    return f"{way} de (of) {figures.measure.column} em (in) {unit}, {entity}: {values}."


def _with_name(contract: DatasetContract, column: str, code: str) -> str:
    """A code with its name, where another column's known values tell it: NE (NORDESTE)."""
    followers = (c for c in contract.columns if c.follows == column)
    names = [v.value for c in followers for v in c.values if code in v.of]
    return f"{code} ({names[0]})" if names else code


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)
