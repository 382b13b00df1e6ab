from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.classify.decide import decide
from tasks.classify.grain import parse_time, seen
from tasks.classify.spec import ClassifyFile
from tasks.classify.task import classify, source_of
from tasks.datasets.registry import all_contracts, contract_for
from tasks.errors import (
    AmbiguousDataset,
    FileRejected,
    UnknownDataset,
    UnreadableFile,
    WrongContent,
    WrongHeader,
)
from tasks.processing import release_id
from tasks.settings import Settings
from tasks.tabular.sniff import sniff

ONS = Path(__file__).parents[3] / "shared/data/ons"

LOAD = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiamwmed"
CURVE = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def a_file(header=LOAD, step=DAY, rows=10, start="2022-01-01"):
    first = datetime.fromisoformat(start)
    times = [first + n * step for n in range(rows)]
    return "\n".join([header, *(f"N;NORTE;{t};1.0" for t in times)]) + "\n"


def monthly(year=2022):
    ends = [datetime.fromisoformat(f"{year}-{m:02}-01") - DAY for m in range(2, 13)]
    return "\n".join([LOAD, *(f"{s};X;{t};1.0" for t in ends for s in ("N", "S"))]) + "\n"


def decided(text, origin, dataset=None):
    content = text.encode()
    name = origin.rsplit("/", 1)[-1]
    head = sniff(BytesIO(content), name, len(content))
    return decide(all_contracts(), head, name=name, origin=origin, dataset=dataset)


def refusal(text, origin, dataset=None):
    with pytest.raises(FileRejected) as caught:
        decided(text, origin, dataset)
    return type(caught.value), str(caught.value)


def test_a_file_under_its_own_name_is_what_its_name_says_and_the_reason_tells_all():
    verdict = decided(a_file(), "carga_energia_di/CARGA_ENERGIA_2022.csv")

    assert (verdict.contract.slug, verdict.confidence) == ("carga-energia", 0.99)
    assert verdict.reason == (
        "it is named as CARGA_ENERGIA_{YYYY}.csv in the folder of carga-energia; "
        "its columns are those of carga-energia, and its rows are a day apart"
    )


def test_monthly_rows_under_the_monthly_name_are_carga_mensal():
    assert decided(monthly(), "CARGA_MENSAL.csv").contract.slug == "carga-mensal"


def test_a_header_that_only_one_contract_has_is_enough_without_a_name():
    verdict = decided(a_file(CURVE, HOUR), "dados.csv")

    assert (verdict.contract.slug, verdict.confidence) == ("curva-carga", 0.7)


@pytest.mark.parametrize("text", [a_file(), monthly(), a_file(rows=1)])
def test_a_header_that_two_contracts_share_is_not_enough_whatever_the_rows_show(text):
    assert refusal(text, "dados.csv") == (
        AmbiguousDataset,
        "dados.csv: could be carga-energia or carga-mensal; say which with `--dataset SLUG`",
    )


@pytest.mark.parametrize("folder", ["carga_energia_me", "carga-mensal", "Carga_Mensal"])
def test_the_folder_decides_between_contracts_with_the_same_header(folder):
    verdict = decided(monthly(), f"/data/{folder}/dados.csv")

    assert (verdict.contract.slug, verdict.confidence) == ("carga-mensal", 0.85)


def test_rows_that_speak_against_the_folder_refuse_the_file():
    assert refusal(a_file(), "carga_energia_me/dados.csv") == (
        UnknownDataset,
        (
            "dados.csv: no known dataset fits (its columns are those of carga-mensal, but its rows "
            "are a day apart instead of a month); "
            "`ons datasets` lists them, `--dataset SLUG` names one"
        ),
    )


def test_a_folder_with_another_datasets_file_is_overruled_by_the_header():
    assert decided(a_file(CURVE, HOUR), "carga_energia_di/x.csv").contract.slug == "curva-carga"


def test_the_name_counts_more_than_the_folder():
    verdict = decided(monthly(), "carga_energia_di/CARGA_MENSAL.csv")

    assert verdict.contract.slug == "carga-mensal"


