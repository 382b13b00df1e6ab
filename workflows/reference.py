"""Reference pages of lists that code knows: settings and errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks import errors, settings
from tasks.errors import FileRejected, PlatformError
from tasks.spec import leaves
from tasks.specs import ALL_SPECS

NOTE = "<!-- Made from code by `ons generate`. -->\n"


def pages() -> Mapping[str, str]:
    """The text of each page by its path below the repository's root."""
    return {
        "docs/reference/settings.md": "".join(_settings()),
        "docs/reference/errors.md": "".join(_errors()),
    }


def _settings() -> Iterator[str]:
    yield f"{NOTE}# Settings\n\n"
    yield "Variables of the environment; each has a default that works on a laptop.\n"
    yield "A value that cannot be stops a command before any work, naming the variable.\n\n"
    yield "| variable | meaning | default |\n| --- | --- | --- |\n"
    for name, meaning, default in settings.variables():
        yield f"| `{name}` | {meaning} | {f'`{default}`' if default else ''} |\n"


def _errors() -> Iterator[str]:
    yield f"{NOTE}# Errors\n\n"
    yield "A state machine matches an error by its name alone.\n"
    yield "A rejected file is a normal outcome; any other error that reaches the end of an "
    yield "execution fails it.\n"
    yield "The exit code is that of a command that ends with the error.\n\n"
    yield "| error | what it says | raised by | exit code |\n| --- | --- | --- | --- |\n"
    for error in sorted(leaves(PlatformError), key=_order):
        if error.__module__ != errors.__name__:
            continue
        raised = [s.name for s in ALL_SPECS.values() if error.__name__ in s.error_names]
        everywhere = len(raised) == len(ALL_SPECS)
        tasks = "every task" if everywhere else ", ".join(f"`{name}`" for name in sorted(raised))
        first = (error.__doc__ or "").strip().splitlines()[0]
        yield f"| `{error.__name__}` | {first} | {tasks} | {error.exit_code} |\n"


def _order(error: type[PlatformError]) -> tuple[bool, int, str]:
    return not issubclass(error, FileRejected), error.exit_code, error.__name__
