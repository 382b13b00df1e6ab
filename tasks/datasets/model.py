"""A dataset's promise as a value: the one source of types, checks, schema, docs and samples.

Built by `tasks.datasets.odcs` from the YAML contracts, or by `tasks.datasets.registry` from their
compiled JSON. Each class checks itself when built, so that a wrong contract cannot be loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """What a column's values are. ONS's wall time is without a zone."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"


Quantity = Literal[
    "average_power", "energy", "energy_stock", "ratio", "price", "capacity", "level", "volume",
    "flow", "intensive", "count", "numeric",
]  # fmt: skip
Aggregation = Literal["sum", "avg", "min", "max", "last"]


@dataclass(frozen=True)
class KnownValue:
    """One value of a column and the spellings it drifts through. `total`: the row is a total of
    the others (SIN), not a further part."""

    value: str
    spellings: tuple[str, ...] = ()
    total: bool = False


@dataclass(frozen=True)
class Column:
    """One column as ONS names it.

    `variants`: other header names under which it was published (typos, older names), matched
    case-folded. `required`: a header without it is refused. `nullable`: may be empty in a row; an
    empty value of a measure is published and flagged. `scale`: decimal places that ONS writes,
    where it always writes the same. `minimum`/`maximum`: what is physically plausible, outside of
    which a value is flagged, never dropped. `unit`: as published.
    """

    name: str
    kind: Kind
    title: str
    description: str
    unit: str | None = None
    required: bool = True
    nullable: bool = True
    variants: tuple[str, ...] = ()
    values: tuple[KnownValue, ...] = ()
    closed: bool = False
    """The known values are all there are: another one is flagged."""
    scale: int | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Measure:
    """What a numeric column measures, and what may be done with it.

    `additive_over_time` and `additive_over_space` say whether a sum along that axis means
    anything; `forbidden` names aggregations that are always wrong. `interval_hours` is the time
    that one value stands for (energy in MWh = MWmed × hours), null for registers.
    """

    column: str
    quantity: Quantity
    unit: str
    default: Aggregation
    forbidden: tuple[Aggregation, ...] = ()
    additive_over_time: bool = False
    additive_over_space: bool = False
    interval_hours: float | None = None


@dataclass(frozen=True)
class Grain:
    """One row per `key`. `step` is the distance in time: `PT1H`, `PT30M`, `P1D`, `P7D`, `P1M`,
    or null for registers. `anchor` says where on that grid the times lie: `day` (00:00),
    `month_end`, `month_start`, `week` (any day, 7 days apart). `entities` are the key columns
    without the time."""

    key: tuple[str, ...]
    time: str | None
    step: Literal["PT30M", "PT1H", "P1D", "P7D", "P1M"] | None
    anchor: Literal["month_end", "month_start"] | None
    entities: tuple[str, ...]


@dataclass(frozen=True)
class Completeness:
    """Which rows a period must have: every entity of `entities` (values of the entity column) at
    every step between the file's first and last time. `daylight_saving`: the hour that Brazil's
    spring change leaves out (until 2019) may be absent, or present and empty."""

    column: str
    entities: tuple[str, ...]
    daylight_saving: bool = False


@dataclass(frozen=True)
class TotalRule:
    """The row whose `column` is `total` equals the sum of the rows of `parts`, for each of
    `measures`, at each time, within `tolerance` (in the measures' unit)."""

    id: str
    column: str
    total: str
    parts: tuple[str, ...]
    measures: tuple[str, ...]
    tolerance: float


@dataclass(frozen=True)
class BalanceRule:
    """In each row the sum of `terms` equals `equals` within `tolerance`; `where_not` leaves out
    rows by an entity's value. A row with an empty term is left out."""

    id: str
    terms: tuple[str, ...]
    equals: str
    tolerance: float


@dataclass(frozen=True)
class FileNames:
    """How ONS names the dataset's files: regular expressions on the stem, case-folded, NFC; the
    folder in ONS's bucket; and the names of folders that also mean it."""

    stems: tuple[str, ...]
    folder: str
    pattern: str
    """For people, such as `CURVA_CARGA_{YYYY}.csv`; the sample generator fills it in."""


@dataclass(frozen=True)
class DatasetContract:
    """What every published file of one dataset keeps to."""

    slug: str
    version: str
    title_pt: str
    title_en: str
    domain: str
    description: str
    purpose: str
    limitations: str
    terms: tuple[str, ...]
    columns: tuple[Column, ...]
    measures: tuple[Measure, ...]
    grain: Grain
    completeness: Completeness | None
    totals: tuple[TotalRule, ...]
    balances: tuple[BalanceRule, ...]
    files: FileNames
    bad_rows_share: float
    freshness: str
    coverage_start: str | None
    fingerprint: str
    """Hash of all that can change a release's content; prose is left out of it."""
