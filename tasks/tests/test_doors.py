"""The doors: JSON in, JSON out, ports by name, errors by their class names."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.collect_outcome.spec import CollectOutcome
from tasks.collect_outcome.task import collect_parse_outcome
from tasks.entrypoints.batch import run_job
from tasks.entrypoints.handlers import answer
from tasks.entrypoints.local import LocalFunctions, plain_name
from tasks.errors import ClaimLost, CutOff, TryAgain
from tasks.failures import TaskFailed, failure_of, message_of
from tasks.parse_tabular.spec import PARSE_LARGE_TABULAR, Parsed
from tasks.ports.objects import NoSuchObject
from tasks.settings import Settings
from tasks.spec import TaskSpec
from tasks.wiring import Platform, wire

HANDLERS = """
from dataclasses import dataclass

def double(event, *, objects):
    objects.put("seen", str(event.n).encode())
    return type(event)(event.n * 2)

def greedy(event, *, gold):
    return event

def broken(event):
    raise LookupError("no luck")
"""


@dataclass(frozen=True)
class Number:
    n: int


def _spec(name: str, **more: Any) -> TaskSpec:
    return TaskSpec(
        name, takes=Number, gives=Number, summary="", handler=f"doors_under_test:{name}", **more
    )


SPECS = {name: _spec(name) for name in ("double", "greedy", "broken")}
PARSE = {
    "claim": "c", "fence": 1, "staging": "staging/c-1/", "key": "k", "name": "n.csv",
    "dataset": "d", "release": "r",
}  # fmt: skip


@pytest.fixture(autouse=True)
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "doors_under_test.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("doors_under_test", None)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return wire(Settings(home=tmp_path / "home"))


class Pool:
    """Workers that note what they were asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), list[Any]()

    def call(self, function: str, payload: Any, *, timeout_s: float, memory_mb: int) -> Any:
        self.asked.append((function, payload, timeout_s, memory_mb))
        answer = self.answers.pop(0)
        if isinstance(answer, TaskFailed):
            raise answer
        return answer


def _never() -> Platform:
    raise AssertionError("no platform is needed")


def test_a_handler_gets_its_event_as_a_value_and_its_ports_by_name(platform: Platform) -> None:
    assert answer(SPECS["double"], {"n": 4}, lambda: platform) == {"n": 8}
    with platform.objects.open("seen") as body:
        assert body.read() == b"4"


def test_an_event_that_does_not_fit_names_the_field() -> None:
    with pytest.raises(ValueError, match="Number has no field m"):
        answer(SPECS["double"], {"n": 4, "m": 1}, _never)


def test_a_port_that_no_platform_has_is_named(platform: Platform) -> None:
    with pytest.raises(TypeError, match="asks for gold"):
        answer(SPECS["greedy"], {"n": 4}, lambda: platform)


def test_a_failure_has_the_bare_class_name_and_a_cause_like_lambdas() -> None:
    local = LocalFunctions(_never, specs=SPECS)

    with pytest.raises(TaskFailed) as caught:
        local.invoke("${broken}", {"n": 1}, timeout_s=60, attempt=0)

    cause = json.loads(caught.value.cause or "")
    assert caught.value.error == "LookupError"
    assert (cause["errorMessage"], cause["errorType"]) == ("no luck", "LookupError")
    assert any("broken" in frame for frame in cause["stackTrace"])
    assert message_of(caught.value) == "no luck"


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("claim", "claim"),
        ("${claim}", "claim"),
        ("arn:aws:lambda:us-west-2:1:function:claim", "claim"),
        ("arn:aws:lambda:us-west-2:1:function:claim:live", "claim"),
        ("arn:aws:batch:us-west-2:1:job-definition/parse", "parse"),
    ],
)
def test_finds_the_tasks_name_in_what_definitions_say(function: str, name: str) -> None:
    assert plain_name(function).partition(":")[0] == name


def test_an_unknown_function_fails_as_on_aws() -> None:
    with pytest.raises(TaskFailed) as caught:
        LocalFunctions(_never, specs=SPECS).invoke("nope", {}, timeout_s=1, attempt=0)

    assert caught.value.error == "Lambda.ResourceNotFoundException"


