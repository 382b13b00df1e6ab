"""The rules that look across rows: what they find, and which rows gain flags."""

from pathlib import Path

from tasks.datasets.model import DatasetContract
from tasks.datasets.registry import contract_for
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore
from tasks.reports import Finding, ParseReport, ValidateReport, dump, load
from tasks.tabular.expressions import identifier, literal
from tasks.tabular.parquet import parquet
from tasks.validate.completeness import missing_rows
from tasks.validate.overlap import refuse_overlap
from tasks.validate.parts import Parts, open_parts
from tasks.validate.rules import duplicate_keys, period_of_the_name, row_flags, totals
from tasks.validate.spec import Validated, ValidateParts


def validate(event: ValidateParts, *, objects: ObjectStore, ledger: Ledger) -> Validated:
    """Run the rules over the parsed parts; leave `validate.json` and the gained flags in staging.

    Raises `OverlappingSource` and `ClaimLost`.
    """
    contract = contract_for(event.dataset)
    ledger.hold(event.claim, event.fence)
    with objects.open(event.parse_report) as body:
        parsed = load(ParseReport, body)
    with objects.scratch() as scratch, open_parts(objects, parsed.parts, scratch) as parts:
        span = _span(parts, contract)
        refuse_overlap(
            parts, contract,
            name=event.name, source=event.source, span=span, ledger=ledger, objects=objects,
        )  # fmt: skip
        findings = (
            *period_of_the_name(event.name, contract, span),
            *_findings(parts, contract),
        )
        table, indexes, flagged = _gained(parts, parsed, scratch)
        ledger.hold(event.claim, event.fence)
        gained = f"{event.staging}gained.parquet" if table else None
        if table and gained:
            objects.put_file(gained, table)
        report = ValidateReport(findings, gained, indexes, *span)
        key = f"{event.staging}validate.json"
        objects.put(key, dump(report))
    return Validated(key, len(parsed.findings) + len(findings), flagged)


def _findings(parts: Parts, contract: DatasetContract) -> tuple[Finding, ...]:
    return (
        *row_flags(parts, contract),
        *duplicate_keys(parts, contract),
        *totals(parts, contract),
        *missing_rows(parts, contract),
    )


def _span(parts: Parts, contract: DatasetContract) -> tuple[str | None, str | None]:
    if contract.grain.time is None:
        return None, None
    time = identifier(contract.grain.time)
    [(first, last)] = parts.ask(f"SELECT min({time}), max({time}) FROM rows")
    return (first.isoformat(), last.isoformat()) if first is not None else (None, None)


def _gained(
    parts: Parts, parsed: ParseReport, scratch: Path
) -> tuple[Path | None, tuple[int, ...], int]:
    """The table of gained flags, the indexes of the parts it touches, and all rows with flags."""
    [(flagged,)] = parts.ask(
        "SELECT count(*) FROM (SELECT _source_row FROM rows WHERE _flags <> []"
        " UNION SELECT _source_row FROM gained)"
    )
    spans = ", ".join(f"({n}, {p.first_row}, {p.last_row})" for n, p in enumerate(parsed.parts))
    table = scratch / "gained.parquet"
    if parts.ask("SELECT count(*) FROM gained") == [(0,)]:
        return None, (), flagged
    parts.db.execute("SET threads = 1")
    parts.db.execute(
        "COPY (SELECT CAST(part AS INTEGER) AS part, _source_row,"
        " list(DISTINCT flag ORDER BY flag) AS flags FROM gained"
        f" JOIN (VALUES {spans}) AS spans(part, first, last)"
        " ON _source_row BETWEEN first AND last GROUP BY ALL ORDER BY _source_row)"
        f" TO {literal(str(table))} (FORMAT parquet, COMPRESSION zstd)"
    )
    touched = parts.ask(f"SELECT DISTINCT part FROM {parquet([table])} ORDER BY part")
    return table, tuple(part for (part,) in touched), flagged
