"""What every place for notices promises."""

from __future__ import annotations

from tasks.ports.notices import Notices


def test_the_newest_notice_comes_first_with_its_id_and_body(notices: Notices) -> None:
    notices.send("1", "CARGA published", {"status": "published", "reason": None})
    notices.send("2", "CURVA rejected", {"status": "rejected", "reason": "São Paulo?"})

    found = notices.recent()

    assert [n["id"] for n in found] == ["2", "1"]
    assert found[0] == {
        "id": "2",
        "subject": "CURVA rejected",
        "status": "rejected",
        "reason": "São Paulo?",
    }


def test_nobody_is_told_twice(notices: Notices) -> None:
    notices.send("1", "first", {})
    notices.send("2", "second", {})
    notices.send("1", "again", {})

    assert [n["id"] for n in notices.recent()] == ["2", "1"]


def test_gives_no_more_than_asked_for(notices: Notices) -> None:
    for id in "123":
        notices.send(id, "s", {})

    assert [n["id"] for n in notices.recent(2)] == ["3", "2"]
    assert notices.recent(0) == []


def test_the_oldest_make_room(notices: Notices) -> None:
    for id in "12345":
        notices.send(id, "s", {})

    assert [n["id"] for n in notices.recent()] == ["5", "4", "3"]


def test_an_id_may_be_any_text(notices: Notices) -> None:
    notices.send("../../é:x\n", "s", {})

    assert [n["id"] for n in notices.recent()] == ["../../é:x\n"]
