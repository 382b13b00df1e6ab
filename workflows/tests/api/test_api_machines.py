"""State machines over the API, through boto3."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from workflows.engine.api.machines import ship

ROLE = "arn:aws:iam::000000000000:role/tests"
PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
OTHER = {"StartAt": "Other", "States": {"Other": {"Type": "Pass", "Result": 7, "End": True}}}


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Code"]


def test_a_created_machine_is_described_with_the_very_text_it_was_given(served, sfn):
    text = json.dumps(PASS, indent=3)

    made = sfn.create_state_machine(name="made", definition=text, roleArn=ROLE)
    told = sfn.describe_state_machine(stateMachineArn=made["stateMachineArn"])

    assert made["stateMachineArn"] == "arn:aws:states:local:000000000000:stateMachine:made"
    assert (told["definition"], told["status"], told["type"]) == (text, "ACTIVE", "STANDARD")
    assert (told["name"], told["roleArn"]) == ("made", ROLE)
    assert told["creationDate"] == made["creationDate"]
    assert told["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}


def test_creating_the_same_machine_again_is_no_error_and_another_one_is(served, sfn):
    first = served.create(sfn, "made", PASS)

    assert served.create(sfn, "made", PASS, tags=[{"key": "a", "value": "b"}]) == first
    assert (
        error_of(sfn.create_state_machine, name="made", definition=json.dumps(OTHER), roleArn=ROLE)
        == "StateMachineAlreadyExists"
    )
    assert sfn.list_tags_for_resource(resourceArn=first)["tags"] == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "has space"}, "InvalidName"),
        ({"name": "x" * 81}, "ValidationException"),
        ({"definition": "{"}, "InvalidDefinition"),
        ({"definition": "[1]"}, "InvalidDefinition"),
        ({"definition": "{}"}, "InvalidDefinition"),
        ({"definition": "[" * 5000 + "]" * 5000}, "InvalidDefinition"),
        ({"roleArn": "me"}, "InvalidArn"),
        ({"type": "FAST"}, "ValidationException"),
        ({"tags": [{"key": "aws:x", "value": ""}]}, "ValidationException"),
        ({"tags": [{"key": str(n), "value": ""} for n in range(51)]}, "TooManyTags"),
        ({"versionDescription": "alone"}, "ValidationException"),
        ({"loggingConfiguration": {"level": "ALL"}}, "InvalidLoggingConfiguration"),
        (
            {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}},
            "InvalidEncryptionConfiguration",
        ),
    ],
)
def test_a_machine_that_aws_would_refuse_is_refused_by_the_same_error(sfn, arguments, code):
    good = {"name": "made", "definition": json.dumps(PASS), "roleArn": ROLE}

    assert error_of(sfn.create_state_machine, **{**good, **arguments}) == code
    assert [m["name"] for m in sfn.list_state_machines()["stateMachines"]] == ["shipped"]


def test_a_refused_definition_is_told_with_its_reason_and_place(sfn):
    bad = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}}

    with pytest.raises(sfn.exceptions.InvalidDefinition) as caught:
        sfn.create_state_machine(name="m", definition=json.dumps(bad), roleArn=ROLE)

    message = caught.value.response["Error"]["Message"]
    assert message.startswith("Invalid State Machine Definition: '")
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at $.States.A.Next" in message


def test_an_update_counts_for_what_starts_after_it(served, sfn):
    arn = served.create(sfn, "made", PASS)
    before = served.finished(sfn, arn, {"a": 1})

    updated = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(OTHER))
    after = served.finished(sfn, arn, {"a": 1})

    assert (json.loads(before["output"]), json.loads(after["output"])) == ({"a": 1}, 7)
    old = sfn.describe_state_machine_for_execution(executionArn=before["executionArn"])
    assert json.loads(old["definition"]) == PASS
    told = sfn.describe_state_machine(stateMachineArn=arn)
    assert told["revisionId"] == updated["revisionId"]


def test_an_update_that_changes_nothing_makes_no_new_revision(served, sfn):
    arn = served.create(sfn, "made", PASS)
    first = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(OTHER))

    again = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(OTHER))

    assert again["revisionId"] == first["revisionId"]


def test_an_update_needs_something_to_change(served, sfn):
    arn = served.create(sfn, "made", PASS)

    assert error_of(sfn.update_state_machine, stateMachineArn=arn) == "MissingRequiredParameter"


def test_a_shipped_machine_is_shown_and_not_changed(served, sfn):
    arn = "arn:aws:states:local:000000000000:stateMachine:shipped"

    assert sfn.describe_state_machine(stateMachineArn=arn)["name"] == "shipped"
    assert served.finished(sfn, arn)["status"] == "SUCCEEDED"
    change = {"stateMachineArn": arn, "definition": json.dumps(PASS)}
    assert error_of(sfn.update_state_machine, **change) == "AccessDeniedException"
    assert error_of(sfn.delete_state_machine, stateMachineArn=arn) == "AccessDeniedException"


def test_a_shipped_machine_is_another_revision_when_ons_brings_another_definition(served, sfn):
    arn = "arn:aws:states:local:000000000000:stateMachine:shipped"
    version = sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]

    ship(served.service, {"shipped": OTHER})

    told = sfn.describe_state_machine(stateMachineArn=arn)
    assert json.loads(told["definition"]) == OTHER
    assert "revisionId" in told
    kept = sfn.describe_state_machine(stateMachineArn=version)
    assert json.loads(kept["definition"]) != OTHER


def test_a_deleted_machine_is_gone_and_deleting_it_again_is_no_error(served, sfn):
    arn = served.create(sfn, "made", PASS)
    ended = served.finished(sfn, arn)

    sfn.delete_state_machine(stateMachineArn=arn)
    sfn.delete_state_machine(stateMachineArn=arn)

    missing = "StateMachineDoesNotExist"
    assert error_of(sfn.describe_state_machine, stateMachineArn=arn) == missing
    assert error_of(sfn.start_execution, stateMachineArn=arn) == missing
    assert error_of(sfn.list_executions, stateMachineArn=arn) == missing
    assert sfn.describe_execution(executionArn=ended["executionArn"])["status"] == "SUCCEEDED"


def test_deleting_a_machine_aborts_what_it_runs(served, sfn):
    waiting = {"StartAt": "W", "States": {"W": {"Type": "Task", "Resource": HOLD, "End": True}}}
    arn = served.create(sfn, "made", waiting)
    running = sfn.start_execution(stateMachineArn=arn)["executionArn"]

    sfn.delete_state_machine(stateMachineArn=arn)

    assert served.ended(sfn, running)["status"] == "ABORTED"
    missing = error_of(sfn.describe_state_machine, stateMachineArn=arn)
    assert missing == "StateMachineDoesNotExist"


HOLD = "${hold}"


def test_machines_are_listed_in_pages_by_an_opaque_token(served, sfn):
    for name in ("c", "a", "b"):
        served.create(sfn, name, PASS)

    paginator = sfn.get_paginator("list_state_machines")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 2}))

    assert [[m["name"] for m in p["stateMachines"]] for p in pages] == [
        ["a", "b"], ["c", "shipped"],
    ]  # fmt: skip
    assert error_of(sfn.list_state_machines, nextToken="bm8=") == "InvalidToken"


def test_a_token_is_not_good_for_another_operation_or_after_a_day(served, sfn):
    for name in ("a", "b"):
        served.create(sfn, name, PASS)
    token = sfn.list_state_machines(maxResults=1)["nextToken"]
    arn = "arn:aws:states:local:000000000000:stateMachine:a"

    assert error_of(sfn.list_executions, stateMachineArn=arn, nextToken=token) == "InvalidToken"
    served.clock.time += 24 * 3600 + 1
    assert error_of(sfn.list_state_machines, nextToken=token) == "InvalidToken"


def test_tags_are_set_replaced_and_taken_away(served, sfn):
    arn = served.create(sfn, "made", PASS, tags=[{"key": "a", "value": "1"}])

    sfn.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b"}])
    both = sfn.list_tags_for_resource(resourceArn=arn)["tags"]
    sfn.untag_resource(resourceArn=arn, tagKeys=["a", "never"])

    assert both == [{"key": "a", "value": "2"}, {"key": "b", "value": ""}]
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": ""}]
    many = [{"key": str(n), "value": ""} for n in range(50)]
    assert error_of(sfn.tag_resource, resourceArn=arn, tags=many) == "TooManyTags"
    gone = arn.replace("made", "gone")
    assert error_of(sfn.list_tags_for_resource, resourceArn=gone) == "ResourceNotFound"


def test_a_definition_is_judged_without_being_created(sfn):
    fine = sfn.validate_state_machine_definition(definition=json.dumps(PASS))
    bad = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}}

    found = sfn.validate_state_machine_definition(definition=json.dumps(bad))

    assert (fine["result"], fine["diagnostics"]) == ("OK", [])
    assert found["result"] == "FAIL"
    assert {
        "severity": "ERROR",
        "code": "MISSING_TRANSITION_TARGET",
        "message": "Missing 'Next' target: Nowhere",
        "location": "/States/A/Next",
    } in found["diagnostics"]
    few = sfn.validate_state_machine_definition(definition=json.dumps(bad), maxResults=1)
    assert (len(few["diagnostics"]), few["truncated"]) == (1, True)


def test_what_is_odd_in_a_definition_is_a_warning_when_asked_for(sfn):
    odd = {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Parameters": {"x": "$.y"}, "End": True}},
    }

    quiet = sfn.validate_state_machine_definition(definition=json.dumps(odd))
    told = sfn.validate_state_machine_definition(definition=json.dumps(odd), severity="WARNING")

    assert (quiet["result"], quiet["diagnostics"]) == ("OK", [])
    assert told["result"] == "OK"
    assert [d["code"] for d in told["diagnostics"]] == ["NO_DOLLAR"]


def test_an_express_machine_takes_no_integration_that_waits(sfn):
    job = {
        "Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "End": True,
        "Parameters": {"JobName": "j", "JobDefinition": "d", "JobQueue": "q"},
    }  # fmt: skip
    text = json.dumps({"StartAt": "A", "States": {"A": job}})

    assert sfn.validate_state_machine_definition(definition=text)["result"] == "OK"
    express = sfn.validate_state_machine_definition(definition=text, type="EXPRESS")

    assert express["result"] == "FAIL"
    assert "'.sync'" in express["diagnostics"][0]["message"]


def test_the_variables_that_states_refer_to_are_told(served, sfn):
    states = {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"y.$": "$x", "z.$": "$$.State.Name"}, "End": True},
    }
    arn = served.create(sfn, "made", {"StartAt": "A", "States": states})

    told = sfn.describe_state_machine(stateMachineArn=arn)

    assert told["variableReferences"] == {"B": ["x"]}


def test_a_machine_of_ones_own_is_kept_as_a_version_when_ons_brings_one_of_its_name(served, sfn):
    arn = served.create(sfn, "made", PASS)

    ship(served.service, {"made": OTHER})

    assert json.loads(sfn.describe_state_machine(stateMachineArn=arn)["definition"]) == OTHER
    kept = sfn.describe_state_machine(stateMachineArn=f"{arn}:1")
    assert json.loads(kept["definition"]) == PASS
