"""`ons query` writes rows to the output or to a file, whole or not at all."""

import io
import json
import subprocess
import sys

import duckdb
import pytest

from workflows.cli import main


@pytest.fixture
def query(tmp_path):
    def query(*argv):
        out, err = io.StringIO(), io.StringIO()
        code = main(["query", *argv], {"ONS_HOME": str(tmp_path / "home")}, out=out, err=err)
        return code, out.getvalue(), err.getvalue()

    return query


def test_rows_are_a_table_unless_said_otherwise(query):
    assert query("SELECT 1 AS a, 'x' AS b") == (0, "a  b\n-  -\n1  x\n", "")


def test_rows_as_csv_and_json(query):
    sql = "SELECT 1.50 AS a, DATE '2023-01-02' AS b, NULL AS c"

    assert query(sql, "--format", "csv") == (0, "a,b,c\n1.50,2023-01-02,\n", "")
    assert json.loads(query(sql, "--format", "json")[1]) == [
        {"a": 1.5, "b": "2023-01-02", "c": None}
    ]


def test_nothing_is_drawn_among_the_rows_however_long_they_take(tmp_path):
    endless = (
        "SELECT count(*) AS n FROM range(3000000) a(i), range(6000000) b(j) WHERE i * j % 7 = 3"
    )
    code = "import sys; from workflows.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "--home", str(tmp_path / "h"), "query", endless, "--format",
         "csv", "--timeout", "3"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == "n\n"


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_file_is_replaced_by_the_whole_result(query, tmp_path, format):
    target = tmp_path / "out"
    target.write_text("before")

    assert query("SELECT 7 AS a", "--format", format, "-o", str(target)) == (0, "", "")

    read = {"csv": "read_csv", "json": "read_json", "parquet": "read_parquet"}[format]
    assert duckdb.sql(f"SELECT a FROM {read}('{target}')").fetchall() == [(7,)]
    assert {p.name for p in tmp_path.iterdir()} == {"home", "out"}


def test_a_query_that_fails_leaves_the_file_as_it_was(query, tmp_path):
    target = tmp_path / "out"
    target.write_text("before")
    sql = "SELECT CASE WHEN i = 99999 THEN error('late') ELSE i END FROM range(100000) t(i)"

    code, out, err = query(sql, "--format", "csv", "-o", str(target))

    assert (code, out) == (2, "")
    assert "late" in err
    assert target.read_text() == "before"
    assert {p.name for p in tmp_path.iterdir()} == {"home", "out"}


def test_a_file_that_cannot_be_written_is_named(query, tmp_path):
    code, _, err = query("SELECT 1", "--format", "csv", "-o", str(tmp_path / "no" / "x.csv"))

    assert code == 2
    assert err == f"error: {tmp_path}/no/x.csv cannot be written: No such file or directory\n"


def test_a_query_over_its_time_is_told_how_to_have_more(query):
    code, _, err = query("SELECT count(*) FROM range(1000000000000)", "--timeout", "0.2")

    assert code == 2
    assert err == "error: the query took longer than 0.2 s; `--timeout` gives it more\n"


def test_every_dataset_is_a_table(query):
    code, out, _ = query("SELECT count(*) AS n FROM carga_energia", "--format", "csv")

    assert (code, out) == (0, "n\n0\n")
