"""Is a mocked result one that the real thing could give?

AWS holds mocks against the models of its services. Here the fields that Step Functions' own
documentation names for the integrations of this engine are known; of others only the kind of JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from workflows.engine.api.faults import invalid
from workflows.engine.definition import StateMachine

Mode = Literal["STRICT", "PRESENT", "NONE"]
_JSON: dict[str, type | tuple[type, ...]] = {
    "a string": str,
    "a number": (int, float),
    "a string or a number": (str, int, float),
    "an object": dict,
    "a list": list,
}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "lambda:invoke": {
        "ExecutedVersion": "a string", "FunctionError": "a string", "LogResult": "a string",
        "StatusCode": "a number",
    },
    "states:startExecution": {
        "ExecutionArn": "a string", "StartDate": "a string or a number",
    },
    "sqs:sendMessage": {
        "MD5OfMessageBody": "a string", "MessageId": "a string", "SequenceNumber": "a string",
    },
    "sns:publish": {"MessageId": "a string", "SequenceNumber": "a string"},
    "events:putEvents": {"Entries": "a list", "FailedEntryCount": "a number"},
    "dynamodb:getItem": {"Item": "an object", "ConsumedCapacity": "an object"},
    "dynamodb:putItem": {"Attributes": "an object", "ConsumedCapacity": "an object"},
    "dynamodb:updateItem": {"Attributes": "an object", "ConsumedCapacity": "an object"},
    "dynamodb:deleteItem": {"Attributes": "an object", "ConsumedCapacity": "an object"},
}  # fmt: skip
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "states:startExecution": ("ExecutionArn", "StartDate"),
}


def check_mock(result: Any, machine: StateMachine, state: Mapping[str, Any], mode: Mode) -> None:
    """Raises `ValidationException` for a result that the state's work could not have."""
    if mode == "NONE":
        return
    if state["Type"] in ("Map", "Parallel"):
        wanted = dict if "ResultWriter" in state else list
        if not isinstance(result, wanted):
            kind = "an object" if wanted is dict else "an array"
            raise invalid(f"Mocked result must be {kind}.")
        branches = state.get("Branches")
        if branches is not None and len(result) != len(branches) and mode == "STRICT":
            raise invalid(
                f"Mocked result must have one element for each of {len(branches)} branches."
            )
        return
    resource = machine.resources[state["Resource"]]
    if resource.kind != "service" or resource.pattern != "request":
        return
    if not isinstance(result, dict):
        raise invalid("Mocked result must be a JSON object.")
    name = f"{resource.service}:{resource.api}"
    for field, kind in _FIELDS.get(name, {}).items():
        if field in result and not _is(result[field], kind):
            raise invalid(f"Mock result schema validation error: Field '{field}' must be {kind}")
    for field in _REQUIRED.get(name, ()) if mode == "STRICT" else ():
        if field not in result:
            raise invalid(f"Mock result schema validation error: Field '{field}' is required")


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _JSON[kind]) and not isinstance(value, bool)
