"""A local file becomes an object and an event."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.claim.spec import FileArrived
from tasks.copying import LARGE, PIECE
from tasks.errors import UnreadableFile
from tasks.intake import readable, receive

BODY = b"id_subsistema;val\nN;1\n"
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryObjects:
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "CARGA_2021.csv"
    path.write_bytes(BODY)
    os.utime(path, ns=(0, 1_680_000_000_500_000_000))
    return path


def test_the_event_tells_all_that_is_known_of_the_file(
    objects: DirectoryObjects, file: Path
) -> None:
    event = receive(file, origin="portal/CARGA_2021.csv", objects=objects, source="S")

    assert event == FileArrived(
        key=f"raw/{SHA}/CARGA_2021.csv",
        origin="portal/CARGA_2021.csv",
        published_at="2023-03-28T10:40:00.5Z",
        dataset=None,
        source="S",
        sha256=SHA,
        size=len(BODY),
    )


def test_raw_keeps_the_bytes_with_origin_and_time(objects: DirectoryObjects, file: Path) -> None:
    at = "2023-04-01T15:00:00Z"
    event = receive(file, origin="portal/CARGA_2021.csv", objects=objects, published_at=at)

    assert event.published_at == at
    assert objects.path(event.key).read_bytes() == BODY
    assert objects.describe(event.key).metadata == {
        "origin": "portal/CARGA_2021.csv",
        "published-at": at,
    }
    assert file.read_bytes() == BODY


def test_bytes_that_raw_has_are_not_kept_again(objects: DirectoryObjects, file: Path) -> None:
    first = receive(file, origin="CARGA_2021.csv", objects=objects)
    inode = objects.path(first.key).stat().st_ino

    second = receive(file, origin="other/CARGA_2021.csv", objects=objects, published_at="2024Z")

    assert second.key == first.key
    assert objects.path(first.key).stat().st_ino == inode
    assert objects.describe(first.key).metadata["origin"] == "CARGA_2021.csv"


def test_raw_bytes_that_were_cut_are_put_right(objects: DirectoryObjects, file: Path) -> None:
    key = f"raw/{SHA}/CARGA_2021.csv"
    objects.put(key, BODY[:5])

    receive(file, origin="CARGA_2021.csv", objects=objects)

    assert objects.path(key).read_bytes() == BODY


@pytest.mark.parametrize("size", [0, 1, PIECE, 2 * PIECE + 3, LARGE + 5])
def test_files_of_any_size_are_copied_and_hashed_whole(
    objects: DirectoryObjects, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "x.csv"
    body = os.urandom(size)
    path.write_bytes(body)

    event = receive(path, origin="x.csv", objects=objects)

    assert (event.size, event.sha256) == (size, hashlib.sha256(body).hexdigest())
    assert objects.path(event.key).read_bytes() == body


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite"])
def test_a_file_that_changes_while_it_is_read_is_not_taken(
    tmp_path: Path, file: Path, change: str
) -> None:
    objects = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")

    class Digest:
        """A hash that changes the file under its reader, as a download under way would."""

        def __init__(self) -> None:
            self._real = hashlib.sha256()

        def update(self, piece: bytes) -> None:
            self._real.update(piece)
            with file.open("r+b") as other:
                if change == "grow":
                    other.seek(0, os.SEEK_END)
                    other.write(b"S;2\n")
                elif change == "shrink":
                    other.truncate(10)
                else:
                    other.write(b"ID")
            os.utime(file, ns=(0, 1_680_000_000_500_000_000))

        def hexdigest(self) -> str:
            return self._real.hexdigest()

    with pytest.raises(UnreadableFile, match="changed while it was read"):
        receive(file, origin="CARGA_2021.csv", objects=objects, digest=Digest)

    assert list(objects.list("")) == []


def test_what_cannot_be_read_is_refused_with_the_reason(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableFile, match=r"gone\.csv: it cannot be read: No such file"):
        receive(tmp_path / "gone.csv", origin="gone.csv", objects=objects)
    with pytest.raises(UnreadableFile, match="it cannot be read: Is a directory"):
        receive(tmp_path, origin="folder", objects=objects)
    with pytest.raises(UnreadableFile, match="null: it is not a regular file"):
        receive(Path("/dev/null"), origin="/dev/null", objects=objects)


def test_nothing_is_left_in_scratch(objects: DirectoryObjects, file: Path, tmp_path: Path) -> None:
    receive(file, origin="CARGA_2021.csv", objects=objects)
    receive(file, origin="CARGA_2021.csv", objects=objects)

    assert list((tmp_path / "tmp").glob("scratch-*")) == []


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ("Vazo\u0303es.csv".encode(), "Vazões.csv"),
        ("Vazões.csv".encode("cp1252"), "Vazões.csv"),
        (b"a/\x81.csv", "a/\ufffd.csv"),
    ],
)
def test_a_name_in_any_encoding_becomes_text(named: bytes, text: str) -> None:
    assert readable(os.fsdecode(named)) == text


def test_a_file_with_a_name_from_an_old_archive_is_taken(
    objects: DirectoryObjects, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode("Vazões.csv".encode("cp1252"))
    path.write_bytes(BODY)

    event = receive(path, origin=str(path.name), objects=objects)

    assert (event.origin, event.key) == ("Vazões.csv", f"raw/{SHA}/Vazões.csv")
