"""Settings come from a mapping, and a wrong value names its variable."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import BadSetting
from tasks.settings import Settings, variables


def test_defaults_work_with_an_empty_environment_but_for_the_home_folder():
    settings = Settings.from_environ({"HOME": "/home/ana"})

    assert settings.home == Path("/home/ana/.local/share/ons")
    assert settings.large_file_bytes == 200_000_000


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_environ({"HOME": "/h", "ONS_WORKERS": ""}).workers == 2


def test_a_relative_home_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert Settings.from_environ({"ONS_HOME": "data"}).home == tmp_path / "data"


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "٣", " 3", "9" * 5000])
def test_a_number_that_cannot_be_is_refused_naming_its_variable(text):
    with pytest.raises(BadSetting) as caught:
        Settings.from_environ({"ONS_WORKERS": text})

    assert str(caught.value) == (f"ONS_WORKERS: expected a whole number, 1 or more, got {text!r}")


def test_a_home_that_is_no_path_is_refused():
    with pytest.raises(BadSetting, match="ONS_HOME"):
        Settings.from_environ({"ONS_HOME": "a\0b"})


@given(st.integers(1, 10**12), st.integers(64, 10**6) | st.none())
def test_the_environment_of_settings_makes_the_same_settings(size, memory):
    settings = Settings(home=Path("/x"), large_file_bytes=size, worker_memory_mb=memory)

    assert Settings.from_environ(settings.environ()) == settings


def test_every_variable_is_named_ons_and_has_a_sentence():
    told = list(variables())

    assert [name for name, _, _ in told if not name.startswith("ONS_")] == []
    assert [meaning for _, meaning, _ in told if not meaning.endswith(".")] == []
    assert ("ONS_HOME", "~/.local/share/ons") in {(n, d) for n, _, d in told}
