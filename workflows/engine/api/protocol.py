"""AWS's JSON 1.0 protocol: a request's target and body become a call, its result an answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping

from tasks.errors import HomeUnusable
from workflows.engine.api import (
    callbacks,
    definitions,
    executions,
    machines,
    mapruns,
    starting,
    tags,
    teststate,
    versions,
)
from workflows.engine.api.faults import ApiError
from workflows.engine.api.requests import INPUTS
from workflows.engine.api.service import Answer, Later, Request, Service, read_json
from workflows.engine.api.shapes import check

_LOG = logging.getLogger(__name__)
PREFIX = "AWSStepFunctions."
MAX_BODY = 1_048_576

Operation = Callable[[Service, Request], Answer | Later]

OPERATIONS: Mapping[str, Operation] = {
    "CreateStateMachine": machines.create,
    "UpdateStateMachine": machines.update,
    "DeleteStateMachine": machines.delete,
    "DescribeStateMachine": machines.describe,
    "DescribeStateMachineForExecution": executions.machine_of,
    "ListStateMachines": machines.every,
    "ValidateStateMachineDefinition": definitions.validate,
    "StartExecution": starting.start,
    "StartSyncExecution": starting.start_sync,
    "DescribeExecution": executions.describe,
    "ListExecutions": executions.every,
    "GetExecutionHistory": executions.history,
    "StopExecution": executions.stop,
    "RedriveExecution": executions.redrive,
    "DescribeMapRun": mapruns.describe,
    "ListMapRuns": mapruns.every,
    "UpdateMapRun": mapruns.update,
    "SendTaskSuccess": callbacks.success,
    "SendTaskFailure": callbacks.failure,
    "SendTaskHeartbeat": callbacks.heartbeat,
    "PublishStateMachineVersion": versions.publish,
    "ListStateMachineVersions": versions.versions_of,
    "DeleteStateMachineVersion": versions.delete_version,
    "CreateStateMachineAlias": versions.create_alias,
    "UpdateStateMachineAlias": versions.update_alias,
    "DescribeStateMachineAlias": versions.describe_alias,
    "DeleteStateMachineAlias": versions.delete_alias,
    "ListStateMachineAliases": versions.aliases_of,
    "TestState": teststate.test,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.tags_of,
}


def call(service: Service, target: str | None, body: bytes) -> Answer | Later:
    """Do what a request asks for. Raises `ApiError`, whatever it holds and whatever happens."""
    return guarded(lambda: _call(service, target, body))


def guarded(work: Callable[[], Answer | Later]) -> Answer | Later:
    """The result of `work`; what goes wrong inside is told to whoever runs this server, and the
    client learns no more than that it went wrong."""
    try:
        return work()
    except ApiError:
        raise
    except HomeUnusable as error:
        raise ApiError("ServiceUnavailable", str(error), 503) from error
    except Exception as error:
        _LOG.error("a request failed", exc_info=error)
        raise ApiError("InternalFailure", "The server failed; its log says why.", 500) from error


def too_large() -> ApiError:
    """The body has more than a request may have."""
    return ApiError(
        "RequestEntityTooLargeException", f"A request has at most {MAX_BODY} bytes.", 413
    )


def _call(service: Service, target: str | None, body: bytes) -> Answer | Later:
    name = (target or "").removeprefix(PREFIX)
    operation = OPERATIONS.get(name) if (target or "").startswith(PREFIX) else None
    if operation is None:
        raise ApiError("UnknownOperationException", f"Unknown operation: {target or 'none given'}")
    if len(body) > MAX_BODY:
        raise too_large()
    try:
        text = body.decode() or "{}"
        request = read_json(text)
        if "\\u" in text:
            json.dumps(request, ensure_ascii=False).encode()  # no half of a surrogate pair
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "The body is not JSON in UTF-8") from error
    return operation(service, check(INPUTS[name], request))
