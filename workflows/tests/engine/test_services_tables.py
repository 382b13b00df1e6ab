"""DynamoDB's calls on the embedded table: conditions, updates, and the names of errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.failures import TaskFailed
from workflows.engine.services.conditions import Expression
from workflows.engine.services.tables import TABLE, Tables
from workflows.engine.services.values import BadExpression

KEY = {"pk": {"S": "lease"}, "sk": {"S": "a"}}


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "tables.sqlite")


def _call(tables: Tables, api: str, service: str = "aws-sdk:dynamodb", **more: Any) -> Any:
    return tables.request(service, api, {"TableName": TABLE, **more})


def _put(tables: Tables, **attributes: Any) -> None:
    _call(tables, "putItem", Item={**KEY, **attributes})


def _item(tables: Tables) -> Any:
    return _call(tables, "getItem", Key=KEY).get("Item")


def test_an_item_is_read_as_it_was_put(tables: Tables) -> None:
    _put(tables, n={"N": "1.50"}, m={"M": {"x": {"L": [{"S": "y"}]}}})

    assert _item(tables) == {**KEY, "n": {"N": "1.50"}, "m": {"M": {"x": {"L": [{"S": "y"}]}}}}


def test_what_is_not_there_is_no_error(tables: Tables) -> None:
    assert _call(tables, "getItem", Key=KEY) == {}
    assert _call(tables, "deleteItem", Key=KEY) == {}


def test_items_survive_the_process(tables: Tables, tmp_path: Path) -> None:
    _put(tables, n={"N": "1"})

    assert _item(Tables(tmp_path / "tables.sqlite")) is not None


@pytest.mark.parametrize(
    ("service", "error", "cause"),
    [
        (
            "dynamodb",
            "DynamoDB.ConditionalCheckFailedException",
            (
                "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; "
                "Error Code: ConditionalCheckFailedException; Request ID: ; Proxy: null)"
            ),
        ),
        (
            "aws-sdk:dynamodb",
            "DynamoDb.ConditionalCheckFailedException",
            "The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: )",
        ),
    ],
)
def test_a_condition_that_fails_is_named_by_the_integration(
    tables: Tables, service: str, error: str, cause: str
) -> None:
    _put(tables)

    with pytest.raises(TaskFailed) as caught:
        _call(tables, "putItem", service, Item=KEY, ConditionExpression="attribute_not_exists(pk)")

    assert (caught.value.error, caught.value.cause) == (error, cause)


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("dynamodb", "DynamoDB.AmazonDynamoDBException"),
        ("aws-sdk:dynamodb", "DynamoDb.DynamoDbException"),
    ],
)
def test_an_invalid_call_has_the_services_general_name(
    tables: Tables, service: str, error: str
) -> None:
    with pytest.raises(TaskFailed) as caught:
        _call(tables, "putItem", service, Item=None)

    assert caught.value.error == error
    assert str(caught.value.cause).startswith(
        "1 validation error detected: Value null at 'item' failed to satisfy constraint: "
        "Member must not be null (Service: "
    )


def test_only_optimised_answers_carry_metadata(tables: Tables) -> None:
    assert set(_call(tables, "putItem", "dynamodb", Item=KEY)) == {
        "SdkHttpMetadata", "SdkResponseMetadata",
    }  # fmt: skip
    assert _call(tables, "putItem", Item=KEY) == {}


def test_an_unknown_table_is_refused(tables: Tables) -> None:
    with pytest.raises(TaskFailed) as caught:
        tables.request("dynamodb", "getItem", {"TableName": "other", "Key": KEY})

    assert caught.value.error == "DynamoDB.ResourceNotFoundException"


@pytest.mark.parametrize("key", [{"pk": {"S": "a"}}, {**KEY, "x": {"S": "b"}}, {}])
def test_a_key_that_does_not_fit_the_table_is_refused(tables: Tables, key: Any) -> None:
    with pytest.raises(TaskFailed, match="does not match the schema"):
        _call(tables, "getItem", Key=key)


def test_a_failed_condition_changes_nothing(tables: Tables) -> None:
    _put(tables, fence={"N": "3"})

    with pytest.raises(TaskFailed):
        _call(
            tables, "updateItem", Key=KEY, UpdateExpression="SET fence = :new",
            ConditionExpression="fence = :old",
            ExpressionAttributeValues={":new": {"N": "9"}, ":old": {"N": "2"}},
        )  # fmt: skip

    assert _item(tables)["fence"] == {"N": "3"}


def test_an_update_makes_the_item_and_answers_what_it_changed(tables: Tables) -> None:
    answer = _call(
        tables, "updateItem", Key=KEY, UpdateExpression="set S=:r",
        ExpressionAttributeValues={":r": {"S": "x"}}, ReturnValues="UPDATED_NEW",
    )  # fmt: skip

    assert answer == {"Attributes": {"S": {"S": "x"}}}
    assert _item(tables) == {**KEY, "S": {"S": "x"}}


def test_an_update_may_not_touch_the_key(tables: Tables) -> None:
    with pytest.raises(TaskFailed, match="part of the key"):
        _call(
            tables, "updateItem", Key=KEY, UpdateExpression="SET sk = :v",
            ExpressionAttributeValues={":v": {"S": "b"}},
        )  # fmt: skip


def test_a_deletion_answers_what_was_there(tables: Tables) -> None:
    _put(tables, n={"N": "1"})

    answer = _call(tables, "deleteItem", Key=KEY, ReturnValues="ALL_OLD")

    assert answer == {"Attributes": {**KEY, "n": {"N": "1"}}}
    assert _item(tables) is None


VALUES = {":one": {"N": "1"}, ":ten": {"N": "10"}, ":s": {"S": "ab"}, ":l": {"L": [{"N": "9"}]},
          ":set": {"SS": ["a", "b"]}, ":type": {"S": "N"}}  # fmt: skip
ITEM = {"n": {"N": "2"}, "t": {"S": "abc"}, "l": {"L": [{"N": "1"}, {"S": "z"}]},
        "m": {"M": {"in": {"N": "10.0"}}}, "set": {"SS": ["a"]}}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("n > :one AND n < :ten", True),
        ("n > :one AND NOT n < :ten", False),
        ("n = :one OR t = :s OR m.#in = :ten", True),
        ("attribute_exists(m.#in) and attribute_not_exists(m.out)", True),
        ("attribute_type(n, :type)", True),
        ("begins_with(t, :s)", True),
        ("contains(t, :s)", True),
        ("contains(l, :one)", True),
        ("size(t) > :one", True),
        ("size(nowhere) > :one", False),
        ("n BETWEEN :one AND :ten", True),
        ("n IN (:one, :ten)", False),
        ("l[0] = :one AND attribute_not_exists(l[2])", True),
        ("t > :one", False),
        ("nowhere = :one", False),
        ("nowhere <> :one", True),
        ("(n = :one OR n <> :one) AND (t = :s)", False),
    ],
)
def test_conditions_hold_as_in_dynamodb(text: str, holds: bool) -> None:
    assert Expression(text, {"#in": "in"}, VALUES).holds(ITEM) is holds


@pytest.mark.parametrize(
    "text", ["", "n", "n =", "n = :nowhere", "#no = :one", "n == :one", "n = :one AND", "(n = :one"]
)
def test_a_bad_condition_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        Expression(text, {}, VALUES).holds(ITEM)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SET n = n + :one", {"n": {"N": "3"}}),
        ("SET n = :ten - n, t = :s", {"n": {"N": "8"}, "t": {"S": "ab"}}),
        ("SET x = if_not_exists(x, :one)", {"x": {"N": "1"}}),
        ("SET n = if_not_exists(n, :ten)", {}),
        ("SET l = list_append(l, :l)", {"l": {"L": [{"N": "1"}, {"S": "z"}, {"N": "9"}]}}),
        ("SET m.#in = :s", {"m": {"M": {"in": {"S": "ab"}}}}),
        ("SET l[1] = :one", {"l": {"L": [{"N": "1"}, {"N": "1"}]}}),
        ("SET l[7] = :one", {"l": {"L": [{"N": "1"}, {"S": "z"}, {"N": "1"}]}}),
        ("REMOVE t, m.#in", {"t": None, "m": {"M": {}}}),
        ("REMOVE nowhere", {}),
        ("ADD n :ten, #in :one", {"n": {"N": "12"}, "in": {"N": "1"}}),
        ("ADD #set :set", {"set": {"SS": ["a", "b"]}}),
        ("DELETE #set :set", {"set": None}),
        ("SET n = :one REMOVE t ADD x :one", {"n": {"N": "1"}, "t": None, "x": {"N": "1"}}),
    ],
)
def test_updates_change_what_dynamodb_would(text: str, changes: Any) -> None:
    wanted = {k: v for k, v in {**ITEM, **changes}.items() if v is not None}

    after, _ = Expression(text, {"#in": "in", "#set": "set"}, VALUES).update(dict(ITEM))

    assert after == wanted


def test_an_update_reads_the_old_values_only() -> None:
    after, _ = Expression("SET a = b, b = a", {}, {}).update({"a": {"N": "1"}, "b": {"N": "2"}})

    assert after == {"a": {"N": "2"}, "b": {"N": "1"}}


@pytest.mark.parametrize(
    "text", ["SET n = nowhere", "SET x.y = :one", "SET n = t + :one", "ADD t :one", "FOO n", "SET"]
)
def test_a_bad_update_is_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        Expression(text, {}, VALUES).update(dict(ITEM))


def test_a_projection_keeps_the_shape_of_what_it_picks() -> None:
    found = Expression("n, m.#in, nowhere", {"#in": "in"}, {}).project(dict(ITEM))

    assert found == {"n": {"N": "2"}, "m": {"M": {"in": {"N": "10.0"}}}}


@given(st.lists(st.sampled_from(
    ["n", "m.#x", "l[0]", "=", "<>", "<", "(", ")", "AND", "OR", "NOT", "IN", "BETWEEN", ",",
     ":one", ":s", "size", "contains", "begins_with", "attribute_type", "attribute_exists", "é"]
), max_size=8))  # fmt: skip
def test_any_text_is_a_condition_with_an_answer_or_refused_as_none(words: list[str]) -> None:
    try:
        answer: object = Expression(" ".join(words), {"#x": "in"}, VALUES).holds(dict(ITEM))
    except BadExpression as error:
        answer = str(error)

    assert answer in (True, False) or (isinstance(answer, str) and answer)


@given(st.decimals(-1000, 1000, places=3), st.decimals(-1000, 1000, places=3))
def test_adding_and_subtracting_a_number_changes_nothing(a: Any, b: Any) -> None:
    item = {"n": {"N": format(a, "f")}}
    values = {":b": {"N": format(b, "f")}}

    there, _ = Expression("SET n = n + :b", {}, values).update(item)
    back, _ = Expression("SET n = n - :b", {}, values).update(there)

    assert Expression("n = :n", {}, {":n": item["n"]}).holds(back)
