"""The input of each operation, as AWS's service model has it."""

from __future__ import annotations

from collections.abc import Mapping

from workflows.engine.api.shapes import Flag, List, Number, Shape, Struct, Text

_ARN = Text(1, 256)
_LONG_ARN = Text(1, 2000)
_NAME = Text(1, 80)
_DATA = Text(most=262_144, secret=True)
_DEFINITION = Text(1, 1_048_576, secret=True)
_DESCRIPTION = Text(most=256, secret=True)
_ERROR = Text(0, 256, secret=True)
_CAUSE = Text(0, 32_768, secret=True)
_TRACE = Text(0, 256, pattern=r"[\x00-\x7f]*")
_TYPE = Text(enum=("STANDARD", "EXPRESS"))
_INCLUDED = Text(enum=("ALL_DATA", "METADATA_ONLY"))
_STATUS = Text(enum=("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"))
_PAGE = Number(0, 1000)
_TOKEN = Text(1, 1024)
_TASK_TOKEN = Text(1, 2048, secret=True)
_STATE_NAME = Text(1, 80, secret=True)
_TAGS = List(Struct({"key": Text(1, 128), "value": Text(0, 256)}))
_LOGGING = Struct(
    {
        "level": Text(enum=("ALL", "ERROR", "FATAL", "OFF")),
        "includeExecutionData": Flag(),
        "destinations": List(Struct({"cloudWatchLogsLogGroup": Struct({"logGroupArn": _ARN})})),
    }
)
_TRACING = Struct({"enabled": Flag()})
_ENCRYPTION = Struct(
    {
        "kmsKeyId": Text(1, 2048),
        "kmsDataKeyReusePeriodSeconds": Number(60, 900),
        "type": Text(enum=("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY")),
    },
    required=("type",),
)
_CONFIGURATION: dict[str, Shape] = {
    "roleArn": _ARN,
    "loggingConfiguration": _LOGGING,
    "tracingConfiguration": _TRACING,
    "encryptionConfiguration": _ENCRYPTION,
}
_PUBLISH: dict[str, Shape] = {"publish": Flag(), "versionDescription": _DESCRIPTION}
_ROUTES = List(
    Struct(
        {"stateMachineVersionArn": _ARN, "weight": Number(0, 100)},
        required=("stateMachineVersionArn", "weight"),
    ),
    1,
    2,
)
_PAGED: dict[str, Shape] = {"maxResults": _PAGE, "nextToken": _TOKEN}
_MACHINE = Struct({"stateMachineArn": _ARN}, required=("stateMachineArn",))
_EXECUTION = Struct({"executionArn": _ARN}, required=("executionArn",))
_ALIAS = Struct({"stateMachineAliasArn": _ARN}, required=("stateMachineAliasArn",))
_MOCK = Struct(
    {
        "result": _DATA,
        "errorOutput": Struct({"error": _ERROR, "cause": _CAUSE}),
        "fieldValidationMode": Text(enum=("STRICT", "PRESENT", "NONE")),
    }
)
_STATE_CONFIGURATION = Struct(
    {
        "retrierRetryCount": Number(0),
        "errorCausedByState": _STATE_NAME,
        "mapIterationFailureCount": Number(0),
        "mapItemReaderData": _DATA,
    }
)


def _and(shape: Struct, more: Mapping[str, Shape], *required: str) -> Struct:
    return Struct({**shape.fields, **more}, (*shape.required, *required))


