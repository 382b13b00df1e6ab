"""The projection for other readers follows the ledger."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.embedded.exchange import exchange, put_in_place
from tasks.adapters.embedded.file_names import file_name
from tasks.adapters.embedded.lake import EmbeddedLake
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.links import link_or_copy
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.ports.ledger import Arrival, NewRelease, ReleaseFile
from tasks.ports.objects import NoSuchObject


@dataclass
class Store:
    root: Path
    objects: DirectoryObjects
    ledger: SqliteLedger
    lake: EmbeddedLake

    def publish(self, release: str, day: int, *parts: bytes, source: str = "S") -> None:
        at = f"2023-01-{day:02}T00:00:00Z"
        files = []
        for number, body in enumerate(parts):
            key = f"releases/{release}/part-{number:04}.parquet"
            self.objects.put(key, body)
            files.append(ReleaseFile(key, 1, len(body)))
        lease = self.ledger.claim(Arrival(release, "k", "o", at, release, 1, None, None), release)
        new = NewRelease(
            release, "curva-carga", source, at, release, "P", "k", "o", release,
            1, 1, 0, 0, None, None, tuple(files), "doc",
        )  # fmt: skip
        self.ledger.publish(new, lease.claim, lease.fence)

    def shown(self) -> dict[str, bytes]:
        current = self.root / "lake" / "current"
        return {
            str(p.relative_to(current)): p.read_bytes() for p in sorted(current.rglob("*.parquet"))
        }


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    objects = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    yield Store(
        tmp_path,
        objects,
        ledger,
        EmbeddedLake(tmp_path / "lake", objects, ledger, tmp_path / "aside"),
    )
    ledger.close()


def test_shows_the_parts_of_the_current_release(store: Store) -> None:
    store.publish("r1", 1, b"one", b"two")

    store.lake.refresh("curva-carga", "S")

    assert store.shown() == {
        "curva-carga/S/part-0000.parquet": b"one",
        "curva-carga/S/part-0001.parquet": b"two",
    }


def test_keeps_no_byte_twice(store: Store) -> None:
    store.publish("r1", 1, b"one")
    store.lake.refresh("curva-carga", "S")

    shown = store.root / "lake/current/curva-carga/S/part-0000.parquet"
    assert shown.samefile(store.objects.path("releases/r1/part-0000.parquet"))


def test_a_new_release_replaces_all_parts_of_the_old(store: Store) -> None:
    store.publish("r1", 1, b"one", b"two")
    store.lake.refresh("curva-carga", "S")
    store.publish("r2", 2, b"new")

    store.lake.refresh("curva-carga", "S")

    assert store.shown() == {"curva-carga/S/part-0000.parquet": b"new"}


def test_a_late_refresh_does_not_go_backwards(store: Store) -> None:
    store.publish("r2", 2, b"new")
    store.lake.refresh("curva-carga", "S")
    store.publish("r1", 1, b"old")

    store.lake.refresh("curva-carga", "S")

    assert store.shown() == {"curva-carga/S/part-0000.parquet": b"new"}


def test_what_is_unpublished_disappears_with_its_folders(store: Store) -> None:
    store.publish("r1", 1, b"one")
    store.lake.refresh("curva-carga", "S")
    store.ledger.roll_back("curva-carga", "S", None, True, "x")

    store.lake.refresh("curva-carga", "S")

    assert list((store.root / "lake/current").iterdir()) == []
    assert store.objects.describe("releases/r1/part-0000.parquet").size == 3


def test_a_refresh_again_leaves_the_very_same_folder(store: Store) -> None:
    store.publish("r1", 1, b"one")
    store.lake.refresh("curva-carga", "S")
    folder = store.root / "lake/current/curva-carga/S"
    inode = folder.stat().st_ino

    store.lake.refresh("curva-carga", "S")

    assert folder.stat().st_ino == inode


def test_a_refresh_that_fails_leaves_what_was_shown(store: Store) -> None:
    store.publish("r1", 1, b"one")
    store.lake.refresh("curva-carga", "S")
    store.publish("r2", 2, b"new")
    store.objects.delete("releases/r2/")

    with pytest.raises(NoSuchObject) as caught:
        store.lake.refresh("curva-carga", "S")

    assert caught.value.key == "releases/r2/part-0000.parquet"
    assert store.shown() == {"curva-carga/S/part-0000.parquet": b"one"}
    assert list((store.root / "aside").iterdir()) == []


def test_a_source_of_any_name_has_one_folder_below_its_dataset(store: Store) -> None:
    store.publish("r1", 1, b"one", source="../a/b=*.x")
    store.publish("r2", 1, b"two", source="Vazões São José (1)")

    for source in ("../a/b=*.x", "Vazões São José (1)"):
        store.lake.refresh("curva-carga", source)

    assert list(store.shown().values()) == [b"one", b"two"]
    assert {len(Path(p).parts) for p in store.shown()} == {3}
    assert "curva-carga/Vazões São José (1)/part-0000.parquet" in store.shown()


def test_repair_makes_the_lake_what_the_ledger_says(store: Store) -> None:
    store.publish("r1", 1, b"one")
    store.publish("r2", 1, b"two", source="T")
    store.publish("r3", 1, b"three", source="U")
    store.lake.refresh("curva-carga", "U")
    current = store.root / "lake/current"
    (current / "curva-carga" / "gone").mkdir()
    (current / "curva-carga" / "gone" / "part-0000.parquet").write_bytes(b"old")
    (current / "curva-carga" / "T").mkdir()
    (current / "curva-carga" / "T" / "part-0000.parquet").write_bytes(b"changed")

    assert store.lake.drift() == [
        "lake/current/curva-carga/S is not what the ledger says",
        "lake/current/curva-carga/T is not what the ledger says",
        "lake/current/curva-carga/gone is not current any more",
    ]
    assert store.lake.repair() == 3
    assert (store.lake.drift(), store.lake.repair()) == ([], 0)
    assert list(store.shown().values()) == [b"one", b"two", b"three"]


def test_what_was_shown_before_is_kept_aside_for_a_while_only(store: Store) -> None:
    store.publish("r1", 1, b"one")
    store.lake.refresh("curva-carga", "S")
    store.publish("r2", 2, b"new")
    store.lake.refresh("curva-carga", "S")

    store.lake.repair()
    kept = [p.read_bytes() for p in (store.root / "aside").rglob("*.parquet")]
    EmbeddedLake(
        store.root / "lake", store.objects, store.ledger, store.root / "aside", keep_s=0
    ).repair()

    assert kept == [b"one"]
    assert list((store.root / "aside").iterdir()) == []


def test_a_reader_sees_one_release_or_the_other_whenever_it_looks(store: Store) -> None:
    store.publish("r0", 1, b"0" * 9, b"0" * 9)
    store.lake.refresh("curva-carga", "S")
    folder = store.root / "lake/current/curva-carga/S"
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(" ".join(sorted(p.name for p in folder.iterdir())))

    reader = threading.Thread(target=look)
    reader.start()
    for day in range(2, 20):
        store.publish(f"r{day}", day, *([b"%d" % day] * (day % 2 + 1)))
        store.lake.refresh("curva-carga", "S")
    done.set()
    reader.join()

    two = "part-0000.parquet part-0001.parquet"
    assert seen <= {two, "part-0000.parquet"}


@pytest.mark.parametrize("swap", [exchange, lambda one, other: False])
def test_folders_are_put_in_place_of_nothing_and_of_others(
    tmp_path: Path, swap: Callable[[Path, Path], bool]
) -> None:
    target = tmp_path / "target"
    for content in ("one", "two", "three"):
        aside = tmp_path / f"aside-{content}"
        (aside / "new").mkdir(parents=True)
        (aside / "new" / "f").write_text(content)

        put_in_place(aside / "new", target, swap=swap)

        assert (target / "f").read_text() == content


def test_what_cannot_be_linked_is_copied_with_its_times(tmp_path: Path) -> None:
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    source, far = tmp_path / "source", shm / f"ons-test-{os.getpid()}"
    source.write_bytes(b"rows")
    os.utime(source, ns=(1, 1_600_000_000_123_456_789))
    try:
        link_or_copy(source, far)

        assert far.read_bytes() == b"rows"
        assert far.stat().st_mtime_ns == 1_600_000_000_123_456_789
    finally:
        far.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        link_or_copy(tmp_path / "nothing", tmp_path / "x")


def test_swapping_with_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()

    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "other")


@given(st.text(max_size=300))
def test_every_text_makes_a_name_that_misleads_nobody(text: str) -> None:
    name = file_name(text)

    assert 0 < len(name.encode()) <= 200
    assert name[0] not in "._ "
    assert not set(name) & set("/\0*?[]{}=\\\n\r\t:'\"")


@given(st.text(max_size=150), st.text(max_size=150))
def test_different_texts_make_different_names(one: str, other: str) -> None:
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (file_name(one) == file_name(other)) == same


@pytest.mark.parametrize("text", ["CARGA_ENERGIA_2021", "GERACAO_USINA-2_2022_01", "curva-carga"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert file_name(text) == text
