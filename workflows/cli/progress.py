"""What is seen of files while they are ingested: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from workflows.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

STATES = 10
"""As many Tasks as a file passes on its way to be published: the length of its bar."""


class Progress(Protocol):
    """Told of each file by its place in the list."""

    def begins(self, number: int, name: str) -> None: ...

    def enters(self, number: int, state: str) -> None: ...

    def ends(self, number: int, status: str) -> None: ...


@contextmanager
def progress_of(terminal: Terminal, files: int) -> Iterator[Progress]:
    """Bars when errors go to a terminal, else lines."""
    if not terminal.err.isatty():
        yield Lines(terminal, files)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[state]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=terminal.err)) as shown:
        yield Bars(shown, files)


class Lines:
    """One line when a file begins and one when it has ended."""

    def __init__(self, terminal: Terminal, files: int) -> None:
        self._terminal, self._files = terminal, files
        self._names: dict[int, str] = {}

    def begins(self, number: int, name: str) -> None:
        self._names[number] = name
        self._say(number, "begins")

    def enters(self, number: int, state: str) -> None:
        """A file's states are for those who watch; a log is told the beginning and the end."""

    def ends(self, number: int, status: str) -> None:
        self._say(number, status)

    def _say(self, number: int, what: str) -> None:
        self._terminal.say(f"[{number + 1}/{self._files}] {self._names[number]}: {what}")


class Bars:
    """A bar for each file under way, with its state, and one for all when there are several."""

    def __init__(self, shown: RichProgress, files: int) -> None:
        self._shown = shown
        self._bars: dict[int, TaskID] = {}
        self._all = shown.add_task("all files", total=files, state="", visible=files > 1)

    def begins(self, number: int, name: str) -> None:
        self._bars[number] = self._shown.add_task(name, total=STATES, state="reading")

    def enters(self, number: int, state: str) -> None:
        self._shown.update(self._bars[number], advance=1, state=state.replace("_", " "))

    def ends(self, number: int, status: str) -> None:
        self._shown.update(self._bars[number], completed=STATES, state=status)
        self._shown.stop_task(self._bars[number])
        self._shown.advance(self._all)
        if len(self._bars) > 1:
            # Of many files only those under way are of interest; the endings follow as results.
            self._shown.update(self._bars[number], visible=False)
