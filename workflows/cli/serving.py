"""What `ons serve` serves: the engine of this ONS_HOME behind AWS's API."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.applications import Starlette

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from workflows.cli.runtime import LEASES_SEEN, Runtime, abandoned
from workflows.engine.api.app import application
from workflows.engine.api.driver import Driver
from workflows.engine.api.machines import ship
from workflows.engine.api.service import Service
from workflows.engine.catalogue import Catalogue
from workflows.library import definitions


def application_of(
    runtime: Runtime, *, hosts: Collection[str] | None, resume: bool, ready: Callable[[], None]
) -> Starlette:
    """The web application on this runtime; it drives the engine for as long as it is up, and
    calls `ready` once it is."""
    engine = runtime.engine
    driver = Driver(engine, chore=settling(runtime), resume=resume)
    catalogue = Catalogue(engine.journal)
    service = Service(engine, driver, catalogue, SystemClock(), SystemJitter(), runtime.services)
    ship(service, definitions())
    return application(service, hosts=hosts, ready=ready)


def settling(runtime: Runtime) -> Callable[[], None]:
    """A chore: settle the leases that ended executions hold, each set of them once."""
    tried: set[frozenset[str]] = set()

    def settle() -> None:
        held = frozenset(lease.claim for lease in abandoned(runtime))
        if held and held not in tried:
            runtime.engine.start("settle_abandoned", {"limit": LEASES_SEEN})
        tried.clear()
        tried.add(held)

    return settle
