"""Everything in the repository that is derived from code: written, and checked for drift."""

import json
from collections.abc import Mapping
from pathlib import Path

from tasks.datasets import docs
from workflows.diagram import pages
from workflows.emit import to_asl
from workflows.machines import ALL_MACHINES


def generated_files() -> Mapping[str, str]:
    """The text of every generated file by its path below the repository's root."""
    machines = {
        f"workflows/generated/{machine.name}.asl.json": _text(to_asl(machine))
        for machine in ALL_MACHINES
    }
    datasets = {str(path): text for path, text in docs.generated_files().items()}
    return {**machines, **pages(ALL_MACHINES), **datasets}


def write(root: Path) -> list[str]:
    """Write what differs, and answer its paths."""
    drifted = drift(root)
    texts = generated_files()
    for path in drifted:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(texts[path], "utf-8")
    return drifted


def drift(root: Path) -> list[str]:
    """The paths of the generated files that are missing, or differ from what code says."""
    return [path for path, text in generated_files().items() if _read(root / path) != text]


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _text(definition: object) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False) + "\n"
