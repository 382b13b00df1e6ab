"""How long a machine tries before it gives up, by what went wrong."""

from dataclasses import dataclass

from tasks.errors import ClaimHeld
from tasks.spec import TaskSpec
from workflows.machines.routes import declared


@dataclass(frozen=True)
class Retrier:
    """Waits of `first_s`, growing by `growth` up to `longest_s`, each drawn evenly between zero
    and that (full jitter), so that many executions do not come back at once."""

    errors: tuple[str, ...]
    attempts: int
    first_s: int
    growth: float
    longest_s: int


# Minutes in all: the other execution works on the very same file and will soon be done with it.
HELD = Retrier((ClaimHeld.__name__,), attempts=10, first_s=5, growth=1.5, longest_s=60)

# A dependency of ours was away.
AWAY = Retrier(("TryAgain",), attempts=6, first_s=2, growth=2.0, longest_s=60)

# The service did not take the call: it is safe to knock often.
LAMBDA_BUSY = Retrier(
    (
        "Lambda.AWSLambdaException",
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
    ),
    attempts=8,
    first_s=1,
    growth=2.0,
    longest_s=30,
)
BATCH_BUSY = Retrier(
    (
        "Batch.AWSBatchException",
        "Batch.BatchException",
        "Batch.SdkClientException",
        "Batch.ServerException",
    ),
    attempts=8,
    first_s=2,
    growth=2.0,
    longest_s=60,
)

# It ran out of time or memory, or its machine went away. Once more may help, often will not.
DIED = Retrier(
    ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout"),
    attempts=2,
    first_s=5,
    growth=2.0,
    longest_s=30,
)
JOB_DIED = Retrier(
    ("States.TaskFailed", "States.Timeout"), attempts=2, first_s=30, growth=2.0, longest_s=120
)

# A compensation has no way out: it tries for minutes, whatever the error, and fails there, where
# a redrive can take it up again.
STUBBORN = Retrier(("States.ALL",), attempts=8, first_s=2, growth=2.0, longest_s=120)


def patience(task: TaskSpec) -> tuple[Retrier, ...]:
    """The retriers of a task on its way forward. Rejections and lost leases are never retried."""
    held = (HELD,) if ClaimHeld in declared(task) else ()
    return (*held, AWAY, LAMBDA_BUSY, DIED)


def patience_with_job() -> tuple[Retrier, ...]:
    """The retriers of a Batch job; the task's own errors come with its outcome, later."""
    return (BATCH_BUSY, JOB_DIED)


def state_timeout_s(task: TaskSpec) -> int:
    """How long the state waits: longer than the task's own limit, so that a task that ran out of
    time is told apart from one that never answered. A job may also stand in a queue."""
    margin = 3600 if task.runs_on == "batch" else max(15, task.timeout_s // 10)
    return task.timeout_s + margin
