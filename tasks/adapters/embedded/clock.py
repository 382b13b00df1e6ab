"""The time and the chance of the real world."""

import random
import time


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait; nothing or less than nothing is no wait."""
        if seconds > 0:
            time.sleep(seconds)


class SystemJitter:
    """Chance from the operating system, so that processes started together differ."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def fraction(self) -> float:
        """A number drawn evenly from 0 (included) to 1 (excluded)."""
        return self._random.random()
