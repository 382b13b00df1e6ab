"""The platform's object store, as Distributed Maps see it: one bucket, known by its placeholder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.adapters.embedded.objects import DirectoryObjects
from workflows.engine.objects import BUCKET, ObjectsFault, StoredObjects


@pytest.fixture
def objects(tmp_path: Path) -> StoredObjects:
    return StoredObjects(DirectoryObjects(tmp_path / "objects", tmp_path / "tmp"))


def test_what_is_put_is_read_and_listed_by_any_beginning_of_its_key(objects: StoredObjects) -> None:
    for key in ("in/2024/a.csv", "in/2024b.csv", "out/x"):
        objects.put(BUCKET, key, key.encode())

    listed = list(objects.list(BUCKET, "in/2024"))

    assert [(each.key, each.size) for each in listed] == [
        ("in/2024/a.csv", 13),
        ("in/2024b.csv", 12),
    ]
    assert listed[0].etag != listed[1].etag
    with objects.open(BUCKET, "out/x") as body:
        assert body.read() == b"out/x"


def test_an_etag_changes_with_the_object(objects: StoredObjects) -> None:
    objects.put(BUCKET, "k", b"one")
    (before,) = objects.list(BUCKET, "")
    objects.put(BUCKET, "k", b"three")

    (after,) = objects.list(BUCKET, "")

    assert before.etag != after.etag


def test_another_bucket_does_not_exist(objects: StoredObjects) -> None:
    for ask in (lambda: list(objects.list("other", "")), lambda: objects.open("other", "k"),
                lambda: objects.put("other", "k", b"")):  # fmt: skip
        with pytest.raises(ObjectsFault, match="The specified bucket does not exist: other"):
            ask()


def test_a_missing_object_is_told_as_s3_tells_it(objects: StoredObjects) -> None:
    for key in ("k", "../k"):
        with pytest.raises(ObjectsFault, match=f"The specified key does not exist: {key}"):
            objects.open(BUCKET, key)
    assert list(objects.list(BUCKET, "../")) == []
