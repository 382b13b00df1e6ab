"""A query sees the current releases, typed and whole, and can do nothing but read them."""

import csv
import datetime as dt
import io
import json
import threading
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.datasets.model import Column, DatasetContract, FileNames, Grain, Kind
from tasks.errors import BadQuery, HomeUnusable
from tasks.ports.ledger import NewRelease, ReleaseFile, ReleaseRecord
from tasks.queries import formats
from tasks.queries.session import Limits, ask

LIMITS = Limits(timeout_s=30, memory_mb=256)
MIDNIGHT = dt.datetime.fromisoformat("2018-11-04T00:00:00")


def a_contract(slug, **columns):
    return DatasetContract(
        slug=slug,
        version="1.0.0",
        title_pt=slug,
        title_en=slug,
        domain="d",
        description="d",
        purpose="p",
        limitations="l",
        terms=(),
        columns=tuple(
            Column(n, k, n, n, nullable=i > 0) for i, (n, k) in enumerate(columns.items())
        ),
        measures=(),
        grain=Grain(key=tuple(columns)[:1], time=None, step=None, anchor=None, entities=()),
        completeness=None,
        totals=(),
        balances=(),
        files=FileNames(stems=(slug,), folder=slug, pattern=slug),
        bad_rows_share=0.01,
        freshness="daily",
        coverage_start=None,
        fingerprint="f",
    )


LOAD = a_contract(
    "daily-load",
    id_subsistema=Kind.TEXT,
    din_instante=Kind.TIMESTAMP,
    val_load=Kind.NUMBER,
    num=Kind.INTEGER,
)
PRICE = a_contract("price", val_price=Kind.NUMBER, dat_week=Kind.DATE)


class Published:
    """A ledger as far as readers need it: what is current."""

    def __init__(self):
        self.records = []

    def current(self, dataset=None):
        return [r for r in self.records if dataset in (None, r.new.dataset)]


@pytest.fixture
def objects(tmp_path):
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


@pytest.fixture
def ledger():
    return Published()


@pytest.fixture
def publish(objects, ledger, tmp_path):
    def publish(release, select, dataset="daily-load"):
        made = tmp_path / "made.parquet"
        duckdb.sql(
            f"COPY (SELECT *, 'X.csv' AS _source_file, 2::BIGINT AS _source_row,"
            f" '{release}' AS _release, ['late'] AS _flags FROM ({select}))"
            f" TO '{made}' (FORMAT parquet)"
        )
        key = f"releases/{release}/part-0000.parquet"
        size = made.stat().st_size
        objects.put_file(key, made)
        new = NewRelease(
            release=release, dataset=dataset, source="X", published_at="2026-01-01T00:00:00Z",
            sha256="0", processing="1", raw_key="raw/0/X.csv", source_file="X.csv", execution="e",
            rows_read=1, rows_published=1, rows_quarantined=0, findings=0, first_time=None,
            last_time=None, parts=(ReleaseFile(key, 1, size),), document="d",
        )  # fmt: skip
        record = ReleaseRecord(new, "current", "2026-01-01T00:00:00Z", "synced")
        ledger.records.append(record)
        return key

    return publish


@pytest.fixture
def run(objects, ledger):
    def run(sql, limits=LIMITS):
        contracts = [LOAD, PRICE]
        with ask(sql, objects=objects, ledger=ledger, limits=limits, contracts=contracts) as answer:
            return [tuple(row) for batch in answer.rows() for row in batch]

    return run


ONE = (
    "SELECT 'SE' AS id_subsistema, TIMESTAMP '2018-11-04 00:00' AS din_instante,"
    " 2397.64408602 AS val_load, 99 AS num"
)


def test_a_dataset_without_a_release_is_an_empty_typed_view(run):
    described = run("DESCRIBE price")

    assert [row[:2] for row in described] == [
        ("val_price", "DOUBLE"),
        ("dat_week", "DATE"),
        ("_source_file", "VARCHAR"),
        ("_source_row", "BIGINT"),
        ("_release", "VARCHAR"),
        ("_flags", "VARCHAR[]"),
    ]
    assert run("SELECT * FROM price") == []


