"""What a Task's Resource calls, and how Step Functions names what happens there.

The engine knows resources; an `Integrations` does the work. A resource that is not in this module
is refused when its machine is created.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tasks.failures import TaskFailed
from workflows.engine.jsontext import dumps
from workflows.engine.times import utc_text

REGION = "local"
ACCOUNT = "000000000000"

__all__ = ["Integrations", "Resource", "TaskFailed", "resource_of"]


class Integrations(Protocol):
    """The outside world of Task states. Both methods are called on several threads at once, may
    block, and may be called again for the same event: after a crash, or by a retry."""

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        """Run a Lambda function and answer its result as JSON. `attempt` counts from 0.

        Raises `TaskFailed`.
        """
        ...

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        """Run a Batch job to its end and answer its detail. Raises `TaskFailed`."""
        ...


@dataclass(frozen=True)
class Resource:
    """One kind of Task. `events` is the word in its events: Task…, or LambdaFunction…"""

    arn: str
    kind: Literal["lambda_function", "lambda_invoke", "batch_sync"]
    service: str
    action: str

    @property
    def events(self) -> str:
        return "LambdaFunction" if self.kind == "lambda_function" else "Task"

    def call(self, work: Integrations, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        """Do the work and answer what the state receives. Raises `TaskFailed`."""
        if self.kind == "lambda_function":
            return work.invoke(self.arn, payload, timeout_s=timeout_s, attempt=attempt)
        if self.kind == "batch_sync":
            return work.submit_job(payload, timeout_s=timeout_s)
        result = work.invoke(
            payload["FunctionName"],
            payload.get("Payload", {}),
            timeout_s=timeout_s,
            attempt=attempt,
        )
        return _envelope(payload, result)


_LAMBDA_ARN = re.compile(r"arn:aws[\w-]*:lambda:[\w-]*:\d*:function:[\w$:-]+|\$\{\w+\}")
_KNOWN: dict[str, tuple[Literal["lambda_invoke", "batch_sync"], str, str]] = {
    "arn:aws:states:::lambda:invoke": ("lambda_invoke", "lambda", "invoke"),
    "arn:aws:states:::batch:submitJob.sync": ("batch_sync", "batch", "submitJob.sync"),
}


def resource_of(arn: str) -> Resource | None:
    """The resource, or None for one that the engine does not know."""
    if arn in _KNOWN:
        return Resource(arn, *_KNOWN[arn])
    if _LAMBDA_ARN.fullmatch(arn):
        return Resource(arn, "lambda_function", "lambda", "invoke")
    return None


def parameters_fault(resource: Resource, payload: Any) -> str | None:
    """Why the resource cannot be called with this payload, or None."""
    needed = {"lambda_invoke": ("FunctionName",), "batch_sync": ("JobName",)}.get(resource.kind, ())
    for name in needed:
        if not isinstance(payload, Mapping) or not isinstance(payload.get(name), str):
            return f"The field '{name}' is required but was missing"
    return None


def _envelope(payload: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """What `lambda:invoke` gives the state. No request left this machine: ids are empty."""
    length = str(len(dumps(result).encode()))
    return {
        "ExecutedVersion": payload.get("Qualifier", "$LATEST"),
        "Payload": result,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"Content-Length": [length], "Content-Type": ["application/json"]},
            "HttpHeaders": {"Content-Length": length, "Content-Type": "application/json"},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": ""},
        "StatusCode": 200,
    }


def submitted(resource: Resource, frame_id: str, now: float) -> str | None:
    """The output of a `.sync` resource's TaskSubmitted event, or None for one without."""
    if resource.kind != "batch_sync":
        return None
    return dumps({"JobId": frame_id, "SubmittedAt": utc_text(now)})
