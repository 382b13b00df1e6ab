"""What the journal promises: owners and fences, resumption, damage, several engines."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import BadRequest, HomeUnusable, NoSuchExecution
from tasks.failures import TaskFailed
from workflows.engine.jsontext import dumps, loads, same

WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "End": True}}}
INVOKE = "arn:aws:states:::lambda:invoke"
TASK = {
    "StartAt": "S",
    "States": {
        "S": {
            "Type": "Task", "Resource": INVOKE, "End": True, "OutputPath": "$.Payload",
            "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        }
    },
}  # fmt: skip

Engines = Callable[..., Any]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Once:
    """Waits in its first call until released; answers at once later."""

    def __init__(self) -> None:
        self.released, self.called, self.calls = threading.Event(), threading.Event(), 0

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        self.calls += 1
        self.called.set()
        if self.calls == 1:
            self.released.wait(20)
            return "zombie"
        return "good"

    def submit_job(self, job: Any, *, timeout_s: float) -> Any:
        raise TaskFailed("E")


def test_ids_are_arns_names_and_unique_beginnings_of_names(engines: Engines) -> None:
    engine = engines(WAIT)
    arn = engine.start("m", {}, name="first-one")
    engine.start("m", {}, name="first-two")

    assert arn == "arn:aws:states:local:000000000000:execution:m:first-one"
    assert {engine.describe(id).id for id in (arn, "first-one", "first-o")} == {arn}
    with pytest.raises(BadRequest, match="means several"):
        engine.describe("first")
    with pytest.raises(NoSuchExecution):
        engine.describe("second")


@pytest.mark.parametrize("name", ["", "a b", "a*", "x" * 81, 'q"'])
def test_names_that_aws_refuses_are_refused(engines: Engines, name: str) -> None:
    with pytest.raises(BadRequest):
        engines(WAIT).start("m", {}, name=name)


def test_what_a_closed_engine_left_is_taken_over_and_finished(engines: Engines) -> None:
    first = engines(WAIT)
    id = first.start("m", {})
    first.close()
    second = engines(WAIT)

    assert second.resume() == [id]
    second.run([id])

    assert second.describe(id).status == "SUCCEEDED"


def test_nothing_is_taken_from_an_owner_that_lives(engines: Engines) -> None:
    first, second = engines(WAIT), engines(WAIT)
    id = first.start("m", {})

    assert second.resume() == []
    first.run([id])
    assert second.describe(id).status == "SUCCEEDED"


def test_an_execution_keeps_the_definition_it_was_started_with(engines: Engines) -> None:
    first = engines(WAIT)
    id = first.start("m", {"a": 1})
    first.close()
    second = engines({"StartAt": "F", "States": {"F": {"Type": "Fail"}}})

    second.resume()
    second.run([id])

    assert second.describe(id).output == {"a": 1}


def test_ctrl_c_leaves_the_execution_as_the_journal_has_it(engines: Engines) -> None:
    engine = engines(WAIT)
    id = engine.start("m", {})

    def interrupt(arn: str, event: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run([id], on_event=interrupt)
    assert engine.describe(id).status == "RUNNING"
    engine.run([id])

    assert engine.describe(id).status == "SUCCEEDED"
    types = [e.type for e in engine.history(id)]
    assert types == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "ExecutionSucceeded",
    ]


def test_a_wait_keeps_its_time_across_engines(engines: Engines, clock: Any) -> None:
    first = engines(WAIT)
    id = first.start("m", {})

    def stop_when_waiting(arn: str, event: Any) -> None:
        if event.type == "WaitStateEntered":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run([id], on_event=stop_when_waiting)
    first.close()
    clock.sleep(70)
    second = engines(WAIT)
    second.resume()
    second.run([id])

    assert clock.now() - clock.start == pytest.approx(100)


def test_locks_that_dead_owners_left_are_swept_and_living_ones_kept(
    engines: Engines, tmp_path: Path
) -> None:
    living, engine = engines(WAIT), engines(WAIT)
    id = living.start("m", {})
    (tmp_path / "run" / "4711-0123abcd.lock").touch()

    engine.resume()

    owners = {p.stem for p in (tmp_path / "run").glob("*-*.lock")}
    assert owners == {living._owner.id, engine._owner.id}
    assert engine.describe(id).status == "RUNNING"


def test_a_zombie_cannot_write_once_another_engine_took_over(
    engines: Engines, tmp_path: Any
) -> None:
    work = Once()
    zombie = engines(TASK, work)
    id = zombie.start("m", {})
    driving = threading.Thread(target=zombie.run, daemon=True)
    driving.start()
    work.called.wait(20)
    # Its lock is lost, as if its process were dead; but it is not.
    zombie._owner.close()
    second = engines(TASK, work)

    assert second.resume() == [id]
    second.run([id])
    events = list(second.history(id))
    work.released.set()
    driving.join(20)

    assert not driving.is_alive()
    assert second.describe(id).output == "good"
    assert list(second.history(id)) == events


def test_stopping_aborts_without_a_catch_and_twice_is_no_error(engines: Engines) -> None:
    engine = engines(WAIT)
    id = engine.start("m", {})

    engine.stop(id, error="Mine", cause="because")
    engine.stop(id)

    stopped = engine.describe(id)
    assert (stopped.status, stopped.error, stopped.cause) == ("ABORTED", "Mine", "because")
    assert engine.history(id)[-1].type == "ExecutionAborted"


def test_a_request_to_stop_outlives_the_owner_that_was_asked(engines: Engines) -> None:
    first, second = engines(WAIT), engines(WAIT)
    id = first.start("m", {})
    second.stop(id, error="Mine")  # its owner lives, and is not at work
    assert second.describe(id).status == "RUNNING"
    first.close()

    second.resume()
    second.run([id])

    assert (second.describe(id).status, second.describe(id).error) == ("ABORTED", "Mine")


def test_another_engine_stops_what_this_one_drives(engines: Engines) -> None:
    work = Once()
    driver, other = engines(TASK, work), engines(TASK, work)
    id = driver.start("m", {})
    driving = threading.Thread(target=driver.run, args=([id],), daemon=True)
    driving.start()
    work.called.wait(20)

    other.stop(id, cause="enough")
    driving.join(20)
    work.released.set()

    assert other.describe(id).status == "ABORTED"
    assert [e.type for e in other.history(id)][-2:] == ["TaskStateAborted", "ExecutionAborted"]


def test_running_an_execution_of_another_engine_waits_for_it(engines: Engines) -> None:
    work = Once()
    driver, other = engines(TASK, work), engines(TASK, work)
    id = driver.start("m", {})
    driving = threading.Thread(target=driver.run, args=([id],), daemon=True)
    driving.start()
    work.called.wait(20)
    threading.Timer(0.05, work.released.set).start()

    other.run([id])

    assert other.describe(id).output == "zombie"  # the first call's answer, and the only one
    driving.join(20)


def test_lists_by_machine_and_status(engines: Engines) -> None:
    engine = engines(WAIT)
    done = engine.start("m", {"n": 1})
    engine.run([done])
    left = engine.start("m", {"n": 2})

    assert [e.id for e in engine.list()] == [left, done]
    assert [e.id for e in engine.list(status="SUCCEEDED")] == [done]
    assert [e.id for e in engine.list(machine="other")] == []
    assert [e.id for e in engine.list(limit=1)] == [left]


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 4096]
)
def test_a_damaged_journal_is_reported_and_left_as_it_is(
    engines: Engines, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)

    with pytest.raises(HomeUnusable, match=r"damaged"):
        engines(WAIT)

    assert (tmp_path / "journal.sqlite").read_bytes() == content


def test_a_newer_journal_is_refused(engines: Engines, tmp_path: Path) -> None:
    engines(WAIT).close()
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(HomeUnusable, match="install a newer ons"):
        engines(WAIT)


def test_another_programs_database_is_not_taken_for_a_journal(
    engines: Engines, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE notes (text)")
    db.close()
    before = path.read_bytes()

    with pytest.raises(HomeUnusable, match="not a journal"):
        engines(WAIT)

    assert path.read_bytes() == before


@given(values)
def test_any_json_is_written_and_read_back_the_same(value: Any) -> None:
    text = dumps(value)

    assert text.encode().decode() == text
    assert same(loads(text), value)


def test_a_file_name_that_is_not_utf8_can_travel(engines: Engines) -> None:
    engine = engines({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    name = b"caf\xe9.csv".decode("utf-8", "surrogateescape")

    id = engine.start("m", {"origin": name})
    engine.run([id])

    assert engine.describe(id).output == {"origin": name}
