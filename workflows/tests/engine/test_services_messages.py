"""What a machine sends to queues, topics and buses lies in the outbox, answered as by AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.failures import TaskFailed
from workflows.engine.services.messages import Messages


@pytest.fixture
def messages(tmp_path: Path, clock: Any) -> Messages:
    return Messages(tmp_path / "outbox", clock)


def _kept(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "outbox").glob("*.json"))
    return [json.loads(path.read_text()) for path in files]


def test_a_message_to_a_queue_is_kept_with_its_target(messages: Messages, tmp_path: Path) -> None:
    sent = {"QueueUrl": "https://q", "MessageBody": {"TaskToken": "t"}}

    answer = messages.request("sqs", "sendMessage", sent)

    (kept,) = _kept(tmp_path)
    assert kept["id"] == answer["MessageId"]
    assert (kept["service"], kept["target"]) == ("sqs", "https://q")
    assert json.loads(kept["message"]) == {"TaskToken": "t"}
    assert kept["sent_at"] == "2027-01-15T08:00:00.000Z"


def test_the_answer_of_a_queue_has_the_digest_and_the_metadata_of_the_request(
    messages: Messages,
) -> None:
    answer = messages.request("sqs", "sendMessage", {"QueueUrl": "q", "MessageBody": "test"})

    assert answer["MD5OfMessageBody"] == "098f6bcd4621d373cade4e832627b4f6"
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert answer["SdkResponseMetadata"] == {"RequestId": ""}


def test_an_empty_message_is_refused_as_by_sqs(messages: Messages) -> None:
    with pytest.raises(TaskFailed) as caught:
        messages.request("sqs", "sendMessage", {"QueueUrl": "q", "MessageBody": None})

    assert caught.value.error == "SQS.AmazonSQSException"
    assert caught.value.cause == (
        "The request must contain the parameter MessageBody. (Service: AmazonSQS; "
        "Status Code: 400; Error Code: MissingParameter; Request ID: ; Proxy: null)"
    )


def test_a_fifo_topic_needs_a_group(messages: Messages) -> None:
    with pytest.raises(TaskFailed) as caught:
        messages.request("sns", "publish", {"TopicArn": "arn:topic.fifo", "Message": {"a": 1}})

    assert caught.value.error == "SNS.InvalidParameterException"
    assert str(caught.value.cause).startswith(
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics (Service: "
    )


def test_a_notice_to_a_topic_is_kept(messages: Messages, tmp_path: Path) -> None:
    messages.request("sns", "publish", {"TopicArn": "arn:topic", "Message": {"a": 1}})

    (kept,) = _kept(tmp_path)
    assert (kept["service"], kept["target"], kept["message"]) == ("sns", "arn:topic", '{"a":1}')


def test_events_are_kept_by_their_bus(messages: Messages, tmp_path: Path) -> None:
    entry = {"Source": "ons", "DetailType": "published", "Detail": {"release": "r"}}

    answer = messages.request("events", "putEvents", {"Entries": [entry, entry]})

    assert answer["FailedEntryCount"] == 0
    assert [e["EventId"] for e in answer["Entries"]] == [k["id"] for k in _kept(tmp_path)]
    assert {k["target"] for k in _kept(tmp_path)} == {"default"}


def test_one_bad_entry_fails_the_task_with_the_answer_as_its_cause(messages: Messages) -> None:
    good = {"Source": "s", "DetailType": "d", "Detail": '{"Message": "HelloWorld0"}'}
    bad = {**good, "Detail": '"jsonstring"'}

    with pytest.raises(TaskFailed) as caught:
        messages.request("events", "putEvents", {"Entries": [good, bad]})

    cause = json.loads(caught.value.cause or "")
    assert caught.value.error == "EventBridge.FailedEntry"
    assert cause["FailedEntryCount"] == 1
    assert cause["Entries"][1] == {
        "ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed.",
    }  # fmt: skip
