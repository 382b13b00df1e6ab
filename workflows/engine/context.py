"""The context object `$$`, and the names that stand in for AWS's on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.engine import containers
from workflows.engine.callbacks import token_of
from workflows.engine.frames import Frame
from workflows.engine.integrations import ACCOUNT, REGION
from workflows.engine.times import utc_text

if TYPE_CHECKING:  # the interpreter imports this module
    from workflows.engine.interpreter import Interpreter


def context_of(machine: Interpreter, frame: Frame) -> dict[str, Any]:
    """What `$$` shows to the frame's current state."""
    run = machine.run
    context: dict[str, Any] = {
        "Execution": {
            "Id": run.arn,
            "Input": run.input,
            "Name": run.name,
            "RoleArn": role_arn(),
            "StartTime": utc_text(run.started_at),
        },
        "StateMachine": {"Id": machine_arn(run.machine.name), "Name": run.machine.name},
        "State": {
            "Name": frame.state,
            "EnteredTime": utc_text(frame.entered_at),
            "RetryCount": sum(frame.retries.values()),
        },
    }
    if run.redriven_at is not None:  # as in AWS's recordings, nothing of it before
        context["Execution"]["RedriveCount"] = run.redrives
        context["Execution"]["RedriveTime"] = utc_text(run.redriven_at)
    resource = run.machine.resources.get(machine.state(frame).get("Resource", ""))
    if resource is not None and resource.pattern != "request":
        context["Task"] = {"Token": token_of(run.key, run.arn, frame.call)}
    for inner in run.ancestry(frame):
        parent = run.parent(inner)
        if parent is not None and machine.state(parent)["Type"] == "Map":
            value = containers.plan(machine, parent).items[inner.index]
            context["Map"] = {"Item": {"Index": inner.index, "Value": value}}
            break
    return context


def machine_arn(name: str) -> str:
    """The ARN of a machine."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"


def execution_arn(machine: str, name: str) -> str:
    """The ARN of an execution."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}:{name}"


def role_arn() -> str:
    """The ARN of the role that executions have."""
    return f"arn:aws:iam::{ACCOUNT}:role/embedded"
