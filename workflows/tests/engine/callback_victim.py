"""A process whose execution waits for an outcome that it sends itself; it may be killed anywhere.

Usage: HOME MOMENT. A moment is `write:N` (inside the N-th transaction that journals a turn),
`sent` (once the outcome is sent), or `never`. Prints the execution as JSON when it ends.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine_victim import DyingJournal, FileClock, NoJitter, die

from workflows.engine.engine import Engine
from workflows.engine.services import EmbeddedServices
from workflows.engine.tokens import TaskTimedOut

MACHINE: dict[str, Any] = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
            "TimeoutSeconds": 1000,
            "HeartbeatSeconds": 300,
            "Next": "Last",
        },
        "Last": {"Type": "Pass", "End": True},
    },
}


def main(home: Path, moment: str) -> None:
    """Resume what is there, or start; answer every message, and run to the end."""
    nothing: Any = None
    services = EmbeddedServices(nothing, nothing, home, FileClock(home))
    engine = Engine(home, {"m": MACHINE}, services, clock=FileClock(home), jitter=NoJitter())
    if moment.startswith("write:"):
        DyingJournal.countdown = int(moment.removeprefix("write:"))
        engine._journal.__class__ = DyingJournal
    engine.resume()
    if not engine.list():
        engine.start("m", {}, name="only")

    def answer() -> None:
        for token in tokens(home):
            with suppress(TaskTimedOut):
                engine.send_task_success(token, '"answered"')
        if moment == "sent":
            die()

    def listen(arn: str, event: Any) -> None:
        if event.type == "TaskSubmitted":
            answer()

    if tokens(home):
        answer()
    engine.run(on_event=listen)
    done = engine.describe("only")
    types = [e.type for e in engine.history("only")]
    engine.close()
    print(json.dumps({"status": done.status, "output": done.output, "types": types}))  # noqa: T201 its answer


def tokens(home: Path) -> list[str]:
    """The tokens of all messages that were sent."""
    messages = sorted((home / "outbox").glob("*.json"))
    return [json.loads(json.loads(m.read_text())["message"])["token"] for m in messages]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
