"""The generated definitions, as they were shipped."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_SUFFIX = ".asl.json"


@cache
def definition(name: str) -> Mapping[str, Any]:
    """The definition of one machine, by its name. Raises `LookupError` when there is none."""
    found = files("workflows") / "generated" / f"{name}{_SUFFIX}"
    if not found.is_file():
        raise LookupError(f"there is no state machine {name!r}; there are {', '.join(names())}")
    loaded: Mapping[str, Any] = json.loads(found.read_text("utf-8"))
    return loaded


def names() -> tuple[str, ...]:
    """The names of all machines."""
    shipped = (files("workflows") / "generated").iterdir()
    return tuple(sorted(f.name.removesuffix(_SUFFIX) for f in shipped if f.name.endswith(_SUFFIX)))


def definitions() -> Mapping[str, Mapping[str, Any]]:
    """All machines by name."""
    return {name: definition(name) for name in names()}
