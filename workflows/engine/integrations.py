"""What a Task's Resource calls, and how Step Functions names what happens there.

The engine knows how Tasks end; an `Integrations` does the work. Which resources there are is said
in `SUPPORTED`; others are refused when their machine is created. Where every call is scripted
(tests of a machine), any resource that is well formed will do: `any_resource_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from tasks.failures import TaskFailed
from workflows.engine import jobs
from workflows.engine.jsontext import dumps

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import TaskCall

REGION = "local"
ACCOUNT = "000000000000"

__all__ = [
    "Integrations",
    "Resource",
    "Scripted",
    "Submitted",
    "TaskFailed",
    "any_resource_of",
    "resource_of",
]


class Integrations(Protocol):
    """The outside world of Task states. Its methods are called on several threads at once, may
    block, and may be called again for the same event: after a crash, or by a retry."""

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        """Run a Lambda function and answer its result as JSON. `attempt` counts from 0.

        Raises `TaskFailed`.
        """
        ...

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        """Run a Batch job to its end and answer its detail. Raises `TaskFailed`."""
        ...

    def request(self, service: str, api: str, parameters: Any, *, timeout_s: float) -> Any:
        """Call one API of another service, such as `sqs` and `sendMessage`, or `aws-sdk:s3` and
        `getObject`, and answer what the state receives. Raises `TaskFailed`."""
        ...


@runtime_checkable
class Scripted(Protocol):
    """An outside world in which every call is written down beforehand, for tests of machines."""

    def answer(self, call: TaskCall) -> Any:
        """What the state receives, whatever resource it names. Raises `TaskFailed`."""
        ...


@dataclass(frozen=True)
class Submitted:
    """The answer of a call that is not the end of its Task: the outcome is sent later, or is
    `then` where it was written down beforehand."""

    output: Any
    then: tuple[Any, str] | TaskFailed | None = None


@dataclass(frozen=True)
class Resource:
    """What a Task calls. `service` and `action` are `resourceType` and `resource` in its events;
    the action carries the pattern: `submitJob.sync`, `sendMessage.waitForTaskToken`."""

    arn: str
    kind: Literal["function", "activity", "service"]
    service: str
    action: str

    @property
    def events(self) -> str:
        """The word in its events: `Task…`, `LambdaFunction…` or `Activity…`."""
        return {"function": "LambdaFunction", "activity": "Activity", "service": "Task"}[self.kind]

    @property
    def api(self) -> str:
        """The action without its pattern."""
        return self.action.partition(".")[0]

    @property
    def pattern(self) -> Literal["request", "sync", "token"]:
        """What ends the Task: the answer, the end of the job, or an outcome sent with a token."""
        rest = self.action.partition(".")[2]
        return "token" if rest == "waitForTaskToken" else "sync" if rest else "request"

    def call(
        self, work: Integrations, payload: Any, *, timeout_s: float, attempt: int, job: str = ""
    ) -> Any:
        """Do the work and answer what the state receives, or `Submitted`. `job` is the id that a
        job was submitted with. Raises `TaskFailed`."""
        if self.service == "batch" and job:
            return jobs.run(job, lambda: work.submit_job(payload, timeout_s=timeout_s))
        result = self._call(work, payload, timeout_s=timeout_s, attempt=attempt)
        return Submitted(result) if self.pattern == "token" else result

    def _call(self, work: Integrations, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        if self.kind == "function":
            return work.invoke(self.arn, payload, timeout_s=timeout_s, attempt=attempt)
        if self.service == "lambda":
            result = work.invoke(
                payload["FunctionName"],
                payload.get("Payload", {}),
                timeout_s=timeout_s,
                attempt=attempt,
            )
            return _envelope(payload, result)
        if self.service == "batch":
            return work.submit_job(payload, timeout_s=timeout_s)
        return work.request(self.service, self.api, payload, timeout_s=timeout_s)


SUPPORTED: Mapping[str, frozenset[str]] = {
    "lambda": frozenset({"invoke", "invoke.waitForTaskToken"}),
    "batch": frozenset({"submitJob.sync"}),
    "sqs": frozenset({"sendMessage", "sendMessage.waitForTaskToken"}),
    "sns": frozenset({"publish", "publish.waitForTaskToken"}),
    "events": frozenset({"putEvents", "putEvents.waitForTaskToken"}),
    "dynamodb": frozenset({"getItem", "putItem", "updateItem", "deleteItem"}),
    "aws-sdk:dynamodb": frozenset({"getItem", "putItem", "updateItem", "deleteItem"}),
    "aws-sdk:s3": frozenset(
        {"getObject", "putObject", "headObject", "listObjectsV2", "copyObject", "deleteObject"}
    ),
    "states": frozenset(
        {"startExecution", "startExecution.sync", "startExecution.sync:2",
         "startExecution.waitForTaskToken"}
    ),
    "aws-sdk:sfn": frozenset({"startExecution"}),
}  # fmt: skip
"""What the embedded services do, by the service's name in a Resource and its action."""

_PLACEHOLDER = re.compile(r"\$\{[^{}]+\}")
"""What a deployment fills in: a whole ARN, or a part of one such as `${AWS::Region}`."""
_FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]*:\w*:function:[\w$:-]+")
_ACTIVITY = re.compile(r"arn:[\w-]+:states:[\w-]+:\w+:activity:[^:\s]+")
_SERVICE = re.compile(
    r"arn:[\w-]+:states:[\w-]*:\w*:((?:aws-sdk:)?\w[\w-]*):"
    r"(\w+(?:\.sync(?::\d)?|\.waitForTaskToken)?)"
)


def resource_of(arn: str) -> Resource | None:
    """The resource, or None for one that the embedded services do not have."""
    found = any_resource_of(arn)
    if found is None or found.kind == "activity":
        return None
    known = found.kind == "function" or found.action in SUPPORTED.get(found.service, ())
    return found if known else None


def any_resource_of(arn: str) -> Resource | None:
    """The resource, whatever its service; None for what is not the ARN of one."""
    filled = _PLACEHOLDER.sub("filled", arn)
    if _FUNCTION.fullmatch(filled) or _PLACEHOLDER.fullmatch(arn):
        return Resource(arn, "function", "lambda", "invoke")
    if _ACTIVITY.fullmatch(filled):
        return Resource(arn, "activity", "activity", "activity")
    if match := _SERVICE.fullmatch(filled):
        return Resource(arn, "service", match[1], match[2])
    return None


_REQUIRED = {
    ("lambda", "invoke"): ("FunctionName",),
    ("batch", "submitJob"): ("JobName",),
    ("states", "startExecution"): ("StateMachineArn",),
    ("aws-sdk:sfn", "startExecution"): ("StateMachineArn",),
}


def parameters_fault(resource: Resource, payload: Any) -> str | None:
    """Why the resource cannot be called with this payload, or None."""
    if resource.kind != "service":
        return None
    for name in _REQUIRED.get((resource.service, resource.api), ()):
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


def submitted(resource: Resource, payload: Any, job: str) -> str | None:
    """The output of a `.sync` resource's TaskSubmitted event, or None for one without, or whose
    answer is not known before the call."""
    if resource.pattern != "sync" or resource.service == "states":
        return None
    if resource.service != "batch":
        return "{}"
    return jobs.submission(job, payload, arn=f"arn:aws:batch:{REGION}:{ACCOUNT}:job/")
