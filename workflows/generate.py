"""Everything in the repository that is derived from code: written, and checked for drift."""

import json
from collections.abc import Mapping
from pathlib import Path

from tasks.datasets import docs
from workflows.diagram import pages
from workflows.emit import to_asl
from workflows.machines import ALL_MACHINES
from workflows.reference import pages as reference_pages

FOLDERS = ("workflows/generated", "docs/machines", "docs/datasets", "docs/reference")
"""Folders that hold generated files and nothing else."""


def generated_files() -> Mapping[str, str]:
    """The text of every generated file by its path below the repository's root."""
    machines = {
        f"workflows/generated/{machine.name}.asl.json": _text(to_asl(machine))
        for machine in ALL_MACHINES
    }
    datasets = {path.as_posix(): text for path, text in docs.generated_files().items()}
    return {**machines, **pages(ALL_MACHINES), **datasets, **reference_pages()}


def write(root: Path) -> list[str]:
    """Write what differs, remove what is left over, and answer the paths."""
    texts = generated_files()
    drifted = _drift(root, texts)
    for path in drifted:
        target = root / path
        if path not in texts:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(texts[path], "utf-8")
    return drifted


def drift(root: Path) -> list[str]:
    """The paths of the generated files that are missing, differ from what code says, or are left
    over from what it once said."""
    return _drift(root, generated_files())


def _drift(root: Path, texts: Mapping[str, str]) -> list[str]:
    wrong = [path for path, text in texts.items() if _read(root / path) != text]
    return wrong + [path for path in _present(root) if path not in texts]


def _present(root: Path) -> list[str]:
    found = (path for folder in FOLDERS for path in sorted((root / folder).glob("*")))
    return [path.relative_to(root).as_posix() for path in found if path.is_file()]


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _text(definition: object) -> str:
    return json.dumps(definition, indent=2, ensure_ascii=False) + "\n"
