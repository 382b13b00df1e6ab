"""The protocol itself: whatever a client sends, it gets AWS's answer, never a traceback."""

from __future__ import annotations

import http.client
import json
from dataclasses import replace
from urllib.parse import urlsplit

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.engine.api.faults import ApiError
from workflows.engine.api.protocol import OPERATIONS, call
from workflows.engine.api.requests import INPUTS
from workflows.engine.api.shapes import Flag, List, Number, Struct, Text, check
from workflows.engine.catalogue import Catalogue
from workflows.engine.journal import Journal

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
ACTIVITIES = {
    "CreateActivity", "DeleteActivity", "DescribeActivity", "ListActivities", "GetActivityTask",
}  # fmt: skip


def post(served, target, body, headers=None, path="/stepfunctions"):
    address = urlsplit(served.origin)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    given = {"X-Amz-Target": target} if target else {}
    kind = {"Content-Type": "application/x-amz-json-1.0"}
    connection.request("POST", path, body, {**kind, **given, **(headers or {})})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(text)


def test_every_operation_but_those_on_activities_is_answered():
    assert set(INPUTS) == set(MODEL.operation_names) - ACTIVITIES
    assert set(OPERATIONS) == set(INPUTS)


def as_shape(shape):
    """AWS's own model of an input, in our words."""
    about = shape.metadata
    match shape.type_name:
        case "structure":
            fields = {name: as_shape(inner) for name, inner in shape.members.items()}
            return Struct(fields, tuple(shape.required_members))
        case "list":
            return List(as_shape(shape.member), about.get("min"), about.get("max"))
        case "string":
            pattern = about.get("pattern", "").replace(r"\p{ASCII}", r"[\x00-\x7f]") or None
            enum = tuple(shape.enum) if shape.enum else ()
            secret = about.get("sensitive", False)
            return Text(about.get("min"), about.get("max"), enum, pattern, secret)
        case "boolean":
            return Flag()
    real = shape.type_name == "float"
    return Number(about.get("min"), about.get("max"), real)


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_what_a_request_may_hold_is_what_awss_model_says(name):
    assert INPUTS[name] == as_shape(MODEL.operation_model(name).input_shape)


LIST, DESCRIBE = "AWSStepFunctions.ListStateMachines", "AWSStepFunctions.DescribeExecution"
MISTYPED, INVALID = "SerializationException", "ValidationException"


@pytest.mark.parametrize(
    ("target", "body", "name", "status"),
    [
        (None, b"{}", "UnknownOperationException", 400),
        ("AWSStepFunctions.Nothing", b"{}", "UnknownOperationException", 400),
        ("AWSStepFunctions.GetActivityTask", b"{}", "UnknownOperationException", 400),
        ("ListStateMachines", b"{}", "UnknownOperationException", 400),
        ("Other.ListStateMachines", b"{}", "UnknownOperationException", 400),
        (LIST, b"{", MISTYPED, 400),
        (LIST, b"\xff", MISTYPED, 400),
        (LIST, b"[]", MISTYPED, 400),
        (LIST, b'"x"', MISTYPED, 400),
        (LIST, b"[" * 99_999, MISTYPED, 400),
        (LIST, b'{"maxResults": NaN}', MISTYPED, 400),
        (LIST, b'{"maxResults": "1"}', MISTYPED, 400),
        (LIST, b'{"maxResults": true}', MISTYPED, 400),
        (LIST, b'{"maxResults": 1001}', INVALID, 400),
        (LIST, b'{"nextToken": "\\ud800"}', MISTYPED, 400),
        (DESCRIBE, b"{}", INVALID, 400),
        (DESCRIBE, b'{"executionArn": null}', INVALID, 400),
        (DESCRIBE, b'{"executionArn": 1}', MISTYPED, 400),
        (LIST, b" " * 1_048_577, "RequestEntityTooLargeException", 413),
    ],
)
def test_a_request_that_cannot_be_meant_gets_awss_error(served, target, body, name, status):
    found, headers, told = post(served, target, body)

    assert (found, told["__type"].partition("#")[2]) == (status, name)
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amzn-requestid"]
    assert "Traceback" not in told["message"]


def test_all_faults_of_a_request_are_told_at_once_and_secrets_are_not(served):
    request = {"name": "", "definition": "", "roleArn": "x" * 257}

    _, _, told = post(served, "AWSStepFunctions.CreateStateMachine", json.dumps(request))

    assert told["__type"] == "com.amazon.coral.validate#ValidationException"
    assert told["message"] == (
        "3 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member "
        "must have length greater than or equal to 1; Value at 'definition' failed to satisfy "
        "constraint: Member must have length greater than or equal to 1; Value "
        f"'{'x' * 257}' at 'roleArn' failed to satisfy constraint: Member must have length less "
        "than or equal to 256"
    )


