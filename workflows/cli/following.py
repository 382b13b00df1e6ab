"""Looking on while an execution goes on, whichever process drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.ports.clock import Clock
    from tasks.ports.executions import HistoryEvent
    from workflows.engine.engine import Engine
    from workflows.engine.steps import Step

LOOK_EVERY_S = 0.2
AT_ONCE = ("Pass", "Choice", "Succeed", "Fail")
FAILED = ("TaskFailed", "TaskTimedOut", "LambdaFunctionFailed", "LambdaFunctionTimedOut")


def follow(
    engine: Engine, id: str, clock: Clock, see: Callable[[HistoryEvent], None], *, drive: bool
) -> None:
    """Tell `see` of every event of an execution in order, those there already first, until it has
    ended. With `drive` the executions of dead processes are gone on with here."""
    seen, version = 0, -1

    def look(*_: object) -> None:
        nonlocal seen
        for event in engine.history(id, after=seen):
            seen = event.id
            see(event)

    while True:
        if drive and (taken := engine.resume(waiting=False)):
            engine.run(taken, on_event=lambda arn, _: look() if arn == id else None)
        running = engine.describe(id).status in ("RUNNING", "PENDING_REDRIVE")
        if version != (version := engine.version()) or not running:
            look()
        if not running:
            return
        clock.sleep(LOOK_EVERY_S)


def line(event: HistoryEvent, changed: list[Step]) -> Iterator[str]:
    """What an event tells a person about the steps it changed; most events tell nothing new."""
    from workflows.cli.results import sentence

    time = event.timestamp[11:23]
    for step in changed:
        name = "/".join((*step.path, step.name))
        if event.id == step.id and step.type not in AT_ONCE:
            yield f"{time}  {name}  RUNNING"
        elif event.type in FAILED and step.status == "RUNNING":
            yield f"{time}  {name}  attempt {step.attempts}: {sentence(step.error, step.cause)}"
        elif step.exited_at == event.timestamp and step.status != "RUNNING":
            yield f"{time}  {name}  {step.status}"
    if event.type.startswith("Execution"):
        yield f"{time}  {event.type}"
