"""Parsing: values, types, lines, quarantine, and which files are refused whole."""

import math
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import CutOff, TooManyBadRows, UnreadableFile, WrongHeader
from tasks.tests.reading import HEADER, read

START = datetime(2024, 1, 1)  # noqa: DTZ001  # ONS's wall time has no zone
VALUE = "val_cargaenergiahomwmed"


def row(hour: int, value: str, entity: str = "N") -> str:
    """One hourly row of a made-up curve; `hour` counts from 2024-01-01 00:00."""
    return f"{entity};NORTE;{START + timedelta(hours=hour)};{value}\n"


def many(count: int) -> str:
    """Rows enough that a bad one is far below the share that rejects a file."""
    return "".join(row(hour, "100.00000000") for hour in range(count))


def test_zeros_exponents_and_float_noise_are_read_as_the_numbers_they_are(tmp_path):
    texts = ["0E-8", "247.61000061035156", "2.515E+02", "-6.18", "54729.62", "+1.5", ""]

    got = read(tmp_path, HEADER + "".join(row(n, t) for n, t in enumerate(texts)))

    values = [value for (value,) in got.rows(VALUE)]
    assert values == [0.0, 247.61000061035156, 251.5, -6.18, 54729.62, 1.5, None]


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-Infinity", "1_000", "0x10", "1.2.3", "12 34", "abc", "1,5", "--1"]
)
def test_text_that_is_no_number_goes_to_quarantine_with_its_line_and_rule(tmp_path, text):
    got = read(tmp_path, HEADER + many(200) + row(200, text))

    assert got.set_aside() == [(202, VALUE, f"type_{VALUE}", text)]
    assert got.document.rows_published == 200


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-09 24:00:00", "2024-01-09 00:00+03", "2024-01-09 00:00:00 x", "2024-02-30",
        "infinity", "2024-1-9", "09/13/2024", "20240109", "2024-01-09 00:00:00Z", "yesterday",
    ],
)  # fmt: skip
def test_text_that_is_no_date_of_a_known_shape_goes_to_quarantine(tmp_path, text):
    got = read(tmp_path, HEADER + many(200) + f"N;NORTE;{text};1.00000000\n")

    assert got.set_aside() == [(202, "din_instante", "type_din_instante", text)]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-01-09 05:00:00", "2024-01-09 05:00:00"), ("2024-01-09", "2024-01-09 00:00:00"),
        ("2024-01-09 05:00:00.000", "2024-01-09 05:00:00"), ("09/01/2024", "2024-01-09 00:00:00"),
        ("2024-01-09T05:00:00", "2024-01-09 05:00:00"), ("31-01-00", "2000-01-31 00:00:00"),
        ("30-04-25", "2025-04-30 00:00:00"), ("09/01/2024 05:00", "2024-01-09 05:00:00"),
        ("01-12-99", "1999-12-01 00:00:00"),
    ],
)  # fmt: skip
def test_each_date_shape_that_ons_or_a_spreadsheet_writes_is_read(tmp_path, text, iso):
    got = read(tmp_path, HEADER + f"N;NORTE;{text};1.00000000\n")

    assert got.rows("CAST(din_instante AS VARCHAR)") == [(iso,)]


def test_a_decimal_comma_with_thousands_dots_is_read_and_noted(tmp_path):
    texts = ["2.397,64408602", "5,00", "1.234", "12.345.678,5", "-0,25", "2,515000E+02"]

    got = read(tmp_path, HEADER + "".join(row(n, t) for n, t in enumerate(texts)))

    values = [value for (value,) in got.rows(VALUE)]
    assert values == [2397.64408602, 5.0, 1234.0, 12345678.5, -0.25, 251.5]
    assert got.found("dialect_decimal") == [(1, "note")]


def test_a_number_of_the_other_style_is_never_guessed(tmp_path):
    commas = "".join(row(hour, "1.000,50") for hour in range(200))

    got = read(tmp_path, HEADER + commas + row(200, "1.5"))

    assert got.set_aside() == [(202, VALUE, f"type_{VALUE}", "1.5")]


