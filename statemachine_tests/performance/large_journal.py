"""What a journal of 100,000 finished executions costs those who look at it, and pruning it.

    python statemachine_tests/performance/large_journal.py [--executions 100000]

One execution of ten Tasks runs; the others are copies of its rows, under names and times of their
own. Times are medians of many calls in one process; `ons` is a process of its own, start included.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine_overhead import Echo, chain
from measuring import ONS, machine

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from tasks.adapters.embedded.home import open_home
from workflows.engine.engine import Engine
from workflows.engine.journal import Journal

DAY = 86_400.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--executions", type=int, default=100_000)
    many = parser.parse_args().executions
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        open_home(home)
        engine = opened(home)
        fill(home, engine, many)
        size = (home / "journal.sqlite").stat().st_size
        print(f"{many} executions of ten Tasks: {size / 1e6:.0f} MB")
        look(engine, many)
        command(home, "executions")
        command(home, "execution", f"copy-{many // 2}")
        forget(home, engine, many)
        engine.close()


def opened(home: Path) -> Engine:
    return Engine(home, {"m": chain("echo")}, Echo(), clock=SystemClock(), jitter=SystemJitter())


def fill(home: Path, engine: Engine, many: int) -> None:
    """One real execution, then copies of it: half of them ended long ago, one in ten failed."""
    engine.run([engine.start("m", {"n": 1}, name="first")])
    journal = Journal(home / "journal.sqlite")
    columns = [row[1] for row in journal.rows("PRAGMA table_info(executions)")]
    told: dict[str, str] = {
        "key": "n", "arn": "replace(arn, 'first', 'copy-' || n)", "name": "'copy-' || n",
        "status": "CASE n % 10 WHEN 0 THEN 'FAILED' ELSE status END",
        "error": "CASE n % 10 WHEN 0 THEN 'E' END",
        "started_at": "started_at - (:many - n) * :step",
        "stopped_at": "stopped_at - (:many - n) * :step",
    }  # fmt: skip
    step = 400 * DAY / many
    count = "WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < :many)"
    given: Any = {"many": many, "step": step}
    with journal.transaction():
        journal.db.execute(
            f"{count} INSERT INTO executions ({', '.join(columns)})"
            f" SELECT {', '.join(told.get(c, c) for c in columns)}"
            " FROM c, executions WHERE key = 1",
            given,
        )
        journal.db.execute(
            f"{count} INSERT INTO events SELECT n, id, previous, type, at, details"
            " FROM c, events WHERE execution = 1",
            given,
        )
    journal.close()


def look(engine: Engine, many: int) -> None:
    """Each look, in milliseconds."""
    middle = f"copy-{many // 2}"
    arn = engine.describe(middle).id
    looks: dict[str, Callable[[], Any]] = {
        "list the newest 100": engine.list,
        "list 1,000": lambda: engine.list(limit=1000),
        "list the newest 100 that failed": lambda: engine.list(status="FAILED"),
        "list the newest 100 of a machine that failed": lambda: engine.list(
            machine="m", status="FAILED"
        ),
        "list of a status that none has": lambda: engine.list(machine="m", status="ABORTED"),
        "describe by ARN": lambda: engine.describe(arn),
        "describe by name": lambda: engine.describe(middle),
        "describe by the beginning of a name": lambda: engine.describe(f"copy-{many - 1}"[:-1]),
        "history": lambda: engine.history(arn),
        "steps": lambda: engine.steps(arn),
        "look for dead owners": engine.resume,
    }
    for name, ask in looks.items():
        took = []
        for _ in range(30):
            start = time.perf_counter()
            try:
                ask()
            except Exception as error:
                if "several executions" not in str(error):
                    raise
            took.append(time.perf_counter() - start)
        print(f"{name:<46} {statistics.median(took) * 1e3:7.2f} ms, at most {max(took) * 1e3:.2f}")


def command(home: Path, *words: str) -> None:
    took = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([*ONS, *words, "--home", str(home)], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - start)
    print(f"ons {words[0]:<42} {statistics.median(took) * 1e3:7.0f} ms, start included")


def forget(home: Path, engine: Engine, many: int) -> None:
    """Prune while another engine starts executions, and tell its longest wait."""
    other, waits, done = opened(home), [0.0], threading.Event()

    def write() -> None:
        while not done.is_set():
            start = time.perf_counter()
            other.start("m", {})
            waits.append(time.perf_counter() - start)
            time.sleep(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    start = time.perf_counter()
    did = engine.prune(keep_s=200 * DAY)
    took = time.perf_counter() - start
    done.set()
    writer.join()
    other.close()
    assert abs(did.executions - many / 2) < many / 100
    size = (home / "journal.sqlite").stat().st_size
    print(
        f"prune {did.executions} of them: {took:.1f} s, {did.bytes / 1e6:.0f} MB given back, "
        f"{size / 1e6:.0f} MB left; another writer waited {max(waits) * 1e3:.0f} ms at most"
    )


if __name__ == "__main__":
    main()
