"""Parsing: odd characters, names, times and blanks, read the same whatever stands beside them."""

import itertools
import math
import re
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.datasets.model import Column, Kind
from tasks.datasets.registry import contract_for
from tasks.tabular.expressions import literal, reading
from tasks.tabular.ranges import Range, ranges
from tasks.tabular.sniff import sniff
from tasks.tabular.statements import Statements
from tasks.tests.reading import HEADER, read

START = datetime(2024, 1, 1)  # noqa: DTZ001  # ONS's wall time has no zone
VALUE = "val_cargaenergiahomwmed"


def many(count: int) -> str:
    return "".join(
        f"N;NORTE;{START + timedelta(hours=hour)};100.00000000\n" for hour in range(count)
    )


def moments(texts):
    """What each text is as a time, None where it is none."""
    column = Column("t", Kind.TIMESTAMP, "t", "t")
    read_as = reading(column, "text", "value", decimal=".", strict=True)
    with duckdb.connect() as db:
        rows = db.execute(
            f"SELECT text, CASE WHEN {read_as.sound} THEN value END FROM"
            f" (SELECT text, {read_as.value} AS value FROM (SELECT unnest(?) AS text))",
            [list(texts)],
        ).fetchall()
    return dict(rows)


@pytest.mark.parametrize(
    "shape",
    [
        "2021-11-12", "2021-11-12 11:12:13", "2021-11-12 11:12", "2021-11-12T11:12:13",
        "2021-11-12 11:12:13.000", "11/12/2021", "11-12-21", "11/12/2021 11:12:13.000",
    ],
)  # fmt: skip
def test_a_time_with_anything_but_a_digit_in_the_place_of_one_is_none(shape):
    assert None not in moments([shape]).values()
    places = [at for at, sign in enumerate(shape) if sign.isdigit()]
    odd = {
        "".join(marks.get(at, sign) for at, sign in enumerate(shape))
        for one, other in itertools.product(places, places)
        for marks in (dict(zip((one, other), signs, strict=True)) for signs in
                      itertools.product(" +-.:ZT\t\v\u00a0", repeat=2))
    }  # fmt: skip

    assert {text for text, value in moments(odd).items() if value is not None} <= {
        # Fewer decimals of a second are still a time.
        text for text in odd if re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+", text)
    }  # fmt: skip


def test_the_year_zero_is_no_time():
    assert moments(["0000-01-01", "01/01/0000", "0001-01-01"]) == {
        "0000-01-01": None,
        "01/01/0000": None,
        "0001-01-01": datetime(1, 1, 1),  # noqa: DTZ001
    }


@pytest.mark.parametrize("text", ["12/01/2024 07:00:00.000", "2024-01-12T07:00:00.000"])
def test_a_time_with_thousandths_is_read_in_every_style(text):
    assert moments([text]) == {text: datetime(2024, 1, 12, 7)}  # noqa: DTZ001


def test_a_mantissa_has_no_thousands_in_a_file_with_decimal_commas(tmp_path):
    commas = many(200).replace("100.00000000", "1.000,5")

    got = read(tmp_path, HEADER + commas + "N;NORTE;2024-01-12 00:00:00;2.515E+02\n")

    assert got.set_aside() == [(202, VALUE, f"type_{VALUE}", "2.515E+02")]


CELLS = st.one_of(
    st.sampled_from([
        "", " ", "\t", "1", "+1", "+-1", "-1.5", " 1.5", "1.5\t", "\v1", "1\f", "\u00a02\u00a0",
        "1_0", "1e3", "2024-01-01", " 2024-01-01", "2024-01-1 ", "1/01/2024", "01/01/2024 00:00",
        "N", "N ", " N", "N\t", "N\u00a0", "N\u2009", "\u3000N", "NÓRTE", "a_b",
    ]),
    st.text(" \t\v\f\u00a0\u20091.+-eE_N", max_size=6),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=20))
