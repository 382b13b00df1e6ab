"""Notices of how files ended, for whoever listens."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Notices(Protocol):
    """A place to send notices to."""

    def send(self, id: str, subject: str, body: Mapping[str, str | None]) -> None:
        """Send one notice. The same id again replaces or is ignored: nobody is told twice."""
        ...

    def recent(self, limit: int = 20) -> Sequence[Mapping[str, str | None]]:
        """The last notices, newest first, where the place keeps them; each with its `id`."""
        ...
