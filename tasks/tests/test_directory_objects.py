"""What is particular to objects that are files."""

from __future__ import annotations

import gc
import os
import string
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.embedded.keys import BadKeyError, check_key
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.ports.objects import NoSuchObject

BAD_KEYS = [
    "",
    "/a",
    "a/",
    "a//b",
    "..",
    "a/../../b",
    "./a",
    "a/.",
    "a\0b",
    ".metadata/a",
    ".lock",
    "a/" + "é" * 128,
    "\udcff",
]


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryObjects:
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


def files(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.name != ".lock")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_refuses_keys_that_lead_elsewhere(objects: DirectoryObjects, key: str) -> None:
    before = files(objects.root.parent)

    def copy_to(k: str) -> None:
        objects.put("fine", b"")
        objects.copy("fine", k)

    calls: list[Callable[[str], object]] = [
        objects.open,
        objects.describe,
        lambda k: objects.put(k, b"x"),
        copy_to,
    ]
    if key and not key.endswith("/"):
        calls.append(objects.delete)
    for call in calls:
        with pytest.raises(BadKeyError):
            call(key)

    objects.delete("fine")
    assert files(objects.root.parent) == before


@pytest.mark.parametrize("prefix", ["a", "../", "/", "a//", ".metadata/"])
def test_refuses_to_list_what_is_not_below_the_root(objects: DirectoryObjects, prefix: str) -> None:
    with pytest.raises(BadKeyError):
        list(objects.list(prefix))


def test_takes_a_segment_of_255_bytes(objects: DirectoryObjects) -> None:
    key = "raw/" + "é" * 127 + "x"
    objects.put(key, b"x", metadata={"m": "1"})

    assert objects.describe(key).metadata == {"m": "1"}


def test_an_object_and_a_folder_cannot_have_one_name(objects: DirectoryObjects) -> None:
    objects.put("a", b"object", metadata={"m": "1"})
    objects.put("b/c", b"object")

    with pytest.raises(BadKeyError):
        objects.put("a/x", b"")
    with pytest.raises(BadKeyError):
        objects.put("b", b"")

    assert [i.key for i in objects.list("")] == ["a", "b/c"]
    assert objects.describe("a").metadata == {"m": "1"}


def test_leaves_no_file_behind_when_everything_is_deleted(objects: DirectoryObjects) -> None:
    empty = files(objects.root)
    objects.put("a/b/c", b"1", metadata={"m": "1"})
    objects.copy("a/b/c", "d/e")
    objects.copy("a/b/c", "d/e")  # both names are one content already

    objects.delete("")

    assert files(objects.root) == empty


def test_a_deleted_sibling_does_not_take_the_folder_away(objects: DirectoryObjects) -> None:
    objects.put("a/b", b"1")
    objects.put("a/c", b"1")
    objects.delete("a/b")

    assert [i.key for i in objects.list("a/")] == ["a/c"]


def test_objects_are_read_only_files_and_copies_share_their_content(
    objects: DirectoryObjects,
) -> None:
    objects.put("a", b"1")
    objects.copy("a", "b")

    assert objects.path("a").stat().st_mode & 0o777 == 0o444
    assert objects.path("a").samefile(objects.path("b"))


def test_a_file_is_moved_in_and_a_linked_one_copied(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    own, other, link = tmp_path / "own", tmp_path / "other", tmp_path / "link"
    own.write_bytes(b"own")
    other.write_bytes(b"other")
    link.symlink_to(other)
    inode = own.stat().st_ino

    objects.put_file("own", own)
    objects.put_file("other", link)
    other.write_bytes(b"changed")

    assert objects.path("own").stat().st_ino == inode
    assert objects.path("other").read_bytes() == b"other"


def test_a_file_of_another_file_system_is_copied_in(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    far = shm / f"ons-test-{os.getpid()}"
    try:
        far.write_bytes(b"far")
        objects.put_file("a", far)
    finally:
        far.unlink(missing_ok=True)

    assert objects.path("a").read_bytes() == b"far"


def test_a_file_that_is_not_there_leaves_the_object_as_it_was(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    objects.put("a", b"old")
    before = files(objects.root)

    with pytest.raises(FileNotFoundError):
        objects.put_file("a", tmp_path / "nothing")

    assert objects.path("a").read_bytes() == b"old"
    assert files(objects.root) == before


def test_readers_never_see_one_puts_content_with_anothers_metadata(
    objects: DirectoryObjects,
) -> None:
    objects.put("a", b"1", metadata={"size": "1"})
    seen: set[tuple[int, str]] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            info = objects.describe("a")
            seen.add((info.size, info.metadata.get("size", "none")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(30):
        objects.put("a", b"22", metadata={"size": "2"})
        objects.put("a", b"1", metadata={"size": "1"})
    done.set()
    watcher.join()

    assert seen <= {(1, "1"), (2, "2")}


def test_puts_and_deletes_of_neighbours_do_not_disturb_each_other(
    objects: DirectoryObjects,
) -> None:
    failures: list[Exception] = []

    def churn(name: str) -> None:
        try:
            for _ in range(30):
                objects.put(f"s/t/{name}", b"x", metadata={"m": name})
                assert objects.describe(f"s/t/{name}").metadata == {"m": name}
                objects.delete(f"s/t/{name}")
        except Exception as error:  # carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=churn, args=(n,)) for n in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert list(objects.list("")) == []


@given(st.text(alphabet=st.sampled_from(string.ascii_letters + "./\0é "), max_size=12))
def test_every_key_is_refused_or_is_the_one_name_of_a_place_below_the_root(key: str) -> None:
    try:
        check_key(key)
    except BadKeyError:
        return

    path = os.path.normpath(f"/root/{key}")
    assert path == f"/root/{key}"
    assert not key.startswith(".")


_VICTIM = """
import os, signal, sys
from pathlib import Path
from tasks.adapters.embedded.objects import DirectoryObjects

root = Path(sys.argv[1])
objects = DirectoryObjects(root / "objects", root / "tmp")
with objects.scratch() as folder:
    (folder / "half").write_bytes(b"a file")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(
    tmp_path: Path,
) -> None:
    objects = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
    with objects.scratch() as mine:
        subprocess.run([sys.executable, "-c", _VICTIM, str(tmp_path)], check=False)
        left = {p for p in (tmp_path / "tmp").glob("scratch-*") if p != mine}

        other = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
        with other.scratch() as theirs:
            now = set((tmp_path / "tmp").glob("scratch-*"))

        assert len(left) == 1
        assert now == {mine, theirs}
        assert len(list((tmp_path / "objects/.incoming").glob("scratch-*"))) == 2


def test_a_store_that_is_let_go_leaves_no_folder(tmp_path: Path) -> None:
    objects = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
    objects.put("a", b"1")
    del objects
    gc.collect()

    assert list((tmp_path / "objects/.incoming").glob("scratch-*")) == []


def test_a_folder_is_no_object(objects: DirectoryObjects) -> None:
    objects.put("a/b", b"")

    with pytest.raises(NoSuchObject):
        objects.describe("a")
