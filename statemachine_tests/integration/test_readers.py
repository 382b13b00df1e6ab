"""Readers, ingestion and rollback at the same time: every look sees whole publications only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from statemachine_tests.command import Ons
from statemachine_tests.integration.curves import write_curve

HOURS = 400
ROWS = HOURS * 4
LOOK = """
    SELECT count(*) AS rows, count(DISTINCT _release) AS releases,
           min(val_cargaenergiahomwmed) AS low, max(val_cargaenergiahomwmed) AS high
    FROM curva_carga
"""


def test_a_reader_sees_whole_publications_while_others_ingest_and_roll_back(tmp_path):
    ons = Ons(tmp_path / "home")
    files = [
        write_curve(
            tmp_path / str(n) / "CURVA_CARGA_2022.csv", n, hours=HOURS, published=1_700_000_000 + n
        )
        for n in range(1, 9)
    ]
    assert [r["status"] for r in ons.run(files[0], files[1])] == ["published", "published"]
    command = str(Path(sys.executable).with_name("ons"))
    with (
        loop(ons, *[[command, "run", str(path)] for path in files[2:]]) as ingesting,
        loop(ons, *[[command, "rollback", "curva-carga", "CURVA_CARGA_2022"]] * 4) as rolling,
    ):
        looks = []
        while ingesting.poll() is None or rolling.poll() is None:
            looks += ons.query(LOOK)
        looks += ons.query(LOOK)

    assert len(looks) > 10
    assert {(look["rows"], look["releases"]) for look in looks} == {(ROWS, 1)}
    assert all(look["low"] == look["high"] for look in looks)
    seen = {look["low"] for look in looks}
    assert len(seen) > 1
    assert seen <= set(range(1, 9))
    states = [record["state"] for record in ons("releases", "curva-carga", "--json").json]
    assert states.count("current") == 1
    assert states.count("withdrawn") >= 1


def loop(ons: Ons, *commands: list[str]) -> subprocess.Popen[bytes]:
    """A process that runs the commands one after the other."""
    script = "import subprocess, sys, json\nfor c in json.loads(sys.argv[1]): subprocess.run(c)"
    return subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(commands)],
        env=ons.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
