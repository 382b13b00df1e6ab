"""TestState through boto3: one state alone, called for real or mocked."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "echo", "Payload.$": "$.n"},
    "ResultSelector": {"got.$": "$.Payload"},
    "ResultPath": "$.r",
    "Next": "After",
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}],
    "Catch": [
        {"ErrorEquals": ["Other"], "Next": "Elsewhere"},
        {"ErrorEquals": ["States.ALL"], "Next": "Rescue", "ResultPath": "$.error"},
    ],
}


@pytest.fixture
def trial(sfn):
    """Tries a state; mocks and values may be given as Python values."""

    def go(state, input=None, *, mock=None, **more):
        given = dict(more)
        for name in ("variables", "context"):
            if name in given:
                given[name] = json.dumps(given[name])
        if mock is not None:
            result = {"result": json.dumps(mock["result"])} if "result" in mock else {}
            given["mock"] = {**mock, **result}
        answer = sfn.test_state(
            definition=json.dumps(state), input=json.dumps({} if input is None else input), **given
        )
        del answer["ResponseMetadata"]
        return answer

    return go


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"]


def test_a_state_is_tried_and_tells_where_it_leads(trial):
    state = {"Type": "Pass", "Parameters": {"m.$": "$.n"}, "Next": "Anywhere"}

    assert trial(state, {"n": 1}) == {
        "status": "SUCCEEDED", "output": '{"m":1}', "nextState": "Anywhere",
    }  # fmt: skip


def test_a_last_state_leads_nowhere(trial):
    assert trial({"Type": "Succeed"}, {"n": 1}) == {"status": "SUCCEEDED", "output": '{"n":1}'}


def test_a_fail_state_fails(trial):
    told = trial({"Type": "Fail", "Error": "E", "Cause": "c"})

    assert told == {"status": "FAILED", "error": "E", "cause": "c"}


def test_a_choice_goes_where_its_rule_says(trial):
    rule = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Small"}

    assert trial(choice, {"n": 6})["nextState"] == "Big"
    assert trial(choice, {"n": 5})["nextState"] == "Small"


def test_a_wait_is_over_at_once(trial):
    told = trial({"Type": "Wait", "Seconds": 99, "Next": "On"})

    assert (told["status"], told["nextState"]) == ("SUCCEEDED", "On")


def test_a_task_without_a_mock_makes_its_call(trial):
    told = trial(TASK, {"n": 7})

    assert (told["status"], told["nextState"]) == ("SUCCEEDED", "After")
    assert json.loads(told["output"]) == {"n": 7, "r": {"got": 7}}


def test_each_stage_of_the_data_is_shown_when_asked_for(trial):
    told = trial(TASK, {"n": 7}, mock={"result": {"Payload": 8}}, inspectionLevel="DEBUG")

    assert {name: json.loads(v) for name, v in told["inspectionData"].items()} == {
        "input": {"n": 7},
        "afterInputPath": {"n": 7},
        "afterParameters": {"FunctionName": "echo", "Payload": 7},
        "result": {"Payload": 8},
        "afterResultSelector": {"got": 8},
        "afterResultPath": {"n": 7, "r": {"got": 8}},
    }
    assert "inspectionData" not in trial(TASK, {"n": 7}, mock={"result": {"Payload": 8}})


def test_a_mocked_error_is_retried_by_the_retrier_that_takes_it(trial):
    mock = {"errorOutput": {"error": "Busy", "cause": "full"}}
    told = trial(
        TASK, {"n": 7}, mock=mock, inspectionLevel="DEBUG",
        stateConfiguration={"retrierRetryCount": 1},
    )  # fmt: skip

    assert (told["status"], told["error"], told["cause"]) == ("RETRIABLE", "Busy", "full")
    assert told["inspectionData"]["errorDetails"] == {
        "retryIndex": 0, "retryBackoffIntervalSeconds": 6,
    }  # fmt: skip


def test_a_mocked_error_that_was_retried_enough_is_caught(trial):
    told = trial(
        TASK, {"n": 7}, mock={"errorOutput": {"error": "Busy"}}, inspectionLevel="TRACE",
        stateConfiguration={"retrierRetryCount": 2},
    )  # fmt: skip

    assert (told["status"], told["nextState"], told["error"]) == ("CAUGHT_ERROR", "Rescue", "Busy")
    assert json.loads(told["output"])["error"] == {"Error": "Busy", "Cause": ""}
    assert told["inspectionData"]["errorDetails"] == {"catchIndex": 1}


def test_an_error_that_nothing_takes_fails_the_state(trial):
    state = {k: v for k, v in TASK.items() if k not in ("Retry", "Catch")}

    told = trial(state, {"n": 7}, mock={"errorOutput": {"error": "Busy", "cause": "full"}})

    assert told == {"status": "FAILED", "error": "Busy", "cause": "full"}


def test_a_state_that_cannot_be_executed_fails_with_the_reason(trial):
    told = trial({"Type": "Pass", "InputPath": "$.gone", "End": True}, inspectionLevel="DEBUG")

    assert (told["status"], told["error"]) == ("FAILED", "States.Runtime")
    assert "$.gone" in told["cause"]
    assert told["inspectionData"] == {"input": "{}"}


def test_variables_are_given_and_told(trial):
    state = {
        "Type": "Pass", "Parameters": {"y.$": "$x"}, "Assign": {"z.$": "$x"}, "End": True,
    }  # fmt: skip

    told = trial(state, variables={"x": 5}, inspectionLevel="DEBUG")

    assert told["output"] == '{"y":5}'
    assert json.loads(told["inspectionData"]["variables"]) == {"x": 5, "z": 5}


def test_a_jsonata_state_tells_its_arguments(trial):
    state = {
        "Type": "Task", "QueryLanguage": "JSONata", "Resource": TASK["Resource"],
        "Arguments": {"FunctionName": "echo", "Payload": "{% $states.input.n + 1 %}"},
        "Output": "{% $states.result.Payload * 2 %}", "End": True,
    }  # fmt: skip

    told = trial(state, {"n": 1}, inspectionLevel="DEBUG")

    assert told["output"] == "4"
    assert json.loads(told["inspectionData"]["afterArguments"])["Payload"] == 2
    assert "afterInputPath" not in told["inspectionData"]


def test_a_mock_may_come_with_a_context(trial):
    state = {**TASK, "ResultSelector": {"who.$": "$$.Execution.Name"}, "ResultPath": "$"}

    told = trial(
        state, {"n": 1}, mock={"result": {"Payload": 1}}, context={"Execution": {"Name": "me"}}
    )

    assert told["output"] == '{"who":"me"}'


def test_a_state_of_a_whole_machine_is_tried_by_its_name(trial):
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Result": 3, "End": True}}}
    machine = {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "ItemProcessor": inner, "End": True}},
    }

    assert trial(machine, stateName="In")["output"] == "3"
    assert refused(trial, machine, stateName="Gone") == "ValidationException"


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_what_holds_other_states_is_tried_with_a_mock(trial, kind):
    inner, other = ({"StartAt": n, "States": {n: {"Type": "Succeed"}}} for n in ("In", "Too"))
    body = {"ItemProcessor": inner} if kind == "Map" else {"Branches": [inner, other]}
    state = {"Type": kind, **body, "ResultSelector": {"all.$": "$"}, "Next": "On"}

    told = trial(state, [1, 2], mock={"result": [3, 4]}, inspectionLevel="DEBUG")

    assert (told["status"], told["output"]) == ("SUCCEEDED", '{"all":[3,4]}')
    assert json.loads(told["inspectionData"]["afterResultSelector"]) == {"all": [3, 4]}
    assert refused(trial, state, [1, 2]) == "ValidationException"
    assert refused(trial, state, [1, 2], mock={"result": {}}) == "ValidationException"


def test_a_map_shows_its_items_and_limits(trial):
    state = {
        "Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "MaxConcurrency": 2, "End": True,
        "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}},
    }  # fmt: skip

    told = trial(state, {"items": [1]}, mock={"result": [0]}, inspectionLevel="DEBUG")

    shown = told["inspectionData"]
    assert (shown["afterItemsPath"], shown["afterItemSelector"]) == ("[1]", '[{"v":1}]')
    assert shown["maxConcurrency"] == 2


def test_a_job_that_is_waited_for_needs_a_mock(trial):
    state = {
        "Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": True,
        "Parameters": {"JobName": "j", "JobDefinition": "d", "JobQueue": "q"},
    }  # fmt: skip

    assert refused(trial, state) == "ValidationException"
    assert trial(state, mock={"result": {"Status": "SUCCEEDED"}})["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"mock": {"result": {}}, "state": {"Type": "Succeed"}}, "ValidationException"),
        ({"mock": {}}, "ValidationException"),
        ({"mock": {"errorOutput": {"cause": "c"}}}, "ValidationException"),
        ({"mock": {"result": 1}}, "ValidationException"),
        ({"mock": {"result": {"StatusCode": "x"}}}, "ValidationException"),
        ({"context": {}}, "ValidationException"),
        ({"variables": []}, "ValidationException"),
        ({"state": {"Type": "Nothing"}}, "InvalidDefinition"),
        ({"state": []}, "InvalidDefinition"),
        ({"state": {"Type": "Pass"}}, "InvalidDefinition"),
    ],
)
def test_a_trial_that_cannot_be_meant_is_refused(trial, arguments, code):
    state = arguments.pop("state", TASK)

    assert refused(trial, state, {"n": 1}, **arguments) == code


def test_a_mock_is_taken_as_it_is_when_it_is_not_to_be_checked(trial):
    mock = {"result": {"StatusCode": "x", "Payload": 1}, "fieldValidationMode": "NONE"}

    assert trial(TASK, {"n": 1}, mock=mock)["status"] == "SUCCEEDED"


def test_a_distributed_map_shows_what_it_makes_of_what_its_reader_finds(trial):
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 3},
            "Parameters": {"Bucket": "b", "Key": "k"},
        },
        "ItemSelector": {"n.$": "$$.Map.Item.Value.n"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ToleratedFailurePercentage": 10,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "In",
            "States": {"In": {"Type": "Succeed"}},
        },
        "End": True,
    }

    told = trial(
        state, mock={"result": []}, inspectionLevel="DEBUG",
        stateConfiguration={"mapItemReaderData": "n\n1\n2\n3\n4\n"},
    )  # fmt: skip

    shown = told["inspectionData"]
    assert json.loads(shown["afterItemSelector"]) == [{"n": "1"}, {"n": "2"}, {"n": "3"}]
    batches = json.loads(shown["afterItemBatcher"])
    assert [len(b["Items"]) for b in batches] == [2, 1]
    assert shown["toleratedFailurePercentage"] == 10


@pytest.mark.parametrize(("failures", "status"), [(1, "SUCCEEDED"), (2, "FAILED")])
def test_a_map_with_more_failures_than_it_tolerates_fails(trial, failures, status):
    state = {
        "Type": "Map", "ToleratedFailureCount": 1, "End": True,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "In", "States": {"In": {"Type": "Succeed"}},
        },
    }  # fmt: skip

    told = trial(
        state, [1, 2, 3], mock={"result": [1]},
        stateConfiguration={"mapIterationFailureCount": failures},
    )  # fmt: skip

    assert told["status"] == status
    if status == "FAILED":
        assert told["error"] == "States.ExceedToleratedFailureThreshold"
