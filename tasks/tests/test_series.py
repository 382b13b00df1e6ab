"""What the series port promises, held against the lake, and the two tasks that use it."""

import duckdb
import pytest

from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.adapters.embedded.series import LakeSeries, SeriesManifest, SeriesMeasure
from tasks.errors import BadQuery, ClaimLost
from tasks.load_timestream.spec import LoadSeries
from tasks.load_timestream.task import load_timestream
from tasks.ports.ledger import Arrival, NewRelease
from tasks.ports.series import Point, SeriesQuestion, SeriesRelease
from tasks.reports import Part, ReleaseDocument, dump, load
from tasks.unload_series.spec import UnloadRelease
from tasks.unload_series.task import unload_series

MEASURE = "val_cargaenergiahomwmed"
TWO_HOURS = (
    ("N", "2023-01-01 00:00:00", 1.5),
    ("S", "2023-01-01 00:00:00", 2.5),
    ("N", "2023-01-01 01:00:00", None),
)


@pytest.fixture
def objects(tmp_path):
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


@pytest.fixture
def series(objects):
    return LakeSeries(objects)


@pytest.fixture
def written(objects):
    """Write a release of curva-carga, each argument a part's rows; answer it as to be loaded."""

    def write(release, *parts):
        keys = []
        for n, rows in enumerate(parts):
            with objects.scratch() as folder, duckdb.connect() as connection:
                connection.execute(
                    f"CREATE TABLE t (id_subsistema VARCHAR, nom_subsistema VARCHAR, din_instante "
                    f"TIMESTAMP, {MEASURE} DOUBLE, _source_row BIGINT)"
                )
                for row, (entity, time, value) in enumerate(rows, 2):
                    connection.execute(
                        "INSERT INTO t VALUES (?, ?, ?, ?, ?)", [entity, "X", time, value, row]
                    )
                connection.execute(f"COPY t TO '{folder / 'part'}' (FORMAT parquet)")
                keys.append(f"releases/{release}/part-{n:04}.parquet")
                objects.put_file(keys[-1], folder / "part")
        return SeriesRelease("curva-carga", release, tuple(keys))

    return write


def asked(releases=("r1",), where=None, measure=MEASURE, **bounds):
    return SeriesQuestion("curva-carga", measure, tuple(releases), where or {}, **bounds)


def test_loading_counts_points_and_again_leaves_the_same(series, written, objects):
    release = written("r1", TWO_HOURS[:2], TWO_HOURS[2:])

    counts = [series.load(release), series.load(release)]

    assert counts == [3, 3]
    assert len(series.points(asked())) == 3


def test_points_come_by_time_and_entity_with_empty_values_kept(series, written):
    series.load(written("r1", TWO_HOURS[::-1]))

    assert series.points(asked()) == [
        Point("2023-01-01T00:00:00", ("N",), 1.5),
        Point("2023-01-01T00:00:00", ("S",), 2.5),
        Point("2023-01-01T01:00:00", ("N",), None),
    ]


def test_the_manifest_says_how_the_parts_are_series(series, written, objects):
    release = written("r1", TWO_HOURS)

    series.load(release)

    with objects.open("releases/r1/series.json") as body:
        manifest = load(SeriesManifest, body)
    assert manifest == SeriesManifest(
        dataset="curva-carga",
        release="r1",
        parts=release.parts,
        time="din_instante",
        key_shift="PT3H",
        entities=("id_subsistema",),
        measures=(SeriesMeasure(MEASURE, "MWmed"),),
        points=3,
        first_time="2023-01-01T00:00:00",
        last_time="2023-01-01T01:00:00",
    )


def test_only_the_releases_named_are_read(series, written):
    series.load(written("r1", TWO_HOURS[:1]))
    series.load(written("r2", TWO_HOURS[1:2]))

    assert [p.value for p in series.points(asked(["r2"]))] == [2.5]
    assert [p.value for p in series.points(asked(["r1", "r2", "r1"]))] == [1.5, 2.5]
    assert series.points(asked([])) == ()


def test_a_release_that_was_not_loaded_has_no_points(series, written):
    written("r1", TWO_HOURS)

    assert series.points(asked()) == ()


def test_unloading_removes_the_points_and_says_whether_there_were_any(series, written):
    series.load(written("r1", TWO_HOURS))

    answers = [series.unload("curva-carga", "r1"), series.unload("curva-carga", "r1")]

    assert answers == [True, False]
    assert series.points(asked()) == ()


def test_an_entity_and_a_stretch_of_time_are_chosen(series, written):
    series.load(written("r1", TWO_HOURS))

    assert [p.value for p in series.points(asked(where={"id_subsistema": "S"}))] == [2.5]
    assert [p.value for p in series.points(asked(end="2023-01-01T01:00:00"))] == [1.5, 2.5]
    assert [p.value for p in series.points(asked(start="2023-01-01T01:00"))] == [None]


def test_a_series_key_that_comes_twice_gives_both_values_in_the_files_order(series, written):
    series.load(written("r1", [("N", "2023-01-01", 9.0), ("N", "2023-01-01", 1.0)]))

    assert [p.value for p in series.points(asked())] == [9.0, 1.0]


