"""The door of a worker process: one JSON line asks, one JSON line answers.

A request is `{"id", "function", "payload"}`; an answer is `{"id", "result"}` or
`{"id", "error", "cause"}`. Answers go to the standard output that the process was started with;
whatever else prints there goes to standard error. The process ends at once when its standard
input does, in the middle of a task too: so it never outlives its parent.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from tasks.failures import TaskFailed, failure_of

if TYPE_CHECKING:
    from tasks.wiring import Platform

Run = Callable[[str, Any], Any]
"""A function's name and its payload to a result as JSON. May raise `TaskFailed`, or anything."""


def main() -> None:
    """Serve the platform's tasks, wired as the environment says."""
    from tasks.entrypoints.local import run_here
    from tasks.settings import Settings
    from tasks.specs import ALL_SPECS
    from tasks.wiring import wire

    # What the work will need anyway, so that a worker started beforehand is ready for it.
    for spec in ALL_SPECS.values():
        if not spec.in_process:
            importlib.import_module(spec.handler.partition(":")[0])

    @cache
    def platform() -> Platform:
        return wire(Settings.from_environ(os.environ))

    serve(lambda function, payload: run_here(ALL_SPECS[function], payload, platform))


def serve(run: Run) -> None:
    """Answer requests until standard input ends; then the process exits."""
    faulthandler.enable()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        answers.write(json.dumps({"id": request["id"], **_answer(run, request)}) + "\n")
        answers.flush()


def _answer(run: Run, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": run(request["function"], request["payload"])}
    except TaskFailed as failure:
        return {"error": failure.error, "cause": failure.cause}
    except Exception as error:  # a door: any exception becomes a failure by its name
        bug = failure_of(error)
        return {"error": bug.error, "cause": bug.cause}


def _listen(requests: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        requests.put(line)
    # Not sys.exit: the main thread may be in the middle of a task, and must not finish it.
    os._exit(0)


if __name__ == "__main__":
    main()
