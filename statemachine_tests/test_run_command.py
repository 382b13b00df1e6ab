"""The `ons` command from files to answers, on sample files and a home of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from statemachine_tests.command import Ons
from tasks.datasets.large import write_large
from tasks.datasets.registry import contract_for
from tasks.datasets.samples import write_samples

FIELDS = [
    "file", "dataset", "source", "published_at", "status", "rows_read", "rows_published",
    "rows_quarantined", "release", "execution", "knowledge", "seconds", "findings", "reason",
]  # fmt: skip
NOON = "2019-01-01T12:00:00Z"


@pytest.fixture
def ons(tmp_path) -> Ons:
    return Ons(tmp_path / "home")


@pytest.fixture
def load(tmp_path) -> Path:
    (path,) = write_samples(tmp_path / "load", ["carga-energia"])
    return path


def run(ons: Ons, *words: str | Path) -> dict[str, object]:
    (result,) = ons.run(*words)
    return result


def changed(path: Path, folder: Path) -> Path:
    """A copy in which the last row's value has another first digit."""
    folder.mkdir()
    lines = path.read_bytes().split(b"\n")
    kept, _, value = lines[-2].rpartition(b";")
    lines[-2] = kept + b";" + (b"1" if value[:1] != b"1" else b"2") + value[1:]
    (folder / path.name).write_bytes(b"\n".join(lines))
    return folder / path.name


def test_a_file_is_published_and_told_with_every_field_of_the_contract(ons, load):
    said = ons("run", load, "--published-at", "2019-01-01 09:00", "--json")
    (result,) = said.json

    assert said.code == 0
    assert list(result) == FIELDS
    assert result["file"] == str(load)
    assert result["published_at"] == NOON
    assert (result["dataset"], result["source"]) == ("carga-energia", load.stem)
    assert (result["status"], result["knowledge"]) == ("published", "synced")
    assert result["rows_read"] == len(load.read_text().splitlines()) - 1
    assert result["rows_read"] == result["rows_published"] + result["rows_quarantined"]
    assert (result["reason"], result["findings"]) == (None, [])
    rows = ons.query("SELECT count(*) AS n, any_value(_release) AS r FROM carga_energia")
    assert rows == [{"n": result["rows_published"], "r": result["release"]}]


def test_every_kind_of_sample_is_published_and_unchanged_the_second_time(ons, tmp_path):
    made = write_samples(tmp_path / "in")
    first = ons.run(tmp_path / "in")

    second = ons("run", tmp_path / "in", "--json")

    assert [r["file"] for r in first] == sorted(str(p) for p in made)
    assert {r["status"] for r in first} == {"published"}
    assert second.code == 0
    assert {r["status"] for r in second.json} == {"unchanged"}
    told = ["file", "release", "rows_read", "rows_published", "rows_quarantined", "findings"]
    assert [[r[n] for n in told] for r in second.json] == [[r[n] for n in told] for r in first]


def test_a_rejected_file_is_exit_code_3_and_leaves_nothing_to_be_seen(ons, load, tmp_path):
    (tmp_path / "empty.csv").touch()

    said = ons("run", tmp_path / "empty.csv", load, "--json")

    assert said.code == 3
    assert [r["status"] for r in said.json] == ["rejected", "published"]
    assert said.json[0]["reason"] == "empty.csv: it is empty"
    assert {name for name in FIELDS if said.json[0][name] not in (None, [])} == {
        "file", "published_at", "status", "execution", "seconds", "reason",
    }  # fmt: skip
    assert [p.name for p in (ons.home / "objects" / "raw").glob("*/empty.csv")] == ["empty.csv"]
    assert list((ons.home / "objects").glob("staging/*")) == []


def test_a_person_is_told_the_same_in_a_line_and_progress_apart(ons, load):
    said = ons("run", load)

    assert said.out.startswith(f"published  {load}  carga-energia {load.stem}, ")
    assert said.err == f"[1/1] {load}: begins\n[1/1] {load}: published\n"


