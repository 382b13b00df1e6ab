"""Points 34 to 41 of what is commonly got wrong about Step Functions, through AWS's own client."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
HOLD = {
    "StartAt": "Hold",
    "States": {"Hold": {"Type": "Task", "Resource": "${hold}", "End": True}},
}
ASK = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
    },
}


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def failing(times):
    """A function that fails so many times, and works from then on."""
    left = [times]

    def work(event):
        if left[0]:
            left[0] -= 1
            raise LookupError("not there")
        return event

    return work


TRY = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Result": {"n": 1}, "Next": "Try"},
        "Try": {"Type": "Task", "Resource": "${flaky}", "End": True},
    },
}


@pytest.fixture
def asked(served):
    """The token that the function `ask` was given."""
    tokens, came = [], threading.Event()

    def ask(event):
        tokens.append(event["token"])
        came.set()

    served.functions.functions["ask"] = ask

    def token():
        assert came.wait(30)
        return tokens[-1]

    return token


def test_34_the_same_name_and_input_while_running_is_the_same_execution(served, sfn):
    arn = served.create(sfn, "made", HOLD)
    first = sfn.start_execution(stateMachineArn=arn, name="x" * 80, input='{"a": 1}')

    again = sfn.start_execution(stateMachineArn=arn, name="x" * 80, input='{"a":1}')

    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]


def test_34_another_input_or_a_closed_execution_has_taken_the_name(served, sfn):
    arn = served.create(sfn, "made", HOLD)
    given = {"stateMachineArn": arn, "name": "n"}
    running = sfn.start_execution(**given, input='{"a": 1}')["executionArn"]

    assert error_of(sfn.start_execution, **given, input='{"a": 2}') == "ExecutionAlreadyExists"
    served.functions.let_go.set()
    served.ended(sfn, running)
    assert error_of(sfn.start_execution, **given, input='{"a": 1}') == "ExecutionAlreadyExists"


def test_35_a_redrive_goes_on_from_the_failed_state_under_the_same_arn(served, sfn):
    served.functions.functions["flaky"] = failing(1)
    arn = served.finished(sfn, served.create(sfn, "made", TRY))["executionArn"]
    changed = {"StartAt": "New", "States": {"New": {"Type": "Succeed"}}}
    machine = arn.replace("execution", "stateMachine").rpartition(":")[0]
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(changed))

    redriven = sfn.redrive_execution(executionArn=arn)
    told = served.ended(sfn, arn)

    assert (told["status"], told["output"]) == ("SUCCEEDED", '{"n":1}')
    assert (told["redriveCount"], told["redriveDate"]) == (1, redriven["redriveDate"])
    types = [e["type"] for e in sfn.get_execution_history(executionArn=arn)["events"]]
    assert types.count("PassStateEntered") == 1
    assert types[types.index("ExecutionFailed") + 1] == "ExecutionRedriven"


def test_35_after_14_days_there_is_no_redrive(served, sfn):
    served.functions.functions["flaky"] = failing(1)
    arn = served.finished(sfn, served.create(sfn, "made", TRY))["executionArn"]

    served.clock.time += 14 * 24 * 3600 + 1

    assert error_of(sfn.redrive_execution, executionArn=arn) == "ExecutionNotRedrivable"


def test_35_a_redriven_fail_state_fails_again(served, sfn):
    fail = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Bad"}}}
    arn = served.finished(sfn, served.create(sfn, "made", fail))["executionArn"]

    sfn.redrive_execution(executionArn=arn)

    told = served.ended(sfn, arn)
    assert (told["status"], told["error"], told["redriveCount"]) == ("FAILED", "Bad", 1)


def test_36_whether_and_why_not_an_execution_may_be_redriven_is_told(served, sfn):
    served.functions.functions["flaky"] = failing(1)
    failed = served.finished(sfn, served.create(sfn, "flaky", TRY))
    succeeded = served.finished(sfn, served.create(sfn, "fine", PASS))

    assert failed["redriveStatus"] == "REDRIVABLE"
    assert "redriveStatusReason" not in failed
    assert succeeded["redriveStatus"] == "NOT_REDRIVABLE"
    why = "Execution is SUCCEEDED and cannot be redriven"
    assert succeeded["redriveStatusReason"] == why
    arn = succeeded["executionArn"]
    assert error_of(sfn.redrive_execution, executionArn=arn) == "ExecutionNotRedrivable"


def test_36_a_redrive_asked_for_twice_with_one_token_is_one_redrive(served, sfn):
    served.functions.functions["flaky"] = failing(1)
    arn = served.finished(sfn, served.create(sfn, "made", TRY))["executionArn"]
    first = sfn.redrive_execution(executionArn=arn, clientToken="t")
    served.ended(sfn, arn)

    again = sfn.redrive_execution(executionArn=arn, clientToken="t")

    assert again["redriveDate"] == first["redriveDate"]
    assert sfn.describe_execution(executionArn=arn)["redriveCount"] == 1


def distributed(**more):
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Do",
        "States": {"Do": {"Type": "Task", "Resource": "${each}", "End": True}},
    }
    state = {"Type": "Map", "ItemProcessor": processor, "Label": "all", "End": True, **more}
    return {"StartAt": "Each", "States": {"Each": state}}


def test_36_a_map_run_tells_its_counts_and_its_children(served, sfn):
    def each(n):
        if n == 2:
            raise LookupError("no two")
        return n

    served.functions.functions["each"] = each
    arn = served.create(sfn, "made", distributed(ToleratedFailureCount=1))
    done = served.finished(sfn, arn, [1, 2, 3])["executionArn"]

    (listed,) = sfn.list_map_runs(executionArn=done)["mapRuns"]
    told = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    children = sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]

    assert (told["status"], told["executionArn"]) == ("SUCCEEDED", done)
    assert told["toleratedFailureCount"] == 1
    counts = {k: n for k, n in told["itemCounts"].items() if n}
    assert counts == {"succeeded": 2, "failed": 1, "total": 3}
    assert sorted(c["status"] for c in children) == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert {(c["mapRunArn"], c["itemCount"]) for c in children} == {(listed["mapRunArn"], 1)}
    failed = sfn.list_executions(mapRunArn=listed["mapRunArn"], statusFilter="FAILED")
    (child,) = failed["executions"]
    about = sfn.describe_execution(executionArn=child["executionArn"])
    assert about["stateMachineArn"] == f"{arn}/all"
    assert (about["redriveStatus"], about["input"]) == ("REDRIVABLE_BY_MAP_RUN", "2")
    assert error_of(sfn.redrive_execution, executionArn=about["executionArn"]) == (
        "ExecutionNotRedrivable"
    )
    part = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert (part["label"], part["mapRunArn"]) == ("all", listed["mapRunArn"])


def test_36_a_map_run_under_way_is_updated_and_one_that_ended_is_not(served, sfn):
    served.functions.functions["each"] = lambda n: served.functions.let_go.wait(60) and n
    machine = served.create(sfn, "made", distributed(MaxConcurrency=1))
    arn = sfn.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
    while not (runs := sfn.list_map_runs(executionArn=arn)["mapRuns"]):
        threading.Event().wait(0.005)

    sfn.update_map_run(mapRunArn=runs[0]["mapRunArn"], maxConcurrency=2, toleratedFailureCount=3)
    told = sfn.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
    served.functions.let_go.set()
    served.ended(sfn, arn)

    assert (told["maxConcurrency"], told["toleratedFailureCount"]) == (2, 3)
    late = {"mapRunArn": runs[0]["mapRunArn"], "maxConcurrency": 1}
    assert error_of(sfn.update_map_run, **late) == "ValidationException"


def test_37_the_first_state_follows_event_zero_and_a_maps_exit_points_past_its_success(served, sfn):
    one = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemProcessor": one, "End": True}
    machine = served.create(sfn, "made", {"StartAt": "Each", "States": {"Each": each}})
    arn = served.finished(sfn, machine, [1])["executionArn"]

    events = {e["type"]: e for e in sfn.get_execution_history(executionArn=arn)["events"]}

    assert events["MapStateEntered"]["previousEventId"] == 0
    left = events["MapStateExited"]["previousEventId"]
    assert left == events["MapStateSucceeded"]["previousEventId"]
    assert left == events["MapIterationSucceeded"]["id"]


def test_38_what_may_be_cut_short_says_whether_it_was(served, sfn):
    fail = {
        "StartAt": "No",
        "States": {"No": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"}},
    }
    machine = served.create(sfn, "made", fail)
    given = {"e": "E" * 300, "c": "C" * 40_000}

    told = served.finished(sfn, machine, given)
    events = sfn.get_execution_history(executionArn=told["executionArn"])["events"]

    assert (len(told["error"]), len(told["cause"])) == (256, 32_768)
    last = events[-1]["executionFailedEventDetails"]
    assert (len(last["error"]), len(last["cause"])) == (256, 32_768)
    started = events[0]["executionStartedEventDetails"]
    assert started["inputDetails"] == {"truncated": False}


@pytest.mark.parametrize("field", ["error", "cause"])
def test_38_longer_errors_and_causes_are_refused(served, sfn, field):
    arn = served.finished(sfn, served.create(sfn, "made", PASS))["executionArn"]
    limit = {"error": 256, "cause": 32_768}[field]

    sfn.stop_execution(executionArn=arn, **{field: "x" * limit})
    long = {"executionArn": arn, field: "x" * (limit + 1)}
    assert error_of(sfn.stop_execution, **long) == "ValidationException"


def test_39_an_outcome_is_sent_with_the_token_of_the_task(served, sfn, asked):
    arn = sfn.start_execution(stateMachineArn=served.create(sfn, "made", ASK))["executionArn"]

    sfn.send_task_heartbeat(taskToken=asked())
    sfn.send_task_success(taskToken=asked(), output='{"yes": 1}')

    told = served.ended(sfn, arn)
    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"yes": 1})


def test_39_a_failure_is_sent_with_error_and_cause(served, sfn, asked):
    arn = sfn.start_execution(stateMachineArn=served.create(sfn, "made", ASK))["executionArn"]

    sfn.send_task_failure(taskToken=asked(), error="No", cause="not now")

    told = served.ended(sfn, arn)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "No", "not now")


def test_39_a_token_ends_with_its_task(served, sfn, asked):
    arn = sfn.start_execution(stateMachineArn=served.create(sfn, "made", ASK))["executionArn"]
    token = asked()
    sfn.stop_execution(executionArn=arn)

    assert error_of(sfn.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"
    assert error_of(sfn.send_task_heartbeat, taskToken=token) == "TaskTimedOut"
    assert error_of(sfn.send_task_failure, taskToken="never") == "InvalidToken"


def test_39_an_output_that_is_not_json_leaves_the_task_waiting(served, sfn, asked):
    arn = sfn.start_execution(stateMachineArn=served.create(sfn, "made", ASK))["executionArn"]

    assert error_of(sfn.send_task_success, taskToken=asked(), output="{") == "InvalidOutput"
    assert sfn.describe_execution(executionArn=arn)["status"] == "RUNNING"


def test_39_no_results_asked_for_are_100_and_more_than_1000_are_refused(served, sfn):
    machine = served.create(sfn, "made", PASS)
    for n in range(101):
        sfn.start_execution(stateMachineArn=machine, name=str(n))

    page = sfn.list_executions(stateMachineArn=machine, maxResults=0)

    assert (len(page["executions"]), "nextToken" in page) == (100, True)
    whole = sfn.list_executions(stateMachineArn=machine, maxResults=1000)
    assert (len(whole["executions"]), "nextToken" in whole) == (101, False)
    many = {"stateMachineArn": machine, "maxResults": 1001}
    assert error_of(sfn.list_executions, **many) == "ValidationException"


def test_41_boto3_calls_another_host_unless_it_is_told_not_to(served, sfn):
    machine = served.create(sfn, "quick", PASS, type="EXPRESS")
    named = served.url.replace("127.0.0.1", "localhost")
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-west-2"}
    once = Config(retries={"total_max_attempts": 1}, proxies={})
    stubborn = boto3.client("stepfunctions", endpoint_url=named, config=once, **keys)
    hosts = []
    stubborn.meta.events.register(
        "before-send", lambda request, **_: hosts.append(request.url) or _nowhere(request)
    )

    with pytest.raises(EndpointConnectionError):
        stubborn.start_sync_execution(stateMachineArn=machine)

    assert hosts[0].startswith("http://sync-localhost")
    assert sfn.start_sync_execution(stateMachineArn=machine)["status"] == "SUCCEEDED"


def _nowhere(request):
    raise EndpointConnectionError(endpoint_url=request.url)


@pytest.mark.parametrize("end", ["stop", "time out"])
def test_40_a_stopped_or_timed_out_execution_stops_the_execution_it_waits_for(served, sfn, end):
    child = served.create(sfn, "child", HOLD)
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": child, "Name": "inner", "Input": {}},
        "End": True,
    }
    limit = {"TimeoutSeconds": 60} if end == "time out" else {}
    parent = served.create(sfn, "parent", {"StartAt": "N", "States": {"N": nested}, **limit})
    arn = sfn.start_execution(stateMachineArn=parent)["executionArn"]
    inner = child.replace("stateMachine", "execution") + ":inner"
    while not sfn.list_executions(stateMachineArn=child)["executions"]:
        pass

    if end == "stop":
        sfn.stop_execution(executionArn=arn)
    else:
        served.clock.time += 61

    wanted = {"stop": "ABORTED", "time out": "TIMED_OUT"}[end]
    assert served.ended(sfn, arn)["status"] == wanted
    assert served.ended(sfn, inner)["status"] == "ABORTED"


def test_many_clients_at_once_each_get_their_own_answer(served, sfn):
    machine = served.create(sfn, "made", PASS)
    quick = served.create(sfn, "quick", PASS, type="EXPRESS")

    def both(n):
        started = sfn.start_execution(stateMachineArn=machine, name=str(n), input=str(n))
        answered = sfn.start_sync_execution(stateMachineArn=quick, input=str(n))
        return started["executionArn"], answered["output"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(both, range(60)))

    assert [output for _, output in answers] == [str(n) for n in range(60)]
    assert [served.ended(sfn, arn)["output"] for arn, _ in answers] == [str(n) for n in range(60)]
