"""Executions over the API, through boto3."""

from __future__ import annotations

import json
import re

import pytest
from botocore.exceptions import ClientError

PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Bad", "Cause": "so"}}}
HOLD = {
    "StartAt": "Hold",
    "States": {"Hold": {"Type": "Task", "Resource": "${hold}", "End": True}},
}
ECHO = {
    "StartAt": "Echo",
    "States": {
        "Echo": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "echo", "Payload.$": "$"},
            "End": True,
        }
    },
}


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"]


def test_an_execution_is_described_with_its_input_as_given_and_its_output(served, sfn):
    arn = served.create(sfn, "made", PASS)

    started = sfn.start_execution(
        stateMachineArn=arn, name="one", input='{"a":  1.0}', traceHeader="Root=1"
    )
    told = served.ended(sfn, started["executionArn"])

    assert started["executionArn"] == arn.replace("stateMachine", "execution") + ":one"
    assert told["startDate"] == started["startDate"]
    assert (told["status"], told["name"]) == ("SUCCEEDED", "one")
    assert (told["input"], told["output"]) == ('{"a":  1.0}', '{"a":1.0}')
    assert told["inputDetails"] == told["outputDetails"] == {"included": True}
    assert (told["stateMachineArn"], told["traceHeader"]) == (arn, "Root=1")
    assert told["stopDate"] >= told["startDate"]


def test_a_failure_is_told_with_error_and_cause_and_without_output(served, sfn):
    told = served.finished(sfn, served.create(sfn, "made", FAIL))

    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "Bad", "so")
    assert "output" not in told
    assert "outputDetails" not in told


def test_metadata_alone_has_no_data(served, sfn):
    ended = served.finished(sfn, served.create(sfn, "made", PASS), {"a": 1})

    told = sfn.describe_execution(executionArn=ended["executionArn"], includedData="METADATA_ONLY")

    assert {"input", "output"}.isdisjoint(told)
    assert told["inputDetails"] == {"included": False}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "a:b"}, "InvalidName"),
        ({"name": "x" * 81}, "ValidationException"),
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"input": "NaN"}, "InvalidExecutionInput"),
        ({"input": "1e400"}, "InvalidExecutionInput"),
        ({"input": "1" * 5000}, "InvalidExecutionInput"),
        ({"input": "[" * 500 + "]" * 500}, "InvalidExecutionInput"),
        ({"input": '"' + "x" * 262_143 + '"'}, "ValidationException"),
        ({"input": '"' + "é" * 131_072 + '"'}, "ValidationException"),
        ({"stateMachineArn": "nothing"}, "InvalidArn"),
        ({"stateMachineArn": "arn:aws:states:local:000000000000:execution:m:n"}, "InvalidArn"),
        (
            {"stateMachineArn": "arn:aws:states:local:000000000000:stateMachine:gone"},
            "StateMachineDoesNotExist",
        ),
        (
            {"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:made"},
            "StateMachineDoesNotExist",
        ),
    ],
)
def test_a_start_that_aws_would_refuse_is_refused_by_the_same_error(served, sfn, arguments, code):
    arn = served.create(sfn, "made", PASS)

    assert error_of(sfn.start_execution, **{"stateMachineArn": arn, **arguments}) == code
    assert sfn.list_executions(stateMachineArn=arn)["executions"] == []


def test_any_json_value_is_an_input(served, sfn):
    arn = served.create(sfn, "made", PASS)

    for text in ('"text"', "[1,2]", "null", "12345678901234567890"):
        started = sfn.start_execution(stateMachineArn=arn, input=text)
        assert served.ended(sfn, started["executionArn"])["output"] == text