def test_integer_codes_written_as_floats_are_integers_and_fractions_are_refused(tmp_path):
    header = (
        "nom_reservatorio;tip_reservatorio;cod_resplanejamento;cod_posto;nom_usina;ceg;"
        "id_subsistema;nom_subsistema;nom_bacia;nom_rio;nom_ree;dat_entrada;val_cotamaxima;"
        "val_cotaminima;val_volmax;val_volmin;val_volutiltot;val_produtibilidadeespecifica;"
        "val_produtividade65volutil;val_tipoperda;val_perda;val_latitude;val_longitude;res_id\n"
    )

    def line(code: str, number: int) -> str:
        return (
            f"R{number};FIO DAGUA;{code};284;U;C;S;SUL;JACUI;RIO;SUL;2008-12-25;104.0;103.0;55.18;"
            f"50.47;4.71;0.008927;0.3016;m;0.74;-29.06944444;-51.67527778;ID{number:03d}\n"
        )

    body = "".join(line("99.0", n) for n in range(150)) + line("99.5", 150)
    got = read(tmp_path, header + body, "reservatorio", name="RESERVATORIOS.csv")

    assert set(got.rows("cod_resplanejamento, typeof(cod_resplanejamento), cod_posto")) == {
        (99, "BIGINT", 284)
    }
    assert got.set_aside() == [(152, "cod_resplanejamento", "type_cod_resplanejamento", "99.5")]


def test_a_blank_line_a_rejected_row_and_a_quoted_line_break_do_not_shift_the_lines(tmp_path):
    lines = [row(hour, "100.00000000") for hour in range(300)]
    lines[10] = "\n"
    lines[20] = "N;NORTE;2024-01-01 20:00:00\n"
    lines[30] = 'N;"NOR\nTE";2024-01-02 06:00:00;"100.00000000"\n'
    lines[40] = '"N";NORTE;2024-01-02 16:00:00;5.00000000\n'

    got = read(tmp_path, HEADER + "".join(lines))

    by_line = dict(got.rows("_source_row, din_instante"))
    assert got.set_aside() == [(22, None, "wrong_field_count", "N;NORTE;2024-01-01 20:00:00")]
    assert str(by_line[32]) == "2024-01-02 06:00:00"  # the record with the break begins here
    assert str(by_line[43]) == "2024-01-02 16:00:00"  # 40 rows, the header, and the break's line
    assert str(by_line[302]) == "2024-01-13 11:00:00"
    assert got.document.rows_read == 299
    assert got.document.rows_published == 298


def test_a_quoted_field_keeps_delimiters_quotes_and_breaks(tmp_path):
    got = read(tmp_path, HEADER + 'N;"A;""B""\nC";2024-01-01 00:00:00;1.00000000\n')

    assert got.rows("nom_subsistema") == [('A;"B"\nC',)]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path):
    body = many(150) + 'N;"NORTE;2024-01-08 00:00:00;1.00000000\n' + row(151, "2.00000000")

    got = read(tmp_path, HEADER + body)

    [(line, column, rule, value)] = got.set_aside()
    assert (line, column, rule) == (152, None, "open_quote")
    assert value.startswith('N;"NORTE;')
    assert got.document.rows_published == 151


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path, newline, bom):
    text = (HEADER + row(0, "1.00000000") + row(1, "2.00000000")).replace("\n", newline)

    got = read(tmp_path, bom + text.encode())

    assert got.rows(f"_source_row, id_subsistema, {VALUE}") == [(2, "N", 1.0), (3, "N", 2.0)]


def test_a_windows_code_page_is_read_and_noted(tmp_path):
    text = HEADER + "N;SÃO JOÃO;2024-01-01 00:00:00;1.00000000\n"

    got = read(tmp_path, text.encode("cp1252"))

    assert got.rows("nom_subsistema") == [("SÃO JOÃO",)]
    assert got.found("dialect_encoding") == [(1, "note")]


def test_bytes_that_are_no_text_are_set_aside_and_the_rest_is_published(tmp_path):
    body = HEADER.encode() + many(150).encode() + b"N;NO\0RTE;2024-01-08 00:00:00;1.00000000\n"
    far = b"".join(row(hour, "1.00000000").encode() for hour in range(20_000))

    got = read(tmp_path, body.replace(b"\0", b"\x1f") + far)

    assert [(line, rule) for line, _, rule, _ in got.set_aside()] == [(152, "unreadable_text")]
    assert got.document.rows_published == 20_150


def test_padding_is_trimmed_everywhere(tmp_path):
    got = read(tmp_path, HEADER + "N  ; NORTE ;2024-01-01 00:00:00; 1.00000000 \n" + many(3))

    assert got.rows(f"id_subsistema, nom_subsistema, {VALUE}")[0] == ("N", "NORTE", 1.0)


