"""The contracts keep to the standard, to themselves, and to ONS's real files."""

import csv
import dataclasses
import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from tasks.datasets.checks import checks_of
from tasks.datasets.compile import compile_contracts
from tasks.datasets.fingerprint import fingerprint_of
from tasks.datasets.matching import match_header, match_name
from tasks.datasets.model import BalanceRule, Column, Kind, KnownValue, Measure
from tasks.datasets.odcs import HERE, ContractError, contract_files, read_contract
from tasks.datasets.registry import COMPILED, all_contracts, contract_for, load, nearest
from tasks.errors import NoSuchDataset

ROOT = Path(__file__).parents[2]
PORTAL = ROOT.parent / "shared" / "data" / "ons" / "portal"
OWNERS = {
    "BALANCO_ENERGIA_SUBSISTEMA": "balanco-energia-subsistema",
    "CAPACIDADE_GERACAO": "capacidade-geracao",
    "CARGA_ENERGIA": "carga-energia",
    "CARGA_MENSAL": "carga-mensal",
    "CMO_SEMANAL": "cmo-semanal",
    "CMO_SEMIHORARIO": "cmo-semi-horario",
    "CURVA_CARGA": "curva-carga",
    "EAR_DIARIO_SUBSISTEMA": "ear-diario-por-subsistema",
    "RESERVATORIOS": "reservatorio",
}


def real_files() -> list[Path]:
    return sorted(PORTAL.parent.glob("**/*.csv"))


@pytest.mark.parametrize("path", contract_files(), ids=lambda p: p.name)
def test_each_contract_is_open_data_contract_standard_3_1(path):
    schema = json.loads((HERE / "odcs-schema.json").read_text("utf-8"))

    document = yaml.safe_load(path.read_text("utf-8"))

    assert document["apiVersion"] == "v3.1.0"
    jsonschema.Draft201909Validator(schema).validate(document)


def test_the_compiled_contracts_are_what_the_yaml_says():
    assert (HERE / COMPILED).read_text("utf-8") == compile_contracts()


def test_all_contracts_come_sorted_by_slug_and_each_is_found_in_either_spelling():
    slugs = [c.slug for c in all_contracts()]

    assert slugs == sorted(slugs)
    assert len(slugs) == 10
    for slug in slugs:
        assert contract_for(slug) is contract_for(slug.replace("-", "_").upper())


def test_an_unknown_slug_names_the_nearest():
    with pytest.raises(NoSuchDataset) as caught:
        contract_for("curva-crga")

    assert caught.value.nearest[0] == "curva-carga"
    assert nearest("zzzzzz") == ()
    assert nearest("carga") == ("carga-energia", "carga-mensal", "curva-carga")


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda c: c.slug)
def test_each_contract_says_in_words_what_an_analyst_needs(contract):
    assert contract.title_pt != contract.title_en
    assert contract.limitations.endswith(".")
    for column in contract.columns:
        assert column.title
        assert column.description.endswith(".")
    for column in contract.columns:
        if column.kind is Kind.NUMBER:
            assert column.unit, column.name
    assert {m.column for m in contract.measures} <= {c.name for c in contract.columns if c.numeric}


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda c: c.slug)
def test_check_ids_are_unique_within_a_contract(contract):
    ids = [c.id for c in checks_of(contract)]

    assert len(ids) == len(set(ids))


def test_prices_and_stocks_are_never_added_over_time():
    never = {"price", "energy_stock", "ratio", "level"}
    measures = [m for c in all_contracts() for m in c.measures if m.quantity in never]

    assert len(measures) == 10
    assert all("sum" in m.forbidden and not m.additive_over_time for m in measures)


def test_only_the_balance_has_a_total_among_its_rows():
    with_total = {c.slug: c.by_name["id_subsistema"].total_values for c in all_contracts()}

    assert with_total.pop("balanco-energia-subsistema") == ("SIN",)
    assert set(with_total.values()) == {()}


