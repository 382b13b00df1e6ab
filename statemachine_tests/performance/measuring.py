"""Run a command as a whole process tree: its wall time and the most memory it held at once."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
ONS = [str(Path(sys.executable).with_name("ons"))]


@dataclass(frozen=True)
class Measured:
    """`peak_mb`: the largest sum of resident memory over the process and its descendants, shared
    pages counted in each; sampled every 20 ms."""

    seconds: float
    peak_mb: float
    output: str


def measure(command: Sequence[str], environ: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end. Raises `CalledProcessError` when it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})}
    )
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], sum(map(_resident, _tree(child.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = child.communicate()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, output)
    return Measured(seconds, peak[0] / 2**20, output)


def machine() -> str:
    """The machine in a few words."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [n for child in task.read_text().split() for n in _tree(int(child))]
        except OSError:
            continue
    return found


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0.0
