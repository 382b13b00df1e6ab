"""`ons machine test` and `ons machine validate`: anybody's definition, no services, no home."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from workflows.cli import main

TASK = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Next": "W"}
DEFINITION = {
    "StartAt": "Run",
    "States": {"Run": TASK, "W": {"Type": "Wait", "Seconds": 90, "End": True}},
}
MOCKS = {
    "StateMachines": {
        "job": {"TestCases": {"Good": {"Run": "Ran"}, "Bad": {"Run": "Failed"}, "None": {}}}
    },
    "MockedResponses": {
        "Ran": {"0": {"Return": {"rows": 7}}},
        "Failed": {"0": {"Throw": {"Error": "E", "Cause": "why"}}},
    },
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "job.asl.json").write_text(json.dumps(DEFINITION))
    (tmp_path / "mocks.json").write_text(json.dumps(MOCKS))
    return tmp_path


def _ons(*argv: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(list(argv), {"ONS_HOME": "/nowhere/at/all"}, out=out, err=err)
    return code, out.getvalue(), err.getvalue()


def _test(files: Path, case: str, *more: str) -> tuple[int, str, str]:
    definition, mocks = str(files / "job.asl.json"), str(files / "mocks.json")
    return _ons("machine", "test", definition, "--mocks", mocks, "--case", case, *more)


def test_a_case_is_printed_as_json(files: Path) -> None:
    code, out, err = _test(files, "Good", "--input", '{"a": 1}', "--json")

    printed: dict[str, Any] = json.loads(out)
    assert (code, err) == (0, "")
    assert list(printed) == ["status", "output", "error", "cause", "events"]
    assert (printed["status"], printed["output"]) == ("SUCCEEDED", {"rows": 7})
    assert (printed["error"], printed["cause"]) == (None, None)
    assert printed["events"][-1]["type"] == "ExecutionSucceeded"
    assert printed["events"][-1]["timestamp"] == "2026-01-01T00:01:30.000Z"


def test_a_case_is_printed_for_a_person(files: Path) -> None:
    code, out, _ = _test(files, "Bad", "--now", "2030-05-01T00:00:00Z")

    lines = out.splitlines()
    assert code == 0
    assert lines[:4] == [
        "status  FAILED, after 0 s on the machine's clock", "error   E", "cause   why",
        "     1  ExecutionStarted",
    ]  # fmt: skip
    assert "     2  TaskStateEntered  Run" in lines


def test_an_input_may_come_from_a_file(files: Path) -> None:
    (files / "input.json").write_text('{"b": 2}')

    _, out, _ = _test(files, "Good", "--input", f"@{files / 'input.json'}", "--json")

    started = json.loads(out)["events"][0]["executionStartedEventDetails"]
    assert json.loads(started["input"]) == {"b": 2}


def test_a_mock_that_was_not_used_is_a_warning(files: Path) -> None:
    MOCKS_2 = {**MOCKS, "StateMachines": {"job": {"TestCases": {"c": {"Run": "Ran"}}}}}  # noqa: N806
    definition = {"StartAt": "P", "States": {
        "P": {"Type": "Choice", "Choices": [{"Variable": "$.go", "IsPresent": True, "Next": "Run"}],
              "Default": "End"}, "End": {"Type": "Succeed"}, **DEFINITION["States"]}}  # fmt: skip
    (files / "job.asl.json").write_text(json.dumps(definition))
    (files / "mocks.json").write_text(json.dumps(MOCKS_2))

    code, _, err = _test(files, "c")

    assert (code, err) == (0, "warning: the mock for the state 'Run' was never used\n")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--case", "Nope"], "there is no test case of job 'Nope'; there are: Bad, Good, None"),
        (["--case", "None"], "job, None: the state 'Run' calls arn:aws:states:::glue:"),
        (["--case", "Good", "--input", "{"], "--input: not JSON: "),
        (["--case", "Good", "--input", "@nowhere"], "--input @nowhere: No such file"),
        (["--case", "Good", "--now", "noon"], "--now noon: expected a time such as"),
        (["--case", "Good", "--machine", "x"], "there is no state machine 'x'; there are: job"),
        (["--case", "Good", "--objects", "nowhere"], "nowhere is no folder"),
        ([], "--mocks and --case are given together"),
    ],
)
def test_a_wrong_test_is_one_line_and_exit_code_2(files: Path, argv: list[str], said: str) -> None:
    mocks = str(files / "mocks.json")
    code, out, err = _ons("machine", "test", str(files / "job.asl.json"), "--mocks", mocks, *argv)

    assert (code, out) == (2, "")
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


def test_a_machine_without_tasks_needs_no_mocks(files: Path) -> None:
    path = files / "pass.asl.json"
    path.write_text('{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}')

    code, out, _ = _ons("machine", "test", str(path), "--input", "5", "--json")

    assert (code, json.loads(out)["output"]) == (0, 5)


def test_a_good_definition_is_valid_and_what_this_machine_lacks_is_a_warning(files: Path) -> None:
    code, out, _ = _ons("machine", "validate", str(files / "job.asl.json"))

    warning, verdict = out.splitlines()
    assert (code, verdict) == (0, "valid")
    assert warning.startswith(f"warning: the resource '{TASK['Resource']}' is not supported by")
    assert warning.endswith("at $.States.Run.Resource")


def test_a_bad_definition_is_refused_with_the_place(files: Path) -> None:
    path = files / "bad.asl.json"
    path.write_text('{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "X"}}}')

    code, out, _ = _ons("machine", "validate", str(path), "--json")

    printed = json.loads(out)
    assert (code, printed["result"]) == (1, "FAIL")
    assert {
        "severity": "ERROR",
        "code": "MISSING_TRANSITION_TARGET",
        "message": "Missing 'Next' target: X",
        "location": "$.States.P.Next",
    } in printed["diagnostics"]


@pytest.mark.parametrize("name", ["test", "validate"])
def test_both_have_a_help_with_an_example(name: str) -> None:
    import typer

    from workflows.cli.app import app

    command = typer.main.get_command(app).commands["machine"].commands[name]

    assert command.epilog.startswith(f"Example: ons machine {name} order.asl.json")
    assert [p.name for p in command.params if not p.help and p.name != "help"] == []
