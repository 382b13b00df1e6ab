"""`ons serve` as a process of its own, through the AWS CLI and boto3 as they are."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from statemachine_tests.command import Ons
from tasks.datasets.samples import write_samples

BIN = Path(sys.executable).parent
ROLE = "arn:aws:iam::000000000000:role/me"
MACHINES = "arn:aws:states:local:000000000000:stateMachine"
KEYS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def ons(tmp_path: Path) -> Ons:
    return Ons(tmp_path / "home")


@pytest.fixture
def server(ons: Ons) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it says."""
    process = serve(ons)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert said.startswith("Step Functions at http://127.0.0.1:"), said
        yield process, said.split()[-1]
    finally:
        process.kill()
        process.communicate()


def serve(ons: Ons, *words: str) -> subprocess.Popen[str]:
    command = [str(BIN / "ons"), "serve", "--port", "0", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=ons.environ, stdout=pipe, stderr=pipe, text=True)


def aws(address: str, *words: str, **environ: str) -> Any:
    """What `aws stepfunctions …` answers."""
    command = [str(BIN / "aws"), "stepfunctions", *words, "--endpoint-url", address]
    told = {**os.environ, **KEYS, **environ}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else {}


def ended(address: str, arn: str) -> Any:
    """The execution's description once it has ended."""
    client = boto3.client(
        "stepfunctions", endpoint_url=address, region_name="us-west-2", aws_access_key_id="x",
        aws_secret_access_key="x", config=Config(proxies={}),
    )  # fmt: skip
    while (told := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        pass
    return told


def test_a_raw_object_is_processed_again_by_the_aws_cli(ons, tmp_path, server):
    (file,) = write_samples(tmp_path / "in", ["carga-energia"])
    first = ons.run(file)[0]
    given = ons("execution", first["execution"], "--json").json["input"]
    input = json.dumps({"key": given["key"], "origin": given["origin"]})
    _, address = server

    started = aws(
        address, "start-execution", "--state-machine-arn", f"{MACHINES}:ingest_file",
        "--name", "again", "--input", input,
    )  # fmt: skip
    told = ended(address, started["executionArn"])

    assert (first["status"], told["status"]) == ("published", "SUCCEEDED")
    assert json.loads(told["output"])["status"] == "unchanged"
    listed = aws(address, "list-executions", "--state-machine-arn", f"{MACHINES}:ingest_file")
    assert listed["executions"][0]["name"] == "again"
    history = aws(address, "get-execution-history", "--execution-arn", started["executionArn"])
    assert history["events"][-1]["type"] == "ExecutionSucceeded"


def test_the_aws_cli_runs_an_express_machine_and_tries_a_state(server):
    _, address = server
    machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 5, "End": True}}}
    made = aws(
        address, "create-state-machine", "--name", "quick", "--type", "EXPRESS",
        "--definition", json.dumps(machine), "--role-arn", ROLE,
    )  # fmt: skip
    told = {"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}

    ran = aws(
        address, "start-sync-execution", "--state-machine-arn", made["stateMachineArn"], **told
    )
    tried = aws(
        address, "test-state", "--definition", json.dumps(machine["States"]["A"]),
        "--inspection-level", "DEBUG", **told,
    )  # fmt: skip

    assert (ran["status"], ran["output"]) == ("SUCCEEDED", "5")
    assert (tried["status"], tried["output"]) == ("SUCCEEDED", "5")
    assert tried["inspectionData"]["result"] == "5"


def test_an_interrupt_ends_the_server_quietly(server):
    process, _ = server

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0
    assert (out, err) == ("", "stopped; what still ran goes on with the next command\n")


def test_only_this_machine_is_served_unless_it_is_said(ons):
    said = ons("serve", "--host", "0.0.0.0")

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: --host 0.0.0.0: there is no authentication yet")
    assert said.err.count("\n") == 1
    assert not ons.home.exists()


def test_a_port_that_is_taken_is_told_before_anything_is_opened(ons):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = ons("serve", "--port", str(taken.getsockname()[1]))

    assert (said.code, said.out) == (2, "")
    assert "--port 0 takes a free port" in said.err
    assert not ons.home.exists()


def test_the_doctor_says_what_the_clients_need(ons):
    (check,) = [c for c in ons("doctor", "--json").json if c["check"] == "aws clients"]

    assert check["state"] == "ok"
    assert "AWS_DISABLE_HOST_PREFIX_INJECTION=true" in check["detail"][0]
