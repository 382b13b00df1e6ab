"""The thread that drives executions outlives what goes wrong, and says so meanwhile."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from tasks.errors import HomeUnusable
from workflows.engine.api.app import application
from workflows.engine.api.driver import Driver


class FullDisk:
    """An engine that cannot write; it says when it was tried."""

    def __init__(self) -> None:
        self.tried = threading.Event()

    def run(self, *, on_event):
        self.tried.set()
        raise HomeUnusable("no space is left")

    def resume(self):
        return []

    def halt(self):
        return None


async def got(app, path):
    """Status and body of a GET, without a server."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": [],
        "query_string": b"", "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture
def driver():
    driver = Driver(FullDisk())
    driver.start()
    yield driver
    driver.close()


def test_what_keeps_executions_from_being_driven_is_told_by_the_health_page(served, driver):
    assert driver._engine.tried.wait(30)
    while driver.failure is None:
        pass
    app = application(replace(served.service, driver=driver))

    status, told = asyncio.run(got(app, "/healthz"))

    assert status == 503
    assert told == {"status": "failing", "reason": "HomeUnusable: no space is left"}


def test_a_chore_is_done_when_it_begins(served):
    done = threading.Event()
    driver = Driver(served.engine, chore=done.set)
    driver.start()

    assert done.wait(30)
    served.driver.close()
    driver.close()