def test_a_name_over_another_datasets_columns_is_a_lie():
    assert refusal(a_file(CURVE, HOUR), "CARGA_ENERGIA_2022.csv") == (
        WrongContent,
        (
            "CARGA_ENERGIA_2022.csv: it is named as carga-energia, but its columns are those of "
            "curva-carga"
        ),
    )


def test_a_name_over_rows_of_another_step_is_a_lie_and_says_whose_they_are():
    assert refusal(monthly(2021), "CARGA_ENERGIA_2021.csv") == (
        WrongContent,
        (
            "CARGA_ENERGIA_2021.csv: it is named as carga-energia, but its rows are a month apart "
            "instead of a day, as those of carga-mensal"
        ),
    )


def test_a_name_of_another_year_does_not_decide_whose_the_file_is():
    assert decided(a_file(), "CARGA_ENERGIA_2021.csv").contract.slug == "carga-energia"


def test_a_named_file_that_lacks_a_column_is_told_which():
    text = a_file(LOAD.replace(";nom_subsistema", ";nome"))

    assert refusal(text, "CARGA_ENERGIA_2022.csv") == (
        WrongHeader,
        "CARGA_ENERGIA_2022.csv: carga-energia needs the columns nom_subsistema",
    )


def test_a_name_over_columns_that_nobody_knows_is_a_lie():
    assert refusal("a;b\n1;2\n", "CARGA_ENERGIA_2022.csv") == (
        WrongContent,
        "CARGA_ENERGIA_2022.csv: it is named as carga-energia, but its columns are a, b",
    )


def test_a_column_that_is_there_twice_refuses_the_file():
    kind, message = refusal(a_file(LOAD + ";din_instante"), "CARGA_ENERGIA_2022.csv")

    assert (kind, message.endswith("more than one column din_instante")) == (WrongContent, True)


def test_columns_that_no_contract_has_are_unknown():
    assert refusal("a;b;c;d;e;f\n1;2;3;4;5;6\n", "foo.csv") == (
        UnknownDataset,
        (
            "foo.csv: no known dataset fits (its columns are a, b, c, d, e and others); "
            "`ons datasets` lists them, `--dataset SLUG` names one"
        ),
    )


def test_columns_that_are_nearly_a_contracts_say_what_is_lacking():
    kind, message = refusal(a_file(CURVE.replace("din_instante", "instante"), HOUR), "foo.csv")

    assert kind is UnknownDataset
    assert "nearly those of curva-carga, but din_instante is not among them" in message


def test_an_unknown_column_is_borne_under_the_name_or_folder_and_not_without():
    text = a_file(CURVE, HOUR).replace(CURVE, CURVE + ";novo").replace(";1.0", ";1.0;x")

    assert decided(text, "CURVA_CARGA_2022.csv").confidence == 0.76
    assert decided(text, "curva-carga-ho/x.csv").contract.slug == "curva-carga"
    kind, message = refusal(text, "x.csv")
    assert kind is UnknownDataset
    assert "its columns are those of curva-carga and others besides: novo" in message


def test_a_person_decides_a_tie():
    verdict = decided(a_file(), "dados.csv", dataset="carga_energia")

    assert (verdict.contract.slug, verdict.confidence) == ("carga-energia", 1.0)
    assert verdict.reason.startswith("`--dataset` names carga-energia; ")


def test_a_person_outweighs_the_name():
    assert decided(a_file(), "CARGA_MENSAL.csv", "carga-energia").contract.slug == "carga-energia"


def test_a_person_may_call_a_filtered_file_by_its_dataset():
    assert decided(monthly(), "dados.csv", "carga-energia").contract.slug == "carga-energia"


def test_a_person_cannot_make_daily_rows_monthly():
    assert refusal(a_file(), "dados.csv", "carga-mensal") == (
        WrongContent,
        (
            "dados.csv: it is named as carga-mensal by `--dataset`, but its rows are a day apart "
            "instead of a month"
        ),
    )


