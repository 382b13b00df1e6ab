"""The real clock and chance."""

from __future__ import annotations

import time
from pathlib import Path

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.ports.ledger import Arrival, NewRelease


class StoppedClock:
    """A clock that stands."""

    def now(self) -> float:
        return 1_700_000_000.5

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


def test_the_clock_says_the_systems_time() -> None:
    before = time.time()
    now = SystemClock().now()

    assert before <= now <= time.time()


def test_no_time_is_no_wait_and_no_error() -> None:
    clock = SystemClock()

    waited = [clock.sleep(seconds) for seconds in (0, -5)]

    assert waited == [None, None]


def test_chance_is_a_fraction_and_differs() -> None:
    jitter = SystemJitter()
    drawn = {jitter.fraction() for _ in range(100)}

    assert len(drawn) > 90
    assert all(0 <= fraction < 1 for fraction in drawn)


def test_a_commit_is_dated_by_the_clock_it_was_given(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite", clock=StoppedClock())
    lease = ledger.claim(Arrival("c", "k", "o", "2023-01-01T00:00:00Z", "A", 1, None, None), "e")
    new = NewRelease(
        "r", "d", "S", "2023-01-01T00:00:00Z", "A", "P", "k", "o", "e",
        1, 1, 0, 0, None, None, (), "doc",
    )  # fmt: skip
    ledger.publish(new, lease.claim, lease.fence)

    assert ledger.release("r").committed_at == "2023-11-14T22:13:20.5Z"
    ledger.close()
