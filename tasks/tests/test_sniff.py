from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import UnreadableFile
from tasks.tabular.sniff import DELIMITERS, HEAD, Head, sniff

PORTAL = Path(__file__).parents[3] / "shared/data/ons/portal"


def sniffed(content: bytes, name: str = "x.csv") -> Head:
    return sniff(BytesIO(content), name, len(content))


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        sniffed(content)
    return caught.value.found


def test_a_plain_ons_file_is_described_whole():
    head = sniffed(b"id;nome;val\nN;NORTE;0E-8\nS;SUL;1.50000000\n")

    assert head == Head(
        encoding="utf-8",
        bom=0,
        delimiter=";",
        newline="\n",
        header=("id", "nome", "val"),
        header_bytes=12,
        header_lines=1,
        rows=(("N", "NORTE", "0E-8"), ("S", "SUL", "1.50000000")),
    )


def test_bom_quotes_and_crlf_are_taken_off_the_header():
    head = sniffed(b'\xef\xbb\xbf"id";" nome "\r\n1;2\r\n')

    assert (head.header, head.bom, head.newline) == (("id", "nome"), 3, "\r\n")
    assert head.header_bytes == len(b'\xef\xbb\xbf"id";" nome "\r\n')


def test_leading_blank_lines_and_a_spreadsheets_sep_line_count_as_header_lines():
    head = sniffed(b"\r\nsep=;\r\n\r\na;b\r\n1;2\r\n")

    assert (head.header, head.header_lines, head.header_bytes) == (("a", "b"), 4, 16)


def test_a_newline_within_a_quoted_name_belongs_to_the_header():
    head = sniffed(b'a;"b\nc"\n1;2\n')

    assert (head.header, head.header_lines, head.header_bytes) == (("a", "b\nc"), 2, 8)


def test_a_quote_that_never_closes_means_nothing_to_the_headers_end():
    assert sniffed(b'a;"b\n1;2\n').header_bytes == 5


def test_the_delimiter_is_the_more_frequent_one_where_both_are_in_one_line():
    assert sniffed(b"a;b,c;d\n1;2;3\n").delimiter == ";"
    assert sniffed(b'a,"b;x;y;z",d\n1,2,3\n').delimiter == ","


def test_a_file_is_cp1252_when_a_window_far_from_its_head_is_not_utf8():
    rows = b"1;abc\n" * (HEAD // 2)

    assert sniffed(b"a;b\n" + rows).encoding == "utf-8"
    assert sniffed(b"a;b\n" + rows + b"1;XING\xd3\n").encoding == "cp1252"


def test_a_utf8_character_cut_by_a_window_is_still_utf8():
    assert sniffed(b"a;b\n" + "1;ãé\n".encode() * HEAD).encoding == "utf-8"


def test_a_file_cut_within_a_character_is_still_utf8():
    assert sniffed("a;b\n1;é".encode()[:-1]).encoding == "utf-8"


def test_only_complete_records_are_sampled_where_the_head_is_cut():
    head = sniffed(b"a;b\n" + b"1234;5678\n" * 40_000)

    assert set(head.rows) == {("1234", "5678")}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf\r\n  \n", "it is empty"),
        (b" \n" * HEAD, "it is empty"),
        (b"a;b\n", "it has a header but no data line"),
        (b"a;b\r\n\r\n \n", "it has a header but no data line"),
        (b"a;b\n" + b"\n" * HEAD, "it has a header but no data line"),
        (b"a\tb\n1\t2\n", "its columns are parted by a tab; only ';' and ',' are read"),
        (b"a|b|c,d\n1|2|3\n", "its columns are parted by '|'; only ';' and ',' are read"),
        (b"hello\nworld\n", "its first line has neither ';' nor ',' between columns"),
        (b"a;b\n1;\x00\n", "it holds binary data (NUL bytes), not CSV text"),
        (b"\x01\x02;\x03\n1;2\n", "it holds binary data, not CSV text"),
        (b"a;b\r1;2\r", "its lines end in a bare carriage return; save it with LF or CRLF"),
        (b"a;" * HEAD, "its first line has more than 262,144 bytes, so it is no table"),
        (b"PK\x03\x04..xl/workbook.xml", "it is an XLSX workbook, not CSV text"),
        (b"PK\x03\x04..doc.txt", "it is a ZIP archive, not CSV text"),
        (b"%PDF-1.7\n", "it is a PDF document, not CSV text"),
        (b"PAR1\x15\x04", "it is a Parquet file, not CSV text"),
        (b"\x1f\x8b\x08\x00", "it is a gzip archive, not CSV text"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG image, not CSV text"),
        (b"  <!DOCTYPE html><html>", "it is an HTML page, not CSV text"),
        (
            b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>",
            "it is an XML document (an error answer: accessdenied), not CSV text",
        ),
        (b'{"success": false}', "it is a JSON document, not CSV text"),
        ("a;b\n1;2\n".encode("utf-16"), "it is UTF-16 or UTF-32 text; save it as UTF-8"),
        ("a;b\n1;2\n".encode("utf-16-le"), "it is UTF-16 or UTF-32 text; save it as UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content, found):
    assert refusal(content) == found


def test_a_header_with_more_columns_than_memory_bears_is_refused():
    names = [f"c{n}" for n in range(501)]

    assert refusal(";".join(names).encode() + b"\n1\n") == (
        "its first line has 501 columns; at most 500 are read"
    )
    assert len(sniffed(";".join(names[:500]).encode() + b"\n1\n").header) == 500


def test_the_refusal_names_the_file():
    with pytest.raises(UnreadableFile, match=r"^CURVA_CARGA_2023\.csv: it is empty$"):
        sniffed(b"", "CURVA_CARGA_2023.csv")


@given(
    st.binary(max_size=3000) | st.text(alphabet='ab;,"\r\n\t|é\ufeff', max_size=60).map(str.encode)
)
def test_any_bytes_are_described_or_refused(content):
    try:
        head = sniffed(content)
    except UnreadableFile:
        return
    assert head.delimiter in DELIMITERS
    assert content[: head.header_bytes].count(b"\n") in (head.header_lines, head.header_lines - 1)


cell = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@given(
    names=st.lists(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), min_size=2, max_size=6),
    cells=st.lists(cell, min_size=6, max_size=6),
    delimiter=st.sampled_from(DELIMITERS),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_what_is_written_as_csv_is_read_back(names, cells, delimiter, newline, bom):
    quoted = ['"' + c.replace('"', '""') + '"' for c in cells[: len(names)]]
    text = delimiter.join(names) + newline + delimiter.join([*quoted[:-1], '"x"']) + newline

    head = sniffed(text.encode("utf-8-sig" if bom else "utf-8"))

    assert head.header == tuple(names)
    assert head.rows == ((*cells[: len(names) - 1], "x"),)
    assert (head.delimiter, head.newline, head.bom) == (delimiter, newline, 3 if bom else 0)


@pytest.mark.skipif(not PORTAL.is_dir(), reason="the real files are not beside this checkout")
def test_every_real_csv_file_has_a_head():
    for path in sorted(PORTAL.glob("*.csv")):
        with path.open("rb") as body:
            head = sniff(body, path.name, path.stat().st_size)
        lines = path.read_bytes().splitlines()
        assert head.header == tuple(lines[0].decode().split(";"))
        assert {len(row) for row in head.rows} == {len(head.header)}
