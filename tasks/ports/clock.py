"""Time and chance, so that no test waits and none is luck."""

from typing import Protocol


class Clock(Protocol):
    """The time of the world, and waiting for it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when that much of this clock's time has passed."""
        ...


class Jitter(Protocol):
    """The chance in a retry's wait."""

    def fraction(self) -> float:
        """A number drawn evenly from 0 (included) to 1 (excluded)."""
        ...