INPUTS: Mapping[str, Struct] = {
    "CreateStateMachine": Struct(
        {"name": _NAME, "definition": _DEFINITION, "type": _TYPE, "tags": _TAGS,
         **_CONFIGURATION, **_PUBLISH},
        required=("name", "definition", "roleArn"),
    ),
    "UpdateStateMachine": _and(
        _MACHINE, {"definition": _DEFINITION, **_CONFIGURATION, **_PUBLISH}
    ),
    "DeleteStateMachine": _MACHINE,
    "DescribeStateMachine": _and(_MACHINE, {"includedData": _INCLUDED}),
    "DescribeStateMachineForExecution": _and(_EXECUTION, {"includedData": _INCLUDED}),
    "ListStateMachines": Struct(_PAGED),
    "ValidateStateMachineDefinition": Struct(
        {"definition": _DEFINITION, "type": _TYPE, "severity": Text(enum=("ERROR", "WARNING")),
         "maxResults": Number(0, 100)},
        required=("definition",),
    ),
    "StartExecution": _and(_MACHINE, {"name": _NAME, "input": _DATA, "traceHeader": _TRACE}),
    "StartSyncExecution": _and(
        _MACHINE,
        {"name": _NAME, "input": _DATA, "traceHeader": _TRACE, "includedData": _INCLUDED},
    ),
    "DescribeExecution": _and(_EXECUTION, {"includedData": _INCLUDED}),
    "ListExecutions": Struct(
        {"stateMachineArn": _ARN, "statusFilter": _STATUS, "maxResults": _PAGE,
         "nextToken": Text(1, 3096), "mapRunArn": _LONG_ARN,
         "redriveFilter": Text(enum=("REDRIVEN", "NOT_REDRIVEN"))},
    ),
    "GetExecutionHistory": _and(
        _EXECUTION, {**_PAGED, "reverseOrder": Flag(), "includeExecutionData": Flag()}
    ),
    "StopExecution": _and(_EXECUTION, {"error": _ERROR, "cause": _CAUSE}),
    "RedriveExecution": _and(_EXECUTION, {"clientToken": Text(1, 64, pattern="[!-~]+")}),
    "DescribeMapRun": Struct({"mapRunArn": _LONG_ARN}, required=("mapRunArn",)),
    "ListMapRuns": _and(_EXECUTION, _PAGED),
    "UpdateMapRun": Struct(
        {"mapRunArn": _LONG_ARN, "maxConcurrency": Number(0),
         "toleratedFailurePercentage": Number(0, 100, real=True),
         "toleratedFailureCount": Number(0)},
        required=("mapRunArn",),
    ),
    "SendTaskSuccess": Struct(
        {"taskToken": _TASK_TOKEN, "output": _DATA}, required=("taskToken", "output")
    ),
    "SendTaskFailure": Struct(
        {"taskToken": _TASK_TOKEN, "error": _ERROR, "cause": _CAUSE}, required=("taskToken",)
    ),
    "SendTaskHeartbeat": Struct({"taskToken": _TASK_TOKEN}, required=("taskToken",)),
    "TestState": Struct(
        {"definition": _DEFINITION, "roleArn": _ARN, "input": _DATA,
         "inspectionLevel": Text(enum=("INFO", "DEBUG", "TRACE")), "revealSecrets": Flag(),
         "variables": _DATA, "stateName": _STATE_NAME, "mock": _MOCK, "context": _DATA,
         "stateConfiguration": _STATE_CONFIGURATION},
        required=("definition",),
    ),
    "PublishStateMachineVersion": _and(
        _MACHINE, {"revisionId": Text(), "description": _DESCRIPTION}
    ),
    "ListStateMachineVersions": _and(_MACHINE, _PAGED),
    "DeleteStateMachineVersion": Struct(
        {"stateMachineVersionArn": _LONG_ARN}, required=("stateMachineVersionArn",)
    ),
    "CreateStateMachineAlias": Struct(
        {"name": Text(1, 80, pattern=r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"),
         "description": _DESCRIPTION, "routingConfiguration": _ROUTES},
        required=("name", "routingConfiguration"),
    ),
    "UpdateStateMachineAlias": _and(
        _ALIAS, {"description": _DESCRIPTION, "routingConfiguration": _ROUTES}
    ),
    "DescribeStateMachineAlias": _ALIAS,
    "DeleteStateMachineAlias": _ALIAS,
    "ListStateMachineAliases": _and(_MACHINE, _PAGED),
    "TagResource": Struct(
        {"resourceArn": _ARN, "tags": _TAGS}, required=("resourceArn", "tags")
    ),
    "UntagResource": Struct(
        {"resourceArn": _ARN, "tagKeys": List(Text(1, 128))}, required=("resourceArn", "tagKeys")
    ),
    "ListTagsForResource": Struct({"resourceArn": _ARN}, required=("resourceArn",)),
}  # fmt: skip
"""By the operation's name; a test holds them against the model that AWS's own clients use."""
