"""What the environment may say, checked once before any work.

Each variable is declared where its field is: name, meaning, default and bounds. The page of
settings in the docs and the environment of worker processes are made from the same declarations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from tasks.errors import BadSetting


def _variable(name: str, meaning: str, *, least: int = 1) -> dict[str, Any]:
    return {"name": name, "meaning": meaning, "least": least}


@dataclass(frozen=True)
class Settings:
    """Everything that can be set; every default works on a laptop."""

    home: Path = field(
        default=Path("~/.local/share/ons"),
        metadata=_variable("ONS_HOME", "The folder that holds everything the platform keeps."),
    )
    large_file_bytes: int = field(
        default=200_000_000,
        metadata=_variable(
            "ONS_LARGE_FILE_BYTES",
            "Files larger than this are parsed by a Batch job, not by a Lambda function.",
        ),
    )
    concurrency: int = field(
        default=4,
        metadata=_variable(
            "ONS_CONCURRENCY", "How many executions `ons run` has under way at the same time."
        ),
    )
    workers: int = field(
        default=2,
        metadata=_variable("ONS_WORKERS", "How many worker processes parse at the same time."),
    )
    worker_memory_mb: int | None = field(
        default=None,
        metadata=_variable(
            "ONS_WORKER_MEMORY_MB",
            "The memory at which a worker process is ended; unset: what its task declares.",
            least=64,
        ),
    )
    query_timeout_s: int = field(
        default=60,
        metadata=_variable(
            "ONS_QUERY_TIMEOUT_S", "The seconds after which `ons query` is interrupted."
        ),
    )
    query_memory_mb: int = field(
        default=1024,
        metadata=_variable(
            "ONS_QUERY_MEMORY_MB", "The memory that a query may use, in megabytes.", least=64
        ),
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables. An empty one counts as unset. Raises `BadSetting` naming it."""
        given = {f.name: _read(f, text) for f in fields(cls) if (text := environ.get(_name(f), ""))}
        home = given.get("home", cls.home)
        return cls(**{**given, "home": _expand(home, environ)})

    def environ(self) -> dict[str, str]:
        """The variables that make these settings again; for a process started by this one."""
        values = {_name(f): getattr(self, f.name) for f in fields(self)}
        return {name: str(value) for name, value in values.items() if value is not None}


def variables() -> Iterator[tuple[str, str, str]]:
    """Each variable with its meaning and its default as text, in the order of declaration."""
    for f in fields(Settings):
        default = "" if f.default is None else str(f.default)
        yield _name(f), f.metadata["meaning"], default


def _name(f: Field[Any]) -> str:
    return str(f.metadata["name"])


def _read(f: Field[Any], text: str) -> Any:
    if isinstance(f.default, Path):
        if "\0" in text:
            raise BadSetting(_name(f), f"expected a path, got {text!r}")
        return Path(text)
    least = f.metadata["least"]
    if not re.fullmatch("[0-9]{1,15}", text) or int(text) < least:
        raise BadSetting(_name(f), f"expected a whole number, {least} or more, got {text!r}")
    return int(text)


def _expand(home: Path, environ: Mapping[str, str]) -> Path:
    """An absolute path; `~` is the HOME of `environ`, so that a test needs no other."""
    if home.parts[:1] == ("~",) and (own := environ.get("HOME")):
        home = Path(own, *home.parts[1:])
    try:
        return home.expanduser().resolve()
    except RuntimeError as error:
        raise BadSetting("ONS_HOME", f"no home folder is known for {home}") from error
