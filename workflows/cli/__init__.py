"""The `ons` command.

`main` is the console's entry: it turns what was typed into a call, what a command yields into
lines, and an expected error into one line and its exit code. A bug shows its traceback.
Nothing heavy is imported before a command needs it, so that `ons --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from tasks.errors import PlatformError

INTERRUPTED = 130
GONE = 141


def main(
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Run one command and return its exit code; the process is the caller's to end, but for an
    interrupt at the console: tasks may still be at work on threads that nothing ends."""
    from workflows.cli.app import Leave, UsageError, call
    from workflows.cli.terminal import Terminal

    terminal = Terminal(
        environ=os.environ if environ is None else environ,
        out=sys.stdout if out is None else out,
        err=sys.stderr if err is None else err,
    )
    try:
        code = call(sys.argv[1:] if argv is None else argv, terminal)
        terminal.out.flush()
    except Leave as leave:
        return leave.exit_code
    except UsageError as error:
        terminal.error(error.format_message())
        return 2
    except PlatformError as error:
        terminal.error(str(error))
        return error.exit_code
    except KeyboardInterrupt as error:
        terminal.error(str(error) or "interrupted")
        if argv is None:
            os._exit(INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough. Nothing can be flushed to it when we exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GONE
    return code
