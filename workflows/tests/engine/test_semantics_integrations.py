"""What is commonly got wrong about Tasks and the services they call (semantics 7, 8, 29 to 33)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.failures import TaskFailed
from workflows.engine.faults import BadDefinition
from workflows.engine.services import EmbeddedServices
from workflows.engine.services.tables import TABLE
from workflows.engine.workers import WorkerPool

INVOKE = "arn:aws:states:::lambda:invoke"
BATCH = "arn:aws:states:::batch:submitJob.sync"
ROOT = Path(__file__).parents[3]
WORKER = (sys.executable, str(Path(__file__).with_name("worker_script.py")))
Engines = Callable[..., Any]
CAUGHT = {"C": {"Type": "Pass", "End": True}}
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]


def _machine(resource: str, parameters: Any, **more: Any) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return {"StartAt": "S", "States": {"S": task, **(CAUGHT if "Catch" in more else {})}}


def _lambda(**more: Any) -> dict[str, Any]:
    return _machine(INVOKE, {"FunctionName": "f", "Payload.$": "$"}, **more)


def _batch(**more: Any) -> dict[str, Any]:
    return _machine(BATCH, {"JobName": "j", "JobDefinition": "d", "JobQueue": "q"}, **more)


def _answers(*answers: Any) -> Callable[[Any], Any]:
    left = iter(answers)

    def answer(_: Any) -> Any:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return answer


# 7. States.DataLimitExceeded


def test_7_an_oversized_result_of_a_function_is_caught_by_states_all(run: Any) -> None:
    ran = run(_lambda(Catch=CATCH_ALL), {}, f=lambda _: "x" * 300_000)

    assert ran.execution.output == {
        "Error": "States.DataLimitExceeded",
        "Cause": "The state/task 'lambda' returned a result with a size exceeding the maximum "
        "number of bytes service limit.",
    }


def test_7_an_oversized_input_of_a_task_ends_the_execution(run: Any) -> None:
    large = {"A": "x" * 200_000}
    parameters = {"FunctionName": "f", "Payload": {"a.$": "$.A", "b.$": "$.A"}}

    ran = run(_machine(INVOKE, parameters, Catch=CATCH_ALL), large, f=lambda _: 1)

    assert (ran.execution.status, ran.execution.error) == ("FAILED", "States.DataLimitExceeded")


# 8. Heartbeats


def test_8_a_missed_heartbeat_is_recorded_as_a_timeout(run: Any) -> None:
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    parameters = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}

    ran = run(
        _machine(
            resource, parameters, HeartbeatSeconds=5,
            Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "C", "ResultPath": "$.timeout"}],
        ),
        {}, sendMessage=lambda _: {},
    )  # fmt: skip

    assert ran.execution.output == {"timeout": {"Error": "States.Timeout", "Cause": ""}}
    assert ran.types[4:7] == ["TaskSubmitted", "TaskTimedOut", "TaskStateExited"]


def test_8_a_missed_heartbeat_is_taken_by_its_own_name_and_a_timeout_is_not(run: Any) -> None:
    resource = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    parameters = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
    catch = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C", "ResultPath": "$.beat"}]

    missed = run(
        _machine(resource, parameters, HeartbeatSeconds=5, TimeoutSeconds=60, Catch=catch),
        {}, sendMessage=lambda _: {},
    )  # fmt: skip
    assert missed.execution.output == {"beat": {"Error": "States.Timeout", "Cause": ""}}
    missed.engine.close()
    late = run(
        _machine(resource, parameters, TimeoutSeconds=60, Catch=catch),
        {}, sendMessage=lambda _: {},
    )  # fmt: skip

    assert (late.execution.status, late.execution.error) == ("FAILED", "States.Timeout")


# 29. The envelope


def test_29_lambda_invoke_gives_an_envelope_with_the_payload_parsed(run: Any) -> None:
    ran = run(_lambda(), {}, f=lambda _: {"a": [1, None]})

    output = ran.execution.output
    assert set(output) == {
        "ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode",
    }  # fmt: skip
    assert (output["Payload"], output["StatusCode"]) == ({"a": [1, None]}, 200)
    assert output["ExecutedVersion"] == "$LATEST"


def test_29_a_function_named_as_the_resource_gives_its_bare_result(run: Any) -> None:
    arn = "arn:aws:lambda:us-west-2:123456789012:function:f"

    ran = run(_machine(arn, {"a": 1}), {}, **{arn: lambda event: event})

    assert ran.execution.output == {"a": 1}
    assert "LambdaFunctionScheduled" in ran.types
    assert "TaskScheduled" not in ran.types


# 30. A Python error


def test_30_a_python_error_is_its_bare_class_name_with_a_cause_in_json(run: Any) -> None:
    class CustomError(Exception):
        pass

    def f(_: Any) -> Any:
        raise CustomError("no luck")

    ran = run(_lambda(Catch=[{"ErrorEquals": ["CustomError"], "Next": "C"}]), {}, f=f)

    assert ran.execution.output["Error"] == "CustomError"
    cause = json.loads(ran.execution.output["Cause"])
    assert set(cause) == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert (cause["errorMessage"], cause["errorType"]) == ("no luck", "CustomError")


# 31. Lambda's own errors


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = WorkerPool({"PYTHONPATH": str(ROOT)}, size=1, command=WORKER)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("function", "error"), [("hang", "Sandbox.Timedout"), ("crash", "Lambda.Unknown")]
)
def test_31_a_function_that_runs_out_of_time_or_dies_has_lambdas_names(
    engines: Engines, pool: WorkerPool, function: str, error: str
) -> None:
    class Pooled:
        def invoke(self, function: str, payload: Any, **_: Any) -> Any:
            return pool.call(function, payload, timeout_s=1, memory_mb=512)

    catch = [{"ErrorEquals": [error], "Next": "C"}]
    parameters = {"FunctionName": function, "Payload": {}}
    engine = engines(_machine(INVOKE, parameters, Catch=catch), Pooled())
    id = engine.start("m", {})
    engine.run([id])

    assert engine.describe(id).output["Error"] == error


def test_31_a_throttled_function_is_retried_by_its_name(run: Any, clock: Any) -> None:
    throttled = TaskFailed("Lambda.TooManyRequestsException", "Rate Exceeded.")
    retry = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 2}]

    ran = run(_lambda(Retry=retry), {}, f=_answers(throttled, throttled, "through"))

    assert ran.execution.output["Payload"] == "through"
    assert clock.time - clock.start == 2 + 4


# 32. Names of services


@pytest.fixture
def services(tmp_path: Path, clock: Any) -> EmbeddedServices:
    store = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
    nothing: Any = None
    return EmbeddedServices(nothing, lambda: store, tmp_path, clock)


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("arn:aws:states:::dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException"),
        ("arn:aws:states:::aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException"),
    ],
)
def test_32_the_two_integrations_of_dynamodb_name_it_differently(
    engines: Engines, services: EmbeddedServices, resource: str, error: str
) -> None:
    parameters = {
        "TableName": TABLE,
        "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    catch = [{"ErrorEquals": [error], "Next": "C"}]
    engine = engines(_machine(resource, parameters, Catch=catch), services)
    id = engine.start("m", {})
    engine.run([id])

    assert engine.describe(id).output["Error"] == error


def test_32_a_missing_object_and_a_failed_entry_have_their_services_names(
    engines: Engines, services: EmbeddedServices
) -> None:
    entry = {"Source": "s", "DetailType": "d", "Detail": "no json"}
    for resource, parameters, error in (
        ("aws-sdk:s3:getObject", {"Bucket": "${bucket}", "Key": "no"}, "S3.NoSuchKeyException"),
        ("events:putEvents", {"Entries": [entry]}, "EventBridge.FailedEntry"),
    ):
        engine = engines(_machine(f"arn:aws:states:::{resource}", parameters), services)
        id = engine.start("m", {})
        engine.run([id])
        assert engine.describe(id).error == error
        engine.close()


# 33. Jobs that are waited for


def test_33_a_jobs_submission_is_told_before_its_success(run: Any) -> None:
    ran = run(_batch(), {}, d=lambda job: {"JobName": job["JobName"], "Status": "SUCCEEDED"})

    assert ran.execution.output == {"JobName": "j", "Status": "SUCCEEDED"}
    assert ran.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    (submitted,) = ran.details("TaskSubmitted")
    assert (submitted["resourceType"], submitted["resource"]) == ("batch", "submitJob.sync")


def test_33_a_failed_job_is_task_failed_with_the_job_as_its_cause(run: Any) -> None:
    detail = {"JobName": "j", "Status": "FAILED", "StatusReason": "Essential container exited",
              "Attempts": [{"Container": {"ExitCode": 1}}]}  # fmt: skip
    failed = TaskFailed("States.TaskFailed", json.dumps(detail))

    ran = run(_batch(Catch=CATCH_ALL), {}, d=_answers(failed))

    assert ran.execution.output["Error"] == "States.TaskFailed"
    assert json.loads(ran.execution.output["Cause"]) == detail
    assert ran.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed"]


def test_33_a_job_keeps_the_id_that_it_was_submitted_with(run: Any) -> None:
    retry = [{"ErrorEquals": ["States.TaskFailed"]}]
    failed = TaskFailed("States.TaskFailed", '{"JobId": "of the first", "Status": "FAILED"}')

    ran = run(_batch(Retry=retry), {}, d=_answers(failed, {"JobId": "x", "Status": "SUCCEEDED"}))

    first, second = (json.loads(d["output"]) for d in ran.details("TaskSubmitted"))
    (cause,) = (json.loads(d["cause"]) for d in ran.details("TaskFailed"))
    assert cause["JobId"] == first["JobId"] != second["JobId"] == ran.execution.output["JobId"]
    assert first == {
        "JobArn": f"arn:aws:batch:local:000000000000:job/{first['JobId']}",
        "JobId": first["JobId"],
        "JobName": "j",
    }


def test_33_a_failed_job_is_retried_by_the_name_task_failed(run: Any) -> None:
    failed = TaskFailed("States.TaskFailed", '{"Status": "FAILED"}')
    retry = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}]

    ran = run(_batch(Retry=retry), {}, d=_answers(failed, {"Status": "SUCCEEDED"}))

    assert ran.execution.status == "SUCCEEDED"
    assert ran.types.count("TaskSubmitted") == 2


# Retries that succeed later, and several branches with Tasks


def test_a_retry_that_succeeds_leaves_no_trace_in_the_output(run: Any, clock: Any) -> None:
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 5,
              "MaxDelaySeconds": 4}]  # fmt: skip
    selected = {"ResultSelector": {"n.$": "$.Payload", "tries.$": "$$.State.RetryCount"}}

    ran = run(
        _lambda(Retry=retry, Catch=CATCH_ALL, **selected), {},
        f=_answers(TaskFailed("E"), TaskFailed("E"), TaskFailed("E"), 7),
    )  # fmt: skip

    assert ran.execution.output == {"n": 7, "tries": 3}
    assert clock.time - clock.start == 3 + 4 + 4
    assert ran.types == [
        "ExecutionStarted", "TaskStateEntered",
        *["TaskScheduled", "TaskStarted", "TaskFailed"] * 3,
        "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_each_retrier_counts_for_itself_until_the_state_is_left(run: Any) -> None:
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["B"], "MaxAttempts": 1}]
    a, b = TaskFailed("A"), TaskFailed("B")

    good = run(_lambda(Retry=retry), {}, f=_answers(a, b, 1))
    assert good.execution.output["Payload"] == 1
    good.engine.close()
    bad = run(_lambda(Retry=retry), {}, f=_answers(a, b, a))

    assert (bad.execution.status, bad.execution.error) == ("FAILED", "A")


def _branch(function: str, **more: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return {"StartAt": function, "States": {
        function: {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, "End": True,
                   "OutputPath": "$.Payload", **more}}}  # fmt: skip


def _fan(*branches: Any, **more: Any) -> dict[str, Any]:
    parallel = {"Type": "Parallel", "Branches": list(branches), "End": True, **more}
    return {"StartAt": "P", "States": {"P": parallel, **(CAUGHT if "Catch" in more else {})}}


def test_branches_answer_in_their_order_whichever_ends_first(run: Any, clock: Any) -> None:
    slow = _branch("slow", Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 60}])

    ran = run(
        _fan(slow, _branch("fast")), 5,
        slow=_answers(TaskFailed("E"), "slow"), fast=lambda event: event,
    )  # fmt: skip

    assert ran.execution.output == ["slow", 5]
    assert ran.types[-3:] == ["ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded"]
    assert clock.time - clock.start == 60


def test_one_branch_that_fails_ends_the_others_and_the_state(run: Any, clock: Any) -> None:
    waits = _branch("waits", Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 600}])

    ran = run(
        _fan(waits, _branch("fails"), Catch=CATCH_ALL), {},
        waits=_answers(TaskFailed("Busy")), fails=_answers(TaskFailed("E", "why")),
    )  # fmt: skip

    assert ran.execution.output == {"Error": "E", "Cause": "why"}
    assert ran.types.count("TaskStateAborted") == 2
    assert "ParallelStateFailed" in ran.types
    assert clock.time == clock.start


def test_a_parallel_state_that_is_retried_runs_every_branch_again(run: Any) -> None:
    ran = run(
        _fan(_branch("good"), _branch("late"), Retry=[{"ErrorEquals": ["E"]}]), {},
        good=lambda _: "good", late=_answers(TaskFailed("E"), "late"),
    )  # fmt: skip

    assert ran.execution.output == ["good", "late"]
    assert ran.types.count("ParallelStateStarted") == 2
    assert ran.types.count("ParallelStateEntered") == 1


# What is not there is refused


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::sqs:deleteQueue",
        "arn:aws:states:::batch:submitJob",
        "arn:aws:states:::dynamodb:putItem.sync",
        "arn:aws:states:::aws-sdk:s3:deleteBucket",
        "arn:aws:states:us-west-2:123456789012:activity:a",
        "nothing at all",
    ],
)
def test_an_unknown_resource_is_refused_by_name_when_the_machine_is_made(
    engines: Engines, resource: str
) -> None:
    inner = _machine(resource, {})
    definition = {"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}  # fmt: skip

    with pytest.raises(BadDefinition) as caught:
        engines(definition)

    where = "$.States.M.ItemProcessor.States.S.Resource"
    (problem,) = caught.value.problems
    assert problem == f"the resource {resource!r} is not supported by this engine at {where}"