def test_padding_far_from_the_rows_that_are_looked_at_first_is_trimmed_too(tmp_path):
    lines = [row(hour, "1.00000000") for hour in range(30_000)]
    lines[9_000] = lines[9_000].replace("N;", "N  ;", 1)

    got = read(tmp_path, HEADER + "".join(lines))

    assert got.rows(
        "DISTINCT ON (id_subsistema) id_subsistema, min(_source_row) OVER () AS _source_row"
    ) == [("N", 2)]


def test_an_empty_measure_is_published_and_flagged_an_empty_key_is_set_aside(tmp_path):
    body = many(200) + row(200, "") + ";NORTE;2024-01-09 09:00:00;1.00000000\n"

    got = read(tmp_path, HEADER + body)

    assert got.flags() == {202: [f"empty_{VALUE}"]}
    assert got.set_aside() == [(203, "id_subsistema", "empty_id_subsistema", "")]


def test_an_odd_value_is_kept_and_flagged(tmp_path):
    got = read(tmp_path, HEADER + row(0, "-5000000.00000000"))

    assert got.rows(VALUE) == [(-5000000.0,)]
    assert got.flags() == {2: [f"range_{VALUE}"]}


def test_an_unknown_column_is_kept_as_text_and_noted(tmp_path):
    text = HEADER.rstrip() + ";id_novo\n" + row(0, "1.00000000").rstrip() + ";x1\n"

    got = read(tmp_path, text)

    assert got.rows("id_novo") == [("x1",)]
    assert got.found("column_new") == [(1, "note")]


def test_a_header_without_a_needed_column_is_refused(tmp_path):
    with pytest.raises(WrongHeader) as caught:
        read(tmp_path, "id_subsistema;nom_subsistema;din_instante\nN;NORTE;2024-01-01\n")

    assert caught.value.missing == (VALUE,)


def test_more_bad_rows_than_the_contract_bears_reject_the_file(tmp_path):
    body = "".join(row(hour, "x" if hour < 3 else "1.00000000") for hour in range(100))

    with pytest.raises(TooManyBadRows) as caught:
        read(tmp_path, HEADER + body)

    assert (caught.value.bad, caught.value.read) == (3, 100)
    assert "line 2" in caught.value.first


@pytest.mark.parametrize(
    ("last", "detail"),
    [
        ("N;NORTE;2024-01-05 00:00:00;12.3456", "whole"), ("N;NORTE;2024-01-05 00:0", "fields"),
        ("N;NORTE;2024-01-05 00:00:00;", "whole"), ("N;NORTE;2024-01-05 00:00:00;12", "whole"),
        ('N;"NORTE', "quote"),
    ],
)  # fmt: skip
def test_a_file_that_stops_within_a_record_is_cut_off(tmp_path, last, detail):
    with pytest.raises(CutOff) as caught:
        read(tmp_path, HEADER + many(20) + last)

    assert caught.value.line == 22
    assert detail in caught.value.detail


@pytest.mark.parametrize("value", ["12.34567890", "0E-8"])
def test_a_last_line_without_line_feed_that_is_whole_is_published_with_a_note(tmp_path, value):
    got = read(tmp_path, HEADER + many(3) + row(3, value).rstrip())

    assert got.document.rows_published == 4
    assert got.found("no_line_feed") == [(1, "note")]


def test_a_line_that_is_too_long_refuses_the_file_by_its_number(tmp_path):
    body = many(3) + "N;" + "X" * 3_000_000 + ";2024-01-05 00:00:00;1.00000000\n"

    with pytest.raises(UnreadableFile, match="line 5 has more than 1 MiB"):
        read(tmp_path, HEADER + body)


def test_the_same_file_gives_the_same_bytes(tmp_path):
    text = HEADER + many(2000) + row(2000, "")

    first, second = read(tmp_path / "a", text), read(tmp_path / "b", text)

    assert [p.read_bytes() for p in first.parts] == [p.read_bytes() for p in second.parts]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.decimals(-(10**7), 10**7, places=8), min_size=1, max_size=40))
def test_every_number_is_the_float_nearest_to_its_text(tmp_path_factory, numbers):
    texts = [format(number, "f") for number in numbers]

    got = read(tmp_path_factory.mktemp("n"), HEADER + "".join(map(row, range(len(texts)), texts)))

    values = [value for (value,) in got.rows(VALUE)]
    assert values == [float(text) for text in texts]
    assert all(math.isfinite(value) for value in values)