def test_rows_come_with_the_contracts_types_and_their_trace(run, publish):
    publish("r1", ONE)

    assert run("SELECT * FROM daily_load") == [
        ("SE", MIDNIGHT, 2397.64408602, 99, "X.csv", 2, "r1", ["late"])
    ]


def test_releases_whose_columns_differ_are_one_view_and_hide_nothing(run, publish):
    publish("r1", ONE)
    publish("r2", "SELECT 'N' AS id_subsistema, 7::INTEGER AS val_load, 'x' AS extra")

    assert run(
        "SELECT id_subsistema, din_instante, val_load, num, extra FROM daily_load ORDER BY 1"
    ) == [
        ("N", None, 7.0, None, "x"),
        ("SE", MIDNIGHT, 2397.64408602, 99, None),
    ]


def test_a_folders_name_is_no_column_of_a_view(ledger, tmp_path):
    objects = DirectoryObjects(tmp_path / "ano=2018" / "objects", tmp_path / "tmp")
    duckdb.sql(f"COPY ({ONE}) TO '{tmp_path / 'x'}' (FORMAT parquet)")
    objects.put_file("releases/r/part-0000.parquet", tmp_path / "x")
    new = NewRelease(
        release="r", dataset="daily-load", source="X", published_at="2026-01-01T00:00:00Z",
        sha256="0", processing="1", raw_key="raw/0/X.csv", source_file="X.csv", execution="e",
        rows_read=1, rows_published=1, rows_quarantined=0, findings=0, first_time=None,
        last_time=None, parts=(ReleaseFile("releases/r/part-0000.parquet", 1, 1),), document="d",
    )  # fmt: skip
    ledger.records.append(ReleaseRecord(new, "current", "2026-01-01T00:00:00Z", "synced"))

    with ask(
        "FROM daily_load", objects=objects, ledger=ledger, limits=LIMITS, contracts=[LOAD]
    ) as answer:
        assert "ano" not in answer.columns


def test_only_current_releases_are_seen(run, publish, ledger):
    publish("r1", ONE)
    publish("r2", ONE)
    ledger.records.pop(0)

    assert run("SELECT _release FROM daily_load") == [("r2",)]


def test_a_missing_part_is_said_to_be_missing(run, publish, objects):
    key = publish("r1", ONE)
    objects.delete(key)

    with pytest.raises(HomeUnusable, match=key):
        run("FROM daily_load")


def test_a_damaged_part_is_named(run, publish, tmp_path):
    key = publish("r1", ONE)
    (tmp_path / "objects" / key).write_bytes(b"no Parquet")

    with pytest.raises(HomeUnusable, match=key):
        run("FROM daily_load")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("WITH x AS (SELECT 1 AS a) SELECT a + 1 FROM x;", [(2,)]),
        ("SELECT ';' -- ;\n ; -- done ; ", [(";",)]),
        ("/* ; */ SELECT ';--'", [(";--",)]),
        ("FROM range(2)", [(0,), (1,)]),
        ("SHOW TABLES", [("daily_load",), ("price",)]),
        ("SELECT count(*) FROM information_schema.columns WHERE table_name = 'price'", [(6,)]),
        ("SELECT * FROM (PIVOT daily_load ON id_subsistema IN ('N') USING count(*))", []),
        ("SELECT TIMESTAMPTZ '2026-01-02 03:04:05+00', 1", [("2026-01-02 03:04:05+00", 1)]),
        ("SELECT current_setting FROM (VALUES (1)) t(current_setting)", [(1,)]),
        ("VALUES (1.50)", [(Decimal("1.50"),)]),
        ("SELECT * FROM DAILY_LOAD", []),
    ],
)
def test_a_select_in_any_dress_is_answered(run, sql, rows):
    assert run(sql) == rows


