"""Headers and names are laid beside contracts, and nothing of a file makes that crash."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.datasets.matching import match_header, match_name, plain_name, stem_of
from tasks.datasets.registry import all_contracts, contract_for

CURVE = contract_for("curva-carga")
HEADER = ["id_subsistema", "nom_subsistema", "din_instante", "val_cargaenergiahomwmed"]


def test_a_header_in_another_order_and_case_fits_perfectly():
    match = match_header(CURVE, ["DIN_INSTANTE", *HEADER[:2], HEADER[3]])

    assert match.columns == ("din_instante", *HEADER[:2], HEADER[3])
    assert (match.score, match.fits, match.variants) == (1.0, True, ())


def test_a_known_typo_stands_for_its_column_and_is_told():
    match = match_header(contract_for("balanco-energia-subsistema"), ["id_subsistena"])

    assert match.columns == ("id_subsistema",)
    assert match.variants == (("id_subsistena", "id_subsistema"),)


def test_byte_order_mark_quotes_and_spaces_around_a_name_do_not_count():
    assert match_header(CURVE, ['\ufeff"id_subsistema" ', *HEADER[1:]]).fits


def test_missing_unknown_and_doubled_names_are_told_apart():
    match = match_header(CURVE, ["id_subsistema", "din_instante", "din_instante", "extra"])

    assert match.columns == ("id_subsistema", "din_instante", None, None)
    assert match.missing == ("nom_subsistema", "val_cargaenergiahomwmed")
    assert match.unknown == ("extra",)
    assert match.duplicates == ("din_instante",)
    assert not match.fits
    assert match.score == pytest.approx(3 / 4 * 2 / 4)


def test_a_column_that_older_files_lack_is_not_missing():
    contract = contract_for("geracao-usina-2")
    header = [c.name for c in contract.columns if c.name not in ("id_ons", "ceg")]

    assert match_header(contract, header).fits


def test_daily_and_monthly_load_share_a_header():
    daily, monthly = contract_for("carga-energia"), contract_for("carga-mensal")
    header = [c.name for c in daily.columns]

    assert match_header(daily, header).score == match_header(monthly, header).score == 1.0


@pytest.mark.parametrize(
    ("origin", "score", "year", "month"),
    [
        ("CURVA_CARGA_2023.csv", 0.9, 2023, None),
        ("dataset/curva-carga-ho/CURVA_CARGA_2023.parquet", 1.0, 2023, None),
        ("s3/curva_carga/curva-carga_2023 (1).CSV", 1.0, 2023, None),
        ("curva-carga-ho/dados.csv", 0.5, None, None),
        ("CURVA_CARGA_2023_v2.csv", 0.0, None, None),
        ("CARGA_ENERGIA_2023.csv", 0.0, None, None),
    ],
)
def test_a_name_fits_by_stem_and_folder(origin, score, year, month):
    match = match_name(CURVE, origin)

    assert (match.score, match.year, match.month) == (score, year, month)
    assert match.reason


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("GERACAO_USINA-2_2022_01.csv", "geracao-usina-2"),
        ("GERACAO_USINA-2_2019.csv", "geracao-usina-2"),
        ("RESERVATORIOS.csv", "reservatorio"),
        ("Capacidade_Geracao.csv", "capacidade-geracao"),
        ("CARGA_MENSAL.csv", "carga-mensal"),
        ("CMO_SEMIHORARIO_2020.csv", "cmo-semi-horario"),
    ],
)
def test_a_name_of_ons_fits_exactly_one_dataset(name, slug):
    assert [c.slug for c in all_contracts() if match_name(c, name).score] == [slug]


def test_the_month_in_a_name_is_read():
    match = match_name(contract_for("geracao-usina-2"), "GERACAO_USINA-2_2022_01.csv")

    assert (match.year, match.month) == (2022, 1)


@pytest.mark.parametrize(
    ("origin", "stem"),
    [
        ("a/b/X.csv", "X"),
        ("X (1).xlsx", "X"),
        ("x - Cópia (2).csv", "x"),
        ("C:\\dados\\X.CSV", "X"),
        ("GERACAO_USINA-2_2022_01", "GERACAO_USINA-2_2022_01"),
        (unicodedata.normalize("NFD", "Vazões.xlsx"), "Vazões"),
    ],
)
def test_a_stem_is_the_name_without_suffix_and_copy_mark(origin, stem):
    assert stem_of(origin) == stem


@given(st.lists(st.text(max_size=30), max_size=40))
def test_no_header_makes_matching_crash_and_every_place_is_accounted_for(header):
    for contract in all_contracts():
        match = match_header(contract, header)
        known = [c for c in match.columns if c is not None]

        assert len(match.columns) == len(header)
        assert 0 <= match.score <= 1
        assert len(known) == len(set(known))
        assert len(match.unknown) <= len(header) - len(known)


@given(st.text())
def test_no_name_makes_matching_crash(text):
    for contract in all_contracts():
        assert 0 <= match_name(contract, text).score <= 1


@given(st.text(alphabet=" \t\"'\ufeff", max_size=6), st.text(alphabet=" \t\"'", max_size=6))
def test_whatever_stands_around_a_name_does_not_count(before, after):
    assert plain_name(f"{before}Val_Carga{after}") == "val_carga"


@given(st.permutations(HEADER))
def test_the_order_of_a_header_never_matters(header):
    assert match_header(CURVE, header).score == 1.0
