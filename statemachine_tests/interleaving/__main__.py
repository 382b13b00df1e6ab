"""The longer form: more executions, more faults, and every call a step of its own.

    python -m statemachine_tests.interleaving [CASE...] [--every-call]

Takes from minutes to hours, by the case; without a name all cases are explored.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from statemachine_tests.interleaving.explore import LONG, actors_of, explore
from statemachine_tests.interleaving.world import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="*", help=f"Of: {'; '.join(LONG)}")
    parser.add_argument("--every-call", action="store_true")
    said = parser.parse_args()
    for case in said.case or LONG:
        with tempfile.TemporaryDirectory() as folder:
            world, start = World(Path(folder)), time.perf_counter()
            found = explore(world, actors_of(case), faults=LONG[case], every_call=said.every_call)
            world.close()
        took = time.perf_counter() - start
        print(f"{case}: {found.states} states, {found.ends} ends, {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()
