"""ARNs of Step Functions, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from workflows.engine.api.faults import invalid_arn
from workflows.engine.context import machine_arn

Kind = Literal["stateMachine", "execution", "express", "mapRun"]
_ARN = re.compile(r"arn:aws[a-z-]*:states:([^:]*):([^:]*):([A-Za-z]+):(.+)", re.DOTALL)
_PARTS = {"stateMachine": (1, 2), "execution": (2, 2), "express": (3, 3), "mapRun": (2, 2)}


@dataclass(frozen=True)
class Arn:
    """`machine` may carry a Map's label behind a slash. `rest` is a qualifier (a version's number
    or an alias), or the name of an execution or map run; None for a plain machine."""

    text: str
    kind: Kind
    machine: str
    rest: str | None

    @property
    def version(self) -> int | None:
        """The version's number, where the qualifier is one."""
        rest = self.rest or ""
        return int(rest) if re.fullmatch("[0-9]{1,9}", rest) else None

    @property
    def plain(self) -> str:
        """The ARN of the machine itself."""
        return machine_arn(self.machine)


def parse(text: str, *kinds: Kind) -> Arn:
    """Raises `InvalidArn` for what is no ARN, or one of a kind that has no place here."""
    match = _ARN.fullmatch(text)
    if not match:
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    kind, parts = match[3], match[4].split(":")
    if kind not in kinds:
        raise invalid_arn(f"Resource type not valid in this context: {kind}")
    low, high = _PARTS[kind]
    if not low <= len(parts) <= high or not all(parts):
        raise invalid_arn(text)
    found: Kind = kinds[kinds.index(kind)]
    return Arn(text, found, parts[0], ":".join(parts[1:]) or None)


def qualified(machine: str, qualifier: int | str) -> str:
    """The ARN of a version or an alias."""
    return f"{machine_arn(machine)}:{qualifier}"