def test_a_person_cannot_make_columns_fit():
    assert refusal(a_file(), "dados.csv", "curva-carga")[0] is WrongHeader


def test_a_dataset_that_does_not_exist_rejects_the_file():
    assert refusal(a_file(), "dados.csv", "carga-lunar") == (
        UnknownDataset,
        (
            "dados.csv: no known dataset fits (there is no dataset 'carga-lunar'); "
            "`ons datasets` lists them, `--dataset SLUG` names one"
        ),
    )


def test_too_few_rows_to_show_a_step_take_nothing_but_some_confidence():
    verdict = decided(a_file(rows=2), "CARGA_ENERGIA_2022.csv")

    assert (verdict.contract.slug, verdict.confidence) == ("carga-energia", 0.9)


def test_a_file_with_holes_still_shows_its_step():
    text = a_file(CURVE, HOUR, rows=48) + a_file(CURVE, HOUR, rows=9, start="2022-03-01")

    verdict = decided(text, "CURVA_CARGA_2022.csv")

    assert verdict.reason.endswith("an hour apart")


def test_a_register_has_no_step():
    contract = contract_for("capacidade-geracao")
    text = ";".join(contract.by_name) + "\n" + ";".join("x" for _ in contract.by_name) + "\n"
    content = text.encode()

    assert seen(contract, sniff(BytesIO(content), "x", len(content))).step is None
    assert decided(text, "CAPACIDADE_GERACAO.csv").confidence == 0.95


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2022-01-31", "2022-01-31T00:00:00"),
        (" 2022-01-31 13:30:00.000 ", "2022-01-31T13:30:00"),
        ("2022-01-31T13:30", "2022-01-31T13:30:00"),
        ("31/01/2022 13:30", "2022-01-31T13:30:00"),
        ("31-01-00 00:00:00", "2000-01-31T00:00:00"),
        ("31-12-99", "1999-12-31T00:00:00"),
        ("2022-02-30", None),
        ("", None),
        ("12.5", None),
    ],
)
def test_times_are_read_as_ons_and_spreadsheets_write_them(text, time):
    read = parse_time(text)

    assert (read and read.isoformat()) == time


@given(st.text(max_size=25) | st.text(alphabet="0123456789-/: T.٣", max_size=25))
def test_no_cell_is_too_strange_to_be_no_time(text):
    assert parse_time(text) is None or isinstance(parse_time(text), datetime)


@given(
    content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode),
    named=st.sampled_from([LOAD, CURVE, ""]),
    origin=st.sampled_from(["x.csv", "CARGA_ENERGIA_2022.csv", "carga_energia_me/x", "", "/"]),
    dataset=st.sampled_from([None, "carga-energia", "?"]),
)
def test_any_bytes_are_classified_or_rejected(content, named, origin, dataset):
    content = f"{named}\n".encode() + content
    try:
        head = sniff(BytesIO(content), "x", len(content))
        verdict = decide(all_contracts(), head, name="x", origin=origin, dataset=dataset)
    except FileRejected:
        return
    assert 0 < verdict.confidence <= 1


def an_event(key="raw/x", origin="in/CURVA_CARGA_2022.csv", **changes):
    facts = {
        "key": key,
        "origin": origin,
        "name": origin.rsplit("/", 1)[-1],
        "dataset": None,
        "source": None,
        "published_at": "2022-02-01T15:00:00Z",
        "sha256": "ab" * 32,
        "size": 1000,
    }
    return ClassifyFile(**{**facts, **changes})


@pytest.mark.parametrize(
    "origin",
    [
        "CURVA_CARGA_2022.csv",
        "a/curva_carga_2022.XLSX",
        "a/CURVA_CARGA_2022 (1).csv",
    ],
)
def test_copies_and_formats_of_one_file_are_one_source(origin):
    assert source_of(origin, None) == "CURVA_CARGA_2022"


