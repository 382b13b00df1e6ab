"""Corners of the API: what is being deleted, parts of machines, pages of everything, metadata."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from workflows.engine.ownership import Owner

PASS = {"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}
HOLD = {
    "StartAt": "Hold",
    "States": {"Hold": {"Type": "Task", "Resource": "${hold}", "End": True}},
}


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def deleting(served, sfn):
    """A machine that is deleted while a process that cannot be asked still runs it; its ARN."""
    arn = served.create(sfn, "made", PASS)
    served.finished(sfn, arn, name="stuck")
    with served.engine.journal.transaction():
        served.engine.journal.db.execute(
            "UPDATE executions SET status = 'RUNNING', owner = ?", (served.other,)
        )
    sfn.delete_state_machine(stateMachineArn=arn)
    return arn


@pytest.fixture(autouse=True)
def other(served, tmp_path):
    """The lock of another process that lives."""
    owner = Owner(tmp_path / "run")
    served.other = owner.id
    yield
    owner.close()


def test_a_machine_whose_executions_still_run_is_being_deleted(served, sfn, deleting):
    told = sfn.describe_state_machine(stateMachineArn=deleting)

    assert told["status"] == "DELETING"
    assert error_of(sfn.start_execution, stateMachineArn=deleting) == "StateMachineDeleting"
    again = {"name": "made", "definition": json.dumps(PASS), "roleArn": told["roleArn"]}
    assert error_of(sfn.create_state_machine, **again) == "StateMachineDeleting"
    assert error_of(sfn.publish_state_machine_version, stateMachineArn=deleting) == (
        "StateMachineDeleting"
    )
    stuck = deleting.replace("stateMachine", "execution") + ":stuck"
    reason = sfn.describe_execution(executionArn=stuck)["redriveStatusReason"]
    assert reason == "State machine is in DELETING status"


def test_a_machine_may_be_created_anew_once_the_last_execution_has_ended(served, sfn, deleting):
    with served.engine.journal.transaction():
        served.engine.journal.db.execute("UPDATE executions SET status = 'ABORTED'")

    anew = served.create(sfn, "made", HOLD)

    told = sfn.describe_state_machine(stateMachineArn=anew)
    assert (told["status"], json.loads(told["definition"])) == ("ACTIVE", HOLD)


def test_what_a_maps_children_run_is_described_by_its_label(served, sfn):
    arn = served.create(sfn, "made", PASS)

    told = sfn.describe_state_machine(stateMachineArn=f"{arn}/all")

    assert (told["label"], told["stateMachineArn"]) == ("all", f"{arn}/all")


def test_metadata_alone_has_no_definition(served, sfn):
    arn = served.create(sfn, "made", PASS)
    ran = served.finished(sfn, arn)["executionArn"]

    only = {"includedData": "METADATA_ONLY"}
    assert sfn.describe_state_machine(stateMachineArn=arn, **only)["definition"] == "{}"
    of_run = sfn.describe_state_machine_for_execution(executionArn=ran, **only)
    assert (of_run["definition"], of_run["stateMachineArn"]) == ("{}", arn)


def test_the_machine_of_an_execution_has_the_revision_it_was_started_with(served, sfn):
    arn = served.create(sfn, "made", HOLD)
    revision = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASS))
    ran = served.finished(sfn, arn)["executionArn"]

    told = sfn.describe_state_machine_for_execution(executionArn=ran)

    assert told["revisionId"] == revision["revisionId"]


def test_aliases_come_in_pages_newest_first(served, sfn):
    arn = served.create(sfn, "made", PASS, publish=True)
    for name in ("a", "b", "c"):
        routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
        sfn.create_state_machine_alias(name=name, routingConfiguration=routes)
        served.clock.time += 1

    first = sfn.list_state_machine_aliases(stateMachineArn=arn, maxResults=2)
    rest = sfn.list_state_machine_aliases(
        stateMachineArn=arn, maxResults=2, nextToken=first["nextToken"]
    )

    pages = [
        [a["stateMachineAliasArn"].rpartition(":")[2] for a in page["stateMachineAliases"]]
        for page in (first, rest)
    ]
    assert pages == [["c", "b"], ["a"]]
    assert "nextToken" not in rest


@pytest.mark.parametrize("qualifier", ["", ":live"])
def test_a_version_is_deleted_by_its_number_alone(served, sfn, qualifier):
    arn = served.create(sfn, "made", PASS, publish=True)

    wrong = {"stateMachineVersionArn": f"{arn}{qualifier}"}
    assert error_of(sfn.delete_state_machine_version, **wrong) == "ValidationException"


def test_what_takes_a_plain_machine_takes_no_version_of_it(served, sfn):
    arn = served.create(sfn, "made", PASS, publish=True)

    for call in (
        sfn.update_state_machine, sfn.delete_state_machine, sfn.publish_state_machine_version,
    ):  # fmt: skip
        assert error_of(call, stateMachineArn=f"{arn}:1") == "ValidationException"


def test_an_alias_is_changed_in_something_and_stays_with_its_machine(served, sfn):
    arn = served.create(sfn, "made", PASS, publish=True)
    other = served.create(sfn, "other", PASS, publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)
    change = {"stateMachineAliasArn": alias["stateMachineAliasArn"]}

    assert error_of(sfn.update_state_machine_alias, **change) == "ValidationException"
    foreign = [{"stateMachineVersionArn": f"{other}:1", "weight": 100}]
    moved = error_of(sfn.update_state_machine_alias, **change, routingConfiguration=foreign)
    assert moved == "ValidationException"
    number = {"stateMachineAliasArn": f"{arn}:1"}
    assert error_of(sfn.describe_state_machine_alias, **number) == "ValidationException"


def test_a_definition_without_anything_in_it_is_judged_too(sfn):
    told = sfn.validate_state_machine_definition(definition=" ")

    assert (told["result"], told["diagnostics"][0]["code"]) == ("FAIL", "MISSING_DESCRIPTION")


def test_an_unknown_resource_is_told_by_name_and_place(sfn):
    task = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": task}})

    (told,) = sfn.validate_state_machine_definition(definition=definition)["diagnostics"]

    assert (told["code"], told["location"]) == ("INVALID_RESOURCE", "/States/A/Resource")
    assert "glue:startJobRun" in told["message"]


def test_what_is_odd_inside_branches_is_told(sfn):
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Result": {"x.$": "$"}, "End": True}}}
    state = {"Type": "Parallel", "Branches": [inner], "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})

    told = sfn.validate_state_machine_definition(definition=definition, severity="WARNING")

    assert [d["code"] for d in told["diagnostics"]] == ["PASS_RESULT_IS_STATIC"]
