"""ONS_HOME: created, recognised, refused."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tasks.adapters.embedded.home import open_home
from tasks.adapters.embedded.locks import locked, try_locked
from tasks.adapters.embedded.mounts import file_system_of
from tasks.errors import HomeUnusable

TABLE = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /mnt rw - nfs4 server:/x rw
31 30 0:27 / /mnt/local\\040disk rw master:1 - xfs /dev/vdb rw
32 22 0:28 / /home/ana rw - ext4 /dev/vdc rw
33 32 0:29 / /home/ana rw - fuse.sshfs ana@there: rw
"""


def test_a_new_home_has_its_folders_and_is_its_owners_alone(tmp_path: Path) -> None:
    home = open_home(tmp_path / "deep" / "home")

    made = sorted(p.name for p in home.path.iterdir())
    assert made == ["VERSION", "index", "lake", "notices", "objects", "run", "tmp"]
    assert (home.path / "VERSION").read_text() == "1\n"
    assert {p.stat().st_mode & 0o777 for p in (home.path, home.objects, home.run)} == {0o700}
    assert home.ledger == home.path / "ledger.sqlite"


def test_a_home_is_opened_again_with_what_it_holds(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    (home.objects / "x").write_text("kept")
    home.tmp.rmdir()

    assert open_home(tmp_path / "home") == home
    assert (home.objects / "x").read_text() == "kept"
    assert home.tmp.is_dir()


def test_a_volumes_own_folder_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()

    assert open_home(tmp_path).path == tmp_path


@pytest.mark.parametrize("sign", ["*", "?", "["])
def test_a_path_that_would_find_the_files_of_other_folders_is_refused(
    tmp_path: Path, sign: str
) -> None:
    with pytest.raises(HomeUnusable, match=rf"has a \{sign} in its path.*--home"):
        open_home(tmp_path / f"a{sign}b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_refused_in_words(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home").path
    home.chmod(0o500)

    with pytest.raises(HomeUnusable, match="cannot be written; set ONS_HOME or --home"):
        open_home(home)


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("mine")

    with pytest.raises(HomeUnusable, match=r"holds other things \(thesis.odt\).*--home"):
        open_home(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.odt"]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("2\n", "has format 2, this program knows format 1"),
        ("x", "says 'x' instead of a format number"),
        ("", "says '' instead of a format number"),
    ],
)
def test_a_newer_or_damaged_version_is_refused(tmp_path: Path, version: str, said: str) -> None:
    open_home(tmp_path)
    (tmp_path / "VERSION").write_text(version)

    with pytest.raises(HomeUnusable, match=said):
        open_home(tmp_path)


def test_a_file_in_place_of_the_home_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(HomeUnusable, match="cannot be used: File exists") as caught:
        open_home(tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_network_file_system_is_refused_by_name(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / {tmp_path} rw - cifs //server/share rw\n")

    with pytest.raises(HomeUnusable, match=r"network file system \(cifs\).*ONS_HOME"):
        open_home(tmp_path / "home", mounts=mounts)
    assert not (tmp_path / "home").exists()


def test_a_system_without_a_table_of_mounts_is_trusted(tmp_path: Path) -> None:
    assert open_home(tmp_path / "home", mounts=tmp_path / "nothing").path.is_dir()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/ons", "ext4"),
        ("/mnt/share/ons", "nfs4"),
        ("/mnt/local disk/ons", "xfs"),
        ("/mnt/local", "nfs4"),
        ("/home/ana/ons", "fuse.sshfs"),
        ("/home/anabel", "ext4"),
    ],
)
def test_the_innermost_and_latest_mount_tells_the_file_system(path: str, kind: str) -> None:
    assert file_system_of(Path(path), TABLE) == kind


def test_many_processes_may_create_the_same_home(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from tasks.adapters.embedded.home import open_home\n"
        "open_home(pathlib.Path(sys.argv[1]))\n"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "home")]) for _ in range(4)
    ]

    assert [racer.wait() for racer in racers] == [0, 0, 0, 0]
    assert (tmp_path / "home" / "VERSION").read_text() == "1\n"


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    with home.try_lock("sync") as first, home.try_lock("sync") as second:
        assert (first, second) == (True, False)
    with home.try_lock("sync") as third, home.try_lock("other") as other:
        assert (third, other) == (True, True)


def test_a_waiting_thread_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    order: list[str] = []
    started = threading.Event()

    def wait() -> None:
        started.set()
        with locked(tmp_path / "l"):
            order.append("second")

    with locked(tmp_path / "l"):
        thread = threading.Thread(target=wait)
        thread.start()
        started.wait()
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal, pathlib\n"
        "from tasks.adapters.embedded.locks import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "l")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with try_locked(tmp_path / "l") as while_alive:
        pass

    holder.kill()
    holder.communicate()

    with try_locked(tmp_path / "l") as after:
        assert (while_alive, after) == (False, True)