def test_a_source_is_what_a_person_says_and_composed():
    assert source_of("x.csv", " Vazo\u0303es ") == "Vazões"
    assert source_of("Vazo\u0303es_Mensais.csv", None) == "VAZÕES_MENSAIS"


@pytest.fixture
def platform(tmp_path):
    return {
        "objects": DirectoryObjects(tmp_path / "objects", tmp_path / "tmp"),
        "ledger": SqliteLedger(tmp_path / "ledger.sqlite"),
        "settings": Settings(home=tmp_path, large_file_bytes=5000),
    }


def test_a_new_file_gets_the_id_of_its_release_to_be(platform):
    platform["objects"].put("raw/x", a_file(CURVE, HOUR).encode())

    known = classify(an_event(), **platform)

    assert (known.dataset, known.source) == ("curva-carga", "CURVA_CARGA_2022")
    assert (known.standing, known.known_release) == ("new", None)
    assert (known.route, known.has_series) == ("tabular", True)
    assert known.release == release_id(
        contract_for("curva-carga"),
        source="CURVA_CARGA_2022",
        published_at="2022-02-01T15:00:00Z",
        sha256="ab" * 32,
    )


def test_a_large_file_goes_to_batch_and_a_register_has_no_series(platform):
    columns = contract_for("reservatorio").by_name
    text = ";".join(columns) + "\n" + ";".join("x" for _ in columns) + "\n"
    platform["objects"].put("raw/x", text.encode())

    known = classify(an_event(origin="RESERVATORIOS.csv", size=5001), **platform)

    assert (known.dataset, known.route, known.has_series) == (
        "reservatorio",
        "large_tabular",
        False,
    )


def test_what_is_no_text_is_refused_by_what_it_is(platform):
    platform["objects"].put("raw/x", b"%PDF-1.7")

    with pytest.raises(UnreadableFile, match="a PDF document"):
        classify(an_event(size=8), **platform)


def test_each_fact_of_a_publication_changes_the_release_id():
    facts = {"source": "A", "published_at": "2022-01-01T00:00:00Z", "sha256": "0" * 64}
    contract = contract_for("curva-carga")
    ids = {
        release_id(contract, **facts),
        release_id(contract, **facts | {"source": "B"}),
        release_id(contract, **facts | {"published_at": "2022-01-02T00:00:00Z"}),
        release_id(contract, **facts | {"sha256": "1" * 64}),
        release_id(contract_for("carga-energia"), **facts),
    }

    assert (len(ids), {len(i) for i in ids}) == (5, {20})


@pytest.mark.skipif(not ONS.is_dir(), reason="the real files are not beside this checkout")
@pytest.mark.parametrize(
    ("pattern", "slug"),
    [
        ("portal/CARGA_ENERGIA_*.csv", "carga-energia"),
        ("as_of/*/CARGA_ENERGIA_*.csv", "carga-energia"),
        ("portal/CURVA_CARGA_*.csv", "curva-carga"),
        ("as_of/*/CURVA_CARGA_*.csv", "curva-carga"),
        ("as_of/*/BALANCO_*.csv", "balanco-energia-subsistema"),
        ("portal/CMO_SEMANAL_*.csv", "cmo-semanal"),
        ("portal/CMO_SEMIHORARIO_*.csv", "cmo-semi-horario"),
        ("portal/EAR_*.csv", "ear-diario-por-subsistema"),
        ("portal/CAPACIDADE_*.csv", "capacidade-geracao"),
        ("portal/RESERVATORIOS.csv", "reservatorio"),
        ("resaved/CARGA_MENSAL.csv", "carga-mensal"),
    ],
)
def test_every_real_file_is_known_by_name_and_by_header_alone(pattern, slug):
    for path in ONS.glob(pattern):
        text = path.read_text()
        assert decided(text, path.name).contract.slug == slug
        if slug in ("carga-energia", "carga-mensal"):
            assert refusal(text, "dados.csv")[0] is AmbiguousDataset
        else:
            assert decided(text, "dados.csv").contract.slug == slug
