"""Step Functions' quotas that make a definition fail there, and so here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.faults import SizeFault
from workflows.engine.jsontext import dumps

MAX_PAYLOAD = 262_144
"""Bytes of UTF-8 in an input, an output, a result, or what one Assign assigns."""
MAX_EVENTS = 25_000
"""Events in the history of a Standard execution, its ending included."""
MAX_VARIABLES = 10 * 1024 * 1024
"""Bytes in all variables of an execution."""
HISTORY_FULL = f"The execution reached the maximum number of history events ({MAX_EVENTS})."


def too_large(text: str) -> bool:
    """Whether JSON text is beyond the quota."""
    # No character has more than four bytes, so that most texts need no encoding.
    return len(text) > MAX_PAYLOAD // 4 and len(text.encode(errors="replace")) > MAX_PAYLOAD


def size_fault(who: str) -> SizeFault:
    """The fault of a state or task whose result is beyond the quota."""
    return SizeFault(
        f"The state/task '{who}' returned a result with a size exceeding the maximum number of "
        "bytes service limit."
    )


def input_fault(state: str) -> SizeFault:
    """The fault of a state or task whose input is beyond the quota."""
    return SizeFault(
        f"The state/task '{state}' has an input with a size exceeding the maximum number of bytes "
        "service limit."
    )


def check_variables(state: str, assigned: Mapping[str, str], kept: Mapping[str, Any]) -> None:
    """Raise `SizeFault` when one Assign assigns too much (`assigned` are JSON texts), or when all
    the variables together hold too much."""
    if sum(map(len, assigned.values())) > MAX_PAYLOAD // 4 and too_large(
        "".join(assigned.values())
    ):
        raise SizeFault(
            f"The variables assigned by the state '{state}' exceed the maximum number of bytes "
            "service limit."
        )
    # Fewer than this many cannot be too much, each being within the quota above.
    if len(kept) * MAX_PAYLOAD > MAX_VARIABLES and len(dumps(kept).encode()) > MAX_VARIABLES:
        raise SizeFault("The variables of the execution exceed the maximum number of bytes.")
