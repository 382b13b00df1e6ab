"""Time and chance that a test holds in its hand."""


class VirtualClock:
    """Time that passes at once when somebody sleeps, and never else."""

    def __init__(self) -> None:
        self._now = 1_780_000_000.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


class LongestWait:
    """Jitter that draws (all but) the longest wait there may be."""

    def fraction(self) -> float:
        return 1 - 2**-53
