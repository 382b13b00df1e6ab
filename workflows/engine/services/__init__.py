"""The services that a machine's Tasks may call on this machine, and what takes AWS's place.

lambda, batch                 the platform's own tasks, in process or in worker processes
sqs, sns, events              files in the outbox, for a person or a program to read
dynamodb, aws-sdk:dynamodb    the table `${table}`, in a SQLite file
aws-sdk:s3                    the bucket `${bucket}`: the platform's object store

Names, results and errors are those that Step Functions shows for AWS's services.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tasks.failures import TaskFailed
from tasks.ports.clock import Clock
from tasks.ports.objects import ObjectStore
from workflows.engine.services.buckets import Buckets
from workflows.engine.services.messages import Messages
from workflows.engine.services.tables import Tables


class Functions(Protocol):
    """Lambda functions and Batch jobs; as `workflows.engine.integrations.Integrations`."""

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any: ...

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]: ...


class EmbeddedServices:
    """All that Tasks may call on this machine; an `Integrations`."""

    def __init__(
        self, functions: Functions, objects: Callable[[], ObjectStore], home: Path, clock: Clock
    ) -> None:
        """The outbox is the folder `home/outbox`, the table the file `home/tables.sqlite`; both
        are made when they are first used."""
        self._functions = functions
        self._messages = Messages(home / "outbox", clock)
        self._tables = Tables(home / "tables.sqlite")
        self._buckets = Buckets(objects)

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        """As `Integrations.invoke`."""
        return self._functions.invoke(function, payload, timeout_s=timeout_s, attempt=attempt)

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        """As `Integrations.submit_job`."""
        return self._functions.submit_job(job, timeout_s=timeout_s)

    def request(self, service: str, api: str, parameters: Any, *, timeout_s: float) -> Any:  # noqa: ARG002 a port; these calls take no time
        """As `Integrations.request`."""
        if not isinstance(parameters, Mapping):
            raise TaskFailed("States.Runtime", f"the parameters of {service}:{api} are an object")
        if service in ("dynamodb", "aws-sdk:dynamodb"):
            return self._tables.request(service, api, parameters)
        if service == "aws-sdk:s3":
            return self._buckets.request(api, parameters)
        return self._messages.request(service, api, parameters)
