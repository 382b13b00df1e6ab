"""The release's immutable folder: parts, quarantine, and the document that makes it traceable."""

from pathlib import Path

from tasks.datasets.registry import contract_for
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore
from tasks.processing import processing_of
from tasks.reports import ParseReport, Part, ReleaseDocument, ValidateReport, dump, load
from tasks.tabular.database import database
from tasks.tabular.expressions import literal
from tasks.tabular.parquet import parquet
from tasks.write_parquet.spec import WriteRelease, Written


def write_parquet(event: WriteRelease, *, objects: ObjectStore, ledger: Ledger) -> Written:
    """Move the staged parts to `releases/<id>/`; rewrite only those that gained flags.

    The ledger is told first which release the lease makes, so that what a dead execution leaves
    can be found. Written again, every object is the same to the byte. Raises `ClaimLost`.
    """
    with objects.open(event.parse_report) as body:
        parsed = load(ParseReport, body)
    with objects.open(event.validate_report) as body:
        validated = load(ValidateReport, body)
    ledger.intend(event.claim, event.fence, event.dataset, event.release)
    folder = f"releases/{event.release}/"
    parts = []
    for number, part in enumerate(parsed.parts):
        key = f"{folder}part-{number:04d}.parquet"
        gained = validated.gained if number in validated.gained_parts else None
        parts.append(_place(objects, part, key, number, gained))
    quarantine = f"{folder}quarantine.parquet" if parsed.quarantine else None
    if parsed.quarantine and quarantine:
        objects.copy(parsed.quarantine, quarantine)
    document = _document(event, parsed, validated, tuple(parts), quarantine)
    ledger.hold(event.claim, event.fence)
    objects.put(f"{folder}release.json", dump(document))
    return Written(f"{folder}release.json", document.rows_published)


def _place(objects: ObjectStore, part: Part, key: str, number: int, gained: str | None) -> Part:
    if gained is None:
        objects.copy(part.key, key)
        return Part(key, part.rows, part.bytes, part.first_row, part.last_row)
    with objects.local(part.key) as rows, objects.local(gained) as flags, objects.scratch() as mine:
        target = mine / "part.parquet"
        _rewrite(rows, flags, number, target)
        size = target.stat().st_size
        objects.put_file(key, target)
    return Part(key, part.rows, size, part.first_row, part.last_row)


def _rewrite(rows: Path, flags: Path, number: int, target: Path) -> None:
    """The same rows in the same order, with the flags that validation added."""
    with database(600, scratch=target.parent, threads=1) as db:
        db.execute(
            "COPY (SELECT r.* REPLACE (list_concat(r._flags, coalesce(g.flags,"
            f" CAST([] AS VARCHAR[]))) AS _flags) FROM {parquet([rows])} AS r"
            f" LEFT JOIN (SELECT _source_row, flags FROM {parquet([flags])}"
            f" WHERE part = {number}) AS g USING (_source_row) ORDER BY r._source_row)"
            f" TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
        )


def _document(
    event: WriteRelease,
    parsed: ParseReport,
    validated: ValidateReport,
    parts: tuple[Part, ...],
    quarantine: str | None,
) -> ReleaseDocument:
    contract = contract_for(event.dataset)
    return ReleaseDocument(
        release=event.release,
        dataset=event.dataset,
        source=event.source,
        published_at=event.published_at,
        sha256=event.sha256,
        raw_key=event.key,
        source_file=event.name,
        contract_version=contract.version,
        contract_fingerprint=contract.fingerprint,
        processing=processing_of(contract),
        rows_read=parsed.rows_read,
        rows_published=sum(part.rows for part in parts),
        rows_quarantined=parsed.rows_quarantined,
        first_time=validated.first_time,
        last_time=validated.last_time,
        header=parsed.header,
        columns=parsed.columns,
        delimiter=parsed.delimiter,
        encoding=parsed.encoding,
        decimal=parsed.decimal,
        parts=parts,
        quarantine=quarantine,
        findings=(*parsed.findings, *validated.findings),
    )
