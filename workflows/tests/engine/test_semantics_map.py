"""What is commonly got wrong of Map states: points 22 to 28 of the checklist, by their numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.engine import Engine
from workflows.tests.engine.conftest import Functions, Ran
from workflows.tests.engine.maps import (
    LIST,
    PASS,
    PUT,
    Memory,
    distributed,
    inline,
    map_run,
    one,
    reading,
)

Run = Callable[..., Ran]


@pytest.fixture
def over(engines: Callable[..., Engine]) -> Callable[..., tuple[Engine, Ran]]:
    """Runs a machine over objects in memory."""

    def go(
        definition: Any, input: Any, store: Memory | None = None, **functions: Any
    ) -> tuple[Engine, Ran]:
        engine = engines(definition, Functions(**functions), objects=store or Memory())
        id = engine.start("m", input)
        engine.run([id])
        return engine, Ran(engine, id)

    return go


def fails_for(*items: Any) -> Callable[[Any], Any]:
    def f(event: Any) -> Any:
        if any(item in items for item in (event["Items"] if isinstance(event, dict) else [event])):
            raise TaskFailed("Bad", "why")
        return event

    return f


def test_22_a_failed_item_of_an_inline_map_aborts_its_siblings(run: Run) -> None:
    held = threading.Event()

    def f(event: Any) -> Any:
        if event == 1:
            raise TaskFailed("Bad", "why")
        held.wait(20)

    ran = run(one(inline()), [1, 2], f=f)
    held.set()

    assert ran.execution.error == "Bad"
    assert ran.types.count("MapIterationAborted") == 1
    assert ran.types[-2:] == ["MapStateFailed", "ExecutionFailed"]


def test_23_a_retried_map_starts_again_without_being_entered_again(run: Run) -> None:
    answers = iter([TaskFailed("Bad"), "good"])

    def f(event: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, TaskFailed):
            raise answer
        return answer

    ran = run(one(inline(Retry=[{"ErrorEquals": ["Bad"]}])), [1], f=f)

    assert ran.execution.output == ["good"]
    assert [ran.types.count(f"MapState{word}") for word in ("Entered", "Started", "Exited")] == [
        1, 2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "failing", "status"),
    [
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 2}, 2, "SUCCEEDED"),
        ({"ToleratedFailureCount": 2}, 3, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, 5, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50}, 6, "FAILED"),
        ({"ToleratedFailurePercentage": 100}, 10, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 29.5}, 3, "FAILED"),
        ({"ToleratedFailureCount": 9, "ToleratedFailurePercentage": 20}, 3, "FAILED"),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 90}, 2, "FAILED"),
    ],
)
def test_24_either_tolerance_trips(over: Any, limits: Any, failing: int, status: str) -> None:
    _, ran = over(distributed(**limits), list(range(10)), f=fails_for(*range(failing)))

    assert ran.execution.status == status
    if status == "FAILED":
        assert ran.execution.error == "States.ExceedToleratedFailureThreshold"
        assert ran.execution.cause == "The specified tolerated failure threshold was exceeded"


def test_24_of_a_failed_batch_every_item_counts(over: Any) -> None:
    batches = {"ItemBatcher": {"MaxItemsPerBatch": 3}}
    tolerant, strict = {"ToleratedFailureCount": 3}, {"ToleratedFailureCount": 2}

    found = [
        over(distributed(**batches, **limit), [0, 1, 2, 3], f=fails_for(1))[1].execution.status
        for limit in (tolerant, strict)
    ]

    assert found == ["SUCCEEDED", "FAILED"]


@pytest.mark.parametrize("given", ["two", 1.5, -1, True, None])
def test_25_a_concurrency_that_is_no_whole_number_is_a_runtime_error(run: Run, given: Any) -> None:
    ran = run(one(inline(ItemsPath="$.l", MaxConcurrencyPath="$.n")), {"l": [1], "n": given})

    assert ran.execution.error == "States.Runtime"
    assert "which is not a valid integer: $.n" in (ran.execution.cause or "")


def test_26_headers_that_are_alike_fail_the_reader(over: Any) -> None:
    store = Memory(k="a,b,a\n1,2,3\n")
    reader = reading({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, Key="k")

    _, ran = over(distributed(PASS, ItemReader=reader), {}, store)

    assert (ran.execution.error, ran.execution.cause) == (
        "States.ItemReaderFailed",
        "CSV headers cannot contain duplicates.",
    )


def test_27_the_items_of_a_listing_say_etag(over: Any) -> None:
    store = Memory(**{"in/a": "12", "in/b": "", "other": "x"})

    _, ran = over(distributed(PASS, ItemReader=reading(None, LIST, Prefix="in/")), {}, store)

    about = {
        "Etag": '"' + "e" * 32 + '"',
        "LastModified": 1_700_000_000,
        "StorageClass": "STANDARD",
    }
    assert ran.execution.output == [
        {**about, "Key": "in/a", "Size": 2},
        {**about, "Key": "in/b", "Size": 0},
    ]


def test_28_results_lie_in_files_by_status_that_a_manifest_names(over: Any) -> None:
    store = Memory()
    writer = {"Resource": PUT, "Parameters": {"Bucket": "b", "Prefix": "out"}}

    engine, ran = over(
        distributed(MaxConcurrency=1, ResultWriter=writer), [1, 2, 3], store, f=fails_for(2)
    )

    name = map_run(engine, ran.id).arn.rpartition(":")[2]
    files = store.json(f"out/{name}/manifest.json")["ResultFiles"]
    assert {status: [file["Key"] for file in found] for status, found in files.items()} == {
        status: [f"out/{name}/{status}_0.json"] for status in ("FAILED", "PENDING", "SUCCEEDED")
    }