def test_what_was_a_then_b_then_a_again_by_publication_ends_as_a(ons, load, tmp_path):
    other = changed(load, tmp_path / "other")
    first = run(ons, load, "--published-at", "2020-01-01")
    second = run(ons, other, "--published-at", "2020-01-02")
    third = run(ons, load, "--published-at", "2020-01-03")

    assert [r["status"] for r in (first, second, third)] == ["published"] * 3
    assert ons.query("SELECT DISTINCT _release AS r FROM carga_energia") == [
        {"r": third["release"]}
    ]
    listed = ons("releases", "carga-energia", load.stem, "--json").json
    assert [(r["release"], r["state"]) for r in listed] == [
        (third["release"], "current"),
        (second["release"], "superseded"),
        (first["release"], "superseded"),
    ]


def test_a_rollback_goes_back_and_the_same_bytes_do_not_come_back(ons, load, tmp_path):
    first = run(ons, load, "--published-at", "2020-01-01")
    other = changed(load, tmp_path / "other")
    second = run(ons, other, "--published-at", "2020-01-02")

    said = ons("rollback", "carga_energia", load.stem.lower(), "--json")
    again = run(ons, other, "--published-at", "2020-01-02")

    assert (said.code, said.json["current"], said.json["withdrawn"]) == (
        0, first["release"], [second["release"]],
    )  # fmt: skip
    assert (again["status"], again["release"]) == ("archived", second["release"])
    assert ons.query("SELECT DISTINCT _release AS r FROM carga_energia") == [
        {"r": first["release"]}
    ]


def test_a_rollback_that_cannot_be_is_one_line_and_exit_code_2(ons, load):
    run(ons, load)

    said = ons("rollback", "carga-energia", load.stem)
    unknown = ons("rollback", "carga-energia", "NOPE")

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert "--unpublish" in said.err
    assert unknown.code == 2
    assert unknown.err == (
        f"error: carga-energia has no release of a source 'NOPE'; it has {load.stem}\n"
    )


def test_rows_in_quarantine_are_shown_with_their_line(ons, load):
    text = load.read_text().splitlines(keepends=True)
    text[4] = text[4].rpartition(";")[0] + ";many\n"
    load.write_text("".join(text))
    run(ons, load)

    (row,) = ons("quarantine", "carga-energia", "--json").json

    assert (row["source"], row["_source_row"], row["value"]) == (load.stem, 5, "many")
    assert row["raw"] == text[4].rstrip("\n")


def test_executions_are_listed_by_outcome_and_shown_state_by_state(ons, load, tmp_path):
    (tmp_path / "empty.csv").touch()
    ons("run", load, tmp_path / "empty.csv")

    (rejected,) = ons("executions", "--outcome", "rejected", "--json").json
    shown = ons("execution", rejected["name"][:13], "--json").json
    read = ons("execution", rejected["id"], "--io").out

    assert (rejected["file"], rejected["status"]) == ("empty.csv", "SUCCEEDED")
    assert len(ons("executions", "--json").json) == 2
    caught = {s["name"]: s for s in shown["states"]}["classify"]
    assert (caught["status"], caught["error"]) == ("CAUGHT", "UnreadableFile")
    assert read.splitlines()[1] == "because  empty.csv: it is empty"
    assert '"origin"' in read


def test_the_datasets_tell_how_much_of_each_is_published(ons, load):
    result = run(ons, load)

    told = {d["dataset"]: d for d in ons("datasets", "--json").json}

    assert told["carga-energia"]["rows"] == result["rows_published"]
    assert told["curva-carga"]["sources"] == 0
    assert "MWmed" in ons("dataset", "carga_energia").out


def test_the_doctor_finds_what_is_broken_and_repairs_what_follows_from_the_ledger(ons, load):
    run(ons, load)
    assert ons("doctor").code == 0
    shutil.rmtree(ons.home / "lake" / "current" / "carga-energia")
    shutil.rmtree(ons.home / "index")
    orphan = ons.home / "objects" / "staging" / "dead-1" / "part.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.touch()

    sick = ons("doctor", "--json")
    cured = ons("doctor", "--repair", "--json")

    assert sick.code == 1
    assert {c["check"] for c in sick.json if c["state"] == "wrong"} == {"orphans", "lake", "index"}
    assert cured.code == 0
    assert {c["check"] for c in cured.json if c["state"] == "repaired"} == {
        "orphans", "lake", "index",
    }  # fmt: skip
    assert ons("doctor").code == 0
    assert not orphan.exists()


