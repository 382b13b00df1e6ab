"""The documents that travel between tasks by reference: what was parsed, found and released.

States carry keys of these documents, never the documents, so that no payload grows with a file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeVar

from tasks.spec import from_json, to_json

Severity = Literal["reject", "quarantine", "flag", "note"]
R = TypeVar("R")


@dataclass(frozen=True)
class FirstCase:
    """Where a finding was first seen. `line` is the physical line (or sheet row), from 1."""

    line: int | None = None
    column: str | None = None
    key: str | None = None
    value: str | None = None
    expected: str | None = None


@dataclass(frozen=True)
class Finding:
    """One rule's verdict on one file: how often it met, the first case, and a plain sentence.

    `rule` is the check id that `_flags` and the quarantine carry too.
    """

    rule: str
    severity: Severity
    count: int
    message: str
    first: FirstCase | None = None


@dataclass(frozen=True)
class Part:
    """One Parquet part: its object key, rows, and the physical lines of its first and last row."""

    key: str
    rows: int
    bytes: int
    first_row: int
    last_row: int


@dataclass(frozen=True)
class ParseReport:
    """What parse_tabular leaves in staging as `parse.json`.

    `rows_read` counts non-blank records; `columns` maps a header as published to the contract's
    column (`None` for one that the contract does not know).
    """

    dataset: str
    rows_read: int
    rows_quarantined: int
    parts: tuple[Part, ...]
    quarantine: str | None
    header: tuple[str, ...]
    columns: tuple[str | None, ...]
    delimiter: str
    encoding: str
    decimal: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ValidateReport:
    """What validate leaves in staging as `validate.json`.

    `gained` is the key of a Parquet table (`part` INTEGER, index into the parse report's parts;
    `_source_row` BIGINT; `flags` VARCHAR[]) of the rows that gained flags, or None.
    `first_time` and `last_time` are ONS wall time, ISO 8601 without a zone.
    """

    findings: tuple[Finding, ...]
    gained: str | None
    gained_parts: tuple[int, ...]
    first_time: str | None
    last_time: str | None


@dataclass(frozen=True)
class ReleaseDocument:
    """`releases/<id>/release.json`: all that makes a release traceable, and no time of its making.

    Keys of `parts` and `quarantine` are those of the release's own folder.
    """

    release: str
    dataset: str
    source: str
    published_at: str
    sha256: str
    raw_key: str
    source_file: str
    contract_version: str
    contract_fingerprint: str
    processing: str
    rows_read: int
    rows_published: int
    rows_quarantined: int
    first_time: str | None
    last_time: str | None
    header: tuple[str, ...]
    columns: tuple[str | None, ...]
    delimiter: str
    encoding: str
    decimal: str
    parts: tuple[Part, ...]
    quarantine: str | None
    findings: tuple[Finding, ...]


def dump(report: object) -> bytes:
    """The document's bytes: sorted keys, UTF-8, one trailing newline; equal values, equal bytes."""
    text = json.dumps(to_json(report), ensure_ascii=False, indent=1, sort_keys=True)
    return (text + "\n").encode()


def load(cls: type[R], body: BinaryIO) -> R:
    """Read back what `dump` wrote."""
    return from_json(cls, json.load(body))