def test_executions_are_listed_newest_first_by_status_and_in_pages(served, sfn):
    good, bad = served.create(sfn, "good", PASS), served.create(sfn, "bad", FAIL)
    for name in ("1", "2", "3", "4", "5"):
        served.finished(sfn, good, name=name)
    served.finished(sfn, bad, name="other")

    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=good, statusFilter="SUCCEEDED", PaginationConfig={"PageSize": 2}
    )

    assert [[e["name"] for e in page["executions"]] for page in pages] == [
        ["5", "4"], ["3", "2"], ["1"],
    ]  # fmt: skip
    none = sfn.list_executions(stateMachineArn=good, statusFilter="FAILED")
    assert none["executions"] == []
    (item,) = sfn.list_executions(stateMachineArn=bad)["executions"]
    assert (item["status"], item["stateMachineArn"]) == ("FAILED", bad)
    redriven = sfn.list_executions(stateMachineArn=good, redriveFilter="REDRIVEN")
    assert redriven["executions"] == []


def test_a_list_is_of_a_machine_or_of_a_map_run(served, sfn):
    arn = served.create(sfn, "made", PASS)
    run = "arn:aws:states:local:000000000000:mapRun:made/label:1"

    assert error_of(sfn.list_executions) == "ValidationException"
    both = error_of(sfn.list_executions, stateMachineArn=arn, mapRunArn=run)
    assert both == "ValidationException"
    assert error_of(sfn.list_executions, mapRunArn=run) == "ResourceNotFound"


def test_a_history_comes_whole_reversed_and_in_pages(served, sfn):
    arn = served.finished(sfn, served.create(sfn, "made", ECHO), {"a": 1})["executionArn"]

    events = sfn.get_execution_history(executionArn=arn)["events"]
    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": 3}
    )

    assert [e["type"] for e in events] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
        "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert [e["id"] for e in events] == list(range(1, 8))
    assert [[e["id"] for e in page["events"]] for page in pages] == [[7, 6, 5], [4, 3, 2], [1]]
    entered = events[1]["stateEnteredEventDetails"]
    assert (entered["name"], json.loads(entered["input"])) == ("Echo", {"a": 1})
    assert entered["inputDetails"] == {"truncated": False}


def test_a_history_without_data_says_no_values(served, sfn):
    arn = served.finished(sfn, served.create(sfn, "made", ECHO), {"a": 1})["executionArn"]

    events = sfn.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]

    for event in events:
        details = next((v for k, v in event.items() if k.endswith("Details")), {})
        assert {"input", "output", "parameters"}.isdisjoint(details)
    assert events[1]["stateEnteredEventDetails"]["name"] == "Echo"


def test_every_field_of_a_history_is_one_that_aws_has(served, sfn):
    kinds = {
        "StartAt": "Fan",
        "States": {
            "Fan": {
                "Type": "Parallel",
                "Branches": [
                    ECHO,
                    PASS | {"StartAt": "P", "States": {"P": PASS["States"]["Only"]}},
                ],
                "Next": "Each",
            },
            "Each": {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}},
                "Next": "Break",
            },
            "Break": {
                "Type": "Task",
                "Resource": "${missing}",
                "TimeoutSeconds": 5,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost", "Assign": {"v": 1}}],
                "End": True,
            },
            "Lost": {"Type": "Fail", "Error": "E"},
        },
    }
    arn = served.finished(sfn, served.create(sfn, "made", kinds))["executionArn"]
    model = sfn.meta.service_model.shape_for("HistoryEvent").members

    # As it left the server: the client would drop what it does not know.
    found = served.engine.journal.rows("SELECT type, details FROM events")
    events = sfn.get_execution_history(executionArn=arn)["events"]

    assert len(events) == len(found) > 20
    assert {type for type, _ in found} <= set(model["type"].enum)
    for event, (_, text) in zip(events, found, strict=True):
        details = {k: v for k, v in event.items() if k.endswith("EventDetails")}
        said = json.loads(text)
        assert len(details) == (1 if said else 0)
        for name, value in details.items():
            assert value.keys() == said.keys() <= set(model[name].members)


