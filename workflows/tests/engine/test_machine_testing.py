"""Testing a machine without its services: what a mock file may say, how mistakes are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.faults import BadDefinition
from workflows.engine.testing import BadMocks, Mocks, run_case, run_script

GLUE = "arn:aws:states:::glue:startJobRun.sync"
YEAR_S = 31_536_000


def _task(resource: str = GLUE, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **more}


ORDER = {
    "StartAt": "Charge",
    "States": {
        "Charge": _task(
            Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 10}],
            Catch=[{"ErrorEquals": ["Declined"], "Next": "Refuse"}],
            Next="Settle",
        ),
        "Settle": {"Type": "Wait", "Seconds": YEAR_S, "Next": "Ship"},
        "Ship": _task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", End=True),
        "Refuse": {"Type": "Fail", "Error": "Refused"},
    },
}
FILE = {
    "StateMachines": {
        "Order": {
            "TestCases": {
                "HappyPath": {"Charge": "Charged", "Ship": "Shipped"},
                "BusyTwice": {"Charge": "BusyTwice", "Ship": "Shipped"},
                "Declined": {"Charge": "Declined", "Ship": "Shipped"},
                "TooFew": {"Charge": "BusyOnce", "Ship": "Shipped"},
                "Incomplete": {"Charge": "Charged"},
                "NoSuchState": {"Pay": "Charged"},
                "NoTask": {"Settle": "Charged"},
                "NoSuchResponse": {"Charge": "Nowhere"},
            }
        }
    },
    "MockedResponses": {
        "Charged": {"0": {"Return": {"paid": True}}},
        "BusyTwice": {
            "0-1": {"Throw": {"Error": "Busy", "Cause": "try later"}},
            "2": {"Return": {"paid": True}},
        },
        "BusyOnce": {"0": {"Throw": {"Error": "Busy", "Cause": "try later"}}},
        "Declined": {"0": {"Throw": {"Error": "Declined", "Cause": "no money"}}},
        "Shipped": {"0": {"Return": {"parcel": 7}}},
    },
}


def test_a_case_runs_with_its_responses_and_waits_take_no_time() -> None:
    ran = run_case(ORDER, FILE, "HappyPath", {"id": 1})

    assert (ran.status, ran.output, ran.error) == ("SUCCEEDED", {"parcel": 7}, None)
    assert ran.path == ("Charge", "Settle", "Ship")
    assert ran.seconds == YEAR_S
    assert ran.unused == ()


def test_ranges_of_attempts_are_used_in_their_order() -> None:
    ran = run_case(ORDER, FILE, "BusyTwice")

    assert ran.status == "SUCCEEDED"
    assert ran.types.count("TaskFailed") == 2
    assert ran.seconds == YEAR_S + 10 + 20


def test_an_error_that_is_thrown_is_caught_by_its_name() -> None:
    ran = run_case(ORDER, FILE, "Declined")

    assert (ran.status, ran.error, ran.path) == ("FAILED", "Refused", ("Charge", "Refuse"))


def test_a_mock_that_is_never_used_is_told() -> None:
    assert run_case(ORDER, FILE, "Declined").unused == ("Ship",)


def test_the_patterns_of_services_leave_their_events() -> None:
    types = run_case(ORDER, FILE, "HappyPath").types

    assert types[1:8] == (
        "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
        "TaskStateExited", "WaitStateEntered",
    )  # fmt: skip
    assert types[-6:-2] == ("TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded")


def test_events_are_shaped_as_in_aws_answers() -> None:
    entered = run_case(ORDER, FILE, "HappyPath", {"id": 1}).events[1]

    assert entered == {
        "timestamp": "2026-01-01T00:00:00.000Z",
        "type": "TaskStateEntered",
        "id": 2,
        "previousEventId": 0,
        "stateEnteredEventDetails": {
            "name": "Charge", "input": '{"id":1}', "inputDetails": {"truncated": False},
        },
    }  # fmt: skip


def test_the_same_case_gives_the_same_events_each_time() -> None:
    assert run_case(ORDER, FILE, "BusyTwice") == run_case(ORDER, FILE, "BusyTwice")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("Nope", "there is no test case of Order 'Nope'; there are: BusyTwice, Declined, "),
        ("NoSuchState", "there is no state in the definition 'Pay'; there are: Charge, "),
        ("NoTask", "'Settle' is a Wait state; only Task states are mocked"),
        ("NoSuchResponse", "there is no mocked response (for Charge) 'Nowhere'; there are: "),
        ("TooFew", "Order, TooFew: the state 'Charge' was called twice, and the mocked response"),
        ("Incomplete", "Order, Incomplete: the state 'Ship' calls arn:aws:states:::sqs:sendMess"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_test_is_told_and_never_becomes_an_ending(case: str, said: str) -> None:
    with pytest.raises(BadMocks) as caught:
        run_case(ORDER, FILE, case)

    assert str(caught.value).startswith(said)


def test_no_catch_of_the_machine_takes_a_mistake_in_the_test() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    definition = {"StartAt": "S", "States": {
        "S": _task(Catch=catch, Retry=[{"ErrorEquals": ["States.ALL"]}], End=True),
        "C": {"Type": "Succeed"}}}  # fmt: skip

    with pytest.raises(BadMocks, match="has no mock"):
        run_case(definition, {"StateMachines": {"m": {"TestCases": {"c": {}}}}}, "c")


def _responses(responses: Any) -> Any:
    return {"StateMachines": {"m": {"TestCases": {"c": {"S": "r"}}}}, "MockedResponses": responses}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "an object is needed at $.StateMachines of the mock file"),
        ({"StateMachines": {"m": []}}, "an object is needed at $.StateMachines.m of"),
        ({"StateMachines": {"m": {}}}, "an object is needed at $.StateMachines.m.TestCases of"),
        ({"StateMachines": {"m": {"TestCases": {"c": {"S": {}}}}}},
         "the name of a mocked response is needed at $.StateMachines.m.TestCases.c.S"),
        (_responses({"r": {"x": {"Return": 1}}}),
         "an attempt is '0', or a range '0-2', not 'x', at $.MockedResponses.r"),
        (_responses({"r": {"2-1": {"Return": 1}}}), "an attempt is '0', or a range"),
        (_responses({"r": {"0-2": {"Return": 1}, "2": {"Return": 1}}}),
         "the attempts '2' are given twice at $.MockedResponses.r"),
        (_responses({"r": {"0": {}}}),
         "exactly one of 'Return' and 'Throw' is needed at $.MockedResponses.r.0"),
        (_responses({"r": {"0": {"Return": 1, "Throw": {}}}}), "exactly one of"),
        (_responses({"r": {"0": {"Throw": {"Error": 1}}}}),
         "'Error' is a string at $.MockedResponses.r.0.Throw.Error"),
    ],
)  # fmt: skip
def test_a_wrong_mock_file_is_refused_with_the_place(content: Any, said: str) -> None:
    with pytest.raises(BadMocks) as caught:
        Mocks.read(content)

    assert str(caught.value).startswith(said)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")

    with pytest.raises(BadMocks, match=r"bad\.json: not JSON"):
        run_case(ORDER, tmp_path / "bad.json", "c")
    with pytest.raises(BadMocks, match=r"none\.json: No such file"):
        run_case(tmp_path / "none.json", FILE, "c")


def test_the_machine_is_found_by_the_name_of_the_definitions_file(tmp_path: Path) -> None:
    other = {"Other": {"TestCases": {"HappyPath": {}}}}
    two = {**FILE, "StateMachines": {**FILE["StateMachines"], **other}}
    path = tmp_path / "Order.asl.json"
    path.write_text(json.dumps(ORDER))

    assert run_case(path, two, "HappyPath").status == "SUCCEEDED"
    assert run_case(ORDER, two, "BusyTwice").status == "SUCCEEDED"  # only one has the case
    assert run_case(ORDER, two, "HappyPath", machine="Order").status == "SUCCEEDED"
    with pytest.raises(BadMocks, match="Order, Other; say which with --machine"):
        run_case(ORDER, two, "HappyPath")


def test_a_definition_that_aws_would_refuse_is_refused() -> None:
    with pytest.raises(BadDefinition, match="Missing 'Next' target: X"):
        run_case({"StartAt": "S", "States": {"S": _task(Next="X")}}, _responses({}), "c")


def test_calls_are_counted_over_the_items_of_a_map() -> None:
    inner = {"StartAt": "S", "States": {"S": _task(End=True)}}
    definition = {"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}  # fmt: skip
    responses = {"r": {"0": {"Return": "a"}, "1": {"Return": "b"}, "2": {"Return": "c"}}}

    ran = run_case(definition, _responses(responses), "c", [1, 2, 3])

    assert ran.output == ["a", "b", "c"]
    assert ran.inputs("S") == [1, 2, 3]


def test_a_distributed_map_reads_and_writes_objects_that_are_handed_in(tmp_path: Path) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                 "StartAt": "S", "States": {"S": _task(End=True)}}  # fmt: skip
    definition = {"StartAt": "M", "States": {"M": {
        "Type": "Map", "ItemProcessor": processor, "End": True,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
                       "ReaderConfig": {"InputType": "JSON"},
                       "Parameters": {"Bucket": "b", "Key": "k/items.json"}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
                         "Parameters": {"Bucket": "b", "Prefix": "out"}}}}}  # fmt: skip
    (tmp_path / "b" / "k").mkdir(parents=True)
    (tmp_path / "b" / "k" / "items.json").write_text("[1, 2]")

    ran = run_case(definition, _responses({"r": {"0-1": {"Return": "x"}}}), "c", objects=tmp_path)

    assert ran.status == "SUCCEEDED"
    manifest = ran.output["ResultWriterDetails"]["Key"]
    assert manifest in ran.objects["b"]
    assert ran.path == ("M",)


def test_outcomes_may_be_written_in_python() -> None:
    class Doubles:
        def answer(self, call: Any) -> Any:
            return call.payload * 2

    ran = run_script({"StartAt": "S", "States": {"S": _task(End=True)}}, Doubles(), 21)

    assert ran.output == 42


@pytest.mark.parametrize(
    "resource",
    ["${ChargeFunctionArn}", "arn:${AWS::Partition}:states:::lambda:invoke",
     "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:charge-${stage}",
     "arn:aws-cn:states:::aws-sdk:rekognition:detectLabels"],
)  # fmt: skip
def test_placeholders_that_a_deployment_fills_in_do_not_disturb(resource: str) -> None:
    definition = {"StartAt": "S", "States": {"S": _task(resource, End=True)}}
    if resource.endswith(":lambda:invoke"):
        definition["States"]["S"]["Parameters"] = {"FunctionName": "f"}

    ran = run_case(definition, _responses({"r": {"0": {"Return": 1}}}), "c")

    assert ran.output == 1


def test_a_token_is_there_although_nobody_sends_anything() -> None:
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    parameters = {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}
    definition = {"StartAt": "S", "States": {
        "S": _task(resource, Parameters=parameters, End=True)}}  # fmt: skip

    ran = run_case(definition, _responses({"r": {"0": {"Return": "done"}}}), "c")

    assert ran.output == "done"
    assert len(ran.inputs("S")[0]["Payload"]["token"]) > 20


@pytest.mark.parametrize(
    ("resource", "event"),
    [(GLUE, "TaskTimedOut"), ("arn:aws:lambda:x:1:function:f", "LambdaFunctionTimedOut"),
     ("arn:aws:states:us-east-1:123456789012:activity:a", "ActivityTimedOut")],
)  # fmt: skip
def test_a_timeout_that_is_thrown_is_told_as_one(resource: str, event: str) -> None:
    definition = {"StartAt": "S", "States": {"S": _task(resource, End=True)}}
    thrown = {"r": {"0": {"Throw": {"Error": "States.Timeout"}}}}

    ran = run_case(definition, _responses(thrown), "c")

    assert (ran.error, ran.cause) == ("States.Timeout", None)
    assert event in ran.types