def test_unknown_fields_are_left_alone(served):
    assert post(served, "AWSStepFunctions.ListStateMachines", b'{"more": 1}')[0] == 200


def test_a_page_that_reaches_the_server_by_another_name_is_turned_away(served):
    target = "AWSStepFunctions.ListStateMachines"

    status, _, told = post(served, target, b"{}", {"Host": "rebound.example"})

    assert (status, told["__type"].partition("#")[2]) == (403, "AccessDeniedException")


def test_an_error_of_the_server_is_told_without_its_inside(served, caplog):
    broken = replace(served.service, catalogue=None)

    with pytest.raises(ApiError) as caught:
        call(broken, "AWSStepFunctions.ListStateMachines", b"{}")

    assert (caught.value.name, caught.value.status) == ("InternalFailure", 500)
    assert caught.value.message == "The server failed; its log says why."
    assert "AttributeError" in caplog.text


def test_a_journal_that_cannot_be_used_is_a_service_that_is_not_available(served, tmp_path):
    journal = Journal(tmp_path / "other.sqlite")
    journal.close()
    broken = replace(served.service, catalogue=Catalogue(journal))

    with pytest.raises(ApiError) as caught:
        call(broken, "AWSStepFunctions.ListStateMachines", b"{}")

    assert (caught.value.name, caught.value.status) == ("ServiceUnavailable", 503)


ARN = "arn:aws:states:local:000000000000"
WORDS = [
    "", "made", "shipped", "1", "x" * 81, "a b", "{}", "[]", "1e400", "{", '{"a": 1}',
    '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
    '{"Type": "Task", "Resource": "${echo}", "End": true}', '{"States": []}',
    '{"Type": "Map"}', '{"Type": "Parallel", "Branches": [{}], "End": true}', "\\ud800", "\x00",
    "STANDARD", "EXPRESS", "ALL_DATA", "DEBUG", "STRICT", "RUNNING", "REDRIVEN", "WARNING", "OFF",
    f"{ARN}:stateMachine:made", f"{ARN}:stateMachine:shipped", f"{ARN}:stateMachine:made:1",
    f"{ARN}:stateMachine:made:live", f"{ARN}:stateMachine:made/label", f"{ARN}:execution:made:one",
    f"{ARN}:execution:made/label:one", f"{ARN}:express:made:one:two", f"{ARN}:mapRun:made/label:1",
    f"{ARN}:stateMachine:", f"{ARN}:stateMachine:a:b:c", f"{ARN}:activity:x", "arn:aws:s3:::b",
    "arn:aws:iam::000000000000:role/r", "bm8=", "W10=", "é" * 300,
]  # fmt: skip


def drawn(shape):
    """Values that keep to the JSON types of a shape, sensible ones and others."""
    match shape:
        case Text():
            return st.sampled_from(WORDS) | st.text(max_size=5)
        case Number():
            return st.integers(-1, 1001)
        case Flag():
            return st.booleans()
        case List(of):
            return st.lists(drawn(of), max_size=3)
    fields = {name: drawn(inner) for name, inner in shape.fields.items()}
    needed = {name: fields.pop(name) for name in shape.required}
    return st.fixed_dictionaries(needed, optional=fields)


@given(requests=st.lists(st.sampled_from(sorted(INPUTS)), min_size=1, max_size=6), data=st.data())
@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_no_sequence_of_requests_makes_the_server_fail(served, requests, data):
    errors = set()
    for name in requests:
        body = json.dumps(data.draw(drawn(INPUTS[name]))).encode()
        try:
            call(served.service, f"AWSStepFunctions.{name}", body)
        except ApiError as error:
            errors.add(error.name)

    assert errors.isdisjoint({"InternalFailure", "ServiceUnavailable"})


def test_the_health_page_says_whether_executions_are_driven(served):
    connection = http.client.HTTPConnection(urlsplit(served.origin).netloc, timeout=30)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()

    assert (answer.status, told) == (200, {"status": "ok"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(INPUTS)), data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_either_taken_or_refused_by_name(name, data):
    fields = dict.fromkeys(INPUTS[name].fields, JSON)
    request = data.draw(st.fixed_dictionaries({}, optional=fields) | JSON)

    try:
        taken = set(check(INPUTS[name], request))
    except ApiError as error:
        taken = {error.name}

    assert taken <= INPUTS[name].fields.keys() | {MISTYPED, INVALID}
