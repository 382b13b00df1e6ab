"""A worker whose functions misbehave on purpose."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from tasks.entrypoints.worker import serve
from tasks.errors import TryAgain


def run(function: str, payload: Any) -> Any:
    """Do what the function's name says."""
    if function == "echo":
        print("this must not be taken for an answer")  # noqa: T201 that is the point
        return {"payload": payload, "pid": os.getpid(), "said": os.environ.get("SAID")}
    if function == "raise":
        raise TryAgain("away")
    if function == "hang":
        threading.Event().wait()
    if function == "eat":
        held = []
        while True:
            held.append(bytearray(8 << 20))
    if function == "crash":
        sys.stderr.write(f"about to crash with {os.environ.get('CANARY')}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
    if function == "exit":
        os._exit(3)
    raise AssertionError(function)


if __name__ == "__main__":
    serve(run)
