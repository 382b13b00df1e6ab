"""What every object store promises."""

from __future__ import annotations

import contextlib

import pytest

from tasks.ports.objects import NoSuchObject, ObjectStore


def read(objects: ObjectStore, key: str) -> bytes:
    with objects.open(key) as body:
        return body.read()


def keys(objects: ObjectStore, prefix: str = "") -> list[str]:
    return [info.key for info in objects.list(prefix)]


def test_what_is_put_is_read_back(objects: ObjectStore) -> None:
    objects.put("raw/a/São Paulo (1).csv", b"x;y\n")

    assert read(objects, "raw/a/São Paulo (1).csv") == b"x;y\n"


def test_a_put_replaces_content_and_metadata(objects: ObjectStore) -> None:
    objects.put("a", b"one", metadata={"origin": "x"})
    objects.put("a", b"second")

    info = objects.describe("a")

    assert (read(objects, "a"), info.size, info.metadata) == (b"second", 6, {})


def test_an_open_object_is_read_to_its_end_though_it_is_replaced_or_deleted(
    objects: ObjectStore,
) -> None:
    objects.put("a", b"before")
    with objects.open("a") as first:
        objects.put("a", b"after")
        objects.delete("a")

        assert first.read() == b"before"


def test_describes_size_time_and_metadata(objects: ObjectStore) -> None:
    objects.put("a", b"12345", metadata={"origin": "Vazões/ç.csv", "published-at": "2023"})

    info = objects.describe("a")

    assert (info.key, info.size) == ("a", 5)
    assert info.metadata == {"origin": "Vazões/ç.csv", "published-at": "2023"}
    assert info.modified_at.endswith("Z")
    assert info.modified_at > "2026"


@pytest.mark.parametrize("missing", ["nothing", "folder", "folder/a/below", "folder/b"])
def test_a_missing_key_is_named(objects: ObjectStore, missing: str) -> None:
    objects.put("folder/a", b"")

    for ask in (objects.open, objects.describe, lambda k: objects.copy(k, "t"), _local(objects)):
        with pytest.raises(NoSuchObject) as caught:
            ask(missing)
        assert caught.value.key == missing
    assert keys(objects) == ["folder/a"]


def _local(objects: ObjectStore):  # type: ignore[no-untyped-def]  # a callable for the table above
    def ask(key: str) -> None:
        with objects.local(key):
            pass

    return ask


def test_a_local_file_has_the_content(objects: ObjectStore) -> None:
    objects.put("a/b", b"content")

    with objects.local("a/b") as path:
        assert path.read_bytes() == b"content"


def test_a_file_from_scratch_becomes_an_object(objects: ObjectStore) -> None:
    with objects.scratch() as folder:
        (folder / "part").write_bytes(b"rows")
        objects.put_file("p/q", folder / "part", metadata={"m": "1"})

    assert read(objects, "p/q") == b"rows"
    assert objects.describe("p/q").metadata == {"m": "1"}
    assert not folder.exists()


def test_scratch_folders_are_apart_and_are_no_objects(objects: ObjectStore) -> None:
    with objects.scratch() as one, objects.scratch() as two:
        (one / "x").write_bytes(b"")

        assert one != two
        assert keys(objects) == []


def test_scratch_is_removed_after_an_error_too(objects: ObjectStore) -> None:
    with contextlib.suppress(RuntimeError), objects.scratch() as folder:
        (folder / "x").write_bytes(b"")
        raise RuntimeError

    assert not folder.exists()


def test_a_copy_has_content_and_metadata_and_a_life_of_its_own(objects: ObjectStore) -> None:
    objects.put("a", b"one", metadata={"m": "1"})
    objects.put("b", b"old", metadata={"m": "2"})

    objects.copy("a", "b")
    objects.copy("a", "b")
    objects.put("a", b"two")

    assert (read(objects, "a"), read(objects, "b")) == (b"two", b"one")
    assert objects.describe("b").metadata == {"m": "1"}


def test_a_copy_onto_itself_changes_nothing(objects: ObjectStore) -> None:
    objects.put("a", b"one", metadata={"m": "1"})

    objects.copy("a", "a")

    assert read(objects, "a") == b"one"
    assert objects.describe("a").metadata == {"m": "1"}


def test_lists_in_the_order_of_keys(objects: ObjectStore) -> None:
    unsorted = ["a/b", "a-b", "a/a/c", "b", "a0", "é", "a/B"]
    for key in unsorted:
        objects.put(key, b"", metadata={"m": key})

    assert keys(objects) == sorted(unsorted)
    assert keys(objects, "a/") == ["a/B", "a/a/c", "a/b"]
    assert [i.metadata for i in objects.list("a/a/")] == [{"m": "a/a/c"}]
    assert keys(objects, "nothing/") == []


def test_deletes_one_object_and_not_its_namesakes(objects: ObjectStore) -> None:
    for key in ("a", "ab", "b/a"):
        objects.put(key, b"", metadata={"m": "1"})

    assert objects.delete("a") == 1
    assert objects.delete("a") == 0
    assert objects.delete("b") == 0
    assert keys(objects) == ["ab", "b/a"]


def test_deletes_what_lies_under_a_prefix_and_counts_it(objects: ObjectStore) -> None:
    for key in ("s/1-2/a", "s/1-2/b/c", "s/1-20/a"):
        objects.put(key, b"")

    assert objects.delete("s/1-2/") == 2
    assert objects.delete("s/1-2/") == 0
    assert keys(objects) == ["s/1-20/a"]


def test_what_was_deleted_can_be_put_again_without_its_old_metadata(objects: ObjectStore) -> None:
    objects.put("a/b", b"1", metadata={"m": "1"})
    objects.delete("a/b")
    objects.put("a/b", b"2")

    assert objects.describe("a/b").metadata == {}
