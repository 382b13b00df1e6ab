"""The page on testing machines: its files, commands, outputs and Python are what they say."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from workflows.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "testing-machines.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.S)
FILES = re.findall(r"`([\w.]+\.json)`:\n\n```json\n(.*?)```", PAGE, re.S)
CONSOLES = [text for kind, text in BLOCKS if kind == "console"]
PYTHON = [text for kind, text in BLOCKS if kind == "python"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES:
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_shows_two_files_and_some_commands() -> None:
    assert [name for name, _ in FILES] == ["order.asl.json", "MockConfigFile.json"]
    assert (len(CONSOLES), len(PYTHON)) == (3, 1)


@pytest.mark.parametrize("console", CONSOLES, ids=lambda text: text.splitlines()[0][2:50])
def test_each_command_prints_what_the_page_shows(folder: Path, console: str) -> None:
    command, _, shown = console.partition("\n")
    told = io.StringIO()

    main(shlex.split(command.removeprefix("$ ons ")), {}, out=told, err=told)

    assert told.getvalue() == shown


def test_the_python_on_the_page_passes(folder: Path) -> None:
    names: dict[str, object] = {}
    exec(compile(PYTHON[0], "the page", "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]

    assert len(tests) == 2
    for test in tests:
        assert callable(test)
        test()
