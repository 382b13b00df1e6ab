"""The `ons` command.

`main` is the console's entry: it turns what was typed into a call, what a command yields into
lines, and an expected error into one line and its exit code. A bug shows its traceback.
Nothing heavy is imported before a command needs it, so that `ons --help` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
    error or an interrupt at the console: tasks may still be at work on threads that nothing ends,
    and DuckDB, ended under them, says so at length."""
    from workflows.cli.app import Leave, UsageError, call
    from workflows.cli.terminal import Terminal

    terminal = Terminal(
        environ=os.environ if environ is None else environ,
        out=_writable(sys.stdout if out is None else out),
        err=_writable(sys.stderr if err is None else err),
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
        return _end(error.exit_code, at_console=argv is None)
    except KeyboardInterrupt as error:
        terminal.error(str(error) or "interrupted")
        return _end(INTERRUPTED, at_console=argv is None)
    except BrokenPipeError:
        # Whoever read our output has enough. Nothing can be flushed to it when we exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GONE
    return code


def _end(code: int, *, at_console: bool) -> int:
    if at_console:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)
    return code


def _writable(stream: TextIO) -> TextIO:
    """The same stream, writing an escape for what its encoding does not have."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream
