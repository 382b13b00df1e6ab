"""`ons execution`: the tree, the stream and the picture of one execution."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.embedded.clock import SystemClock
from tasks.failures import TaskFailed
from workflows.cli import tree
from workflows.cli.execution import _blamed
from workflows.cli.following import follow, line
from workflows.cli.graph import graph
from workflows.engine.engine import Engine
from workflows.engine.steps import Story

NOW = "2027-01-15T08:00:10.000Z"


class Clock:
    """Time passes when somebody sleeps; `then` is done at the first sleep."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.time, self.naps, self._then = 1_800_000_000.0, 0, then

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.naps += 1
        if self.naps == 1:
            self._then()


class NoJitter:
    def fraction(self) -> float:
        return 0.0


class Functions:
    def __init__(self, **functions: Callable[[Any], Any]) -> None:
        self._functions = functions

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        return self._functions[function](payload)

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        raise AssertionError("no job in these machines")

    request = None
    """Nothing here asks for another service."""


def task(name: str, **more: Any) -> dict[str, Any]:
    called = {"FunctionName": name, "Payload.$": "$"}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": called,
            "OutputPath": "$.Payload", **more}  # fmt: skip


def machine(start: str, **states: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": states}


def even(number: int) -> int:
    if number % 2:
        raise TaskFailed("Odd", f"{number} is odd")
    return number


FAN = machine(
    "Fan",
    Fan={
        "Type": "Parallel",
        "Branches": [
            machine("A", A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "End": True}),
            machine("C", C={"Type": "Pass", "End": True}),
        ],
        "Next": "End",
    },
    End={"Type": "Succeed"},
)
EACH = machine(
    "Each",
    Each={"Type": "Map", "End": True,
          "ItemProcessor": machine("Check", Check=task("even", End=True, Catch=[
              {"ErrorEquals": ["Odd"], "Next": "Odd"}]), Odd={"Type": "Pass", "End": True})},
)  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    made = []

    def make(definition: Mapping[str, Any], clock: Any = None) -> Engine:
        engine = Engine(tmp_path, {"m": definition}, Functions(even=even),
                        clock=clock or Clock(), jitter=NoJitter())  # fmt: skip
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


def ran(engine: Engine, input: Any) -> str:
    id = engine.start("m", input)
    engine.run([id])
    return id


def drawn(engine: Engine, id: str) -> list[tuple[Any, ...]]:
    return [
        (state, status)
        for state, status, *_ in tree.rows(engine.steps(id), lambda _: tree.Link("?"), NOW)
    ]


def test_branches_stand_beneath_their_state(engine):
    one = engine(FAN)

    assert drawn(one, ran(one, {})) == [
        ("Fan", "SUCCEEDED"),
        ("├─ branch 1", "SUCCEEDED"),
        ("│  ├─ A", "SUCCEEDED"),
        ("│  └─ B", "SUCCEEDED"),
        ("└─ branch 2 C", "SUCCEEDED"),
        ("End", "SUCCEEDED"),
    ]


def test_items_stand_beneath_their_map_by_index(engine):
    one = engine(EACH)

    assert drawn(one, ran(one, [0, 1])) == [
        ("Each", "SUCCEEDED"),
        ("├─ [0] Check", "SUCCEEDED"),
        ("└─ [1]", "SUCCEEDED"),
        ("   ├─ Check", "CAUGHT"),
        ("   └─ Odd", "SUCCEEDED"),
    ]


def test_of_many_items_those_that_went_wrong_are_shown_and_the_others_counted(engine):
    each = {
        **EACH["States"]["Each"],
        "ItemProcessor": machine("Check", Check=task("even", End=True)),
    }
    one = engine(machine("Each", Each=each))

    shown = drawn(one, ran(one, [*range(0, 60, 2), 7]))

    assert len(shown) == 1 + tree.SHOWN_THREADS + 1
    assert ("├─ [30] Check", "FAILED") in shown
    assert shown[-1] == ("└─ 11 more", "SUCCEEDED")


def test_the_innermost_failure_is_blamed(engine):
    each = {
        **EACH["States"]["Each"],
        "ItemProcessor": machine("Check", Check=task("even", End=True)),
    }
    one = engine(machine("Each", Each=each))
    id = ran(one, [0, 1])

    blamed = _blamed(one.steps(id), one.describe(id).error)

    assert (blamed.path, blamed.name, blamed.error) == (("Each[1]",), "Check", "Odd")


def test_a_fail_state_passes_the_blame_to_the_state_whose_error_it_tells(engine):
    one = engine(machine(
        "Check",
        Check=task("even", End=True, Catch=[{"ErrorEquals": ["Odd"], "Next": "Broken"}]),
        Broken={"Type": "Fail", "ErrorPath": "$.Error", "CausePath": "$.Cause"},
    ))  # fmt: skip
    id = ran(one, 1)

    assert _blamed(one.steps(id), one.describe(id).error).name == "Check"


