"""The page on services names each resource that the engine knows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from workflows.engine.integrations import SUPPORTED, resource_of

PAGE = (Path(__file__).parents[3] / "docs" / "task-services.md").read_text("utf-8")


def test_the_page_names_the_resources_that_there_are() -> None:
    table = PAGE.partition("|---|---|\n")[2].partition("\n\n")[0]
    named = {
        name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    }

    assert named == {f"{service}:{action}" for service, all in SUPPORTED.items() for action in all}
    assert all(resource_of(f"arn:aws:states:::{name}") for name in named)