def test_the_doctor_names_an_object_that_is_gone_and_cannot_bring_it_back(ons, load):
    release = run(ons, load)["release"]
    (ons.home / "objects" / "releases" / str(release) / "part-0000.parquet").unlink()

    said = ons("doctor", "--repair")

    assert said.code == 1
    assert f"releases/{release}/part-0000.parquet of release {release} is missing" in said.out


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """Large enough that it can be interrupted while it is parsed."""
    path = tmp_path_factory.mktemp("large") / "GERACAO_USINA-2_2022_01.csv"
    write_large(path, contract_for("geracao-usina-2"), 40_000_000)
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, large) -> Ons:
    """Another home, into which the large file went without any trouble."""
    ons = Ons(tmp_path_factory.mktemp("undisturbed") / "home")
    assert run(ons, large)["status"] == "published"
    return ons


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_interrupted_is_finished_by_the_next_command(ons, large, undisturbed, number):
    command = [str(Path(sys.executable).with_name("ons")), "run", str(large)]
    process = subprocess.Popen(
        command, env=ons.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    began = process.stderr.readline()
    while not (found := list((ons.home / "objects" / "staging").glob("*"))):
        assert process.poll() is None, "it ended before it could be interrupted"
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)

    (left,) = ons("executions", "--no-resume", "--json").json
    (ended,) = ons("executions", "--json").json

    assert began == f"[1/1] {large}: begins\n"
    assert found
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    if number == signal.SIGINT:
        assert said == (
            "error: interrupted; nothing is lost: the next `ons run` or `ons executions` "
            "goes on with what was under way\n"
        )
    assert left["status"] == "RUNNING"
    assert ended["outcome"] == "published"
    assert bytes_of(ons.home) == bytes_of(undisturbed.home)


def bytes_of(home: Path) -> dict[str, bytes]:
    folder = home / "objects" / "releases"
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.*")}


def test_a_stopped_execution_is_aborted_and_cleaned_up(ons, large):
    command = [str(Path(sys.executable).with_name("ons")), "run", str(large), "--json"]
    process = subprocess.Popen(
        command, env=ons.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not list((ons.home / "objects" / "staging").glob("*")):
        assert process.poll() is None, "it ended before it could be stopped"
    (running,) = ons("executions", "--no-resume", "--json").json

    ons("stop", running["name"])
    out, _ = process.communicate(timeout=60)
    (stopped,) = ons("executions", "--machine", "ingest_file", "--json").json

    (result,) = json.loads(out)
    assert (process.returncode, result["status"]) == (1, "failed")
    assert result["reason"] == "Stopped: by `ons stop`"
    assert stopped["status"] == "ABORTED"
    assert list((ons.home / "objects" / "staging").glob("*")) == []
    assert ons.query("SELECT count(*) AS n FROM geracao_usina_2") == [{"n": 0}]
    assert ons("doctor").code == 0


def test_publications_of_one_source_in_one_run_go_one_after_the_other(ons, tmp_path):
    from statemachine_tests.integration.curves import write_curve

    files = [
        write_curve(tmp_path / str(n) / "CURVA_CARGA_2022.csv", n, published=1_700_000_000 + n)
        for n in range(1, 6)
    ]

    assert [r["status"] for r in ons.run(*files)] == ["published"] * 5
    again = [r["status"] for r in ons.run(*files)]
    assert again == ["unchanged"] * 5


def test_a_query_that_hears_no_interrupt_ends_with_its_process(ons):
    slow = "SELECT len(list_transform(range(3000000000), lambda x: x * 2))"

    done = ons.process("query", slow, "--timeout", "0.2", "--memory", "100000")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