@pytest.mark.parametrize("path", real_files(), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_header_and_name_of_a_real_file_fit_its_contract_and_its_key_is_unique(path):
    stem = path.stem.rstrip("0123456789").rstrip("_")
    contract = contract_for(OWNERS[stem])
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        header, rows = next(reader), [row for row in reader if row]

    match = match_header(contract, header)

    assert (match.missing, match.unknown, match.duplicates, match.score) == ((), (), (), 1.0)
    assert match_name(contract, path.name).score == 0.9
    places = [match.columns.index(k) for k in contract.grain.key]
    keys = [tuple(row[p] for p in places) for row in rows]
    assert len(keys) == len(set(keys))


ODD = {
    "2023-08-22/BALANCO_ENERGIA_SUBSISTEMA_2023": {"val_carga": 24},
    "portal/CMO_SEMIHORARIO_2020": {"val_cmo": 3},
    "portal/CURVA_CARGA_2018": {"val_cargaenergiahomwmed": 1},
    "portal/RESERVATORIOS": {"val_longitude": 1},
}


@pytest.mark.parametrize("path", real_files(), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_values_of_a_real_file_are_known_and_plausible_but_for_its_true_oddities(path):
    contract = contract_for(OWNERS[path.stem.rstrip("0123456789").rstrip("_")])
    odd: Counter[str] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=";")
        columns = [contract.by_name[c] for c in match_header(contract, next(reader)).columns]
        for row in reader:
            for column, text in zip(columns, row, strict=True):
                if not text:
                    assert column.nullable, column.name
                elif column.values:
                    assert text in {s for v in column.values for s in (v.value, *v.spellings)}
                elif column.numeric:
                    odd[column.name] += not is_plausible(column, text)

    assert +odd == ODD.get(f"{path.parent.name}/{path.stem}", {})


def is_plausible(column: Column, text: str) -> bool:
    number = float(text.replace(".", "").replace(",", ".") if "," in text else text)
    low = -math.inf if column.minimum is None else column.minimum
    return low <= number <= (math.inf if column.maximum is None else column.maximum)


def test_real_files_are_there_to_be_compared_with():
    if not PORTAL.is_dir():
        pytest.skip("ONS's real files are not beside this checkout")
    assert len(real_files()) == 16


def test_generation_less_interchange_is_load_in_the_real_balance():
    path = PORTAL.parent / "as_of" / "2023-08-22" / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv"
    if not path.is_file():
        pytest.skip("ONS's real files are not beside this checkout")
    (rule,) = contract_for("balanco-energia-subsistema").balances
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))

    whole = [r for r in rows if all(r[c] for c in rule.columns)]
    wrong = [
        sum(float(r[t]) for t in rule.terms)
        - sum(float(r[m]) for m in rule.minus)
        - float(r[rule.equals])
        for r in whole
    ]

    assert len(rows) - len(whole) == 24
    assert 0.01 < max(map(abs, wrong)) < rule.tolerance


def test_better_prose_keeps_the_fingerprint_and_another_range_changes_it():
    compiled = read_contract(HERE / "curva-carga.odcs.yaml")
    reworded = {**compiled, "description": "Other words.", "terms": ["x"], "files": {}}
    column = {**compiled["columns"][3], "maximum": 80000}
    narrower = {**compiled, "columns": [*compiled["columns"][:3], column]}

    assert fingerprint_of(reworded) == compiled["fingerprint"]
    assert fingerprint_of(narrower) != compiled["fingerprint"]


def test_what_is_compiled_reads_back_as_the_same_contracts():
    assert load(compile_contracts()) == all_contracts()


def wrong(path: Path, text: str, instead: str) -> Path:
    """A copy of a contract file with one thing wrong."""
    original = (HERE / "balanco-energia-subsistema.odcs.yaml").read_text("utf-8")
    assert text in original
    target = path / "balanco-energia-subsistema.odcs.yaml"
    target.write_text(original.replace(text, instead), "utf-8")
    return target


