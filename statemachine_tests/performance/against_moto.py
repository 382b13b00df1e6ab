"""Executions of ten Tasks on the embedded Step Functions and on moto's interpreter, in one run.

    python statemachine_tests/performance/against_moto.py [--executions 100]

Ours journals every step on disk; moto keeps all in memory. The Tasks' function gives back its
input. Moto's goes through its Lambda without containers, as its users have it; the last lines
leave moto's Lambda out, so that its interpreter alone is left. Every output is checked.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from engine_overhead import TASKS, Echo, chain
from measuring import machine
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from tasks.adapters.embedded.clock import SystemClock, SystemJitter
from workflows.engine.engine import Engine

REGION, ACCOUNT = "us-east-1", "123456789012"
AT_ONCE = (1, 10, 100)
CONFIG = {
    "lambda": {"use_docker": False},
    "stepfunctions": {"execute_state_machine": True},
}
RunAll = Callable[[Sequence[Any]], list[Any]]
"""Runs one execution for each input, all at once, and answers their outputs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--executions", type=int, default=100, help="Of each, at least.")
    executions = parser.parse_args().executions
    print(machine())
    print(f"executions of {TASKS} Tasks a second, and the cost of a Task at the median")
    told: dict[str, list[float]] = {}
    for name, opened in (("ours", ours), ("moto", moto), ("moto, its Lambda left out", bare_moto)):
        for at_once in AT_ONCE:
            with opened(at_once) as (run, checked):
                each = statistics.median(rounds(run, checked, at_once, executions))
            told.setdefault(name, []).append(1 / each)
            print(
                f"{name:<26} {at_once:>4} at once: {1 / each:8.1f} a second, "
                f"{each / TASKS * 1e6:7.0f} µs a Task"
            )
    for name in list(told)[1:]:
        times = [mine / theirs for mine, theirs in zip(told["ours"], told[name], strict=True)]
        print(f"ours against {name}: {', '.join(f'{n:.0f}' for n in times)} times")


def rounds(run: RunAll, checked: bool, at_once: int, executions: int) -> Iterator[float]:
    """The seconds of an execution, round by round."""
    for turn in range(max(3, executions // at_once)):
        given = [{"turn": turn, "n": n} for n in range(at_once)]
        start = time.perf_counter()
        outputs = run(given)
        yield (time.perf_counter() - start) / at_once
        assert len(outputs) == at_once
        assert not checked or outputs == given


@contextmanager
def ours(at_once: int) -> Iterator[tuple[RunAll, bool]]:
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(
            Path(home), {"m": chain("echo")}, Echo(), clock=SystemClock(), jitter=SystemJitter(),
            concurrency=max(4, at_once),
        )  # fmt: skip

        def run(given: Sequence[Any]) -> list[Any]:
            ids = [engine.start("m", value) for value in given]
            engine.run(ids)
            return [engine.describe(id).output for id in ids]

        yield run, True
        engine.close()


@contextmanager
def moto(at_once: int) -> Iterator[tuple[RunAll, bool]]:
    """As its users have it; its Lambda answers the same sentence to everybody."""
    with _moto() as run:
        yield run, False


@contextmanager
def bare_moto(at_once: int) -> Iterator[tuple[RunAll, bool]]:
    """Its interpreter, with a function that costs nothing."""

    def echo(parameters: Any, region: Any, state_credentials: Any) -> Any:
        return {"StatusCode": 200, "Payload": json.loads(parameters["Payload"])}

    kept = lambda_eval_utils._invoke_lambda_function
    lambda_eval_utils._invoke_lambda_function = echo
    try:
        with _moto() as run:
            yield run, True
    finally:
        lambda_eval_utils._invoke_lambda_function = kept


@contextmanager
def _moto() -> Iterator[RunAll]:
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config=CONFIG):
        role = boto3.client("iam", REGION).create_role(RoleName="r", AssumeRolePolicyDocument="{}")[
            "Role"
        ]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", "def f(event, context):\n    return event\n")
        boto3.client("lambda", REGION).create_function(
            FunctionName="echo", Runtime="python3.11", Role=role, Handler="f.f",
            Code={"ZipFile": code.getvalue()},
        )  # fmt: skip
        client = boto3.client("stepfunctions", REGION)
        made = client.create_state_machine(
            name="m", definition=json.dumps(chain("echo")), roleArn=role
        )["stateMachineArn"]
        known = stepfunctions_parser_backends[ACCOUNT][REGION]

        def run(given: Sequence[Any]) -> list[Any]:
            arns = [
                client.start_execution(
                    stateMachineArn=made, name=str(uuid.uuid4()), input=json.dumps(value)
                )["executionArn"]
                for value in given
            ]
            left = [known.describe_execution(arn) for arn in arns]
            running = list(left)
            while running := [e for e in running if e.exec_status == "RUNNING"]:
                time.sleep(0.0005)
            assert {e.exec_status for e in left} == {"SUCCEEDED"}
            return [json.loads(e.output) if isinstance(e.output, str) else e.output for e in left]

        yield run


if __name__ == "__main__":
    main()
