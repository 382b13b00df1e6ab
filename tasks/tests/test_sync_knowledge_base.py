from dataclasses import replace

import duckdb
import pytest

from tasks.adapters.embedded.knowledge import TantivyIndex
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.datasets.checks import DAYLIGHT_SAVING
from tasks.datasets.registry import all_contracts, contract_for
from tasks.errors import TryAgain
from tasks.ports.knowledge import Document
from tasks.ports.ledger import Arrival, NewRelease, ReleaseFile
from tasks.reports import Finding, FirstCase, Part, ReleaseDocument, dump
from tasks.sync_knowledge_base.documents import dataset_document, release_document
from tasks.sync_knowledge_base.figures import monthly_figures
from tasks.sync_knowledge_base.reconcile import Drift, drift, reconcile
from tasks.sync_knowledge_base.spec import KnowledgeSynced, SyncKnowledge
from tasks.sync_knowledge_base.task import sync_knowledge_base

MEASURE = "val_cargaenergiahomwmed"
DATASETS = {f"dataset:{c.slug}" for c in all_contracts()}


@pytest.fixture
def objects(tmp_path):
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


@pytest.fixture
def ledger(tmp_path):
    return SqliteLedger(tmp_path / "ledger.sqlite")


@pytest.fixture
def knowledge(tmp_path):
    return TantivyIndex(tmp_path / "index", patience_s=0)


@pytest.fixture
def platform(objects, ledger, knowledge):
    return {"objects": objects, "ledger": ledger, "knowledge": knowledge}


def a_document(release="r1", source="CURVA_CARGA_2023", **changes):
    document = ReleaseDocument(
        release=release,
        dataset="curva-carga",
        source=source,
        published_at="2023-03-01T15:00:00Z",
        sha256="0" * 64,
        raw_key="raw/x",
        source_file=f"{source}.csv",
        contract_version="1.0.0",
        contract_fingerprint="f",
        processing="1:f",
        rows_read=5,
        rows_published=4,
        rows_quarantined=1,
        first_time="2023-01-31T23:00:00",
        last_time="2023-02-01T00:00:00",
        header=(),
        columns=(),
        delimiter=";",
        encoding="utf-8",
        decimal=".",
        parts=(),
        quarantine=None,
        findings=(Finding("gap", "note", 2, "two hours are absent", FirstCase(line=4)),),
    )
    return replace(document, **changes)


@pytest.fixture
def parts(objects):
    """Five rows in two parts: hours in January and February, of N and S."""

    def write(release="r1"):
        rows = [("N", "2023-01-31 23:00", 1.0, []), ("S", "2023-01-31 23:00", None, [])]
        more = [
            ("N", "2023-02-01 00:00", 3.0, []),
            ("N", "2023-02-01 01:00", 4.5, ["odd"]),
            ("N", "2023-02-01 02:00", 0.0, [DAYLIGHT_SAVING]),
        ]
        keys = []
        for n, part in enumerate((rows, more)):
            with objects.scratch() as folder, duckdb.connect() as connection:
                connection.execute(
                    "CREATE TABLE t (id_subsistema VARCHAR, din_instante TIMESTAMP, "
                    f"{MEASURE} DOUBLE, _flags VARCHAR[])"
                )
                connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", part)
                connection.execute(f"COPY t TO '{folder / 'part'}' (FORMAT parquet)")
                keys.append(f"releases/{release}/part-{n:04}.parquet")
                objects.put_file(keys[-1], folder / "part")
        return tuple(Part(key, 2, 1, 2, 3) for key in keys)

    return write