def test_an_override_takes_the_place_of_a_handler() -> None:
    def fail(event: Number) -> Any:
        raise TryAgain(f"not with {event.n}")

    local = LocalFunctions(_never, specs=SPECS, overrides={"double": fail})

    with pytest.raises(TaskFailed) as caught:
        local.invoke("double", {"n": 4}, timeout_s=1, attempt=0)

    assert (caught.value.error, message_of(caught.value)) == ("TryAgain", "not with 4")


def test_a_task_that_is_not_in_process_goes_to_a_worker_with_its_own_limits() -> None:
    spec = _spec("double", in_process=False, timeout_s=30, memory_mb=700)
    pool = Pool({"n": 9})

    result = LocalFunctions(_never, pool, specs={"double": spec}).invoke(
        "double", {"n": 4}, timeout_s=99, attempt=0
    )

    assert result == {"n": 9}
    assert pool.asked == [("double", {"n": 4}, 30, 700)]


def _job(event: Mapping[str, Any]) -> dict[str, Any]:
    environment = [{"Name": "ONS_EVENT", "Value": json.dumps(event)}]
    return {
        "JobName": "parse", "JobDefinition": "${parse_large_tabular}", "JobQueue": "${job_queue}",
        "ContainerOverrides": {"Environment": environment},
    }  # fmt: skip


def test_a_job_runs_in_a_worker_and_answers_its_detail() -> None:
    pool = Pool(None)

    detail = LocalFunctions(_never, pool).submit_job(_job(PARSE), timeout_s=10)

    assert (detail["Status"], detail["JobName"]) == ("SUCCEEDED", "parse")
    assert pool.asked == [("parse_large_tabular", PARSE, 10, PARSE_LARGE_TABULAR.memory_mb)]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TaskFailed("Sandbox.Timedout", "{}"), "Job attempt duration exceeded timeout"),
        (
            failure_of(MemoryError("too much")),
            "Essential container in task exited: MemoryError: too much",
        ),
    ],
)
def test_a_job_that_dies_fails_as_on_batch(failure: TaskFailed, reason: str) -> None:
    with pytest.raises(TaskFailed) as caught:
        LocalFunctions(_never, Pool(failure)).submit_job(_job(PARSE), timeout_s=10)

    detail = json.loads(caught.value.cause or "")
    assert caught.value.error == "States.TaskFailed"
    assert (detail["Status"], detail["StatusReason"]) == ("FAILED", reason)
    assert message_of(caught.value) == reason


def _collected(platform: Platform, do: Callable[[Any], Any]) -> Parsed:
    run_job(PARSE_LARGE_TABULAR, PARSE, lambda: platform, do)
    return collect_parse_outcome(CollectOutcome("staging/c-1/"), objects=platform.objects)


def test_what_a_job_gives_is_collected_after_it(platform: Platform) -> None:
    parsed = Parsed(parse_report="p", rows_read=3, rows_quarantined=1)

    assert _collected(platform, lambda event: parsed) == parsed


@pytest.mark.parametrize("error", [CutOff("n.csv", 7, "half a record"), ClaimLost("c", 1)])
def test_a_declared_error_of_a_job_is_raised_after_it_under_its_own_name(
    platform: Platform, error: Exception
) -> None:
    def fail(event: Any) -> Any:
        raise error

    with pytest.raises(type(error)) as caught:
        _collected(platform, fail)

    assert str(caught.value) == str(error)


@pytest.mark.parametrize("error", [TryAgain("away"), ValueError("a bug")])
def test_what_may_be_worth_another_run_fails_the_job(platform: Platform, error: Exception) -> None:
    def fail(event: Any) -> Any:
        raise error

    with pytest.raises(type(error)):
        run_job(PARSE_LARGE_TABULAR, PARSE, lambda: platform, fail)
    with pytest.raises(NoSuchObject):
        collect_parse_outcome(CollectOutcome("staging/c-1/"), objects=platform.objects)
