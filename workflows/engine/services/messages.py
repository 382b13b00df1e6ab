"""Messages to queues, topics and event buses: files in the outbox, the newest so many of them.

A laptop has nobody to deliver to. What a machine sends is kept as `outbox/<number>-<id>.json` with
its service, its target and the message; a person or a program reads it there, and answers a task
token that is in it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tasks.adapters.embedded.notices import FolderNotices
from tasks.failures import TaskFailed
from tasks.ports.clock import Clock
from workflows.engine.jsontext import dumps
from workflows.engine.services.answers import optimised, optimised_failure
from workflows.engine.times import utc_text

XML = "text/xml"
MAX_ENTRIES = 10


class Messages:
    """The outbox under `folder`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    def request(self, service: str, api: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """`sqs:sendMessage`, `sns:publish` or `events:putEvents`. Raises `TaskFailed`."""
        calls = {"sendMessage": self._send_message, "publish": self._publish}
        if service == "events" and api == "putEvents":
            return self._put_events(parameters)
        return calls[api](parameters)

    @cached_property
    def _outbox(self) -> FolderNotices:
        return FolderNotices(self._folder)

    def _send_message(self, given: Mapping[str, Any]) -> dict[str, Any]:
        target, body = _required(given, "QueueUrl", _sqs), _text(given.get("MessageBody"))
        if not body:
            raise _sqs("The request must contain the parameter MessageBody.")
        if target.endswith(".fifo") and not given.get("MessageGroupId"):
            raise _sqs("The request must contain the parameter MessageGroupId.")
        id = self._keep("sqs", target, body, given.get("MessageAttributes"))
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        return optimised({"MD5OfMessageBody": digest, "MessageId": id})

    def _publish(self, given: Mapping[str, Any]) -> dict[str, Any]:
        targets = [given[f] for f in ("TopicArn", "TargetArn", "PhoneNumber") if given.get(f)]
        if not targets:
            raise _sns("Invalid parameter: TopicArn or TargetArn Reason: no value for required")
        message = _text(given.get("Message"))
        if not message:
            raise _sns("Invalid parameter: Empty message")
        if str(targets[0]).endswith(".fifo") and not given.get("MessageGroupId"):
            raise _sns(
                "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
            )
        id = self._keep("sns", str(targets[0]), message, given.get("MessageAttributes"))
        return optimised({"MessageId": id}, XML)

    def _put_events(self, given: Mapping[str, Any]) -> dict[str, Any]:
        entries = given.get("Entries")
        if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_ENTRIES:
            raise optimised_failure(
                "EventBridge.AmazonEventBridgeException",
                f"1 to {MAX_ENTRIES} entries are needed",
                service="AmazonEventBridge",
                code="ValidationException",
            )
        answers = [self._put_event(entry) for entry in entries]
        failed = sum("ErrorCode" in answer for answer in answers)
        result = {"Entries": answers, "FailedEntryCount": failed}
        if failed:
            raise TaskFailed("EventBridge.FailedEntry", dumps(result))
        return optimised(result)

    def _put_event(self, entry: Mapping[str, Any]) -> dict[str, str]:
        for field in ("Source", "DetailType", "Detail"):
            if not entry.get(field):
                message = f"Parameter {field} is not valid. Reason: {field} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": message}
        detail = _text(entry["Detail"])
        if not _is_object(detail):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        bus = str(entry.get("EventBusName", "default"))
        about = {"Source": entry["Source"], "DetailType": entry["DetailType"]}
        return {"EventId": self._keep("events", bus, detail, about)}

    def _keep(self, service: str, target: str, message: str, attributes: Any) -> str:
        id = str(uuid.uuid4())
        body = {
            "service": service,
            "target": target,
            "message": message,
            "attributes": None if attributes is None else dumps(attributes),
            "sent_at": utc_text(self._clock.now()),
        }
        self._outbox.send(id, f"{service} message to {target}", body)
        return id


def _text(value: Any) -> str:
    """A message as it is sent: text as it is, anything else as JSON."""
    return "" if value is None else value if isinstance(value, str) else dumps(value)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _required(given: Mapping[str, Any], field: str, failure: Any) -> str:
    value = given.get(field)
    if not isinstance(value, str) or not value:
        raise failure(f"The request must contain the parameter {field}.")
    return value


def _sqs(message: str) -> TaskFailed:
    code = "MissingParameter"
    return optimised_failure("SQS.AmazonSQSException", message, service="AmazonSQS", code=code)


def _sns(message: str) -> TaskFailed:
    code = "InvalidParameter"
    return optimised_failure(
        "SNS.InvalidParameterException", message, service="AmazonSNS", code=code
    )
