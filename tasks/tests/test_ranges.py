"""Ranges: whole records, and their physical lines, whatever the text."""

import csv
import io

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.datasets.registry import contract_for
from tasks.tabular.convert import convert
from tasks.tabular.ranges import ranges
from tasks.tabular.records import BREAK, OURS, UNIT, Rewriter, split
from tasks.tabular.sniff import sniff
from tasks.tabular.statements import Statements
from tasks.tests.reading import HEADER

CELL = st.text(st.characters(codec="utf-8", exclude_characters=f"\r{OURS}"), max_size=8)


def converted(folder, text, size):
    """(line, nom_subsistema) of every published row, cut into ranges of about `size` bytes."""
    path = folder / "file.csv"
    path.write_text(text, newline="")
    contract = contract_for("curva-carga")
    with path.open("rb") as body:
        head = sniff(body, path.name, path.stat().st_size)
    statements = Statements(contract, head.header, tuple(head.header), ".", path.name, "r")
    found = list(ranges(path, path.name, head, folder, size))
    made = [convert(path, head, r, statements, folder) for r in found]
    parts = [str(m.part) for m in made if m.part]
    with duckdb.connect() as db:
        rows = db.execute(
            "SELECT _source_row, nom_subsistema FROM read_parquet(?) ORDER BY 1", [parts]
        ).fetchall()
    return rows, found, sum(m.read for m in made)


def test_ranges_meet_without_gap_and_count_every_line(tmp_path):
    text = HEADER + "".join(f"N;A{n};2024-01-01 00:00:00;1.0\n" for n in range(5000))

    rows, found, read = converted(tmp_path, text, 10_000)

    assert len(found) > 10
    assert [(a.end, a.first_line + a.lines) for a in found[:-1]] == [
        (b.start, b.first_line) for b in found[1:]
    ]
    assert rows == [(n + 2, f"A{n}") for n in range(5000)]
    assert read == 5000


def test_quoted_breaks_blank_lines_and_ragged_rows_in_any_range_keep_the_lines_true(tmp_path):
    expected, text, line = [], HEADER, 2
    for n in range(4000):
        if n % 997 == 0:
            text, line = text + "\n", line + 1
        if n % 500 == 0:
            record = f'N;"A\n{n}";2024-01-01 00:00:00;1.0\n'
            expected.append((line, f"A\n{n}"))
        elif n % 333 == 0:
            record = "N;ragged\n"
        else:
            record = f"N;A{n};2024-01-01 00:00:00;1.0\n"
            expected.append((line, f"A{n}"))
        text, line = text + record, line + record.count("\n")

    rows, found, read = converted(tmp_path, text, 7_000)

    assert len(found) > 10
    assert rows == expected
    assert read == 4000


def test_lines_before_the_first_that_needs_care_are_a_plain_range(tmp_path):
    plain = "".join(f"N;A{n};2024-01-01 00:00:00;1.0\n" for n in range(1000))

    rows, found, _ = converted(tmp_path, HEADER + plain + 'N;"B";2024-01-01;1.0\n' + plain, 40_000)

    assert [r.rewritten is None for r in found] == [True, False, True]
    assert found[1].lines < 500
    assert [line for line, _ in rows] == list(range(2, 2003))


def test_a_bare_return_is_seen_at_any_place_of_the_text(tmp_path):
    before = HEADER + "".join(f"N;A{n};2024-01-01 00:00:00;1.0\n" for n in range(3))
    after = "N;C;2024-01-01 00:00:00;1.0\n"

    for place in range(30):
        text = before + f"N;{'B' * place}\r{'B' * (30 - place)};2024-01-01 00:00:00;1.0\n" + after
        rows, _, _ = converted(tmp_path, text, 80)
        assert rows[-1] == (6, "C"), place


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=12))
def test_what_a_csv_writer_quotes_is_split_as_it_was(records):
    for record in records:
        text = io.StringIO()
        csv.writer(text, delimiter=";", lineterminator="", quoting=csv.QUOTE_ALL).writerow(record)

        assert split(text.getvalue(), ";") == record


@settings(deadline=None)
@given(st.lists(st.lists(CELL, min_size=2, max_size=3), min_size=1, max_size=12))
def test_rewritten_records_begin_in_the_line_that_they_are_said_to(records):
    body, starts = "", []
    for record in records:
        text = io.StringIO()
        csv.writer(text, delimiter=";", lineterminator="\n").writerow(record)
        starts.append(1 + body.count("\n"))
        body += text.getvalue()
    out = io.BytesIO()

    raw = body.encode()
    Rewriter(io.BytesIO(raw), out, name="f.csv", delimiter=";", encoding="utf-8", line=1).run(
        len(raw)
    )

    cells = [line.split(UNIT) for line in out.getvalue().decode().split("\n")[:-1]]
    assert [int(c[0]) for c in cells] == starts
    assert [[f.replace(BREAK, "\n") for f in c[3:]] for c in cells] == records


@given(st.binary(max_size=400))
def test_no_bytes_make_the_rewriter_crash_or_lose_a_line(raw):
    out = io.BytesIO()
    rewriter = Rewriter(io.BytesIO(raw), out, name="f", delimiter=";", encoding="utf-8", line=1)

    rewriter.run(len(raw))

    assert rewriter.consumed == len(raw)
    assert rewriter.lines == len(raw.splitlines(keepends=True)) if b"\r" not in raw else True
