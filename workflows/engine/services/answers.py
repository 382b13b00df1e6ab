"""What AWS's services have in common as a state sees them: metadata of requests, texts of errors.

No request left this machine, so ids of requests are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.failures import TaskFailed
from workflows.engine.jsontext import dumps

JSON = "application/x-amz-json-1.0"


def optimised(result: Mapping[str, Any], content_type: str = JSON) -> dict[str, Any]:
    """The result of an optimised integration: with the metadata of its HTTP request."""
    length = str(len(dumps(result).encode()))
    return {
        **result,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"Content-Length": [length], "Content-Type": [content_type]},
            "HttpHeaders": {"Content-Length": length, "Content-Type": content_type},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": ""},
    }


def optimised_failure(
    error: str, message: str, *, service: str, code: str, status: int = 400
) -> TaskFailed:
    """As the first generation of AWS's SDK tells an error; `error` as `SQS.AmazonSQSException`."""
    return TaskFailed(
        error,
        f"{message} (Service: {service}; Status Code: {status}; Error Code: {code}; "
        "Request ID: ; Proxy: null)",
    )


def sdk_failure(
    error: str, message: str, *, service: str, status: int = 400, extended: bool = False
) -> TaskFailed:
    """As the second generation of AWS's SDK tells an error; `error` as `S3.NoSuchKeyException`."""
    more = ", Extended Request ID: " if extended else ""
    return TaskFailed(
        error, f"{message} (Service: {service}, Status Code: {status}, Request ID: {more})"
    )
