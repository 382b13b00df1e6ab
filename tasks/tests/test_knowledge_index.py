"""What the port promises, held against the embedded index; another adapter joins by a fixture."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.adapters.embedded.knowledge import TantivyIndex
from tasks.adapters.embedded.words import folded, portuguese
from tasks.errors import TryAgain
from tasks.ports.knowledge import Document


def a_document(id, title="", body="", release=""):
    kind = "release" if release else "dataset"
    return Document(id, kind, "curva-carga", "CURVA_CARGA_2023", release, title, body)


@pytest.fixture
def index(tmp_path):
    return TantivyIndex(tmp_path / "index", patience_s=0)


def found(index, text, releases=(), **options):
    return [hit.document.id for hit in index.search(text, releases=releases, **options)]


def test_an_index_that_was_never_written_has_nothing(index):
    assert (found(index, "carga"), index.ids()) == ([], frozenset())


def test_a_document_is_found_as_it_was_written(index):
    document = a_document("a", "Curva de carga", "Carga horária por subsistema.", release="r1")

    index.write([document])

    assert [hit.document for hit in index.search("carga", releases=["r1"])] == [document]


def test_writing_the_same_id_again_replaces_the_document(index):
    index.write([a_document("a", "velho")])
    index.write([a_document("a", "novo"), a_document("a", "novo mesmo")])

    assert (found(index, "velho"), found(index, "novo")) == ([], ["a"])
    assert index.ids() == {"a"}


def test_only_contracts_and_the_releases_named_are_found(index):
    index.write([a_document("d", "carga"), *(a_document(r, "carga", release=r) for r in "xyz")])

    assert sorted(found(index, "carga", releases=["x", "z"])) == ["d", "x", "z"]


def test_forgetting_a_release_removes_its_documents_and_no_others(index):
    index.write(
        [a_document("d", "carga"), a_document("x", release="x"), a_document("y", release="y")]
    )

    index.write([a_document("z", release="z")], forget=["x"])

    assert index.ids() == {"d", "y", "z"}


def test_a_release_forgotten_and_written_in_one_call_is_there(index):
    index.write([a_document("x", "velho", release="x")])

    index.write([a_document("x", "novo", release="x")], forget=["x"])

    assert found(index, "novo", releases=["x"]) == ["x"]


def test_documents_are_removed_by_their_ids(index):
    index.write([a_document(id) for id in "abc"])

    index.write([a_document("b")], remove=["a", "b", "z"])

    assert index.ids() == {"b", "c"}


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("geração", "geracao"),
        ("geração", "GERAÇÕES"),
        ("gerações", "geracoes"),
        ("mensal", "mensais"),
        ("níveis", "nivel"),
        ("carga horária", "horário"),
        ("reservatórios", "reservatorio"),
        ("stored energy", "energies"),
        ("hourly loads", "load"),
        ("val_cargaenergiamwmed", "cargaenergiamwmed"),
        ("CURVA_CARGA_2023", "2023"),
    ],
)
def test_words_are_found_in_other_forms(index, written, asked):
    index.write([a_document("a", written), a_document("b", "xisto")])

    assert found(index, asked) == ["a"]


def test_a_word_in_the_title_weighs_more_than_one_in_the_body(index):
    index.write([a_document("b", "outro", "vazão"), a_document("t", "vazão", "outro")])

    assert found(index, "vazão") == ["t", "b"]


def test_the_little_words_of_a_question_find_nothing_by_themselves(index):
    index.write([a_document("a", "de da do", "qual foi"), a_document("b", "carga")])

    assert found(index, "Qual foi a carga de?") == ["b"]


def test_no_more_documents_than_asked_for_come_back(index):
    index.write([a_document(str(n), "carga") for n in range(5)])

    assert len(found(index, "carga", limit=3)) == 3
    assert found(index, "carga", limit=0) == []


def test_a_query_language_is_no_way_around_the_releases_named(index):
    index.write([a_document("a", "segredo", release="x"), a_document("d", "carga")])

    assert found(index, 'carga OR release:x OR "segredo"^9 OR *:* [a TO z]') == ["d"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(text=st.text(max_size=80) | st.text(alphabet="aAND OR:\"()[]*~^+-\\/{}<>IN'!?", max_size=40))
def test_any_text_is_a_question(tmp_path, text):
    index = TantivyIndex(tmp_path / "index")
    if not index.ids():
        index.write([a_document("a", "carga and or in", "x")])

    assert set(found(index, text)) <= {"a"}


def test_no_letter_hides_an_operator_of_the_query_language(index):
    index.write([a_document("a", "carga")])

    assert found(index, "carga 𝓐𝓝𝓓 ＮＯＴ ＩＮ") == ["a"]


@given(st.text(max_size=40))
def test_folding_again_changes_nothing(text):
    assert folded(folded(text)) == folded(text)
    assert folded(portuguese(text)) == portuguese(text)


def test_writing_while_another_holds_the_index_is_to_be_tried_again(index, tmp_path):
    other = TantivyIndex(tmp_path / "index", patience_s=0)

    with other.alone(), pytest.raises(TryAgain, match="another process is writing"):
        index.write([a_document("a")])

    index.write([a_document("a")])
    assert index.ids() == {"a"}


def test_the_index_can_be_searched_while_another_writes(index, tmp_path):
    index.write([a_document("a", "carga")])

    with TantivyIndex(tmp_path / "index").alone():
        assert found(index, "carga") == ["a"]


def test_writing_belongs_to_the_one_who_is_alone(index):
    with index.alone(), index.alone():
        index.write([a_document("a")])

    assert index.ids() == {"a"}


def test_an_index_of_another_format_is_replaced(index, tmp_path):
    (tmp_path / "index/format-0").mkdir(parents=True)

    index.write([a_document("a")])

    assert not (tmp_path / "index/format-0").exists()


def test_a_broken_index_has_nothing_and_the_next_writer_makes_it_anew(index, tmp_path):
    index.write([a_document("a", "carga")])
    next((tmp_path / "index").glob("format-*/meta.json")).write_text("{")

    assert (index.ids(), found(index, "carga")) == (frozenset(), [])
    index.write([a_document("b", "carga")])
    assert found(index, "carga") == ["b"]


WRITER = """
import sys
from pathlib import Path
from tasks.adapters.embedded.knowledge import TantivyIndex
from tasks.ports.knowledge import Document
index = TantivyIndex(Path(sys.argv[1]))
for n in range(5):
    index.write([Document(sys.argv[2] + str(n), "dataset", "d", "", "", "carga", "")])
"""


def test_several_processes_lose_nothing_of_each_others_writes(tmp_path):
    folder = tmp_path / "index"
    command = [sys.executable, "-c", WRITER, str(folder)]

    writers = [subprocess.Popen([*command, prefix]) for prefix in "abc"]

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert TantivyIndex(folder).ids() == {f"{p}{n}" for p in "abc" for n in range(5)}
