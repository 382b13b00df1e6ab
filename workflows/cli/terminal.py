"""What a command is given besides its arguments: the environment, the streams, the platform."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from tasks.settings import Settings
    from tasks.wiring import Platform

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NoResume = Annotated[
    bool, typer.Option("--no-resume", help="Leave executions of dead processes alone.")
]


@dataclass
class Terminal:
    """Results go to `out`, everything else to `err`. `home` is what `--home` said."""

    environ: Mapping[str, str]
    out: TextIO
    err: TextIO
    home: Path | None = None

    @property
    def settings(self) -> Settings:
        """Raises `BadSetting`."""
        from tasks.settings import Settings

        told = {} if self.home is None else {"ONS_HOME": str(self.home)}
        return Settings.from_environ({**self.environ, **told})

    def platform(self) -> Platform:
        """The platform without an engine, for commands that only read. Raises `HomeUnusable`."""
        from tasks.wiring import wire

        return wire(self.settings)

    def write(self, lines: Iterable[str]) -> None:
        """Results, one line each."""
        for line in lines:
            self.out.write(line + "\n")

    def write_json(self, value: Any) -> None:
        """A result as JSON, for programs."""
        self.out.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def say(self, text: str) -> None:
        """Progress, or a remark."""
        self.err.write(text + "\n")
        self.err.flush()

    def error(self, text: str) -> None:
        """An expected error, on one line."""
        self.say("error: " + " ".join(text.split()))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Aligned lines for a person; what is null is left blank."""
    from tasks.queries.formats import as_table

    return (line.rstrip("\n") for line in as_table(columns, rows))
