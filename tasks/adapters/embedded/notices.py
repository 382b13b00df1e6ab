"""Notices as JSON files in a folder, the newest so many of them."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tasks.adapters.embedded.durable import write_whole
from tasks.adapters.embedded.file_names import file_name
from tasks.adapters.embedded.locks import locked

_FILE = re.compile(r"(\d{12})-(.+)\.json")


class FolderNotices:
    """One file per notice, `<number>-<id>.json`; beyond `keep` of them the oldest are removed."""

    def __init__(self, folder: Path, keep: int = 1000) -> None:
        self._folder, self._keep = folder, keep
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, id: str, subject: str, body: Mapping[str, str | None]) -> None:
        notice = {**body, "id": id, "subject": subject}
        text = json.dumps(notice, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        with locked(self._folder / ".lock"):
            kept = self._files()
            if any(name == file_name(id) for _, name in kept):
                return  # told already
            number = 1 + max((number for number, _ in kept), default=0)
            write_whole(self._path(number, file_name(id)), text.encode())
            for old in kept[: max(0, len(kept) + 1 - self._keep)]:
                self._path(*old).unlink()

    def recent(self, limit: int = 20) -> Sequence[Mapping[str, str | None]]:
        found: list[Mapping[str, str | None]] = []
        for number, name in reversed(self._files()):
            if len(found) == limit:
                break
            with suppress(FileNotFoundError):  # removed as the oldest, meanwhile
                found.append(json.loads(self._path(number, name).read_bytes()))
        return found

    def _files(self) -> list[tuple[int, str]]:
        matches = (_FILE.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted((int(m[1]), m[2]) for m in matches if m)

    def _path(self, number: int, name: str) -> Path:
        return self._folder / f"{number:012}-{name}.json"
