"""The `ons` command for tests: called in this process, or as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.cli import main

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "ons"


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Ons:
    """The command on one ONS_HOME."""

    home: Path

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "ONS_HOME": str(self.home)}

    def __call__(self, *words: str | Path) -> Said:
        """Call it in this process."""
        out, err = io.StringIO(), io.StringIO()
        code = main([str(word) for word in words], self.environ, out=out, err=err)
        return Said(code, out.getvalue(), err.getvalue())

    def run(self, *paths: str | Path) -> list[dict[str, Any]]:
        """`ons run --json`, whatever its exit code."""
        said = self("run", *paths, "--json")
        assert said.out, said.err
        results: list[dict[str, Any]] = said.json
        return results

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of `ons query`."""
        said = self("query", sql, "--format", "json")
        assert said.code == 0, said.err
        rows: list[dict[str, Any]] = said.json
        return rows

    def process(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Call it as a process of its own."""
        command = [str(Path(sys.executable).with_name("ons")), *map(str, words)]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=False, timeout=100
        )
