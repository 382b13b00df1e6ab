"""How well a header, and a file's name and folder, fit a contract. Deciding is left to others."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tasks.datasets.model import DatasetContract

COPY_SUFFIX = re.compile(r"(\s*\(\d+\)|\s+-\s+(copia|cópia|copy)(\s*\(\d+\))?)$", re.IGNORECASE)
DATA_SUFFIX = re.compile(r"\.(csv|txt|xlsx?|parquet|pdf|json)$", re.IGNORECASE)

OUTSIDE = re.compile(r"^[\s\"']+|[\s\"']+\Z")


@dataclass(frozen=True)
class HeaderMatch:
    """A header beside a contract.

    `columns`: for each place of the header the contract's column, None for an unknown name, and
    None for a column's second appearance. `missing`: required columns not found. `unknown`: names
    that the contract does not know, as published. `variants`: (published, column) where a known
    misspelling or older name stands. `duplicates`: columns that appear more than once. `score`:
    known names over all names, required ones found over all required: 1 is a perfect fit.
    """

    columns: tuple[str | None, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    variants: tuple[tuple[str, str], ...]
    duplicates: tuple[str, ...]
    score: float

    @property
    def fits(self) -> bool:
        """Whether a file with this header can be read by the contract."""
        return not self.missing and not self.duplicates


@dataclass(frozen=True)
class NameMatch:
    """How well a file's name and folder fit: `score` 0 to 1, and the reason as a phrase.

    1: name and folder; 0.9: the name; 0.5: the folder alone; 0: neither. `year` and `month` are
    those in the name.
    """

    score: float
    reason: str
    year: int | None = None
    month: int | None = None


def match_header(contract: DatasetContract, header: Sequence[str]) -> HeaderMatch:
    """Lay a header beside a contract, in any order, names folded by `plain_name`."""
    known = _headers(contract)
    found = [known.get(plain_name(name)) for name in header]
    times = Counter(c for c in found if c is not None)
    seen: set[str] = set()
    columns: list[str | None] = []
    for column in found:
        columns.append(None if column in seen else column)
        if column is not None:
            seen.add(column)
    missing = contract.missing_from(seen)
    required = len(contract.required) or 1
    share_known = sum(times.values()) / len(header) if header else 0.0
    return HeaderMatch(
        columns=tuple(columns),
        missing=missing,
        unknown=tuple(n for n, c in zip(header, found, strict=True) if c is None),
        variants=tuple(
            (n, c)
            for n, c in zip(header, found, strict=True)
            if c is not None and plain_name(n) != plain_name(c)
        ),
        duplicates=tuple(sorted(c for c, n in times.items() if n > 1)),
        score=share_known * (required - len(missing)) / required,
    )


def match_name(contract: DatasetContract, origin: str) -> NameMatch:
    """Lay a path or key beside the contract's file names and folder; any case, copies allowed."""
    stem = stem_of(origin).casefold()
    parts = [_slug(p) for p in unicodedata.normalize("NFC", origin).split("/")[:-1]]
    in_folder = bool({_slug(contract.files.folder), _slug(contract.slug)} & set(parts))
    for pattern in contract.files.stems:
        if named := re.fullmatch(pattern, stem):
            groups = named.groupdict()
            where = f" in the folder of {contract.slug}" if in_folder else ""
            return NameMatch(
                1.0 if in_folder else 0.9,
                f"it is named as {contract.files.pattern}{where}",
                int(groups["year"]) if groups.get("year") else None,
                int(groups["month"]) if groups.get("month") else None,
            )
    if in_folder:
        return NameMatch(0.5, f"it lies in the folder of {contract.slug}")
    return NameMatch(0.0, f"neither name nor folder is {contract.slug}'s")


def plain_name(header: str) -> str:
    """A header name as compared: NFC, case-folded, without BOM, quotes and outer space."""
    text = unicodedata.normalize("NFC", header).replace("\ufeff", "").replace("\u200b", "")
    return unicodedata.normalize("NFC", OUTSIDE.sub("", text).casefold())


def stem_of(origin: str) -> str:
    """The last segment of a path or key: NFC, without its data suffix and a copy's ` (1)`."""
    name = unicodedata.normalize("NFC", origin.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
    return COPY_SUFFIX.sub("", DATA_SUFFIX.sub("", name.strip())).strip()


@lru_cache(maxsize=256)
def _headers(contract: DatasetContract) -> Mapping[str, str]:
    return {plain_name(h): c.name for c in contract.columns for h in (c.name, *c.variants)}


def _slug(segment: str) -> str:
    return segment.strip().casefold().replace("_", "-")