def test_a_value_with_quotes_is_a_value_and_no_sql(series, written):
    series.load(written("r1", TWO_HOURS))

    assert series.points(asked(where={"id_subsistema": "' OR 1=1 --"})) == []


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (asked(measure='"; DROP'), "curva-carga has no measure '\"; DROP'"),
        (asked(where={"x": "y"}), "curva-carga has no series by 'x'"),
        (asked(where={MEASURE: "1"}), f"curva-carga has no series by '{MEASURE}'"),
        (asked(start="ontem"), "'ontem' is no time such as 2023-01-31 or 2023-01-31T13:00"),
        (
            asked(end="2023-01-01T00:00Z"),
            "'2023-01-01T00:00Z' has a zone; series are asked for in ONS's wall time",
        ),
    ],
)
def test_a_wrong_question_says_what_is_wrong(series, written, question, message):
    series.load(written("r1", TWO_HOURS))

    with pytest.raises(BadQuery) as caught:
        series.points(question)

    assert str(caught.value) == message


def test_a_register_and_a_release_without_rows_have_no_points(series, written, objects):
    assert series.load(SeriesRelease("reservatorio", "r1", ("k",))) == 0
    assert series.load(SeriesRelease("curva-carga", "r2", ())) == 0
    assert list(objects.list("releases/")) == []


@pytest.fixture
def ledger(tmp_path):
    return SqliteLedger(tmp_path / "ledger.sqlite")


@pytest.fixture
def lease(ledger):
    arrival = Arrival("c1", "raw/x", "x.csv", "2023-01-01T00:00:00Z", "0" * 64, 9, None, None)
    return ledger.claim(arrival, "e1")


def a_release_document(release):
    parts = tuple(Part(key, 3, 1, 2, 4) for key in release.parts)
    return ReleaseDocument(
        release="r1",
        dataset="curva-carga",
        source="X",
        published_at="2023-01-01T00:00:00Z",
        sha256="0" * 64,
        raw_key="raw/x",
        source_file="x.csv",
        contract_version="1",
        contract_fingerprint="f",
        processing="1:f",
        rows_read=3,
        rows_published=3,
        rows_quarantined=0,
        first_time=None,
        last_time=None,
        header=(),
        columns=(),
        delimiter=";",
        encoding="utf-8",
        decimal=".",
        parts=parts,
        quarantine=None,
        findings=(),
    )


@pytest.fixture
def loading(objects, written):
    """The event for loading a written release under fence `fence`."""
    objects.put("releases/r1/release.json", dump(a_release_document(written("r1", TWO_HOURS))))
    return lambda fence: LoadSeries("c1", fence, "curva-carga", "r1", "releases/r1/release.json")


def test_the_task_loads_what_the_release_document_lists(loading, lease, objects, ledger, series):
    loaded = load_timestream(loading(lease.fence), objects=objects, ledger=ledger, series=series)

    assert loaded.points == 3
    assert len(series.points(asked())) == 3


def test_the_task_writes_nothing_without_the_lease(loading, lease, objects, ledger, series):
    with pytest.raises(ClaimLost):
        load_timestream(loading(lease.fence + 1), objects=objects, ledger=ledger, series=series)

    assert series.points(asked()) == ()


def test_unloading_undoes_loading_while_the_lease_is_held(series, written, ledger, lease):
    series.load(written("r1", TWO_HOURS))
    event = UnloadRelease("c1", lease.fence, "curva-carga", "r1")

    answers = [unload_series(event, ledger=ledger, series=series).removed for _ in range(2)]

    assert answers == [True, False]


def test_unloading_leaves_the_series_alone_once_the_lease_is_lost(series, written, ledger, lease):
    series.load(written("r1", TWO_HOURS))
    event = UnloadRelease("c1", lease.fence + 1, "curva-carga", "r1")

    assert not unload_series(event, ledger=ledger, series=series).removed
    assert len(series.points(asked())) == 3


def test_unloading_leaves_a_published_release_alone(series, written, ledger, lease):
    series.load(written("r1", TWO_HOURS))
    publish(ledger, lease)
    again = ledger.claim(
        Arrival("c1", "raw/x", "x.csv", "2023-01-01T00:00:00Z", "0" * 64, 9, None, None), "e2"
    )
    event = UnloadRelease("c1", again.fence, "curva-carga", "r1")

    assert not unload_series(event, ledger=ledger, series=series).removed
    assert len(series.points(asked())) == 3


def test_unloading_leaves_the_series_alone_that_another_lease_is_making(
    series, written, ledger, lease
):
    series.load(written("r1", TWO_HOURS))
    other = ledger.claim(
        Arrival("c2", "raw/x", "x.csv", "2023-01-01T00:00:00Z", "0" * 64, 9, "curva-carga", None),
        "e2",
    )
    ledger.intend("c2", other.fence, "curva-carga", "r1")
    event = UnloadRelease("c1", lease.fence, "curva-carga", "r1")

    assert not unload_series(event, ledger=ledger, series=series).removed
    assert len(series.points(asked())) == 3


def publish(ledger, lease):
    new = NewRelease(
        release="r1",
        dataset="curva-carga",
        source="X",
        published_at="2023-01-01T00:00:00Z",
        sha256="0" * 64,
        processing="1:f",
        raw_key="raw/x",
        source_file="x.csv",
        execution="e1",
        rows_read=3,
        rows_published=3,
        rows_quarantined=0,
        findings=0,
        first_time=None,
        last_time=None,
        parts=(),
        document="releases/r1/release.json",
    )
    ledger.publish(new, lease.claim, lease.fence)