def test_stopping_ends_an_execution_with_error_and_cause(served, sfn):
    arn = served.create(sfn, "made", HOLD)
    running = sfn.start_execution(stateMachineArn=arn)["executionArn"]

    stopped = sfn.stop_execution(executionArn=running, error="Enough", cause="no more")
    told = sfn.describe_execution(executionArn=running)

    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Enough", "no more")
    assert told["stopDate"] == stopped["stopDate"]
    again = sfn.stop_execution(executionArn=running)
    assert again["stopDate"] == stopped["stopDate"]


@pytest.mark.parametrize("call", ["describe_execution", "stop_execution", "get_execution_history"])
def test_an_execution_that_never_was_is_told(sfn, call):
    arn = "arn:aws:states:local:000000000000:execution:shipped:never"

    assert error_of(getattr(sfn, call), executionArn=arn) == "ExecutionDoesNotExist"
    assert error_of(getattr(sfn, call), executionArn="arn:aws:s3:::x") == "InvalidArn"


def test_an_express_execution_answers_in_the_same_call(served, sfn):
    arn = served.create(sfn, "quick", ECHO, type="EXPRESS")

    told = sfn.start_sync_execution(stateMachineArn=arn, name="n", input='{"a": 1}')

    assert told["status"] == "SUCCEEDED"
    assert json.loads(told["output"])["Payload"] == {"a": 1}
    assert (told["name"], told["stateMachineArn"], told["input"]) == ("n", arn, '{"a": 1}')
    assert re.fullmatch(r".*:express:quick:n:[0-9a-f-]{36}", told["executionArn"])
    assert told["billingDetails"]["billedMemoryUsedInMB"] == 64


def test_a_failed_express_execution_is_an_answer_and_not_an_error(served, sfn):
    arn = served.create(sfn, "quick", FAIL, type="EXPRESS")

    told = sfn.start_sync_execution(stateMachineArn=arn)

    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "Bad", "so")


def test_an_express_execution_lasts_five_minutes_at_most(served, sfn):
    long = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 301, "End": True}}}
    arn = served.create(sfn, "quick", long, type="EXPRESS")

    told = sfn.start_sync_execution(stateMachineArn=arn)

    assert told["status"] == "TIMED_OUT"
    assert (told["stopDate"] - told["startDate"]).total_seconds() == 300


def test_express_executions_share_names_and_are_not_listed(served, sfn):
    arn = served.create(sfn, "quick", PASS, type="EXPRESS")

    first = sfn.start_execution(stateMachineArn=arn, name="n")["executionArn"]
    second = sfn.start_execution(stateMachineArn=arn, name="n")["executionArn"]

    assert first != second
    unsupported = "StateMachineTypeNotSupported"
    assert error_of(sfn.list_executions, stateMachineArn=arn) == unsupported
    assert error_of(sfn.describe_execution, executionArn=first) == "InvalidArn"
    standard = served.create(sfn, "slow", PASS)
    assert error_of(sfn.start_sync_execution, stateMachineArn=standard) == unsupported


def test_the_executions_of_a_dead_process_go_on(served, sfn, tmp_path):
    arn = served.create(sfn, "made", PASS)
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    served.ended(sfn, started)
    with served.engine.journal.transaction():  # as if its owner had died before it moved
        db = served.engine.journal.db
        db.execute("UPDATE executions SET status = 'RUNNING', owner = '1-dead', output = NULL")
        db.execute("DELETE FROM events")

    served.engine.resume()
    served.driver.wake()

    assert served.ended(sfn, started)["status"] == "SUCCEEDED"


def test_a_machine_made_over_the_api_goes_on_in_another_process(served, sfn, tmp_path, session):
    arn = served.create(sfn, "made", HOLD)
    version = sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    started = sfn.start_execution(stateMachineArn=version, name="n")["executionArn"]
    served.close()

    again = type(served)(tmp_path)
    try:
        client = session.client("stepfunctions", endpoint_url=again.url)
        again.functions.let_go.set()
        told = again.ended(client, started)
    finally:
        again.close()

    assert told["status"] == "SUCCEEDED"
    assert told["stateMachineVersionArn"] == version
