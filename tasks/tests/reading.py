"""Parse, validate and write a small file as the machine would, for tests that look at the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.parse_tabular.spec import ParseFile
from tasks.parse_tabular.task import parse_tabular
from tasks.ports.ledger import ReleaseRecord
from tasks.reports import ParseReport, ReleaseDocument, load
from tasks.validate.spec import ValidateParts
from tasks.validate.task import validate
from tasks.write_parquet.spec import WriteRelease
from tasks.write_parquet.task import write_parquet

HEADER = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"


class OpenLedger:
    """A ledger whose lease always holds; `published` is what it says is current."""

    def __init__(self, published: Sequence[ReleaseRecord] = ()) -> None:
        self.published = published
        self.intended: list[str] = []

    def hold(self, claim: str, fence: int) -> None:
        """The lease holds."""

    def intend(self, claim: str, fence: int, dataset: str, release: str) -> None:
        self.intended.append(release)

    def current(self, dataset: str | None = None) -> Sequence[ReleaseRecord]:
        return self.published


@dataclass(frozen=True)
class Read:
    """A file as its release has it."""

    report: ParseReport
    document: ReleaseDocument
    parts: tuple[Path, ...]
    quarantine: Path | None

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """The published rows, in the order of their lines."""
        return self._ask(columns, self.parts) if self.parts else []

    def set_aside(self) -> list[tuple[Any, ...]]:
        """Quarantined (line, column, rule, value)."""
        if self.quarantine is None:
            return []
        return self._ask('_source_row, "column", rule, value', (self.quarantine,))

    def flags(self) -> dict[int, list[str]]:
        """The flags by line, of rows that have any."""
        return {line: flags for line, flags in self.rows("_source_row, _flags") if flags}

    def found(self, rule: str) -> list[tuple[int, str]]:
        """Count and severity of each finding of a rule."""
        return [(f.count, f.severity) for f in self.document.findings if f.rule == rule]

    def _ask(self, columns: str, files: Sequence[Path]) -> list[tuple[Any, ...]]:
        with duckdb.connect() as db:
            listed = [str(path) for path in files]
            query = f"SELECT {columns} FROM read_parquet(?) ORDER BY _source_row"
            return db.execute(query, [listed]).fetchall()


def read(
    folder: Path,
    content: bytes | str,
    dataset: str = "curva-carga",
    *,
    name: str = "CURVA_CARGA_2024.csv",
    source: str = "CURVA_CARGA_2024",
    ledger: OpenLedger | None = None,
) -> Read:
    """Take the content through parse, validate and write_parquet in `folder`."""
    objects = DirectoryObjects(folder / "objects", folder / "scratch")
    held: Any = ledger or OpenLedger()
    body = content.encode() if isinstance(content, str) else content
    objects.put("raw/file", body)
    staging = "staging/c-1/"
    parsed = parse_tabular(
        ParseFile("c", 1, staging, "raw/file", name, dataset, "r1"), objects=objects, ledger=held
    )
    checked = validate(
        ValidateParts("c", 1, staging, name, dataset, source, parsed.parse_report),
        objects=objects, ledger=held,
    )  # fmt: skip
    written = write_parquet(
        WriteRelease(
            "c", 1, "raw/file", name, dataset, source, "2024-01-01T00:00:00Z", "0" * 64, "r1",
            parsed.parse_report, checked.validate_report,
        ),
        objects=objects, ledger=held,
    )  # fmt: skip
    with objects.open(parsed.parse_report) as stream:
        report = load(ParseReport, stream)
    with objects.open(written.release_document) as stream:
        document = load(ReleaseDocument, stream)
    root = folder / "objects"
    aside = root / document.quarantine if document.quarantine else None
    return Read(report, document, tuple(root / part.key for part in document.parts), aside)
