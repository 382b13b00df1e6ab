"""Samples look like ONS's files and keep every rule of their contract, to the last digit."""

import csv
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.datasets.large import write_large
from tasks.datasets.matching import match_header, match_name
from tasks.datasets.model import DatasetContract, Kind
from tasks.datasets.registry import all_contracts, contract_for
from tasks.datasets.sample_rows import times
from tasks.datasets.samples import natural_period, write_samples
from tasks.errors import NoSuchDataset

BALANCE = contract_for("balanco-energia-subsistema")
CURVE = contract_for("curva-carga")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


def rows_of(folder: Path, contract: DatasetContract) -> list[dict[str, str]]:
    (path,) = (p for p in folder.iterdir() if match_name(contract, p.name).score)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


each = pytest.mark.parametrize("contract", all_contracts(), ids=lambda c: c.slug)


@each
def test_a_sample_has_the_contracts_name_header_and_a_modest_size(folder, contract):
    rows = rows_of(folder, contract)

    assert match_header(contract, list(rows[0])).score == 1.0
    assert list(rows[0]) == [c.name for c in contract.columns]
    assert 50 < len(rows) < 6000


@each
def test_values_are_of_their_type_within_their_range_and_known(folder, contract):
    for row in rows_of(folder, contract):
        for column in contract.columns:
            text = row[column.name]
            if not text:
                assert column.nullable
            elif column.numeric:
                value = Decimal(text)
                assert column.minimum is None or value >= Decimal(str(column.minimum))
                assert column.maximum is None or value <= Decimal(str(column.maximum))
            elif column.kind is Kind.TEXT and column.values:
                assert text in {v.value for v in column.values}
            elif column.kind is not Kind.TEXT:
                datetime.fromisoformat(text)


@each
def test_numbers_are_written_as_ons_writes_them(folder, contract):
    for row in rows_of(folder, contract):
        for column in contract.columns:
            text = row[column.name]
            if column.scale is not None and text:
                assert text == f"0E-{column.scale}" or len(text.split(".")[1]) == column.scale
            elif column.kind is Kind.NUMBER and text:
                assert len(text.split(".")[1]) >= 1
            elif column.kind is Kind.INTEGER and text:
                assert Decimal(text) == int(Decimal(text))


@each
def test_no_key_appears_twice_and_rows_go_by_time(folder, contract):
    rows = rows_of(folder, contract)
    keys = [tuple(r[k] for k in contract.grain.key) for r in rows]

    assert len(keys) == len(set(keys))
    if contract.grain.time:
        moments = [r[contract.grain.time] for r in rows]
        assert moments == sorted(moments)


@pytest.mark.parametrize(
    "contract", [c for c in all_contracts() if c.completeness], ids=lambda c: c.slug
)
def test_every_entity_has_every_step_of_the_period(folder, contract):
    seen = defaultdict(set)
    for row in rows_of(folder, contract):
        seen[row[contract.completeness.column]].add(
            datetime.fromisoformat(row[contract.grain.time])
        )

    expected = set(times(contract, natural_period(contract)))
    assert dict(seen) == dict.fromkeys(contract.completeness.entities, expected)


def test_the_sin_row_is_the_exact_sum_of_its_parts_and_every_row_balances(folder):
    (total,), (balance,) = BALANCE.totals, BALANCE.balances
    by_time = defaultdict(dict)
    for row in rows_of(folder, BALANCE):
        by_time[row["din_instante"]][row["id_subsistema"]] = row
        if row["val_carga"]:
            left = sum(Decimal(row[t]) for t in balance.terms)
            assert left - sum(Decimal(row[m]) for m in balance.minus) == Decimal(row["val_carga"])
    checked = 0
    for hour in by_time.values():
        for measure in total.measures:
            if hour["SIN"][measure]:
                parts = sum(Decimal(hour[p][measure]) for p in total.parts)
                assert Decimal(hour["SIN"][measure]) == parts
                checked += 1
    assert checked == (30 * 24 - 1) * len(total.measures)


def test_solar_is_zero_at_night_and_not_at_noon(folder):
    rows = [r for r in rows_of(folder, BALANCE) if r["id_subsistema"] == "NE"]

    assert {r["val_gersolar"] for r in rows if r["din_instante"].endswith("03:00:00")} <= {
        "0E-8",
        "",
    }
    assert all(
        Decimal(r["val_gersolar"]) > 100 for r in rows if r["din_instante"].endswith("12:00:00")
    )


def test_the_hour_that_spring_leaves_out_is_there_and_empty_in_2018(folder):
    rows = [r for r in rows_of(folder, CURVE) if r["din_instante"] == "2018-11-04 00:00:00"]

    assert [r["id_subsistema"] for r in rows] == ["N", "NE", "S", "SE"]
    assert {r["val_cargaenergiahomwmed"] for r in rows} == {""}


def test_the_hour_that_spring_leaves_out_is_absent_in_2012(tmp_path):
    period = (date(2012, 10, 21), date(2012, 10, 21))

    write_samples(tmp_path, ["curva-carga"], period=period)

    rows = rows_of(tmp_path, CURVE)
    assert rows[0]["din_instante"] == "2012-10-21 01:00:00"
    assert len(rows) == 23 * 4


def test_a_period_over_two_months_is_cut_into_files_as_ons_cuts_it(tmp_path):
    period = (date(2022, 12, 30), date(2023, 1, 2))

    paths = write_samples(tmp_path, ["geracao_usina_2", "carga-energia"], period=period)

    assert [p.name for p in paths] == [
        "GERACAO_USINA-2_2022_12.csv",
        "GERACAO_USINA-2_2023_01.csv",
        "CARGA_ENERGIA_2022.csv",
        "CARGA_ENERGIA_2023.csv",
    ]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(folder, tmp_path):
    again = {p.name: p.read_bytes() for p in write_samples(tmp_path / "again")}
    other = {p.name: p.read_bytes() for p in write_samples(tmp_path / "other", seed=2)}

    assert again == {p.name: p.read_bytes() for p in folder.iterdir()}
    assert all(other[name] != text for name, text in again.items())


def test_samples_of_an_unknown_dataset_are_refused(tmp_path):
    with pytest.raises(NoSuchDataset):
        write_samples(tmp_path, ["carga-anual"])


def test_a_large_file_has_the_asked_size_unique_keys_and_the_same_bytes_each_time(tmp_path):
    contract = contract_for("geracao-usina-2")
    sizes = [write_large(tmp_path / n, contract, 3_000_000, seed=3) for n in ("a.csv", "b.csv")]

    text = (tmp_path / "a.csv").read_bytes()
    assert text == (tmp_path / "b.csv").read_bytes()
    assert abs(len(text) - 3_000_000) < 60_000
    lines = list(csv.DictReader(text.decode().splitlines(), delimiter=";"))
    assert len(lines) == sizes[0] == sizes[1]
    assert list(lines[0]) == [c.name for c in contract.columns]
    assert len({tuple(r[k] for k in contract.grain.key) for r in lines}) == len(lines)
    assert lines[0]["din_instante"] == "2022-01-01 00:00:00"
    assert lines[600]["din_instante"] == "2022-01-01 01:00:00"
    assert any(not r["nom_usina"].isascii() for r in lines)


def test_a_large_file_of_a_register_cannot_be(tmp_path):
    with pytest.raises(ValueError, match="no fixed step"):
        write_large(tmp_path / "x.csv", contract_for("reservatorio"), 1000)
