"""The embedded engine for commands that touch executions.

Whoever opens it first goes on with what a dead process left: its executions are taken over and
run to their end, and leases whose execution runs no more are settled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasks import errors
from tasks.errors import NoSuchExecution, PlatformError
from workflows.cli.results import why
from workflows.cli.terminal import Terminal

if TYPE_CHECKING:
    from tasks.ports.ledger import Lease
    from tasks.wiring import Platform
    from workflows.engine.engine import Engine
    from workflows.engine.integrations import Integrations

LEASES_SEEN = 1000


@dataclass(frozen=True)
class Runtime:
    """The platform and the engine that runs its machines; `concurrency` tasks at a time, done by
    `services`."""

    platform: Platform
    engine: Engine
    concurrency: int
    services: Integrations


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while executions were under way."""


@contextmanager
def running(
    terminal: Terminal, *, resume: bool, concurrency: int | None = None, heavy: bool = False
) -> Iterator[Runtime]:
    """An engine for as long as the context lasts; `resume` goes on with what others left.

    `heavy`: a worker is sure to be needed, and started while the rest is made ready.
    """
    with ExitStack() as kept:
        runtime = kept.enter_context(open_runtime(terminal, concurrency, heavy=heavy))
        try:
            if resume:
                go_on(runtime, terminal)
            yield runtime
        except KeyboardInterrupt as error:
            raise Interrupted(
                "interrupted; nothing is lost: "
                "the next `ons run` or `ons executions` goes on with what was under way"
            ) from error


@contextmanager
def open_runtime(
    terminal: Terminal, concurrency: int | None = None, *, heavy: bool = False
) -> Iterator[Runtime]:
    """The engine on this ONS_HOME, its workers started when they are needed first, or at once."""
    from tasks.adapters.embedded.clock import SystemClock, SystemJitter
    from tasks.entrypoints.local import LocalFunctions
    from tasks.wiring import wire
    from workflows.engine.engine import Engine
    from workflows.engine.objects import StoredObjects
    from workflows.engine.services import EmbeddedServices
    from workflows.engine.workers import WorkerPool
    from workflows.library import definitions

    settings = terminal.settings
    platform = wire(settings)
    many = concurrency or settings.concurrency
    environ = {**terminal.environ, **settings.environ()}
    wired: list[Platform] = []
    with ExitStack() as kept:
        pool = WorkerPool(environ, size=settings.workers, memory_mb=settings.worker_memory_mb)
        kept.callback(pool.close)
        if heavy:
            pool.warm()
        clock = SystemClock()
        services = EmbeddedServices(
            LocalFunctions(lambda: wired[0], pool), lambda: platform.objects, settings.home, clock
        )
        engine = Engine(
            settings.home,
            definitions(),
            services,
            clock=clock,
            jitter=SystemJitter(),
            concurrency=many,
            objects=StoredObjects(platform.objects),
        )
        kept.callback(engine.close)
        wired.append(replace(platform, executions=engine))
        yield Runtime(wired[0], engine, many, services)


def go_on(runtime: Runtime, terminal: Terminal) -> None:
    """Finish the executions of dead processes, then settle the leases that nobody works under.

    An execution that waits for somebody to send an outcome is left to `ons serve`, or to the
    command after the outcome came."""
    if taken := list(runtime.engine.resume(waiting=False)):
        terminal.say(f"going on with {len(taken)} interrupted executions")
        runtime.engine.run(taken)
    settle(runtime)


def settle(runtime: Runtime) -> None:
    """Run `settle_abandoned` when a lease is held by an execution that is no longer running."""
    if abandoned(runtime):
        runtime.engine.run([runtime.engine.start("settle_abandoned", {"limit": LEASES_SEEN})])


def abandoned(runtime: Runtime) -> list[Lease]:
    """The leases held by executions that are no longer running."""
    held = runtime.platform.ledger.leases(LEASES_SEEN)
    return [lease for lease in held if not _is_running(runtime, lease.execution)]


def outcome_of(runtime: Runtime, machine: str, input: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run one execution to its end and answer its output; its failure is raised as an error with
    the exit code of the error's name."""
    id = runtime.engine.start(machine, input)
    runtime.engine.run([id])
    execution = runtime.engine.describe(id)
    if execution.status == "SUCCEEDED" and isinstance(execution.output, Mapping):
        return execution.output
    kind = getattr(errors, execution.error or "", PlatformError)
    error = PlatformError(why(execution).removeprefix(f"{execution.error}: "))
    error.exit_code = getattr(kind, "exit_code", 1)
    raise error


def _is_running(runtime: Runtime, execution: str) -> bool:
    try:
        return runtime.engine.describe(execution).status in ("RUNNING", "PENDING_REDRIVE")
    except NoSuchExecution:
        return False
