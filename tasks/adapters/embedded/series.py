"""Series read from the releases' own Parquet parts: every number is kept once.

A release is loaded when its folder has `series.json`, which says how its parts are series: which
column is the time, which name the entity, which are measures, and in what unit. Why there is no
second copy in a layout of its own: docs/decisions/0004-series-layout.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from tasks import reports
from tasks.datasets.model import DatasetContract
from tasks.datasets.registry import contract_for
from tasks.errors import BadQuery
from tasks.keys import release_prefix
from tasks.ports.objects import NoSuchObject, ObjectStore
from tasks.ports.series import Point, SeriesQuestion, SeriesRelease
from tasks.tabular.database import database
from tasks.tabular.expressions import identifier
from tasks.tabular.parquet import parquet

KEY_SHIFT = "PT3H"
"""What a series key adds to ONS's wall time: always the same, so that no two hours of a day with
a daylight-saving change meet in one key."""


@dataclass(frozen=True)
class SeriesMeasure:
    """A measure of the parts, and its unit as published."""

    column: str
    unit: str


@dataclass(frozen=True)
class SeriesManifest:
    """`releases/<id>/series.json`. `first_time` and `last_time` are wall time without a zone.

    The key of a point is (`entities`, `time` + `key_shift`, measure).
    """

    dataset: str
    release: str
    parts: tuple[str, ...]
    time: str
    key_shift: str
    entities: tuple[str, ...]
    measures: tuple[SeriesMeasure, ...]
    points: int
    first_time: str | None
    last_time: str | None


class LakeSeries:
    """`SeriesStore` over the object store that holds the releases.

    That no series key comes twice in a release is Validate's to check: it flags such rows, and
    here both values are given, in the order of the file.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def load(self, release: SeriesRelease) -> int:
        contract = contract_for(release.dataset)
        if contract.grain.time is None or not release.parts:
            return 0
        with self._table(release.parts) as table:
            manifest = _describe(release, contract, table)
        self._objects.put(_key(release.release), reports.dump(manifest))
        return manifest.points

    def unload(self, dataset: str, release: str) -> bool:  # noqa: ARG002 - the port's signature
        return self._objects.delete(_key(release)) > 0

    def points(self, question: SeriesQuestion) -> Sequence[Point]:
        contract = contract_for(question.dataset)
        if question.measure not in {m.column for m in contract.measures}:
            raise BadQuery(f"{contract.slug} has no measure {question.measure!r}")
        manifests = [
            m for m in self._manifests(question.releases) if question.measure in _columns(m)
        ]
        if not manifests or contract.grain.time is None:
            return ()
        condition, values = _condition(contract, question)
        time = f"{identifier(contract.grain.time)}::TIMESTAMP"
        key = ", ".join([time, *(f"coalesce({_text(e)}, '')" for e in contract.grain.entities)])
        with self._table([part for m in manifests for part in m.parts]) as table:
            rows = table.connection.execute(
                f"SELECT {identifier(question.measure)}, {key} "
                f"FROM {parquet(table.files)} WHERE {condition} ORDER BY {key}, _source_row",
                values,
            ).fetchall()
        return [Point(at.isoformat(), tuple(entity), value) for value, at, *entity in rows]

    def _manifests(self, releases: Sequence[str]) -> Iterator[SeriesManifest]:
        for release in dict.fromkeys(releases):
            with suppress(NoSuchObject), self._objects.open(_key(release)) as body:
                yield reports.load(SeriesManifest, body)

    @contextmanager
    def _table(self, parts: Sequence[str]) -> Iterator["_Table"]:
        with ExitStack() as stack:
            files = [str(stack.enter_context(self._objects.local(part))) for part in parts]
            scratch = stack.enter_context(self._objects.scratch())
            connection = stack.enter_context(database(256, scratch=scratch))
            yield _Table(connection, files)


@dataclass(frozen=True)
class _Table:
    connection: duckdb.DuckDBPyConnection
    files: list[str]


def _describe(release: SeriesRelease, contract: DatasetContract, table: _Table) -> SeriesManifest:
    assert contract.grain.time is not None
    described = table.connection.execute(
        f"DESCRIBE SELECT * FROM {parquet(table.files)}"
    ).fetchall()
    present = {name for name, *_ in described}
    measures = tuple(
        SeriesMeasure(m.column, m.unit) for m in contract.measures if m.column in present
    )
    time = identifier(contract.grain.time)
    # Counts and bounds alone: DuckDB answers from the time column, 0.1 s for 7 million rows.
    times, first, last = table.connection.execute(
        f"SELECT count({time}), min({time})::TIMESTAMP, max({time})::TIMESTAMP "
        f"FROM {parquet(table.files)}"
    ).fetchone() or (0, None, None)
    return SeriesManifest(
        dataset=release.dataset,
        release=release.release,
        parts=release.parts,
        time=contract.grain.time,
        key_shift=KEY_SHIFT,
        entities=contract.grain.entities,
        measures=measures,
        points=times * len(measures),
        first_time=first and first.isoformat(),
        last_time=last and last.isoformat(),
    )


def _condition(
    contract: DatasetContract, question: SeriesQuestion
) -> tuple[str, Mapping[str, Any]]:
    """What the question leaves of the rows, its values bound by name. Raises `BadQuery`."""
    time = identifier(str(contract.grain.time))
    terms, values = [f"{time} IS NOT NULL"], dict[str, Any]()
    measures = {m.column for m in contract.measures} | {contract.grain.time}
    for n, (name, value) in enumerate(question.where.items()):
        if name not in contract.by_name or name in measures:
            raise BadQuery(f"{contract.slug} has no series by {name!r}")
        terms.append(f"{_text(name)} = $where{n}")
        values[f"where{n}"] = value
    for name, sign, at in (("start", ">=", question.start), ("end", "<", question.end)):
        if at is not None:
            terms.append(f"{time} {sign} ${name}::TIMESTAMP")
            values[name] = _wall_time(at)
    return " AND ".join(terms), values


def _wall_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadQuery(f"{text!r} is no time such as 2023-01-31 or 2023-01-31T13:00") from None
    if at.tzinfo is not None:
        raise BadQuery(f"{text!r} has a zone; series are asked for in ONS's wall time")
    return at


def _columns(manifest: SeriesManifest) -> set[str]:
    return {m.column for m in manifest.measures}


def _key(release: str) -> str:
    return release_prefix(release) + "series.json"


def _text(name: str) -> str:
    return f"CAST({identifier(name)} AS VARCHAR)"