WRITES = [
    "COPY daily_load TO '{part}'",
    "COPY (SELECT 1) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)",
    "COPY (SELECT 1) TO '{folder}/new.csv'",
    "COPY daily_load FROM '{part}'",
    "ATTACH '{part}' AS z",
    "ATTACH '{folder}/new.db' AS z",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW daily_load AS SELECT 1",
    "CREATE MACRO f(x) AS x",
    "CREATE SECRET s (TYPE s3)",
    "DROP VIEW daily_load",
    "INSERT INTO daily_load VALUES (1)",
    "DELETE FROM daily_load",
    "UPDATE daily_load SET num = 1",
    "MERGE INTO daily_load USING price ON true WHEN MATCHED THEN DELETE",
    "SET threads = 9",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "INSTALL httpfs",
    "LOAD httpfs",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "PREPARE p AS SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "USE memory",
    "DETACH memory",
    "PIVOT daily_load ON id_subsistema USING count(*)",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/new.csv'",
    "WITH x AS (INSERT INTO daily_load VALUES (1) RETURNING *) SELECT * FROM x",
    "SELECT write_log('x')",
    "SELECT system.main.\"Write_Log\"('x')",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '{folder}')",
]
READS = [
    "SELECT * FROM '{part}'",
    "SELECT * FROM '{secret}'",
    'SELECT * FROM "{secret}"',
    "SELECT * FROM read_parquet('{part}')",
    "SELECT * FROM parquet_scan('{part}')",
    "SELECT * FROM parquet_metadata('{part}')",
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM read_csv_auto('{secret}')",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM main.read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_duckdb('{secret}')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "SELECT * FROM daily_load WHERE id_subsistema IN (SELECT content FROM read_text('{secret}'))",
    "WITH x AS (FROM read_text('{secret}')) FROM x",
    "SELECT 1 UNION ALL SELECT content FROM read_text('{secret}')",
    "SELECT 1 ORDER BY (SELECT content FROM read_text('{secret}'))",
    "SELECT 1 LIMIT (SELECT size FROM read_text('{secret}'))",
    "DESCRIBE SELECT * FROM read_text('{secret}')",
    "SUMMARIZE '{secret}'",
    "DESCRIBE '{part}'",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT * FROM query_table(['{secret}'])",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    'SELECT * FROM (WITH "{secret}" AS (SELECT 1) SELECT 1), "{secret}"',
    "SELECT * FROM READ_TEXT('{secret}')",
    "SELECT getenv('HOME')",
    "SELECT 'HOME'.GetEnv()",
    "SELECT current_setting('allowed_paths')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM pragma_table_info('daily_load')",
    "SELECT * FROM information_schema.schemata",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_views",
    "SELECT * FROM system.information_schema.tables",
    "SELECT * FROM pandas_scan(1)",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM daily_loads",
]


@pytest.mark.parametrize("sql", WRITES + READS)
def test_whatever_is_no_select_over_the_datasets_is_refused_and_nothing_changes(
    run, publish, tmp_path, sql
):
    key = publish("r1", ONE)
    part, secret = tmp_path / "objects" / key, tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    before = contents(tmp_path)

    with pytest.raises(BadQuery):
        run(sql.format(part=part, secret=secret, folder=tmp_path))

    assert contents(tmp_path) == before


# Of these only a COPY without a temporary file onto a part itself would pass the session: DuckDB
# lets an allowed path be written. It is the statement's kind that keeps it out.
LOCKED_OUT = [
    s
    for s in WRITES
    if s.split()[0] in ("COPY", "EXPORT", "INSTALL", "LOAD", "SET") and "USE_TMP_FILE" not in s
]


@pytest.mark.parametrize("sql", LOCKED_OUT + READS[6:16])
def test_the_session_itself_refuses_too_were_the_check_to_miss_it(
    objects, ledger, publish, tmp_path, sql
):
    key = publish("r1", ONE)
    part, secret = tmp_path / "objects" / key, tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    before = part.read_bytes()

    with (
        ask(
            "FROM daily_load", objects=objects, ledger=ledger, limits=LIMITS, contracts=[LOAD]
        ) as a,
        pytest.raises(duckdb.Error),
    ):
        a._connection.execute(sql.format(part=part, secret=secret, folder=tmp_path)).fetchall()

    assert part.read_bytes() == before
    assert not (tmp_path / "new.csv").exists()


