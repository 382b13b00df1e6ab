"""What sets Express machines apart: what they may not contain, and five minutes at most."""

from __future__ import annotations

from typing import Any

from workflows.engine.definition import StateMachine

LIMIT_S = 300
_PATTERNS = (".sync", ".sync:2", ".waitForTaskToken")


def express_faults(machine: StateMachine) -> list[str]:
    """Why a definition cannot be an Express machine's, each with its state."""
    faults = []
    for scope in machine.scopes.values():
        for name, state in scope["States"].items():
            pattern = next((p for p in _PATTERNS if state.get("Resource", "").endswith(p)), None)
            if pattern:
                faults.append(
                    "SCHEMA_VALIDATION_FAILED: Express state machine does not support "
                    f"'{pattern}' service integration at {name}"
                )
            if _distributed(state):
                faults.append(
                    "SCHEMA_VALIDATION_FAILED: Express state machine does not support the "
                    f"Distributed Map at {name}"
                )
    return faults


def limited(machine: StateMachine) -> dict[str, Any]:
    """The definition with the time limit that Express executions have."""
    given = machine.top.get("TimeoutSeconds", LIMIT_S)
    return {**machine.top, "TimeoutSeconds": min(given, LIMIT_S)}


def _distributed(state: Any) -> bool:
    config = state.get("ItemProcessor", {}).get("ProcessorConfig", {})
    return bool(config.get("Mode") == "DISTRIBUTED")
