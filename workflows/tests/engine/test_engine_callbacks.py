"""Tasks that wait for a token: what ends them, from where, and when the token is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.tokens import InvalidOutput, InvalidToken, TaskTimedOut

SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
Engines = Callable[..., Any]


def _machine(**more: Any) -> dict[str, Any]:
    parameters = {"QueueUrl": "q", "MessageBody": {"TaskToken.$": "$$.Task.Token"}}
    task = {"Type": "Task", "Resource": SEND, "Parameters": parameters, "End": True, **more}
    caught = {"C": {"Type": "Pass", "End": True}} if "Catch" in more else {}
    return {"StartAt": "S", "States": {"S": task, **caught}}


def _token(functions: Any) -> str:
    token: str = functions.calls[-1][1]["MessageBody"]["TaskToken"]
    return token


class Waiting:
    """An execution whose Task waits; `sent` is called with the token once it does."""

    def __init__(self, engines: Engines, functions: Any, definition: Any) -> None:
        self.functions = functions
        self.engine = engines(definition, functions)
        self.id = self.engine.start("m", {})
        self.sent: Callable[[str], None] = lambda token: None

    def run(self) -> list[str]:
        def listen(_: str, event: Any) -> None:
            if event.type == "TaskSubmitted":
                self.sent(_token(self.functions))

        self.engine.run([self.id], on_event=listen)
        return [event.type for event in self.engine.history(self.id)]


@pytest.fixture
def functions() -> Any:
    from workflows.tests.engine.conftest import Functions  # the same folder's builders

    return Functions(sendMessage=lambda body: {"MessageId": "1"})


@pytest.fixture
def waiting(engines: Engines, functions: Any) -> Callable[..., Waiting]:
    return lambda **more: Waiting(engines, functions, _machine(**more))


def test_the_outcome_that_is_sent_is_the_result(waiting: Callable[..., Waiting]) -> None:
    task = waiting()
    task.sent = lambda token: task.engine.send_task_success(token, '{"a": 1}')

    types = task.run()

    assert task.engine.describe(task.id).output == {"a": 1}
    assert types == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted",
        "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_the_events_name_the_whole_action(waiting: Callable[..., Waiting]) -> None:
    task = waiting()
    task.sent = lambda token: task.engine.send_task_success(token, "1")

    task.run()

    named = [e.details for e in task.engine.history(task.id) if e.type.startswith("Task")][1:]
    assert {d["resource"] for d in named if "resource" in d} == {"sendMessage.waitForTaskToken"}
    assert {d["resourceType"] for d in named if "resource" in d} == {"sqs"}


def test_an_outcome_may_come_before_the_call_has_returned(engines: Engines, functions: Any) -> None:
    made: list[Any] = []

    def send(message: Any) -> Any:
        made[0].send_task_success(message["MessageBody"]["TaskToken"], '"early"')
        return {}

    functions.functions["sendMessage"] = send
    made.append(engines(_machine(), functions))
    id = made[0].start("m", {})
    made[0].run([id])

    assert made[0].describe(id).output == "early"


def test_an_outcome_may_be_sent_by_another_process(
    waiting: Callable[..., Waiting], engines: Engines
) -> None:
    task, other = waiting(), engines(_machine())
    task.sent = lambda token: other.send_task_success(token, "7")

    task.run()

    assert task.engine.describe(task.id).output == 7


def test_a_failure_that_is_sent_is_caught_by_its_name(waiting: Callable[..., Waiting]) -> None:
    task = waiting(Catch=[{"ErrorEquals": ["E"], "Next": "C"}])
    task.sent = lambda token: task.engine.send_task_failure(token, error="E", cause="c")

    types = task.run()

    assert task.engine.describe(task.id).output == {"Error": "E", "Cause": "c"}
    assert "TaskFailed" in types


def test_a_failure_without_a_name_fails_the_execution_without_one(
    waiting: Callable[..., Waiting],
) -> None:
    task = waiting()
    task.sent = lambda token: task.engine.send_task_failure(token)

    task.run()

    ended = task.engine.describe(task.id)
    assert (ended.status, ended.error, ended.cause) == ("FAILED", None, None)


@pytest.mark.parametrize("limits", [{"HeartbeatSeconds": 5}, {"TimeoutSeconds": 5}])
def test_a_missed_heartbeat_and_a_timeout_are_both_states_timeout(
    waiting: Callable[..., Waiting], clock: Any, limits: Any
) -> None:
    task = waiting(**limits)

    types = task.run()

    assert task.engine.describe(task.id).error == "States.Timeout"
    assert types[-2:] == ["TaskTimedOut", "ExecutionFailed"]
    assert clock.time - clock.start == 5


def test_a_heartbeat_gives_more_time_but_never_more_than_the_timeout(
    waiting: Callable[..., Waiting], clock: Any
) -> None:
    task = waiting(HeartbeatSeconds=5, TimeoutSeconds=12)
    sleep = clock.sleep

    def sleep_and_beat(seconds: float) -> None:
        sleep(seconds)
        task.engine.send_task_heartbeat(_token(task.functions))

    clock.sleep = sleep_and_beat
    task.run()

    assert clock.time - clock.start == pytest.approx(12)
    assert task.engine.describe(task.id).error == "States.Timeout"


def test_heartbeats_may_be_set_by_a_path(waiting: Callable[..., Waiting], clock: Any) -> None:
    task = waiting(HeartbeatSecondsPath="$.beat")
    task.id = task.engine.start("m", {"beat": 3})

    task.run()

    assert clock.time - clock.start == 3


def test_a_task_keeps_its_deadline_and_its_token_when_its_process_dies(
    engines: Engines, functions: Any, clock: Any
) -> None:
    first = engines(_machine(TimeoutSeconds=60), functions)
    id = first.start("m", {})

    def interrupt(_: str, event: Any) -> None:
        if event.type == "TaskSubmitted":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run([id], on_event=interrupt)
    first.close()
    clock.sleep(10)
    second = engines(_machine(TimeoutSeconds=60), functions)
    second.resume()
    second.send_task_success(_token(functions), '"late"')
    second.run([id])

    assert second.describe(id).output == "late"
    assert len(functions.calls) == 1


def _interrupted(engine: Any, id: str) -> None:
    def interrupt(_: str, event: Any) -> None:
        if event.type == "TaskSubmitted":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.run([id], on_event=interrupt)
    engine.close()


def test_who_does_not_stay_leaves_an_execution_that_can_only_wait(
    engines: Engines, functions: Any
) -> None:
    first = engines(_machine(), functions)
    id = first.start("m", {})
    _interrupted(first, id)
    second = engines(_machine(), functions)

    assert second.resume(waiting=False) == []
    second.send_task_success(_token(functions), "1")
    assert second.resume(waiting=False) == [id]
    second.run([id])

    assert second.describe(id).output == 1


def test_an_execution_whose_wait_is_over_is_not_left(
    engines: Engines, functions: Any, clock: Any
) -> None:
    first = engines(_machine(HeartbeatSeconds=30), functions)
    id = first.start("m", {})
    _interrupted(first, id)
    second = engines(_machine(HeartbeatSeconds=30), functions)

    clock.sleep(20)
    second.send_task_heartbeat(_token(functions))
    clock.sleep(20)
    assert second.resume(waiting=False) == []
    clock.sleep(10)
    assert second.resume(waiting=False) == [id]
    second.run([id])

    assert second.describe(id).error == "States.Timeout"


def test_without_an_outcome_the_deadline_stands_after_a_crash(
    engines: Engines, functions: Any, clock: Any
) -> None:
    first = engines(_machine(TimeoutSeconds=60), functions)
    id = first.start("m", {})

    def interrupt(_: str, event: Any) -> None:
        if event.type == "TaskSubmitted":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.run([id], on_event=interrupt)
    clock.sleep(10)
    first.run([id])

    assert first.describe(id).error == "States.Timeout"
    assert clock.time - clock.start == 60


def test_a_token_ends_with_its_task(waiting: Callable[..., Waiting]) -> None:
    task = waiting()
    task.sent = lambda token: task.engine.send_task_success(token, "1")
    task.run()
    token = _token(task.functions)

    for send in (
        lambda: task.engine.send_task_success(token, "2"),
        lambda: task.engine.send_task_failure(token),
        lambda: task.engine.send_task_heartbeat(token),
    ):
        with pytest.raises(TaskTimedOut):
            send()


def test_only_the_first_outcome_counts(waiting: Callable[..., Waiting]) -> None:
    task = waiting()

    def twice(token: str) -> None:
        task.engine.send_task_success(token, "1")
        with pytest.raises(TaskTimedOut):
            task.engine.send_task_failure(token, error="E")

    task.sent = twice
    task.run()

    assert task.engine.describe(task.id).output == 1


def test_stopping_the_execution_ends_the_token(waiting: Callable[..., Waiting]) -> None:
    task = waiting()
    task.sent = lambda token: task.engine.stop(task.id)

    types = task.run()

    assert types[-2:] == ["TaskStateAborted", "ExecutionAborted"]
    with pytest.raises(TaskTimedOut):
        task.engine.send_task_success(_token(task.functions), "1")


def test_a_retry_has_a_token_of_its_own(waiting: Callable[..., Waiting]) -> None:
    task = waiting(Retry=[{"ErrorEquals": ["E"]}])
    tokens: list[str] = []

    def outcome(token: str) -> None:
        tokens.append(token)
        if len(tokens) == 1:
            task.engine.send_task_failure(token, error="E")
        else:
            task.engine.send_task_success(token, "2")

    task.sent = outcome
    task.run()

    assert len(set(tokens)) == 2
    assert task.engine.describe(task.id).output == 2


def test_a_branch_that_waits_is_aborted_with_its_siblings_failure(
    engines: Engines, functions: Any
) -> None:
    inner = _machine()
    fail = {"Type": "Fail", "Error": "E"}
    wait = {"Type": "Wait", "Seconds": 1, "Next": "F"}
    fails = {"StartAt": "W", "States": {"W": wait, "F": fail}}
    parallel = {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "S", "States": {"S": inner["States"]["S"]}}, fails]}  # fmt: skip
    engine = engines({"StartAt": "P", "States": {"P": parallel}}, functions)
    id = engine.start("m", {})
    engine.run([id])

    assert engine.describe(id).error == "E"
    with pytest.raises(TaskTimedOut):
        engine.send_task_success(_token(functions), "1")


@pytest.mark.parametrize("token", ["", "x", "AAAA", "b25zMS4xLjM", "ção"])
def test_what_was_never_a_token_is_refused(engines: Engines, token: str) -> None:
    with pytest.raises(InvalidToken):
        engines(_machine()).send_task_heartbeat(token)


def test_a_token_of_another_journal_is_refused(
    waiting: Callable[..., Waiting], engines: Engines
) -> None:
    from workflows.engine.callbacks import token_of

    task = waiting()
    with pytest.raises(InvalidToken):
        task.engine.send_task_heartbeat(token_of(1, "arn:of:another", 3))


@pytest.mark.parametrize("output", ["", "{", "NaN", '"' + "x" * 262_144 + '"'])
def test_an_output_that_is_no_json_or_too_large_is_refused(
    waiting: Callable[..., Waiting], output: str
) -> None:
    task = waiting(TimeoutSeconds=1)

    def send(token: str) -> None:
        with pytest.raises(InvalidOutput):
            task.engine.send_task_success(token, output)

    task.sent = send
    task.run()

    assert task.engine.describe(task.id).error == "States.Timeout"


def test_a_call_that_fails_ends_the_task_at_once(
    engines: Engines, functions: Any, ran: Callable[..., Any]
) -> None:
    def refuse(message: Any) -> Any:
        raise TaskFailed("SQS.QueueDoesNotExistException", "no such queue")

    functions.functions["sendMessage"] = refuse
    engine = engines(_machine(), functions)
    id = engine.start("m", {})
    engine.run([id])

    assert engine.describe(id).error == "SQS.QueueDoesNotExistException"
    with pytest.raises(TaskTimedOut):
        engine.send_task_success(_token(functions), "1")


def test_a_job_that_is_waited_for_may_be_ended_with_its_token_too(
    engines: Engines, functions: Any
) -> None:
    made: list[Any] = []
    released = threading.Event()

    def job(given: Any) -> Any:
        made[0].send_task_success(given["Parameters"]["token"], '"ended by hand"')
        released.wait(20)  # the job itself goes on; nobody waits for it
        return {"Status": "SUCCEEDED"}

    functions.functions["d"] = job
    given = {"JobName": "j", "JobDefinition": "d", "Parameters": {"token.$": "$$.Task.Token"}}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Parameters": given,
        "End": True,
    }
    made.append(engines({"StartAt": "S", "States": {"S": task}}, functions))
    id = made[0].start("m", {})
    made[0].run([id])
    released.set()

    assert made[0].describe(id).output == "ended by hand"
