"""Which fields a state may have, by its type and its query language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.checks import Problems

_COMMON = {"Type", "Comment", "QueryLanguage"}
_PATHS = {"InputPath", "OutputPath", "Output"}
_NEXT = {"Next", "End", "Assign"}
_CALL = {"Parameters", "Arguments", "ResultPath", "ResultSelector", "Retry", "Catch"}
FIELDS: dict[str, set[str]] = {
    "Pass": _COMMON | _PATHS | _NEXT | {"Parameters", "ResultPath", "Result"},
    "Succeed": _COMMON | _PATHS,
    "Fail": _COMMON | {"Error", "Cause", "ErrorPath", "CausePath"},
    "Choice": _COMMON | _PATHS | {"Choices", "Default", "Assign"},
    "Wait": _COMMON | _PATHS | _NEXT | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Task": _COMMON | _PATHS | _NEXT | _CALL
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds",
       "HeartbeatSecondsPath", "Credentials"},
    "Parallel": _COMMON | _PATHS | _NEXT | _CALL | {"Branches"},
    "Map": _COMMON | _PATHS | _NEXT | (_CALL - {"Arguments"})
    | {"ItemProcessor", "Iterator", "ItemsPath", "Items", "ItemSelector", "MaxConcurrency",
       "MaxConcurrencyPath", "Label", "ToleratedFailureCount", "ToleratedFailurePercentage",
       "ToleratedFailureCountPath", "ToleratedFailurePercentagePath", "ItemReader", "ItemBatcher",
       "ResultWriter"},
}  # fmt: skip
RETRIER = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds",
           "JitterStrategy", "Comment"}  # fmt: skip
CATCHER = {"ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"}
ONLY = {
    "JSONata": {"Arguments", "Output", "Items", "Condition"},
    "JSONPath": {
        "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result",
        "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath",
        "MaxConcurrencyPath", "ErrorPath", "CausePath", "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath", "Variable",
    },
}  # fmt: skip
"""Fields that exist in one query language alone."""


def unknown(value: Mapping[str, Any], known: set[str], at: str, language: str) -> Problems:
    """Fields that this thing does not have, or not in its query language."""
    other = "JSONPath" if language == "JSONata" else "JSONata"
    for field in value:
        if field not in known:
            yield f"SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at {at}"
        elif field in ONLY[other]:
            yield (
                f"SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to '{language}', but field "
                f"'{field}' is only supported for the '{other}' QueryLanguage at {at}"
            )
