"""One fixture per port, run for every adapter that keeps the port's promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.notices import FolderNotices
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.ports.ledger import Ledger
from tasks.ports.notices import Notices
from tasks.ports.objects import ObjectStore


@pytest.fixture
def directory_objects(tmp_path: Path) -> DirectoryObjects:
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


@pytest.fixture(params=["directory"])
def objects(request: pytest.FixtureRequest) -> ObjectStore:
    return request.getfixturevalue(f"{request.param}_objects")


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    return request.getfixturevalue(f"{request.param}_ledger")


@pytest.fixture
def folder_notices(tmp_path: Path) -> FolderNotices:
    return FolderNotices(tmp_path / "notices", keep=3)


@pytest.fixture(params=["folder"])
def notices(request: pytest.FixtureRequest) -> Notices:
    return request.getfixturevalue(f"{request.param}_notices")
