"""How one file's ending is told: as the JSON object of the contract, and as lines for a person."""

import json

import pytest

from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.ports.executions import Execution
from tasks.reports import Finding, FirstCase, ReleaseDocument, dump
from workflows.cli.results import FileResult, exit_code, result_lines, result_of

FINDING = Finding("gap", "flag", 2, "hours are missing", FirstCase(line=3, key="SE 2018-11-04"))


def an_execution(status="SUCCEEDED", output=None, error=None, cause=None):
    return Execution(
        "arn:1", "ingest_file", "n1", status, "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z",
        {"key": "raw/1/X.csv", "origin": "/in/X.csv"}, output, error, cause,
    )  # fmt: skip


@pytest.fixture
def objects(tmp_path):
    store = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
    document = ReleaseDocument(
        release="r1", dataset="d", source="X", published_at="2026-01-01T00:00:00Z", sha256="0",
        raw_key="raw/0/X.csv", source_file="X.csv", contract_version="1", contract_fingerprint="f",
        processing="1", rows_read=3, rows_published=2, rows_quarantined=1, first_time=None,
        last_time=None, header=("a",), columns=("a",), delimiter=";", encoding="utf-8",
        decimal=".", parts=(), quarantine=None, findings=(FINDING,),
    )  # fmt: skip
    store.put("releases/r1/release.json", dump(document))
    return store


def test_a_published_file_carries_its_counts_and_the_findings_of_its_release(objects):
    output = {
        "status": "published", "dataset": "d", "source": "X", "origin": "/in/X.csv",
        "published_at": "2026-01-01T00:00:00Z", "release": "r1", "rows_read": 3,
        "rows_published": 2, "rows_quarantined": 1, "knowledge": "synced", "reason": None,
        "rule": None, "release_document": "releases/r1/release.json",
    }  # fmt: skip

    result = result_of(
        "X.csv", an_execution(output=output), seconds=0.5, ledger=None, objects=objects
    )

    assert result.to_json() == {
        "file": "X.csv", "dataset": "d", "source": "X", "published_at": "2026-01-01T00:00:00Z",
        "status": "published", "rows_read": 3, "rows_published": 2, "rows_quarantined": 1,
        "release": "r1", "execution": "arn:1", "knowledge": "synced", "seconds": 0.5,
        "findings": [
            {
                "rule": "gap", "severity": "flag", "count": 2, "message": "hours are missing",
                "first": {"line": 3, "column": None, "key": "SE 2018-11-04", "value": None,
                          "expected": None},
            }
        ],
        "reason": None,
    }  # fmt: skip


def test_a_rejected_file_says_why_and_leaves_unknown_things_null(objects):
    output = {"status": "rejected", "reason": "X.csv: it is empty", "release": None}

    result = result_of(
        "X.csv", an_execution(output=output), seconds=0.1, ledger=None, objects=objects
    )

    known = {name for name, value in result.to_json().items() if value not in (None, [])}
    assert known == {"file", "status", "execution", "seconds", "reason"}
    assert result.reason == "X.csv: it is empty"


def test_a_failed_execution_gives_the_message_in_its_cause(objects):
    cause = json.dumps({"errorMessage": "the disk is full", "errorType": "OSError"})
    execution = an_execution("FAILED", error="OSError", cause=cause)

    result = result_of("X.csv", execution, seconds=0.1, ledger=None, objects=objects)

    assert (result.status, result.reason) == ("failed", "OSError: the disk is full")


def test_a_stopped_execution_is_a_failed_file(objects):
    result = result_of("X.csv", an_execution("ABORTED"), seconds=None, ledger=None, objects=objects)

    assert (result.status, result.reason) == ("failed", "the execution is ABORTED")


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["published", "unchanged", "archived"], 0),
        (["published", "rejected"], 3),
        (["published", "parked"], 4),
        (["parked", "rejected"], 3),
        (["rejected", "failed", "parked"], 1),
        ([], 0),
    ],
)
def test_the_exit_code_is_that_of_the_worst_ending(statuses, code):
    assert exit_code([FileResult("f", s) for s in statuses]) == code


def test_a_person_reads_a_line_for_each_file_and_the_findings_of_what_is_new_beneath():
    found = {"rule": "gap", "severity": "flag", "count": 2, "message": "Hours are missing."}
    results = [
        FileResult(
            "in/X.csv", "published", "d", "X", rows_published=1234, rows_quarantined=1,
            release="r1", knowledge="pending", seconds=1.26, findings=(found,),
        ),
        FileResult("Y.csv", "rejected", reason="Y.csv: it is empty", seconds=0.04),
        FileResult("Z.csv", "unchanged", "d", "Z", rows_published=7, findings=(found,)),
        FileResult("W.csv", "failed", execution="arn:x:name", reason="KeyError: 'a'"),
    ]  # fmt: skip

    assert (
        "\n".join(result_lines(results))
        == """\
published  in/X.csv  d X, 1234 rows, 1 in quarantine, release r1, not searchable yet, 1.3 s
           flag        gap  Hours are missing.
rejected   Y.csv     Y.csv: it is empty
unchanged  Z.csv     d Z, 7 rows
failed     W.csv     KeyError: 'a' (`ons execution name` shows more)"""
    )


def test_a_reason_of_many_lines_is_told_on_one():
    failed = FileResult(
        "in/X.csv", "failed", execution="arn:x:name",
        reason="Error: no\nmemory\n\nPossible solutions:\n* more",
    )  # fmt: skip

    assert list(result_lines([failed])) == [
        "failed     in/X.csv  Error: no memory (`ons execution name` shows more)"
    ]
