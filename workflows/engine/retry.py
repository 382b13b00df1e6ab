"""Which retrier or catcher takes an error, and how long a retry waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.ports.clock import Jitter

DEFAULT_ATTEMPTS = 3
DEFAULT_INTERVAL_S = 1
DEFAULT_BACKOFF = 2.0


def matches(names: Sequence[str], error: str) -> bool:
    """Whether a retrier's or catcher's ErrorEquals takes the error. `States.Runtime` is taken by
    none, not even by its own name."""
    if error == "States.Runtime":
        return False
    for name in names:
        if name in (error, "States.ALL"):
            return True
        if name == "States.TaskFailed" and error != "States.Timeout":
            return True
        if name == "States.Timeout" and error == "States.HeartbeatTimeout":
            return True
    return False


def retry(
    retriers: Sequence[Mapping[str, Any]],
    error: str,
    used: Mapping[int, int],
    jitter: Jitter,
    *,
    also: str = "",
) -> tuple[int, float] | None:
    """The retrier's index and the seconds to wait, or None when the error is not retried (again).

    The first retrier that matches is used, alone; `used` counts by retrier, not by error. `also`
    is another name that the error may be taken by.
    """
    for index, retrier in enumerate(retriers):
        if matches(retrier["ErrorEquals"], error) or also in retrier["ErrorEquals"]:
            before = used.get(index, 0)
            if before >= retrier.get("MaxAttempts", DEFAULT_ATTEMPTS):
                return None
            return index, delay(retrier, before, jitter)
    return None


def delay(retrier: Mapping[str, Any], before: int, jitter: Jitter) -> float:
    """Seconds before the retry that follows `before` others: capped first, then jittered."""
    seconds = retrier.get("IntervalSeconds", DEFAULT_INTERVAL_S) * (
        float(retrier.get("BackoffRate", DEFAULT_BACKOFF)) ** before
    )
    if "MaxDelaySeconds" in retrier:
        seconds = min(seconds, retrier["MaxDelaySeconds"])
    if retrier.get("JitterStrategy") == "FULL":
        seconds *= jitter.fraction()
    return float(seconds)


def catcher(catchers: Sequence[Mapping[str, Any]], error: str, *, also: str = "") -> int | None:
    """The index of the first catcher that takes the error, by its name or by `also`."""
    for index, catcher in enumerate(catchers):
        if matches(catcher["ErrorEquals"], error) or also in catcher["ErrorEquals"]:
            return index
    return None
