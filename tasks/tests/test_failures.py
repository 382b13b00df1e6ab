"""An exception becomes a name, a message and a trace: what a person needs, and no secret."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.failures import failure_of, message_of
from tasks.scrubbing import REDACTED, scrubbed

CANARY = "canary-7f3a9c51"


def _failure(message: str, environ: dict[str, str]) -> Any:
    try:
        raise LookupError(message)
    except LookupError as error:
        return failure_of(error, environ)


def test_an_unknown_exception_keeps_its_class_name_and_its_message() -> None:
    failure = _failure("no luck with carga-energia", {})
    cause = json.loads(failure.cause)

    assert failure.error == cause["errorType"] == "LookupError"
    assert message_of(failure) == "no luck with carga-energia"
    assert any("raise LookupError(message)" in line for line in cause["stackTrace"])


@pytest.mark.parametrize(
    "name", ["DATABASE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "CANARY", "ONS_API_TOKEN", "SESSION_PWD"]
)
def test_what_the_environment_holds_never_appears(name: str) -> None:
    failure = _failure(f"cannot log in with {CANARY}: {{'k': '{CANARY}'}}", {name: CANARY})

    assert CANARY not in failure.cause
    assert message_of(failure) == f"cannot log in with {REDACTED}: {{'k': '{REDACTED}'}}"


def test_a_canary_in_the_real_environment_never_appears() -> None:
    code = (
        "import os\n"
        "from tasks.failures import failure_of\n"
        "try:\n"
        "    raise RuntimeError(str(dict(os.environ)))\n"
        "except RuntimeError as error:\n"
        "    print(failure_of(error).cause)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True,
        env={"PYTHONPATH": ":".join(sys.path), "SOME_CANARY": CANARY, "LANG": "pt_BR.UTF-8"},
    ).stdout  # fmt: skip

    assert CANARY not in told
    assert "SOME_CANARY" in told
    assert "pt_BR.UTF-8" in told


def test_a_secret_in_a_line_of_the_trace_is_taken_out() -> None:
    try:
        raise ValueError("x") from KeyError("canary-in-code")
    except ValueError as error:
        cause = failure_of(error, {"K": "canary-in-code"}).cause

    assert "canary-in-code" not in str(cause)


def test_files_are_named_from_where_they_are_imported() -> None:
    try:
        json.loads("{")
    except ValueError as error:
        cause = json.loads(failure_of(error, {}).cause or "")

    assert any('File "json/__init__.py"' in line for line in cause["stackTrace"])
    assert not any(sys.prefix in line or sys.base_prefix in line for line in cause["stackTrace"])


def test_harmless_settings_stay_readable() -> None:
    environ = {"ONS_HOME": "/srv/ons-data", "AWS_REGION": "us-west-2", "HOME": "/home/someone"}
    text = "nothing in us-west-2 below /srv/ons-data"

    assert scrubbed(text, environ) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
        ("{'Authorization': 'AWS4-HMAC-SHA256 Credential=AKIAABCDEFGHIJKLMNOP/2026'}", "AKIA"),
        ("the key AKIAIOSFODNN7EXAMPLE is not known", "AKIAIOSFODNN7EXAMPLE"),
        ("GET https://b.s3.amazonaws.com/k?X-Amz-Credential=A%2F1&X-Amz-Signature=0a1b2c", "0a1b"),
        ("GET https://b/k?a=1&X-Amz-Security-Token=FwoGZX%2F&b=2", "FwoGZX"),
        ("postgres://ons:hunter22@db/x refused", "hunter22"),
        ("connect(host=db, password=hunter22, port=1)", "hunter22"),
        ('{"client_secret": "hunter22"}', "hunter22"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl is expired", "eyJzdWIi"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----", "MIIEow"),
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str, secret: str) -> None:
    told = scrubbed(text, {})

    assert secret not in told
    assert REDACTED in told


@pytest.mark.parametrize(
    "text",
    [
        "CARGA_ENERGIA_2023.csv: the file lacks the columns din_instante",
        "https://ons.org.br/dados?ano=2023&formato=csv answered 404",
        "the key raw/ab12/CARGA.csv holds nothing",
        "line 7: 'nan' is no number in val_cargaenergiamwmed",
    ],
)
def test_ordinary_messages_stay_as_they_are(text: str) -> None:
    assert scrubbed(text, {"DEBUG": "1", "SECRET": "abc"}) == text


@given(st.text(min_size=8).filter(lambda s: REDACTED not in s and s not in REDACTED))
def test_no_value_of_a_secret_variable_survives_however_it_is_quoted(secret: str) -> None:
    text = f"plain {secret} repr {secret!r} url {quote(secret, safe='')}"

    told = scrubbed(text, {"THE_SECRET": secret})

    assert secret not in told
    assert repr(secret)[1:-1] not in told
    assert quote(secret, safe="") not in told


def test_an_exception_whose_message_is_broken_is_told_all_the_same() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert message_of(failure_of(Broken(), {})) == "(its message could not be made: RuntimeError)"