def contents(folder):
    """All files but locks, which stay where they were first taken."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.endswith("lock"))
    return {p: p.read_bytes() for p in files}


def test_a_query_leaves_no_file_behind(run, publish, tmp_path):
    publish("r1", ONE)
    before = contents(tmp_path)

    run("SELECT * FROM daily_load ORDER BY val_load")

    assert contents(tmp_path) == before


@pytest.mark.parametrize("sql", ["", "  ", ";", "-- nothing"])
def test_no_statement_is_refused(run, sql):
    with pytest.raises(BadQuery) as caught:
        run(sql)

    assert str(caught.value) == "expected exactly one SELECT, got 0 statements"


def test_a_table_that_is_not_there_is_answered_with_the_nearest(run):
    with pytest.raises(BadQuery) as caught:
        run("SELECT * FROM dayly_load")

    assert str(caught.value) == (
        "there is no table 'dayly_load'; did you mean daily_load? (`ons datasets` lists them)"
    )


def test_a_wrong_column_is_answered_in_one_line(run):
    with pytest.raises(BadQuery) as caught:
        run("SELECT val_lod FROM daily_load")

    assert "val_lod" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_query_that_takes_too_long_is_interrupted(run):
    with pytest.raises(BadQuery, match=r"longer than 0\.2 s"):
        run("SELECT count(*) FROM range(1000000000000)", Limits(timeout_s=0.2, memory_mb=256))


def test_a_query_that_takes_too_long_while_it_is_read_is_interrupted(objects, ledger):
    with (
        pytest.raises(BadQuery, match="longer"),
        ask(
            "FROM range(1000000000000)",
            objects=objects,
            ledger=ledger,
            limits=Limits(timeout_s=0.2, memory_mb=256),
            contracts=[],
        ) as answer,
    ):
        for _ in answer.rows():
            pass


def test_a_query_that_needs_too_much_memory_says_so(run):
    with pytest.raises(BadQuery, match="ONS_QUERY_MEMORY_MB"):
        run("SELECT list(i) FROM range(100000000) t(i)", Limits(timeout_s=60, memory_mb=64))


def test_the_watch_over_the_time_ends_with_the_query(run):
    run("SELECT 1")

    assert "query-time-limit" not in {t.name for t in threading.enumerate()}


def test_the_result_as_parquet_has_its_own_types(objects, ledger, publish):
    publish("r1", ONE)

    with (
        ask(
            "FROM daily_load; -- all",
            objects=objects,
            ledger=ledger,
            limits=LIMITS,
            contracts=[LOAD],
        ) as a,
        a.parquet() as made,
    ):
        rows = duckdb.sql(f"SELECT typeof(val_load), din_instante, _flags FROM '{made}'").fetchall()

    assert rows == [("DOUBLE", MIDNIGHT, ["late"])]


def test_csv_is_exact_and_tells_nothing_from_empty_text():
    rows = [
        (None, "", 0.1, Decimal("0E-8"), True),
        (dt.date(2018, 1, 2), ' a "b",c', -0.0, None, None),
    ]

    assert "".join(formats.as_csv(["a", "b c", "d", "e", "f"], rows)) == (
        'a,b c,d,e,f\n,"",0.1,0.00000000,true\n2018-01-02," a ""b"",c",-0.0,,\n'
    )


def test_json_is_exact_and_keeps_columns_of_the_same_name_apart():
    rows = [(MIDNIGHT, Decimal("1.50"), None, float("nan"), ["é"], 2**100)]

    text = "".join(formats.as_json(["t", "a", "a", "n", "l", "h"], rows))

    assert text == (
        '[\n{"t": "2018-11-04T00:00:00", "a": 1.50, "a_2": null, "n": "nan", "l": ["é"], '
        '"h": 1267650600228229401496703205376}\n]\n'
    )
    assert "".join(formats.as_json(["a"], [])) == "[]\n"


def test_a_table_aligns_numbers_right_and_keeps_a_row_on_a_line():
    rows = [("N", 1.5, None), ("São\nPaulo", 20.25, None)]

    assert "".join(formats.as_table(["name", "value", "x"], rows)) == (
        "name        value  x\n----------  -----  -\nN             1.5\nSão\\nPaulo  20.25\n"
    )


CELLS = st.none() | st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers()


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_any_rows_are_read_back_from_csv_and_json(rows):
    text = "".join(formats.as_csv(["a", "b"], rows))
    read = list(csv.reader(io.StringIO(text, newline="")))
    objects = json.loads("".join(formats.as_json(["a", "b"], rows)))

    assert read[1:] == [["" if v is None else str(v) for v in row] for row in rows]
    assert [tuple(o.values()) for o in objects] == rows