@pytest.mark.parametrize(
    ("text", "instead", "said"),
    [
        ("status: active", "condition: active", "at the top"),
        ("logicalType: timestamp", "logicalType: moment", "at schema/0/properties/2/logicalType"),
        ("equals: val_carga", "equals: val_cargo", "names no column: 'val_cargo'"),
        ("property: scale, value: 8", "property: scales, value: 8", "unknown properties scales"),
        ("id: range_val_carga", "id: span_val_carga", "no check is called 'span_val_carga'"),
        ("{property: unit, value: MWmed}", "{property: unit, value: ''}", "unit"),
        ("id: balanco-energia-subsistema\n", "id: balanco-energia\n", "its id is"),
        ("fileStems, value: ['", "fileStems, value: ['(", "does not compile"),
        ("value: [id_subsistena]", "value: [din_instante]", "two columns answer to"),
        ("step: PT1H", "step: P1M", "an anchor belongs to months"),
        ("engine: ons-data-platform", "engine: other", "only checks of the engine"),
    ],
)
def test_a_wrong_contract_is_refused_naming_the_file_and_the_reason(tmp_path, text, instead, said):
    with pytest.raises(ContractError) as caught:
        read_contract(wrong(tmp_path, text, instead))

    assert str(caught.value).startswith("balanco-energia-subsistema.odcs.yaml: ")
    assert said in str(caught.value)


CURVE = contract_for("curva-carga")
LOAD = CURVE.measures[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "Curva Carga"}, "is no slug"),
        ({"columns": ()}, "it has no columns"),
        ({"measures": (LOAD, LOAD)}, "is measured twice"),
        ({"measures": (dataclasses.replace(LOAD, unit="MW"),)}, "unit is not the column's"),
        (
            {"measures": (Measure("nom_subsistema", "count", "x", "last"),)},
            "only a number can be a measure",
        ),
        ({"measures": (dataclasses.replace(LOAD, forbidden=("avg",)),)}, "default aggregation"),
        (
            {"measures": (dataclasses.replace(LOAD, additive_over_time=True, forbidden=("sum",)),)},
            "a sum is forbidden",
        ),
        ({"grain": dataclasses.replace(CURVE.grain, key=())}, "it has no key"),
        ({"grain": dataclasses.replace(CURVE.grain, time=None)}, "it has a step, and no time"),
        ({"grain": dataclasses.replace(CURVE.grain, time="nom_subsistema")}, "neither a date"),
        ({"grain": dataclasses.replace(CURVE.grain, step=None)}, "completeness needs a step"),
        ({"bad_rows_share": 1.0}, "share of bad rows"),
        ({"files": dataclasses.replace(CURVE.files, stems=())}, "no file names"),
        ({"balances": (BalanceRule("Sum!", (), "din_instante", 0),)}, "is no rule id"),
        (
            {
                "columns": (
                    *CURVE.columns,
                    Column("x", Kind.NUMBER, "t", "d", minimum=2, maximum=1),
                )
            },
            "its minimum is above its maximum",
        ),
        (
            {
                "columns": (
                    *CURVE.columns,
                    Column("x", Kind.TEXT, "t", "d", values=(KnownValue("a", ("a",)),)),
                )
            },
            "'a' is listed twice",
        ),
        (
            {"columns": (*CURVE.columns, Column("x", Kind.TEXT, "t", "d", closed=True, scale=2))},
            "it is closed, with no known values; x: only a number has decimal places",
        ),
        (
            {
                "columns": (
                    *CURVE.columns,
                    Column("x", Kind.DATE, "t", "d", values=(KnownValue("a"),), minimum=1),
                )
            },
            "only text has known values; x: only numbers have a range",
        ),
        (
            {
                "columns": tuple(
                    dataclasses.replace(c, required=False, nullable=True) for c in CURVE.columns
                )
            },
            "a header may not lack a key column",
        ),
    ],
)
def test_a_contract_that_contradicts_itself_cannot_be_built(change, said):
    with pytest.raises(ValueError, match="is wrong") as caught:
        dataclasses.replace(CURVE, **change)

    assert said in str(caught.value)


def test_reading_the_contracts_needs_neither_yaml_nor_jsonschema():
    code = (
        "import sys; from tasks.datasets.registry import all_contracts; all_contracts();"
        "print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).split()

    assert {"yaml", "jsonschema", "duckdb"}.isdisjoint(loaded)
    assert "tasks.datasets.model" in loaded