@pytest.fixture
def published(objects, ledger):
    """Publish a release of curva-carga, made of its document; later days are newer."""

    def publish(release, day=1, source="CURVA_CARGA_2023", write=True, **changes):
        at = f"2023-03-{day:02}T15:00:00Z"
        document = a_document(release, source, published_at=at, **changes)
        key = f"releases/{release}/release.json"
        if write:
            objects.put(key, dump(document))
        sha = f"{day:064}"
        lease = ledger.claim(Arrival(release, "raw/x", "x", at, sha, 9, None, None), "e")
        new = NewRelease(
            release=release,
            dataset="curva-carga",
            source=source,
            published_at=at,
            sha256=sha,
            processing="1:f",
            raw_key="raw/x",
            source_file=f"{source}.csv",
            execution="e",
            rows_read=5,
            rows_published=4,
            rows_quarantined=1,
            findings=1,
            first_time=document.first_time,
            last_time=document.last_time,
            parts=tuple(ReleaseFile(p.key, p.rows, p.bytes) for p in document.parts),
            document=key,
        )
        ledger.publish(new, lease.claim, lease.fence)

    return publish


def synced(platform, release=None):
    return sync_knowledge_base(SyncKnowledge(release), **platform)


def releases_in(knowledge):
    return {id.removeprefix("release:") for id in knowledge.ids() if id.startswith("release:")}


def test_the_first_synchronisation_makes_every_dataset_searchable(platform, knowledge):
    assert synced(platform) == KnowledgeSynced("synced", len(DATASETS))

    assert set(knowledge.ids()) == DATASETS
    best = knowledge.search("carga horária por subsistema", releases=())[0]
    assert best.document.dataset == "curva-carga"


def test_a_published_release_is_found_by_what_it_holds(platform, published, parts, knowledge):
    published("r1", parts=parts())

    assert synced(platform, "r1").knowledge == "synced"

    best = knowledge.search("CURVA_CARGA_2023 média fevereiro", releases=["r1"])[0].document
    assert (best.release, best.source) == ("r1", "CURVA_CARGA_2023")


def test_a_superseded_release_is_forgotten_and_the_new_one_found(platform, published, knowledge):
    published("r1", day=1)
    synced(platform)
    published("r2", day=2)
    synced(platform)

    assert releases_in(knowledge) == {"r2"}


def test_both_at_once_leave_the_same(platform, published, knowledge):
    published("r1", day=1)
    published("r2", day=2)
    synced(platform)

    assert releases_in(knowledge) == {"r2"}


def test_a_rollback_before_synchronising_indexes_what_is_current_by_then(
    platform, published, ledger, knowledge
):
    published("r1", day=1)
    published("r2", day=2)
    ledger.roll_back("curva-carga", "CURVA_CARGA_2023", None, False, "e2")
    synced(platform)

    assert releases_in(knowledge) == {"r1"}


def test_synchronising_strikes_the_outbox_and_again_does_nothing(platform, published, ledger):
    published("r1")
    synced(platform)

    assert list(ledger.outbox()) == []
    assert ledger.release("r1").knowledge == "synced"
    assert synced(platform) == KnowledgeSynced("synced", 0)


def test_a_release_that_cannot_be_read_stays_pending_and_holds_no_other_back(
    platform, published, ledger, knowledge
):
    published("lost", source="A", write=False)
    published("r2", source="B")

    assert synced(platform, "r2").knowledge == "synced"
    assert synced(platform, "lost").knowledge == "pending"
    assert synced(platform).knowledge == "pending"
    assert releases_in(knowledge) == {"r2"}
    assert [entry.release for entry in ledger.outbox()] == ["lost"]


def test_while_another_process_drains_it_is_to_be_tried_again(
    platform, published, tmp_path, ledger
):
    published("r1")

    with TantivyIndex(tmp_path / "index").alone(), pytest.raises(TryAgain):
        synced(platform)

    assert len(ledger.outbox()) == 1


def test_many_pending_releases_are_drained_in_one_call(platform, published, knowledge):
    for n in range(60):
        published(f"r{n}", source=f"S{n}")

    assert synced(platform).knowledge == "synced"
    assert len(releases_in(knowledge)) == 60


