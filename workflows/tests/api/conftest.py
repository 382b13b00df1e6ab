"""A real server on loopback, and AWS's own client for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from tasks.failures import TaskFailed, failure_of
from workflows.engine.api.app import application
from workflows.engine.api.driver import Driver
from workflows.engine.api.machines import ship
from workflows.engine.api.service import Service
from workflows.engine.catalogue import Catalogue
from workflows.engine.engine import Engine

ROLE = "arn:aws:iam::000000000000:role/tests"
SHIPPED = {"shipped": {"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}}}


class VirtualClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Chances:
    """The chances that a test lines up; a half when there is none."""

    def __init__(self) -> None:
        self.next: list[float] = []

    def fraction(self) -> float:
        return self.next.pop(0) if self.next else 0.5


class Functions:
    """Lambda functions written out by name. One called `hold` waits until it is let go."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[[Any], Any]] = {
            "echo": lambda event: event,
            "hold": lambda event: self.let_go.wait(60) and event,
        }
        self.let_go = threading.Event()

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        try:
            return self.functions[function.strip("${}")](payload)
        except TaskFailed:
            raise
        except Exception as error:
            raise failure_of(error) from error

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        raise TaskFailed("States.TaskFailed", "no jobs here")


class Served:
    """A server, with what a test asks of it and through it."""

    def __init__(self, home: Path) -> None:
        self.clock, self.chances, self.functions = VirtualClock(), Chances(), Functions()
        self.engine = Engine(
            home, SHIPPED, self.functions, clock=self.clock, jitter=self.chances, concurrency=4
        )
        self.driver = Driver(self.engine)
        catalogue = Catalogue(self.engine.journal)
        self.service = Service(
            self.engine, self.driver, catalogue, self.clock, self.chances, self.functions
        )
        ship(self.service, SHIPPED)
        app = application(self.service, hosts={"127.0.0.1", "localhost"})
        config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.005)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}"
        self.url = f"{self.origin}/stepfunctions"

    def close(self) -> None:
        self.functions.let_go.set()
        self._server.should_exit = True
        self._thread.join()
        self.engine.close()

    def create(self, client: Any, name: str, definition: Mapping[str, Any], **more: Any) -> str:
        made = client.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE, **more
        )
        arn: str = made["stateMachineArn"]
        return arn

    def finished(self, client: Any, machine: str, input: Any = None, **more: Any) -> Any:
        """Start an execution over the API, and answer its description once it has ended."""
        started = client.start_execution(
            stateMachineArn=machine, input=json.dumps({} if input is None else input), **more
        )
        return self.ended(client, started["executionArn"])

    def ended(self, client: Any, arn: str) -> Any:
        future = self.driver.ended(arn)
        if client.describe_execution(executionArn=arn)["status"] == "RUNNING":
            future.result(30)
        return client.describe_execution(executionArn=arn)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path)
    yield server
    server.close()


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-west-2"
    )


@pytest.fixture
def sfn(served: Served, session: boto3.Session) -> Any:
    """Boto3's client as it is, with one try for each request."""
    config = Config(
        retries={"total_max_attempts": 1}, inject_host_prefix=False, proxies={}, read_timeout=30
    )
    return session.client("stepfunctions", endpoint_url=served.url, config=config)
