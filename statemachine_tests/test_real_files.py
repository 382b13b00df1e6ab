"""ONS's own files through the whole machine: every number as it stands in the text."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from statemachine_tests.command import SHARED, Ons
from tasks.datasets.registry import contract_for

FILES = sorted([*SHARED.glob("portal/*.csv"), *SHARED.glob("resaved/*.csv")])

pytestmark = pytest.mark.skipif(not FILES, reason="ONS's files are not beside this checkout")


@pytest.fixture(scope="module")
def ons(tmp_path_factory) -> Ons:
    """The command on one home."""
    return Ons(tmp_path_factory.mktemp("real") / "home")


@pytest.fixture(scope="module")
def results(ons) -> dict[str, dict[str, Any]]:
    """What `ons run` says of each file, by its name, in one run of them all."""
    return {Path(result["file"]).name: result for result in ons.run(*FILES)}


def lines_of(path: Path) -> list[list[str]]:
    """The file's data lines, split; none of these files has a quote."""
    return [line.split(";") for line in path.read_text("utf-8").splitlines()[1:]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_data_line_is_published_or_set_aside(ons, results, path):
    result = results[path.name]

    assert result["status"] == "published", result
    assert result["rows_read"] == len(lines_of(path))
    assert result["rows_read"] == result["rows_published"] + result["rows_quarantined"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_sums_over_the_lake_equal_those_of_the_text_in_exact_decimals(ons, results, path):
    result = results[path.name]
    document = document_of(ons, result)
    contract = contract_for(result["dataset"])
    numeric = [
        (at, name)
        for at, name in enumerate(document["columns"])
        if name is not None and contract.by_name[name].numeric
    ]
    rows = lines_of(path)

    sums = ", ".join(
        f'sum("{name}") AS "{name}", count("{name}") AS "n {name}"' for _, name in numeric
    )
    view = result["dataset"].replace("-", "_")
    [found] = ons.query(f"SELECT {sums} FROM {view} WHERE _source_file = '{path.name}'")

    assert numeric
    for at, name in numeric:
        texts = [row[at] for row in rows if row[at]]
        exact = sum(exactly(text, document["decimal"]) for text in texts)
        assert found[f"n {name}"] == len(texts), name
        assert abs(Decimal(found[name]) - exact) <= abs(exact) * Decimal("1e-9"), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_source_row_of_random_rows_is_their_line_in_the_file(ons, results, path):
    result = results[path.name]
    header = path.read_text("utf-8").splitlines()[0].split(";")
    text = path.read_text("utf-8").splitlines()
    contract = contract_for(result["dataset"])
    texts = [c.name for c in contract.columns if c.kind == "text"]
    number = next(c.name for c in contract.columns if c.numeric)
    view = result["dataset"].replace("-", "_")

    rows = ons.query(f"SELECT * FROM {view} WHERE _source_file = '{path.name}'")

    decimal = document_of(ons, result)["decimal"]
    for row in random.Random(7).sample(rows, min(100, len(rows))):  # not a secret
        cells = dict(zip(header, text[row["_source_row"] - 1].split(";"), strict=True))
        assert {name: row[name] or "" for name in texts} == {n: cells[n].strip() for n in texts}
        written = cells[number]
        assert row[number] == (float(exactly(written, decimal)) if written else None)


def test_the_spreadsheets_numbers_and_dates_are_read_as_what_they_mean(ons, results):
    [row] = ons.query(
        "SELECT din_instante, val_cargaenergiamwmed FROM carga_mensal WHERE _source_row = 2"
    )

    assert row["val_cargaenergiamwmed"] == 2397.64408602
    assert row["din_instante"].startswith("2000-01-31")


def test_the_stray_row_and_the_empty_day_of_2013_are_among_the_findings(ons, results):
    findings = {f["rule"]: f for f in results["CARGA_ENERGIA_2013.csv"]["findings"]}

    assert findings["time_off_grid"]["count"] == 1
    assert "2013-02-02 00:00:01" in findings["time_off_grid"]["message"]
    assert findings["empty_val_cargaenergiamwmed"]["count"] == 5
    assert "2013-12-01" in findings["empty_val_cargaenergiamwmed"]["message"]


@pytest.mark.parametrize("year", ["2012", "2018"])
def test_the_hole_of_daylight_saving_is_explained_and_is_the_only_finding(ons, results, year):
    findings = results[f"CURVA_CARGA_{year}.csv"]["findings"]

    assert [(f["rule"], f["severity"], f["count"]) for f in findings] == [
        ("daylight_saving", "note", 4)
    ]


def test_the_blackout_of_2012_is_kept(ons, results):
    [row] = ons.query(
        "SELECT val_cargaenergiahomwmed AS v FROM curva_carga"
        " WHERE id_subsistema = 'NE' AND din_instante = '2012-10-26 01:00:00'"
    )

    assert row == {"v": 149.85999999}


def test_the_day_that_the_half_hourly_cost_lacks_is_named(ons, results):
    findings = {f["rule"]: f for f in results["CMO_SEMIHORARIO_2020.csv"]["findings"]}

    assert findings["missing_rows"]["count"] == 192
    assert "2020-05-17" in findings["missing_rows"]["message"]


def test_the_same_files_again_are_unchanged_and_make_no_release(ons, results):
    before = ons("releases", "curva-carga", "--json").json

    again = ons.run(*FILES)

    assert {result["status"] for result in again} == {"unchanged"}
    assert [r["rows_read"] for r in again] == [
        results[Path(r["file"]).name]["rows_read"] for r in again
    ]
    assert ons("releases", "curva-carga", "--json").json == before


def document_of(ons: Ons, result) -> dict:
    """The release's own document."""
    path = ons.home / "objects" / "releases" / result["release"] / "release.json"
    return json.loads(path.read_text("utf-8"))


def exactly(text: str, decimal: str) -> Decimal:
    """The number that a text writes."""
    return Decimal(text.replace(".", "").replace(",", ".") if decimal == "," else text)
