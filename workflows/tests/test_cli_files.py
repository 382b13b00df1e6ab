"""Which files a command line means."""

import os

import pytest

from tasks.errors import BadRequest
from workflows.cli.files import expand


def test_folders_are_searched_in_sorted_order_without_what_is_hidden(tmp_path):
    for name in ("b/z.csv", "b/a.csv", "a.csv", ".git/x.csv", "b/.x.csv", "c.xlsx"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    found = expand([str(tmp_path / "in")])

    names = [os.path.relpath(f.shown, tmp_path / "in") for f in found]
    assert names == ["a.csv", "c.xlsx", "b/a.csv", "b/z.csv"]


def test_a_file_is_shown_as_it_was_given_and_known_by_its_whole_path(tmp_path, monkeypatch):
    (tmp_path / "carga").mkdir()
    (tmp_path / "carga" / ".x.csv").touch()
    monkeypatch.chdir(tmp_path / "carga")

    (found,) = expand(["./.x.csv"])

    assert (found.shown, found.origin) == ("./.x.csv", str(tmp_path / "carga" / ".x.csv"))


def test_a_file_that_is_named_twice_is_taken_once(tmp_path):
    (tmp_path / "a.csv").touch()

    assert (
        len(expand([str(tmp_path / "a.csv"), str(tmp_path), f"{tmp_path}/../{tmp_path.name}"])) == 1
    )


def test_what_may_not_be_looked_at_is_refused_by_its_name():
    with pytest.raises(BadRequest, match=r"x{300}\.csv cannot be read: File name too long"):
        expand([f"{'x' * 300}.csv"])


@pytest.mark.parametrize("given", ["gone.csv", "empty", "pipe"])
def test_what_gives_no_file_is_refused_by_its_name(tmp_path, given):
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(BadRequest, match=given):
        expand([str(tmp_path / given)])
