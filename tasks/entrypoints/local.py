"""The in-process door: the engine's functions and jobs are the platform's own tasks."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from tasks.entrypoints.batch import run_job
from tasks.entrypoints.handlers import Override, answer
from tasks.failures import TaskFailed, failure_of, message_of
from tasks.spec import TaskSpec
from tasks.specs import ALL_SPECS

if TYPE_CHECKING:
    from tasks.wiring import Platform

EVENT_VARIABLE = "ONS_EVENT"


class Workers(Protocol):
    """Processes that run tasks, one at a time each."""

    def call(self, function: str, payload: Any, *, timeout_s: float, memory_mb: int) -> Any:
        """Run a task in a process of its own and answer its result as JSON; null for a job.

        Raises `TaskFailed`: with the task's own error, with `Sandbox.Timedout`, or with
        `Lambda.Unknown` when the process died or used too much memory.
        """
        ...


class LocalFunctions:
    """Runs tasks beside the engine, or in workers where their spec says so.

    `overrides` take the place of handlers by the task's name, and run beside the engine: for
    tests and demonstrations of failures. Without workers every task runs beside the engine.
    """

    def __init__(
        self,
        platform: Callable[[], Platform],
        workers: Workers | None = None,
        *,
        overrides: Mapping[str, Override] | None = None,
        specs: Mapping[str, TaskSpec] = ALL_SPECS,
    ) -> None:
        self._platform, self._workers = platform, workers
        self._overrides, self._specs = dict(overrides or {}), specs

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:  # noqa: ARG002 a port
        """Run a Lambda function and answer its result. Raises `TaskFailed`."""
        spec = self._specs.get(plain_name(function))
        if spec is None or spec.runs_on != "lambda":
            raise TaskFailed("Lambda.ResourceNotFoundException", f"Function not found: {function}")
        return self._run(spec, payload, min(timeout_s, spec.timeout_s))

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        """Run a Batch job to its end and answer its detail. Raises `TaskFailed`, as Step
        Functions has it: States.TaskFailed with the job's detail as JSON."""
        definition = job.get("JobDefinition", "")
        spec = self._specs.get(plain_name(definition))
        if spec is None or spec.runs_on != "batch":
            raise TaskFailed(
                "Batch.ClientException", f"JobDefinition {definition} is not registered."
            )
        detail = {
            "JobId": str(uuid.uuid4()),
            "JobName": job["JobName"],
            "JobDefinition": definition,
            "JobQueue": job.get("JobQueue"),
        }
        try:
            self._run(spec, _event_of(job), min(timeout_s, spec.timeout_s))
        except TaskFailed as failure:
            raise TaskFailed("States.TaskFailed", _job_failed(detail, failure)) from failure
        return {**detail, "Status": "SUCCEEDED", "Container": {"ExitCode": 0}}

    def _run(self, spec: TaskSpec, payload: Any, timeout_s: float) -> Any:
        override = self._overrides.get(spec.name)
        if spec.in_process or override is not None or self._workers is None:
            return run_here(spec, payload, self._platform, override)
        return self._workers.call(spec.name, payload, timeout_s=timeout_s, memory_mb=spec.memory_mb)


def run_here(
    spec: TaskSpec, payload: Any, platform: Callable[[], Platform], override: Override | None = None
) -> Any:
    """Run a task in this process through the door that its spec names. Raises `TaskFailed`."""
    try:
        if spec.runs_on == "batch":
            return run_job(spec, payload, platform, override)
        return answer(spec, payload, platform, override)
    except Exception as error:  # the door's work: any exception becomes a failure by its name
        raise failure_of(error) from error


def plain_name(function: str) -> str:
    """The task's name in `name`, `${name}`, or a function's or job definition's ARN."""
    if function.startswith("${") and function.endswith("}"):
        return function[2:-1]
    if function.startswith("arn:"):
        parts = function.split(":")
        return parts[6] if len(parts) > 6 else parts[-1].rpartition("/")[2]
    return function


def _event_of(job: Mapping[str, Any]) -> Any:
    environment = job.get("ContainerOverrides", {}).get("Environment", ())
    texts = [e.get("Value") for e in environment if e.get("Name") == EVENT_VARIABLE]
    if len(texts) != 1:
        raise TaskFailed(
            "Batch.ClientException", f"the job's environment has no {EVENT_VARIABLE} variable"
        )
    return json.loads(texts[0])


def _job_failed(detail: Mapping[str, Any], failure: TaskFailed) -> str:
    if failure.error == "Sandbox.Timedout":
        reason = "Job attempt duration exceeded timeout"
    else:
        # AWS says no more than the first half; here nobody can look into the container's log.
        reason = f"Essential container in task exited: {failure.error}: {message_of(failure)}"
    failed = {
        **detail,
        "Status": "FAILED",
        "StatusReason": reason,
        "Container": {"ExitCode": 1},
        "Attempts": [{"StatusReason": reason, "Container": {"ExitCode": 1}}],
    }
    return json.dumps(failed, ensure_ascii=False)
