"""`kill -9` at each step, then any command on executions: the same release to the byte."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from statemachine_tests.command import Ons
from statemachine_tests.integration.curves import write_curve
from tasks.datasets.large import write_large
from tasks.datasets.registry import contract_for

ROOT = Path(__file__).resolve().parents[2]


def released(home: Path) -> dict[str, bytes]:
    """Every object of every release, and the lake's files."""
    kept = [*home.glob("objects/releases/**/*"), *home.glob("lake/current/**/*")]
    return {str(p.relative_to(home)): p.read_bytes() for p in kept if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The file, and what a run that nothing disturbs makes of it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    path = write_curve(folder / "CURVA_CARGA_2022.csv", 5000.0)
    ons = Ons(folder / "home")
    [result] = ons.run(path)
    assert result["status"] == "published"
    return path, released(ons.home)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "task",
    ["claim", "classify", "parse_tabular", "validate", "write_parquet", "load_timestream",
     "publish", "sync_knowledge_base", "discard_staging", "notify"],
)  # fmt: skip
def test_an_execution_killed_at_any_step_is_finished_by_the_next_command(
    tmp_path, undisturbed, task, when
):
    path, expected = undisturbed
    ons = Ons(tmp_path / "home")

    killed = subprocess.run(
        [sys.executable, "-m", "statemachine_tests.integration.plant",
         str(ons.home), str(path), task, when],
        cwd=ROOT, check=False, capture_output=True, timeout=100,
    )  # fmt: skip
    listed = ons("executions", "--json")

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [(e["machine"], e["status"]) for e in listed.json] == [("ingest_file", "SUCCEEDED")]
    assert released(ons.home) == expected
    assert list((ons.home / "objects").glob("staging/**/*.*")) == []
    [again] = ons.run(path)
    assert again["status"] == "unchanged"


def test_a_run_killed_while_its_worker_parses_takes_the_worker_along_and_is_finished(tmp_path):
    path = tmp_path / "GERACAO_USINA-2_2022.csv"
    rows = write_large(path, contract_for("geracao-usina-2"), 80_000_000)
    ons, twin = Ons(tmp_path / "home"), Ons(tmp_path / "twin")
    command = [str(Path(sys.executable).with_name("ons")), "run", str(path)]

    with subprocess.Popen(
        command, env=ons.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        assert until(lambda: any((ons.home / "tmp").glob("scratch-*/part-*.parquet")))
        workers = children(process.pid)
        process.send_signal(signal.SIGKILL)
    assert until(lambda: not any(alive(pid) for pid in workers))
    listed = ons("executions", "--json")

    assert workers
    assert [e["status"] for e in listed.json] == ["SUCCEEDED"]
    assert ons.query("SELECT count(*) AS n FROM geracao_usina_2") == [{"n": rows}]
    [result] = twin.run(path)
    assert result["status"] == "published"
    assert released(ons.home) == released(twin.home)
    shutil.rmtree(ons.home)


def until(true, seconds: float = 60.0) -> bool:
    """Whether it becomes true; looked at often, and not for ever."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.005)
    return False


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def alive(pid: int) -> bool:
    """Whether a process runs: neither gone nor a zombie that nobody has waited for."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