def test_the_short_way_publishes_nothing_that_the_long_way_would_not(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("ways") / "f.csv"
    path.write_text(HEADER + "".join(";".join(cells) + "\n" for cells in records))
    with path.open("rb") as body:
        head = sniff(body, "f.csv", path.stat().st_size) if any(
            cell.strip() for cells in records for cell in cells
        ) else None  # fmt: skip
    if head is None:
        return
    [found] = ranges(path, "f.csv", head, path.parent)
    contract = contract_for("curva-carga")
    statements = Statements(contract, head.header, tuple(head.header), ".", "f.csv", "r")

    short, padded = _rows(statements, path, found, trimmed=False)
    long, _ = _rows(statements, path, found, trimmed=True)

    # Where text is padded the short way's part is thrown away.
    assert padded or set(short) <= set(long)


def _rows(statements: Statements, path, found: Range, *, trimmed: bool):
    lines = statements.plain_lines(str(path), ";", 1)
    select = statements.sound_rows(lines, trimmed=trimmed, strict=trimmed or not found.plain)
    part = path.parent / f"{trimmed}.parquet"
    with duckdb.connect() as db:
        db.execute(f"COPY ({select}) TO {literal(str(part))} (FORMAT parquet)")
        [(padded,)] = db.execute(statements.padded(part, strict=not found.plain)).fetchall()
        names = f"_source_row, id_subsistema, nom_subsistema, din_instante, {VALUE}"
        rows = db.execute(f"SELECT {names} FROM read_parquet(?)", [str(part)]).fetchall()
    assert all(row[-1] is None or math.isfinite(row[-1]) for row in rows)
    return rows, padded


@pytest.mark.parametrize("mark", ["\x01", "\x1d", "\x1e", "\x1f"])
def test_a_control_character_that_we_or_duckdb_part_text_with_sets_its_record_aside(tmp_path, mark):
    got = read(tmp_path, HEADER + many(200) + f"N;NO{mark}RTE;2024-01-12 00:00:00;1.00000000\n")

    assert [(line, rule) for line, _, rule, _ in got.set_aside()] == [(202, "unreadable_text")]
    assert got.document.rows_published == 200


def test_a_carriage_return_within_a_field_is_kept(tmp_path):
    got = read(tmp_path, HEADER + "N;NOR\rTE;2024-01-12 00:00:00;1.00000000\n" + many(3))

    assert got.rows("nom_subsistema")[0] == ("NOR\rTE",)


def test_further_columns_never_take_the_place_of_ours_or_of_each_other(tmp_path):
    header = HEADER.rstrip() + ";_source_row;_FLAGS;Novo;novo;;\n"
    rows = many(3).replace("100.00000000\n", "100.00000000;7;8;a;b;c;\n")

    got = read(tmp_path, header + rows)

    kept = "_source_row, _flags, _source_row_2, _FLAGS_2, Novo, novo_2, column_9"
    assert got.rows(kept) == [(n, [], "7", "8", "a", "b", "c") for n in (2, 3, 4)]


def test_one_line_of_another_encoding_is_set_aside_and_spoils_no_other(tmp_path):
    text = HEADER + many(200).replace("NORTE", "NÓRTE")
    body = text.encode() + "N;NÓRTE;2024-01-12 00:00:00;1.00000000\n".encode("cp1252")

    got = read(tmp_path, body)

    assert got.report.encoding == "utf-8"
    assert [(line, rule) for line, _, rule, _ in got.set_aside()] == [(202, "unreadable_text")]
    assert got.rows("DISTINCT nom_subsistema, 0 AS _source_row") == [("NÓRTE", 0)]


def test_a_folder_may_have_a_quote_in_its_name(tmp_path):
    got = read(tmp_path / "d'água", HEADER + many(200) + "N;NORTE;x;1.00000000\n" + many(1))

    assert got.document.rows_published == 201
    assert got.flags() == {2: ["duplicate_key"], 203: ["duplicate_key"]}


def test_a_folders_name_is_no_column(tmp_path):
    got = read(tmp_path / "ano=2024", HEADER + many(20) + many(1))

    names = duckdb.execute("DESCRIBE FROM read_parquet(?, hive_partitioning = false)",
                           [str(got.parts[0])]).fetchall()  # fmt: skip
    assert [name for name, *_ in names][-5:] == [
        VALUE, "_source_file", "_source_row", "_release", "_flags",
    ]  # fmt: skip


def test_one_time_that_is_far_away_takes_neither_time_nor_memory(tmp_path):
    got = read(tmp_path, HEADER + many(200) + "N;NORTE;9999-12-31 23:00:00;1.00000000\n")

    [finding] = [f for f in got.document.findings if f.rule == "missing_rows"]
    assert finding.message == (
        "279,664,704 rows would make 2024-01-01 to 9999-12-31 complete, 201 are there: is one of "
        "these times wrong?"
    )
