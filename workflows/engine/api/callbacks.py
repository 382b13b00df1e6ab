"""The outcomes and signs of life of Tasks that wait for them with a token."""

from __future__ import annotations

from collections.abc import Callable

from workflows.engine import tokens
from workflows.engine.api.faults import ApiError
from workflows.engine.api.service import Answer, Request, Service, read_json


def success(service: Service, request: Request) -> Answer:
    """SendTaskSuccess."""
    token, output = request["taskToken"], request["output"]
    try:
        read_json(output)
    except ValueError as error:
        raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
    return _sent(service, lambda: service.engine.send_task_success(token, output))


def failure(service: Service, request: Request) -> Answer:
    """SendTaskFailure."""
    token, error, cause = request["taskToken"], request.get("error"), request.get("cause")
    return _sent(service, lambda: service.engine.send_task_failure(token, error=error, cause=cause))


def heartbeat(service: Service, request: Request) -> Answer:
    """SendTaskHeartbeat."""
    return _sent(service, lambda: service.engine.send_task_heartbeat(request["taskToken"]))


def _sent(service: Service, send: Callable[[], None]) -> Answer:
    try:
        send()
    except (tokens.InvalidToken, tokens.TaskTimedOut, tokens.InvalidOutput) as error:
        raise ApiError(type(error).__name__, str(error)) from error
    service.driver.wake()
    return {}
