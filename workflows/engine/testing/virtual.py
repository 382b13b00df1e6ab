"""Time, chance and objects that a test holds in its hand."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from workflows.engine.objects import Listed, ObjectsFault

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z: when an execution of a test starts unless it says otherwise."""


class VirtualClock:
    """Time that passes at once when somebody sleeps, and never else."""

    def __init__(self, now: float = START) -> None:
        self._now = now

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """It is later at once."""
        self._now += seconds


class SeededJitter:
    """The same chances in every test."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 a test must be repeatable

    def fraction(self) -> float:
        """From 0 up to 1."""
        return self._random.random()


class Buckets:
    """Objects in memory, by bucket and key; what a machine writes is among them afterwards."""

    def __init__(self, buckets: Mapping[str, Mapping[str, str | bytes]]) -> None:
        self.content = {
            bucket: {
                key: body.encode() if isinstance(body, str) else body for key, body in b.items()
            }
            for bucket, b in buckets.items()
        }

    @classmethod
    def under(cls, folder: Path) -> Buckets:
        """The files of a folder: `<bucket>/<key>`."""
        return cls(
            {
                bucket.name: {
                    path.relative_to(bucket).as_posix(): path.read_bytes()
                    for path in sorted(bucket.rglob("*"))
                    if path.is_file()
                }
                for bucket in sorted(folder.iterdir())
                if bucket.is_dir()
            }
        )

    def list(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """As `Objects.list`."""
        for key, body in sorted(self._bucket(bucket).items()):
            if key.startswith(prefix):
                tag = hashlib.md5(body, usedforsecurity=False).hexdigest()
                yield Listed(key, len(body), START, tag)

    def open(self, bucket: str, key: str) -> BinaryIO:
        """As `Objects.open`."""
        objects = self._bucket(bucket)
        if key not in objects:
            raise ObjectsFault(f"The specified key does not exist: {key}")
        return BytesIO(objects[key])

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """As `Objects.put`; the bucket is made where there is none."""
        self.content.setdefault(bucket, {})[key] = body

    def _bucket(self, bucket: str) -> Mapping[str, bytes]:
        if bucket not in self.content:
            raise ObjectsFault(f"The specified bucket does not exist: {bucket}")
        return self.content[bucket]
