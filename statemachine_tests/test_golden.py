"""What is committed is what code says: a reviewer sees each change of a machine as a diff."""

from pathlib import Path

import pytest

from workflows import generate, library
from workflows.machines import ALL_MACHINES

ROOT = Path(__file__).parents[1]


def test_the_committed_generated_files_are_what_code_says():
    assert generate.drift(ROOT) == [], "run `ons generate` and review the diff"


def test_no_machine_is_shipped_that_code_does_not_know():
    assert set(library.names()) == {machine.name for machine in ALL_MACHINES}


def test_a_definition_is_found_by_its_name():
    assert library.definition("ingest_file")["Comment"].startswith("One arrived file")


def test_an_unknown_machine_is_refused_naming_those_there_are():
    with pytest.raises(
        LookupError, match="there is no state machine 'brew'; there are ingest_file"
    ):
        library.definition("brew")


def test_writing_makes_every_file_and_then_finds_no_drift(tmp_path):
    written = generate.write(tmp_path)

    assert sorted(written) == sorted(generate.generated_files())
    assert generate.drift(tmp_path) == []


def test_a_file_that_was_edited_by_hand_is_drift_and_is_written_again(tmp_path):
    generate.write(tmp_path)
    edited = "workflows/generated/ingest_file.asl.json"
    (tmp_path / edited).write_text("{}", "utf-8")

    assert generate.drift(tmp_path) == [edited]
    assert generate.write(tmp_path) == [edited]


def test_a_page_that_code_does_not_make_any_more_is_drift_and_is_removed(tmp_path):
    generate.write(tmp_path)
    (tmp_path / "docs/machines/old.md").write_text("Once.", "utf-8")

    assert generate.drift(tmp_path) == ["docs/machines/old.md"]
    assert generate.write(tmp_path) == ["docs/machines/old.md"]
    assert generate.drift(tmp_path) == []
