"""A dataset's promise as a value: the one source of types, checks, schema, docs and samples.

Built by `tasks.datasets.odcs` from the YAML contracts, or by `tasks.datasets.registry` from their
compiled JSON. A contract checks itself when built, so that a wrong one cannot be loaded: see
`tasks.datasets.sound`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

from tasks.datasets.sound import complaints


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
    the others (SIN), not a further part. `of`: the values of the column that this one `follows`
    beside which it stands (NORTE beside N). `weight`: its usual share of the whole, or of the rows,
    for samples."""

    value: str
    spellings: tuple[str, ...] = ()
    total: bool = False
    of: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class Sample:
    """How to make up values that look like ONS's. No check reads it.

    A number of weight 1 moves between `low` and `high` in the manner of `shape`. `percent_of`
    names (part, whole). `text` is a template in which `{n}` is the entity's number and `{column}`
    the value of a column to the left. `empty` is the share of empty values.
    """

    low: float | None = None
    high: float | None = None
    shape: Literal["load", "daylight", "wind", "steady", "swing", "constant", "price"] = "steady"
    percent_of: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    empty: float = 0.0


@dataclass(frozen=True)
class Column:
    """One column as ONS names it.

    `variants`: other header names under which it was published (typos, older names), matched
    case-folded. `required`: a header without it is refused. `nullable`: may be empty in a row; an
    empty value of a measure is published and flagged. `scale`: decimal places that ONS writes,
    where it always writes the same. `minimum`/`maximum`: what is physically plausible, outside of
    which a value is flagged, never dropped. `unit`: as published. `follows`: the column whose value
    goes with this one's (a name with its code).
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
    follows: str | None = None
    sample: Sample | None = None

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.kind in (Kind.INTEGER, Kind.NUMBER)

    @property
    def total_values(self) -> tuple[str, ...]:
        """The known values that mark a total of the others."""
        return tuple(v.value for v in self.values if v.total)


@dataclass(frozen=True)
class Measure:
    """What a numeric column measures, and what may be done with it.

    `default` is how the values of several times become one; the entities of one time are added up
    where `additive_over_space`. `additive_over_time` says whether values add up along time in their
    own unit; `forbidden` names the aggregations over time that are always wrong. `interval_hours`
    is the time that one value stands for (energy in MWh = MWmed × hours), null for registers and
    months.
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
    without the time; `entity_count` is how many a sample file makes up where they are not known."""

    key: tuple[str, ...]
    time: str | None
    step: Literal["PT30M", "PT1H", "P1D", "P7D", "P1M"] | None
    anchor: Literal["month_end", "month_start"] | None
    entities: tuple[str, ...]
    entity_count: int = 0


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
    """In each row the sum of `terms` less the sum of `minus` equals `equals` within `tolerance`.
    A row in which any of them is empty is left out."""

    id: str
    terms: tuple[str, ...]
    equals: str
    tolerance: float
    minus: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the rule reads."""
        return (*self.terms, *self.minus, self.equals)


@dataclass(frozen=True)
class FileNames:
    """How ONS names the dataset's files: regular expressions on the whole stem, case-folded, NFC,
    without a copy's suffix (`year` and `month` may be named groups), and the folder in ONS's
    bucket."""

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

    def __post_init__(self) -> None:
        if found := complaints(self):
            raise ValueError(f"the contract {self.slug!r} is wrong: {'; '.join(found)}")

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by ONS's name."""
        return {c.name: c for c in self.columns}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a header must have, in contract order."""
        return tuple(c.name for c in self.columns if c.required)

    def missing_from(self, columns: Iterable[str | None]) -> tuple[str, ...]:
        """Required columns that are not among the given names, in contract order."""
        seen = set(columns)
        return tuple(name for name in self.required if name not in seen)

    @property
    def time(self) -> Column | None:
        """The time column; None for registers."""
        return self.by_name[self.grain.time] if self.grain.time else None
