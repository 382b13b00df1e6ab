"""Batch's door: a job that leaves its outcome in the object store.

Step Functions learns of a job only whether it succeeded. So a job whose task ends with an error
that its spec declares *succeeds* and leaves the error as its outcome; the step after it reads the
outcome and raises it. A job fails when it dies, and when it may be worth running again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tasks.collect_outcome.spec import OUTCOME
from tasks.entrypoints.handlers import Override, answer
from tasks.errors import PlatformError, TryAgain
from tasks.failures import failure_of
from tasks.spec import TaskSpec

if TYPE_CHECKING:
    from tasks.wiring import Platform


def run_job(
    spec: TaskSpec, event: Any, platform: Callable[[], Platform], override: Override | None = None
) -> None:
    """Run the task and write `{"result": …}` or `{"error", "cause"}` under the event's staging
    prefix. Raises what the spec does not declare, and `TryAgain`."""
    try:
        outcome: dict[str, Any] = {"result": answer(spec, event, platform, override)}
    except PlatformError as error:
        if isinstance(error, TryAgain) or type(error).__name__ not in spec.error_names:
            raise
        failure = failure_of(error)
        outcome = {"error": failure.error, "cause": failure.cause}
    body = json.dumps(outcome, ensure_ascii=False).encode()
    platform().objects.put(f"{event['staging']}{OUTCOME}", body)