def test_drift_names_what_is_missing_and_what_is_stray(published, ledger, knowledge):
    published("r1")
    knowledge.write(
        [Document("release:old", "release", "curva-carga", "X", "old", "t", "b")]
        + [dataset_document(c) for c in all_contracts()[1:]]
    )

    missing = (f"dataset:{all_contracts()[0].slug}", "release:r1")
    assert drift(ledger, knowledge) == Drift(missing, ("release:old",))


def test_reconciling_makes_the_index_equal_to_the_ledger(published, platform, ledger, knowledge):
    published("r1", source="A")
    published("lost", source="B", write=False)
    strays = ("release:old", "dataset:gone")
    knowledge.write([Document(s, "release", "x", "X", s, "t", "b") for s in strays])

    result = reconcile(**platform)

    assert (result.written, result.forgotten, result.unreadable) == (
        len(DATASETS) + 1,
        2,
        ("lost",),
    )
    assert drift(ledger, knowledge) == Drift(("release:lost",), ())


def test_an_index_that_was_lost_is_filled_again(platform, published, tmp_path, knowledge):
    published("r1")
    synced(platform)
    for file in (tmp_path / "index").rglob("meta.json"):
        file.write_text("")

    synced(platform)

    assert set(knowledge.ids()) == DATASETS | {"release:r1"}


def test_a_release_document_says_coverage_rows_findings_and_figures(objects, parts):
    contract = contract_for("curva-carga")
    released = a_document(parts=parts())

    document = release_document(contract, released, monthly_figures(contract, released, objects))

    assert document.title == (f"CURVA_CARGA_2023: {contract.title_pt}, 2023-01-31 a 2023-02-01")
    assert document.body.splitlines()[1:] == [
        (
            "Fonte (source): CURVA_CARGA_2023, do arquivo (from file) CURVA_CARGA_2023.csv, "
            "publicado em (published at) 2023-03-01T15:00:00Z; release r1."
        ),
        (
            "Cobertura (coverage): 2023-01-31T23:00:00 a (to) 2023-02-01T00:00:00, "
            "hora de Brasília (Brasília wall time)."
        ),
        "Linhas publicadas (rows published): 4; em quarentena (quarantined): 1.",
        "Achado (finding) gap, 2×: two hours are absent",
        f"Termos (terms): {', '.join(contract.terms)}.",
        (
            f"Média mensal (monthly average) de (of) {MEASURE} em (in) MWmed, N (NORTE): "
            "2023-01 1.00; 2023-02 3.75."
        ),
    ]


def test_figures_are_left_out_where_nobody_would_read_them(objects, parts):
    contract = contract_for("curva-carga")
    written = parts()

    assert monthly_figures(contract, a_document(), objects) == ()
    huge = a_document(parts=written, rows_published=2_000_000)
    assert monthly_figures(contract, huge, objects) == ()
    assert monthly_figures(contract_for("reservatorio"), a_document(parts=written), objects) == ()


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda c: c.slug)
def test_a_datasets_document_names_each_of_its_columns_and_terms(contract):
    document = dataset_document(contract)

    assert document.title == f"{contract.title_pt} ({contract.title_en})"
    assert [c.name for c in contract.columns if c.name not in document.body] == []
    assert [term for term in contract.terms if term not in document.body] == []


@pytest.mark.parametrize(
    ("question", "slug"),
    [
        ("energia armazenada nos reservatórios por subsistema", "ear-diario-por-subsistema"),
        ("stored energy", "ear-diario-por-subsistema"),
        ("custo marginal de operação semanal", "cmo-semanal"),
        ("CMO semi-horário", "cmo-semi-horario"),
        ("carga mensal", "carga-mensal"),
        ("hourly load curve", "curva-carga"),
        ("geração por usina", "geracao-usina-2"),
        ("capacidade instalada das usinas", "capacidade-geracao"),
        ("balanco de energia e intercambio", "balanco-energia-subsistema"),
    ],
)
def test_a_question_finds_the_dataset_that_answers_it(platform, knowledge, question, slug):
    synced(platform)

    found = [hit.document.dataset for hit in knowledge.search(question, releases=(), limit=2)]

    assert slug in found