def test_nested_executions_are_linked_with_their_status():
    from tasks.ports.executions import HistoryEvent

    arn = "arn:aws:states:local:000000000000:execution:inner:1"
    nested = {"resourceType": "states", "resource": "startExecution.sync:2"}
    story = Story()
    for event in (
        HistoryEvent(1, 0, "ExecutionStarted", NOW, {}),
        HistoryEvent(2, 1, "TaskStateEntered", NOW, {"name": "Call", "input": "{}"}),
        HistoryEvent(3, 2, "TaskScheduled", NOW, nested),
        HistoryEvent(
            4, 3, "TaskSubmitted", NOW, {**nested, "output": f'{{"ExecutionArn":"{arn}"}}'}
        ),
    ):
        story.add(event)

    rows = list(
        tree.rows(
            list(story.steps.values()),
            {arn: tree.Link("RUNNING", (("child", "FAILED"),))}.__getitem__,
            NOW,
        )
    )

    assert [row[:2] for row in rows] == [
        ("Call", "RUNNING"),
        (f"└─ {arn}", "RUNNING"),
        ("   └─ child", "FAILED"),
    ]


def test_the_picture_shows_every_state_and_colours_what_was_entered(engine):
    one = engine(FAN)

    lines = [text.strip() for text in graph(FAN, one.steps(ran(one, {})))]

    assert lines == [
        "flowchart TD",
        "start([start])",
        's0["Fan"]',
        'subgraph s0_1["Fan: branch 1"]',
        's0_1_start(("."))',
        's1["A"]',
        's2["B"]',
        "s0_1_start --> s1",
        "s1 --> s2",
        "end",
        "s0 -.- s0_1_start",
        'subgraph s0_2["Fan: branch 2"]',
        's0_2_start(("."))',
        's3["C"]',
        "s0_2_start --> s3",
        "end",
        "s0 -.- s0_2_start",
        's4(["End"])',
        "start --> s0",
        "s0 --> s4",
        "classDef SUCCEEDED fill:#d3f2d6,stroke:#2b8a3e,color:#123",
        "class s0,s1,s2,s3,s4 SUCCEEDED",
    ]


def test_a_state_visited_for_many_items_shows_how_they_ended(engine):
    one = engine(EACH)

    lines = list(graph(EACH, one.steps(ran(one, [0, 1, 3]))))

    assert '    s1["Check<br/>2 CAUGHT, 1 SUCCEEDED"]' in lines
    assert '    s1 -. "Odd" .-> s2' in lines
    assert "  class s1 CAUGHT" in lines


def test_a_state_that_was_not_entered_has_no_colour(engine):
    one = engine(EACH)

    assert not [text for text in graph(EACH, one.steps(ran(one, []))) if " class s1" in text]


def test_a_name_cannot_break_the_picture():
    name = 'a"] --> b; click s0 "<script>'

    assert list(graph(machine(name, **{name: {"Type": "Pass", "End": True}}), []))[2] == (
        '  s0["a&quot;] --> b; click s0 &quot;&lt;script>"]'
    )


def test_what_happened_already_is_told_at_once(engine):
    one = engine(EACH)
    id, clock, seen = ran(one, [1]), Clock(), []

    follow(one, id, clock, seen.append, drive=False)

    assert (seen, clock.naps) == (list(one.history(id)), 0)


def test_an_execution_that_another_engine_drives_is_followed_to_its_end(engine):
    driver = engine(EACH)
    id, seen = driver.start("m", [0, 1]), []
    clock = Clock(then=lambda: driver.run([id]))

    follow(engine(EACH), id, clock, seen.append, drive=True)

    assert seen == list(driver.history(id))
    assert seen[-1].type == "ExecutionSucceeded"


def test_an_execution_whose_process_died_is_gone_on_with(engine):
    dead = engine(EACH)
    id, seen = dead.start("m", [0, 1]), []
    dead.close()
    one = engine(EACH)

    follow(one, id, Clock(), seen.append, drive=True)

    assert seen == list(one.history(id))
    assert one.describe(id).status == "SUCCEEDED"


def test_following_sees_each_event_once_while_others_write(engine):
    driver = engine(EACH, SystemClock())
    id, seen = driver.start("m", list(range(0, 100, 2))), []
    work = threading.Thread(target=lambda: driver.run([id]))
    work.start()

    follow(engine(EACH), id, SystemClock(), seen.append, drive=False)
    work.join()

    assert [event.id for event in seen] == list(range(1, len(seen) + 1))
    assert seen == list(driver.history(id))


def test_the_stream_tells_tries_that_failed_and_how_states_ended(engine):
    one = engine(machine("Check", Check=task("even", End=True, Retry=[
        {"ErrorEquals": ["Odd"], "MaxAttempts": 1}])))  # fmt: skip
    id, story = ran(one, 1), Story()

    told = [text[14:] for event in one.history(id) for text in line(event, story.add(event))]

    assert told == [
        "ExecutionStarted",
        "Check  RUNNING",
        "Check  attempt 1: Odd: 1 is odd",
        "Check  attempt 2: Odd: 1 is odd",
        "Check  FAILED",
        "ExecutionFailed",
    ]
