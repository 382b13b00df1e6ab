"""The whole platform in one process, with tasks that fail or die where a test says.

    python -m statemachine_tests.integration.plant HOME FILE TASK before|after

ingests a file and ends itself with SIGKILL before or after the work of the first TASK: what a
crash at that moment leaves.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statemachine_tests.virtual import LongestWait, VirtualClock
from tasks.adapters.embedded.home import open_home
from tasks.entrypoints.handlers import answer
from tasks.entrypoints.local import LocalFunctions
from tasks.intake import receive
from tasks.ports.executions import Execution
from tasks.settings import Settings
from tasks.spec import TaskSpec, from_json, to_json
from tasks.specs import ALL_SPECS
from tasks.wiring import Platform, wire
from workflows.engine.engine import Engine
from workflows.library import definitions

Doing = Callable[[Any, Callable[[], Any]], Any]
"""What a task does instead: it is given the event and its own work to call, or not."""


@dataclass(frozen=True)
class Plant:
    """The platform and the engine on one home. Retries wait in virtual time."""

    platform: Platform
    engine: Engine

    def ingest(self, path: Path) -> Execution:
        """Run a file through `ingest_file`."""
        arrived = receive(path, origin=str(path), objects=self.platform.objects)
        return self.run("ingest_file", to_json(arrived))

    def run(self, machine: str, input: Mapping[str, Any]) -> Execution:
        """Run a machine to its end."""
        id = self.engine.start(machine, input)
        self.engine.run([id])
        return self.engine.describe(id)


@contextmanager
def plant(home: Path, doing: Mapping[str, Doing] | None = None) -> Iterator[Plant]:
    """A plant in which the tasks named do something else."""
    settings = Settings.from_environ({"ONS_HOME": str(home)})
    open_home(home)
    wired: list[Platform] = []
    overrides = {
        name: _instead(ALL_SPECS[name], does, lambda: wired[0])
        for name, does in (doing or {}).items()
    }
    with ExitStack() as kept:
        functions = LocalFunctions(lambda: wired[0], overrides=overrides)
        engine = Engine(home, definitions(), functions, clock=VirtualClock(), jitter=LongestWait())
        kept.callback(engine.close)
        wired.append(wire(settings, executions=engine))
        yield Plant(wired[0], engine)


def _instead(spec: TaskSpec, does: Doing, platform: Callable[[], Platform]) -> Any:
    def override(event: Any) -> Any:
        def work() -> Any:
            return from_json(spec.gives, answer(spec, to_json(event), platform))

        return does(event, work)

    return override


def dying(when: str) -> Doing:
    """A task whose process is killed before or after its work."""

    def die(event: Any, work: Callable[[], Any]) -> Any:
        if when == "after":
            work()
        os.kill(os.getpid(), signal.SIGKILL)

    return die


if __name__ == "__main__":
    home, file, task, when = sys.argv[1:]
    with plant(Path(home), {task: dying(when)}) as mortal:
        mortal.ingest(Path(file))
