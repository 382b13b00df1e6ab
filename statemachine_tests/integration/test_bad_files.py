"""Files that are no ONS tables: one clear line, exit code 3, nothing to see, and raw keeps them."""

from __future__ import annotations

import pytest

from statemachine_tests.command import Ons
from statemachine_tests.integration.curves import HEADER, write_curve

GOOD = HEADER + "N;NORTE;2022-01-01 00:00:00;1.00000000\n" * 1
DAILY = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiamwmed\n"
BAD = {
    "empty": ("CURVA_CARGA_2022.csv", b"", "empty"),
    "header only": ("CURVA_CARGA_2022.csv", HEADER.encode(), "no data line"),
    "binary": ("CURVA_CARGA_2022.csv", bytes(range(256)) * 40, "binary"),
    "workbook": ("CURVA_CARGA_2022.csv", b"PK\x03\x04" + b"\0" * 500, "ZIP"),
    "page": (
        "CURVA_CARGA_2022.csv",
        b"<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>\n",
        "HTML",
    ),
    "unknown": ("PRECO_DO_CAFE.csv", b"data;preco\n2022-01-01;5\n", "no known dataset"),
    "tabs": ("CURVA_CARGA_2022.csv", GOOD.replace(";", "\t").encode(), "a tab"),
    "bars": ("CURVA_CARGA_2022.csv", GOOD.replace(";", "|").encode(), "'|'"),
    "cut off": ("CURVA_CARGA_2022.csv", GOOD.encode() + b"NE;NORDESTE;2022-01-01 00:", "cut off"),
    "another's content": (
        "CURVA_CARGA_2022.csv",
        (DAILY + "N;NORTE;2022-01-01;1.00000000\nN;NORTE;2022-01-02;1.00000000\n").encode(),
        "named as curva-carga",
    ),
    "a tie": (
        "dados.csv",
        (DAILY + "N;NORTE;2022-01-01;1.00000000\nN;NORTE;2022-01-02;1.00000000\n").encode(),
        "carga-energia or carga-mensal; say which with `--dataset SLUG`",
    ),
}


@pytest.mark.parametrize(("name", "body", "says"), BAD.values(), ids=BAD)
def test_a_bad_file_is_rejected_in_one_line_and_kept_in_raw(tmp_path, name, body, says):
    ons = Ons(tmp_path / "home")
    path = tmp_path / name
    path.write_bytes(body)

    said = ons("run", path)
    [result] = ons.run(path)

    assert said.code == 3
    assert result["status"] == "rejected"
    assert says.casefold() in result["reason"].casefold()
    assert "\n" not in result["reason"]
    assert result["reason"] in said.out
    kept = [p for p in (ons.home / "objects" / "raw").rglob(name) if p.is_file()]
    assert [p.read_bytes() for p in kept] == [body]
    assert ons.query("SELECT count(*) AS n FROM curva_carga") == [{"n": 0}]
    assert not list((ons.home / "objects").glob("releases/*"))
    assert not list((ons.home / "lake").rglob("*.parquet"))
    assert not [p for p in (ons.home / "objects").glob("staging/**/*") if p.is_file()]


def test_good_files_beside_a_bad_one_are_published_and_the_exit_code_tells(tmp_path):
    ons = Ons(tmp_path / "home")
    write_curve(tmp_path / "in" / "CURVA_CARGA_2022.csv", 5000.0)
    (tmp_path / "in" / "A.csv").write_bytes(b"")

    said = ons("run", tmp_path / "in")

    assert said.code == 3
    assert [r["status"] for r in ons.run(tmp_path / "in")] == ["rejected", "unchanged"]


def test_a_path_that_is_not_there_stops_before_anything_starts(tmp_path):
    ons = Ons(tmp_path / "home")
    good = write_curve(tmp_path / "CURVA_CARGA_2022.csv", 5000.0)

    said = ons("run", good, tmp_path / "nowhere.csv")

    assert said.code == 2
    assert "nowhere.csv" in said.err
    assert ons("executions", "--json").json == []
