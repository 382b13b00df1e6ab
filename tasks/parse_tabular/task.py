"""From the file's text to typed Parquet parts with row-local flags, in one scan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

from tasks.datasets.matching import HeaderMatch, match_header
from tasks.datasets.model import DatasetContract
from tasks.datasets.registry import contract_for
from tasks.errors import TooManyBadRows, UnreadableFile, WrongHeader
from tasks.parse_tabular.findings import about_quarantine, about_reading
from tasks.parse_tabular.spec import Parsed, ParseFile
from tasks.ports.ledger import Ledger
from tasks.ports.objects import ObjectStore
from tasks.reports import Finding, ParseReport, Part, dump
from tasks.tabular.convert import Converted, convert
from tasks.tabular.dialect import decimal_sign, spread_rows
from tasks.tabular.ending import check_ending, unended_line
from tasks.tabular.quarantine import merge
from tasks.tabular.ranges import Range, ranges
from tasks.tabular.sniff import Head, sniff
from tasks.tabular.statements import Statements


def parse_tabular(event: ParseFile, *, objects: ObjectStore, ledger: Ledger) -> Parsed:
    """Read the file by its contract; leave parts, quarantine and `parse.json` in staging.

    The parts are made in a folder of this attempt alone and put under the lease's own prefix, and
    only while the lease holds, so that neither a retry nor a zombie disturbs another's. Raises
    `UnreadableFile`, `WrongHeader`, `CutOff`, `TooManyBadRows` and `ClaimLost`.
    """
    contract = contract_for(event.dataset)
    ledger.hold(event.claim, event.fence)
    with objects.local(event.key) as path, objects.scratch() as scratch:
        with path.open("rb") as body:
            head = sniff(body, event.name, path.stat().st_size)
        match = match_header(contract, head.header)
        if match.missing:
            raise WrongHeader(event.name, contract.slug, match.missing)
        statements = _statements(contract, match, head, path, event)
        converted = _convert(path, head, statements, scratch)
        last = unended_line(path, head)
        if last is not None:
            line = _last_line(converted, head)
            check_ending(
                contract, head, match.columns, last,
                name=event.name, line=line, decimal=statements.decimal,
            )  # fmt: skip
        notes = about_reading(contract, match, head, statements.decimal, unended=last is not None)
        aside = merge([c.quarantine for c in converted if c.quarantine], scratch)
        bad = sum(c.read - c.rows for c in converted)
        quarantined = about_quarantine(aside, statements) if aside else ()
        _judge(contract, event.name, bad, sum(c.read for c in converted), quarantined)
        ledger.hold(event.claim, event.fence)
        return _store(
            event, objects, match, head, statements, converted, aside, notes + quarantined
        )


def _statements(
    contract: DatasetContract, match: HeaderMatch, head: Head, path: Path, event: ParseFile
) -> Statements:
    rows = spread_rows(path, head)
    padded = {
        name
        for at, name in enumerate(match.columns)
        if name is not None and any(row[at] != row[at].strip() for row in rows if at < len(row))
    }
    decimal = decimal_sign(contract, match.columns, rows)
    return Statements(
        contract, head.header, match.columns, decimal, event.name, event.release, frozenset(padded)
    )


def _convert(path: Path, head: Head, statements: Statements, scratch: Path) -> list[Converted]:
    """Convert the ranges, as many at once as there are processors; scanning stays a little ahead,
    not more, so that a range is still in the system's cache when it is read the second time."""
    many = os.cpu_count() or 1
    ahead = Semaphore(2 * many)

    def one(found: Range) -> Converted:
        try:
            return convert(path, head, found, statements, scratch)
        finally:
            ahead.release()

    with ThreadPoolExecutor(max_workers=many) as threads:
        running = []
        for found in ranges(path, statements.source_file, head, scratch):
            ahead.acquire()
            running.append(threads.submit(one, found))
        return [future.result() for future in running]


def _last_line(converted: Sequence[Converted], head: Head) -> int:
    return max((c.end_line for c in converted), default=head.header_lines)


def _judge(
    contract: DatasetContract, name: str, bad: int, read: int, found: Sequence[Finding]
) -> None:
    if read == 0:
        raise UnreadableFile(name, "it has a header but no data line")
    if bad and bad > contract.bad_rows_share * read:
        first = found[0].message if found else "no reason was kept"
        raise TooManyBadRows(name, bad, read, contract.bad_rows_share, first)


def _store(
    event: ParseFile,
    objects: ObjectStore,
    match: HeaderMatch,
    head: Head,
    statements: Statements,
    converted: Sequence[Converted],
    aside: Path | None,
    findings: tuple[Finding, ...],
) -> Parsed:
    parts = []
    for number, made in enumerate(c for c in converted if c.part is not None):
        key = f"{event.staging}parts/part-{number:04d}.parquet"
        path = made.part or Path()
        parts.append(Part(key, made.rows, path.stat().st_size, made.first_line, made.last_line))
        objects.put_file(key, path)
    quarantine = f"{event.staging}quarantine.parquet" if aside else None
    if aside and quarantine:
        objects.put_file(quarantine, aside)
    read = sum(c.read for c in converted)
    report = ParseReport(
        dataset=event.dataset,
        rows_read=read,
        rows_quarantined=read - sum(c.rows for c in converted),
        parts=tuple(parts),
        quarantine=quarantine,
        header=head.header,
        columns=match.columns,
        delimiter=head.delimiter,
        encoding=head.encoding,
        decimal=statements.decimal,
        findings=findings,
    )
    key = f"{event.staging}parse.json"
    objects.put(key, dump(report))
    return Parsed(key, report.rows_read, report.rows_quarantined)
