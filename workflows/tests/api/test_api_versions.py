"""Versions and aliases over the API, through boto3."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


def gives(value):
    state = {"Type": "Pass", "Result": value, "End": True}
    return {"StartAt": "Only", "States": {"Only": state}}


def error_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def two(served, sfn):
    """A machine with two versions that give 1 and 2; its ARN."""
    arn = served.create(sfn, "made", gives(1), publish=True, versionDescription="first")
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(gives(2)), publish=True)
    return arn


def route(arn, **weights):
    return [
        {"stateMachineVersionArn": f"{arn}:{name[1:]}", "weight": weight}
        for name, weight in weights.items()
    ]


def test_a_version_keeps_what_the_machine_was(served, sfn, two):
    first = sfn.describe_state_machine(stateMachineArn=f"{two}:1")

    assert json.loads(first["definition"]) == gives(1)
    assert (first["stateMachineArn"], first["description"]) == (f"{two}:1", "first")
    old, new = served.finished(sfn, f"{two}:1"), served.finished(sfn, two)
    assert (old["output"], new["output"]) == ("1", "2")
    assert old["stateMachineVersionArn"] == f"{two}:1"
    assert "stateMachineVersionArn" not in new


def test_publishing_a_revision_again_answers_its_version(sfn, two):
    again = sfn.publish_state_machine_version(stateMachineArn=two)

    assert again["stateMachineVersionArn"] == f"{two}:2"
    conflict = error_of(sfn.publish_state_machine_version, stateMachineArn=two, description="else")
    assert conflict == "ConflictException"


def test_publishing_is_conditional_on_the_revision(served, sfn):
    arn = served.create(sfn, "made", gives(1))

    made = sfn.publish_state_machine_version(stateMachineArn=arn, revisionId="INITIAL")

    assert made["stateMachineVersionArn"] == f"{arn}:1"
    stale = error_of(sfn.publish_state_machine_version, stateMachineArn=arn, revisionId="other")
    assert stale == "ConflictException"


def test_versions_are_listed_newest_first_and_their_numbers_are_never_given_again(sfn, two):
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{two}:2")
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{two}:2")
    sfn.update_state_machine(stateMachineArn=two, definition=json.dumps(gives(3)), publish=True)

    pages = [sfn.list_state_machine_versions(stateMachineArn=two, maxResults=1)]
    token = pages[0]["nextToken"]
    pages.append(
        sfn.list_state_machine_versions(stateMachineArn=two, maxResults=1, nextToken=token)
    )

    listed = [v["stateMachineVersionArn"] for p in pages for v in p["stateMachineVersions"]]
    assert listed == [f"{two}:3", f"{two}:1"]
    assert "nextToken" not in pages[1]
    assert error_of(sfn.start_execution, stateMachineArn=f"{two}:2") == "StateMachineDoesNotExist"


def test_an_alias_shares_out_by_weight(served, sfn, two):
    routes = route(two, v1=90, v2=10)
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)
    arn = alias["stateMachineAliasArn"]

    outputs = []
    for chance in (0.0, 0.8999, 0.9, 0.9999):
        served.chances.next = [chance]
        told = served.finished(sfn, arn)
        outputs.append(told["output"])

    assert outputs == ["1", "1", "2", "2"]
    assert (told["stateMachineAliasArn"], told["stateMachineVersionArn"]) == (arn, f"{two}:2")
    listed = sfn.list_executions(stateMachineArn=arn)["executions"]
    assert len(listed) == 4
    newer = sfn.list_executions(stateMachineArn=f"{two}:2")["executions"]
    assert [e["stateMachineAliasArn"] for e in newer] == [arn, arn]


def test_an_alias_is_described_updated_and_deleted(sfn, two):
    made = sfn.create_state_machine_alias(
        name="live", description="d", routingConfiguration=route(two, v1=100)
    )
    arn = made["stateMachineAliasArn"]

    sfn.update_state_machine_alias(
        stateMachineAliasArn=arn, routingConfiguration=route(two, v2=100)
    )
    told = sfn.describe_state_machine_alias(stateMachineAliasArn=arn)

    assert (told["name"], told["description"]) == ("live", "d")
    assert told["routingConfiguration"] == route(two, v2=100)
    by_version = sfn.list_state_machine_aliases(stateMachineArn=f"{two}:2")["stateMachineAliases"]
    assert [a["stateMachineAliasArn"] for a in by_version] == [arn]
    assert sfn.list_state_machine_aliases(stateMachineArn=f"{two}:1")["stateMachineAliases"] == []
    sfn.delete_state_machine_alias(stateMachineAliasArn=arn)
    gone = error_of(sfn.describe_state_machine_alias, stateMachineAliasArn=arn)
    assert gone == "ResourceNotFound"


def test_creating_the_same_alias_again_is_no_error_and_another_is_a_conflict(sfn, two):
    first = sfn.create_state_machine_alias(name="a", routingConfiguration=route(two, v1=100))
    again = sfn.create_state_machine_alias(name="a", routingConfiguration=route(two, v1=100))

    assert again["creationDate"] == first["creationDate"]
    other = {"name": "a", "routingConfiguration": route(two, v2=100)}
    assert error_of(sfn.create_state_machine_alias, **other) == "ConflictException"


def test_a_version_that_an_alias_leads_to_is_not_deleted(sfn, two):
    sfn.create_state_machine_alias(name="live", routingConfiguration=route(two, v1=50, v2=50))

    refused = error_of(sfn.delete_state_machine_version, stateMachineVersionArn=f"{two}:1")

    assert refused == "ConflictException"


@pytest.mark.parametrize(
    ("weights", "code"),
    [
        ({"v1": 50}, "ValidationException"),
        ({"v1": 60, "v2": 60}, "ValidationException"),
        ({"v9": 100}, "ResourceNotFound"),
        ({"v1": 101}, "ValidationException"),
    ],
)
def test_routes_that_lead_astray_are_refused(sfn, two, weights, code):
    arguments = {"name": "live", "routingConfiguration": route(two, **weights)}

    assert error_of(sfn.create_state_machine_alias, **arguments) == code


def test_aliases_have_names_that_are_no_numbers(sfn, two):
    for name in ("1", "a b", "x" * 81):
        arguments = {"name": name, "routingConfiguration": route(two, v1=100)}
        assert error_of(sfn.create_state_machine_alias, **arguments) == "ValidationException"


def test_an_alias_that_never_was_starts_nothing(sfn, two):
    assert error_of(sfn.start_execution, stateMachineArn=f"{two}:gone") == "ResourceNotFound"


def test_a_deleted_machine_takes_its_versions_and_aliases_along(served, sfn, two):
    sfn.create_state_machine_alias(name="live", routingConfiguration=route(two, v1=100))

    sfn.delete_state_machine(stateMachineArn=two)
    served.create(sfn, "made", gives(5))

    assert sfn.list_state_machine_versions(stateMachineArn=two)["stateMachineVersions"] == []
    assert sfn.list_state_machine_aliases(stateMachineArn=two)["stateMachineAliases"] == []
