"""The embedded platform is whole, lies in its home, and lets a test replace any part."""

import dataclasses

from tasks.settings import Settings
from tasks.wiring import Platform, wire


def test_the_platform_is_made_in_the_home_that_the_settings_name(tmp_path):
    platform = wire(Settings(home=tmp_path / "home"))

    platform.objects.put("raw/1/x.csv", b"a")
    assert (tmp_path / "home" / "objects" / "raw" / "1" / "x.csv").read_bytes() == b"a"
    assert platform.ledger.current() == []
    missing = [f.name for f in dataclasses.fields(Platform) if getattr(platform, f.name) is None]
    assert missing == ["executions"]


def test_two_platforms_on_one_home_see_the_same(tmp_path):
    settings = Settings(home=tmp_path / "home")
    wire(settings).objects.put("a", b"1")

    assert wire(settings).objects.describe("a").size == 1


def test_a_replacement_stands_in_for_the_adapter(tmp_path):
    clock = object()

    assert wire(Settings(home=tmp_path / "home"), clock=clock).clock is clock
