"""What every ledger promises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from tasks.errors import ClaimHeld, ClaimLost, NoSuchRelease
from tasks.ports.ledger import (
    Arrival,
    Ledger,
    NewRelease,
    ReleaseFile,
    ReleaseState,
    Rollback,
    Standing,
)

DATASET, SOURCE = "carga-energia", "CARGA_ENERGIA_2021"
Publish = Callable[..., str]


def arrived(sha256: str = "A", day: int = 1, *, dataset: str | None = None) -> Arrival:
    return Arrival(
        claim=hashlib.sha256(f"{sha256}{day}{dataset}".encode()).hexdigest(),
        key=f"raw/{sha256}/x.csv",
        origin="x.csv",
        published_at=f"2023-01-{day:02}T00:00:00Z",
        sha256=sha256,
        size=3,
        dataset=dataset,
        source=None,
    )


def made_of(arrival: Arrival, processing: str = "P1", source: str = SOURCE) -> NewRelease:
    name = f"{arrival.sha256}{arrival.published_at[8:10]}{processing}"
    name += "" if source == SOURCE else source
    return NewRelease(
        release=name,
        dataset=DATASET,
        source=source,
        published_at=arrival.published_at,
        sha256=arrival.sha256,
        processing=processing,
        raw_key=arrival.key,
        source_file="x.csv",
        execution=f"execution-{name}",
        rows_read=3,
        rows_published=2,
        rows_quarantined=1,
        findings=1,
        first_time="2021-01-01",
        last_time=None,
        parts=(ReleaseFile(f"releases/{name}/part-0000.parquet", 2, 100),),
        document=f"releases/{name}/release.json",
    )


@pytest.fixture
def ingest(ledger: Ledger) -> Publish:
    """What the machine does with a file: what it stands as, else the state it is published in."""

    def run(sha256: str, day: int, processing: str = "P1", source: str = SOURCE) -> str:
        arrival = arrived(sha256, day)
        new = made_of(arrival, processing, source)
        lease = ledger.claim(arrival, new.execution)
        standing = ledger.standing(DATASET, source, arrival.published_at, sha256, processing)
        if standing.standing != "new":
            ledger.settle(lease.claim, lease.fence)
            return standing.standing
        return ledger.publish(new, lease.claim, lease.fence)

    return run


def states(ledger: Ledger) -> dict[str, ReleaseState]:
    return {r.new.release: r.state for r in ledger.releases(DATASET)}


def back(
    ledger: Ledger, to: str | None = None, *, unpublish: bool = False, by: str = "r1"
) -> Rollback:
    return ledger.roll_back(DATASET, SOURCE, to, unpublish, by)


# Leases


def test_a_claim_is_held_by_one_execution(ledger: Ledger) -> None:
    ledger.claim(arrived(), "one")

    with pytest.raises(ClaimHeld) as caught:
        ledger.claim(arrived(), "two")

    assert (caught.value.claim, caught.value.holder) == (arrived().claim, "one")


def test_the_holder_gets_the_same_lease_again(ledger: Ledger) -> None:
    lease = ledger.claim(arrived(), "one")

    assert ledger.claim(arrived(), "one") == lease


def test_every_lease_has_a_larger_fence_than_any_before(ledger: Ledger) -> None:
    fences = []
    for arrival, execution in [(arrived(), "one"), (arrived("B"), "two"), (arrived(), "one")]:
        lease = ledger.claim(arrival, execution)
        fences.append(lease.fence)
        ledger.settle(lease.claim, lease.fence)

    assert fences == sorted(set(fences))


def test_a_settled_lease_is_held_no_more(ledger: Ledger) -> None:
    lease = ledger.claim(arrived(), "one")
    ledger.hold(lease.claim, lease.fence)

    assert ledger.settle(lease.claim, lease.fence) is True
    assert ledger.settle(lease.claim, lease.fence) is False
    with pytest.raises(ClaimLost):
        ledger.hold(lease.claim, lease.fence)


def test_a_zombie_can_do_nothing_with_its_old_fence(ledger: Ledger) -> None:
    old = ledger.claim(arrived(), "zombie")
    ledger.settle(old.claim, old.fence)
    new = ledger.claim(arrived(), "heir")

    for act in (
        lambda: ledger.hold(old.claim, old.fence),
        lambda: ledger.intend(old.claim, old.fence, DATASET, "r"),
        lambda: ledger.publish(made_of(arrived()), old.claim, old.fence),
        lambda: ledger.reject(old.claim, old.fence, "zombie", "CutOff", "cut off"),
    ):
        with pytest.raises(ClaimLost):
            act()
    assert ledger.settle(old.claim, old.fence) is False
    assert ledger.releases(DATASET) == []
    ledger.hold(new.claim, new.fence)


def test_leases_are_listed_oldest_first_with_what_they_intend(ledger: Ledger) -> None:
    first = ledger.claim(arrived("A"), "one")
    second = ledger.claim(arrived("B"), "two")
    third = ledger.claim(arrived("C"), "three")
    ledger.settle(second.claim, second.fence)
    ledger.intend(first.claim, first.fence, DATASET, "r9")

    assert ledger.leases(10) == [replace(first, dataset=DATASET, release="r9"), third]
    assert ledger.leases(1) == [replace(first, dataset=DATASET, release="r9")]


def test_arrivals_are_kept_as_they_first_came(ledger: Ledger, ingest: Publish) -> None:
    ledger.claim(arrived("Z", 9), "one")
    ledger.claim(arrived("Y", 1, dataset="curva-carga"), "two")
    ingest("A", 1)

    assert ledger.arrivals() == [
        arrived("Z", 9),
        arrived("Y", 1, dataset="curva-carga"),
        arrived("A", 1),
    ]
    assert ledger.arrivals("curva-carga") == [arrived("Y", 1, dataset="curva-carga")]
    assert ledger.arrivals(DATASET) == [arrived("A", 1)]


def test_a_rejected_file_is_claimed_again_and_runs_again(ledger: Ledger) -> None:
    lease = ledger.claim(arrived(), "one")
    ledger.reject(lease.claim, lease.fence, "one", "CutOff", "x.csv: cut off")
    ledger.reject(lease.claim, lease.fence, "one", "CutOff", "x.csv: cut off")
    ledger.settle(lease.claim, lease.fence)

    again = ledger.claim(arrived(), "two")
    standing = ledger.standing(DATASET, SOURCE, arrived().published_at, "A", "P1")

    assert again.fence > lease.fence
    assert standing == Standing("new")


# Publishing


def test_a_published_release_is_given_back_whole(ledger: Ledger, ingest: Publish) -> None:
    assert ingest("A", 1) == "current"

    record = ledger.release("A01P1")
    assert record.new == made_of(arrived("A", 1))
    assert (record.state, record.knowledge) == ("current", "pending")
    assert record.committed_at.endswith("Z")
    assert ledger.current() == ledger.current(DATASET) == ledger.releases(DATASET) == [record]
    assert ledger.is_published("A01P1")
    assert ledger.leases(10) == []


def test_an_unknown_release_is_named(ledger: Ledger) -> None:
    with pytest.raises(NoSuchRelease, match="'nothing'"):
        ledger.release("nothing")
    assert not ledger.is_published("nothing")
    assert ledger.current("other") == ledger.releases("other") == []


def test_publishing_twice_is_publishing_once(ledger: Ledger, ingest: Publish) -> None:
    lease = ledger.claim(arrived("A", 1), "one")
    answers = [ledger.publish(made_of(arrived("A", 1)), lease.claim, lease.fence)]
    record, entries = ledger.release("A01P1"), ledger.outbox()
    answers.append(ledger.publish(made_of(arrived("A", 1)), lease.claim, lease.fence))

    assert answers == ["current", "current"]
    assert (ledger.release("A01P1"), ledger.outbox()) == (record, entries)


def test_a_repeated_publish_gives_the_first_answer_whatever_came_since(
    ledger: Ledger, ingest: Publish
) -> None:
    lease = ledger.claim(arrived("A", 1), "one")
    ledger.publish(made_of(arrived("A", 1)), lease.claim, lease.fence)
    ingest("B", 2)

    assert ledger.publish(made_of(arrived("A", 1)), lease.claim, lease.fence) == "current"
    assert states(ledger) == {"B02P1": "current", "A01P1": "superseded"}


def test_a_release_that_another_lease_committed_is_not_committed_again(
    ledger: Ledger, ingest: Publish
) -> None:
    late = ledger.claim(arrived("A", 1, dataset=DATASET), "late")
    ingest("A", 1)
    record = ledger.release("A01P1")

    assert ledger.publish(made_of(arrived("A", 1)), late.claim, late.fence) == "current"
    assert ledger.release("A01P1") == record
    assert ledger.leases(10) == []


def test_a_newer_publication_supersedes(ledger: Ledger, ingest: Publish) -> None:
    assert [ingest("A", 1), ingest("B", 2)] == ["current", "current"]
    assert states(ledger) == {"B02P1": "current", "A01P1": "superseded"}


def test_an_older_publication_is_archived(ledger: Ledger, ingest: Publish) -> None:
    assert [ingest("B", 2), ingest("A", 1)] == ["current", "archived"]
    assert states(ledger) == {"B02P1": "current", "A01P1": "archived"}


def test_fractions_of_a_second_count_in_the_order(ledger: Ledger) -> None:
    for sha256, at in (("B", "2023-01-01T00:00:00.5Z"), ("A", "2023-01-01T00:00:00Z")):
        arrival = replace(arrived(sha256), published_at=at)
        lease = ledger.claim(arrival, sha256)
        ledger.publish(made_of(arrival), lease.claim, lease.fence)

    assert [r.new.sha256 for r in ledger.releases(DATASET)] == ["B", "A"]
    assert [r.new.sha256 for r in ledger.current()] == ["B"]


def test_of_two_published_at_once_the_later_arrival_wins(ledger: Ledger) -> None:
    first = ledger.claim(arrived("A", 1), "one")
    second = ledger.claim(arrived("B", 1), "two")

    assert ledger.publish(made_of(arrived("B", 1)), second.claim, second.fence) == "current"
    assert ledger.publish(made_of(arrived("A", 1)), first.claim, first.fence) == "archived"


def test_sources_do_not_disturb_each_other(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 2)
    ingest("B", 1, source="OTHER")

    assert [r.new.source for r in ledger.current(DATASET)] == [SOURCE, "OTHER"]
    assert [r.new.sha256 for r in ledger.releases(DATASET, "OTHER")] == ["B"]


def test_a_newer_processing_of_the_current_publication_takes_over(
    ledger: Ledger, ingest: Publish
) -> None:
    assert [ingest("A", 1), ingest("A", 1, "P2")] == ["current", "current"]
    assert states(ledger) == {"A01P2": "current", "A01P1": "superseded"}


def test_a_newer_processing_of_an_older_publication_is_archived(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    ingest("B", 2)

    assert ingest("A", 1, "P2") == "archived"
    assert [r.new.release for r in ledger.releases(DATASET)] == ["B02P1", "A01P2", "A01P1"]


# Standing


def test_the_same_bytes_again_are_unchanged(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)

    assert ledger.standing(DATASET, SOURCE, arrived("A", 1).published_at, "A", "P1") == Standing(
        "unchanged", "A01P1"
    )
    assert [ingest("A", 1), ingest("A", 2)] == ["unchanged", "unchanged"]
    assert states(ledger) == {"A01P1": "current"}


def test_another_processing_is_news(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)

    assert ledger.standing(DATASET, SOURCE, arrived("A", 1).published_at, "A", "P2") == Standing(
        "new"
    )


def test_bytes_that_come_back_after_others_are_news(ledger: Ledger, ingest: Publish) -> None:
    assert [ingest("A", 1), ingest("B", 2), ingest("A", 3)] == ["current"] * 3
    assert states(ledger) == {"A03P1": "current", "B02P1": "superseded", "A01P1": "superseded"}


def test_a_b_a_ends_with_a_though_b_is_worked_on_last(ledger: Ledger, ingest: Publish) -> None:
    assert [ingest("A", 1), ingest("A", 3), ingest("B", 2)] == ["current", "unchanged", "archived"]
    assert states(ledger) == {"A01P1": "current", "B02P1": "archived"}


def test_a_later_appearance_gets_a_release_of_its_own_with_a_new_processing(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    ingest("A", 3)

    assert ingest("A", 3, "P2") == "current"
    assert states(ledger) == {"A03P2": "current", "A01P1": "superseded"}


def test_an_older_appearance_of_the_current_bytes_is_archived_not_unchanged(
    ledger: Ledger, ingest: Publish
) -> None:
    assert [ingest("A", 3), ingest("A", 1)] == ["current", "archived"]


# Rollback


def test_a_rollback_goes_to_the_predecessor(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("B", 2)

    assert back(ledger) == Rollback("A01P1", "B02P1", ("B02P1",))
    assert states(ledger) == {"B02P1": "withdrawn", "A01P1": "current"}


def test_a_predecessor_that_never_was_current_counts(ledger: Ledger, ingest: Publish) -> None:
    ingest("B", 2)
    ingest("A", 1)

    assert back(ledger).current == "A01P1"


def test_the_same_execution_rolls_back_once(ledger: Ledger, ingest: Publish) -> None:
    for sha256, day in (("A", 1), ("B", 2), ("C", 3)):
        ingest(sha256, day)

    first = back(ledger, by="x")

    assert back(ledger, by="x") == first
    assert back(ledger, by="y") == Rollback("A01P1", "B02P1", ("B02P1",))
    assert back(ledger, by="x") == first


def test_rolled_back_bytes_that_come_again_are_archived(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("B", 2)
    back(ledger)

    assert [ingest("B", 2), ingest("B", 3)] == ["archived", "archived"]
    assert ledger.standing(DATASET, SOURCE, arrived("B", 3).published_at, "B", "P1") == Standing(
        "archived", "B02P1"
    )
    assert [r.new.release for r in ledger.current()] == ["A01P1"]


def test_a_new_processing_does_not_bring_a_withdrawn_publication_back(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    ingest("B", 2)
    back(ledger)

    assert ingest("B", 2, "P2") == "withdrawn"
    assert [r.new.release for r in ledger.current()] == ["A01P1"]


def test_news_after_a_rollback_is_published(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("B", 2)
    back(ledger)

    assert ingest("C", 3) == "current"
    assert back(ledger, by="r2") == Rollback("A01P1", "C03P1", ("C03P1",))


def test_the_current_bytes_after_a_rollback_are_unchanged(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("B", 2)
    back(ledger)

    assert ingest("A", 3) == "unchanged"


def test_a_rollback_to_a_release_withdraws_all_that_is_newer(
    ledger: Ledger, ingest: Publish
) -> None:
    for sha256, day in (("A", 1), ("B", 2), ("C", 3)):
        ingest(sha256, day)

    assert back(ledger, "A01P1") == Rollback("A01P1", "C03P1", ("C03P1", "B02P1"))
    assert back(ledger, "A01P1", by="r2") == Rollback("A01P1", "A01P1", ())


def test_a_withdrawn_release_can_be_brought_back(ledger: Ledger, ingest: Publish) -> None:
    for sha256, day in (("A", 1), ("B", 2), ("C", 3)):
        ingest(sha256, day)
    back(ledger, "A01P1")

    assert back(ledger, "B02P1", by="r2") == Rollback("B02P1", "A01P1", ())
    assert states(ledger) == {"C03P1": "withdrawn", "B02P1": "current", "A01P1": "superseded"}


def test_a_rollback_can_go_to_an_older_processing(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("A", 1, "P2")

    assert back(ledger, "A01P1") == Rollback("A01P1", "A01P2", ("A01P2",))
    assert [ingest("A", 1, "P2"), ingest("A", 1), ingest("A", 1, "P3")] == [
        "archived",
        "unchanged",
        "current",
    ]


def test_a_rollback_without_to_leaves_the_publication_not_only_its_processing(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    ingest("B", 2)
    ingest("B", 2, "P2")

    assert back(ledger) == Rollback("A01P1", "B02P2", ("B02P2", "B02P1"))


def test_a_rollback_leaves_all_appearances_of_the_current_bytes(
    ledger: Ledger, ingest: Publish
) -> None:
    for sha256, day in (("A", 1), ("B", 2), ("B", 3)):
        ingest(sha256, day)

    assert back(ledger) == Rollback("A01P1", "B02P1", ("B02P1",))
    assert [ingest("B", 3), ingest("B", 4)] == ["archived", "archived"]


def test_a_rollback_from_a_later_appearance_goes_to_what_was_between(
    ledger: Ledger, ingest: Publish
) -> None:
    for sha256, day in (("A", 1), ("A", 3), ("B", 2)):
        ingest(sha256, day)

    assert back(ledger).current == "B02P1"
    assert states(ledger) == {"B02P1": "current", "A01P1": "superseded"}
    assert ingest("A", 3) == "archived"


def test_without_a_predecessor_a_rollback_is_refused(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("A", 2)

    with pytest.raises(NoSuchRelease, match="--unpublish"):
        back(ledger)
    assert states(ledger) == {"A01P1": "current"}


def test_unpublishing_leaves_nothing_current(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("A", 2)

    assert back(ledger, unpublish=True) == Rollback(None, "A01P1", ("A01P1",))
    assert ledger.current() == []
    assert states(ledger) == {"A01P1": "withdrawn"}
    assert [ingest("A", 1), ingest("A", 2)] == ["archived", "archived"]
    with pytest.raises(NoSuchRelease, match="no current release"):
        back(ledger, by="r2")
    assert back(ledger, "A01P1", by="r3") == Rollback("A01P1", None, ())


def test_unpublishing_with_a_predecessor_goes_to_the_predecessor(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    ingest("B", 2)

    assert back(ledger, unpublish=True).current == "A01P1"


def test_a_release_of_another_source_is_no_place_to_go_back_to(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    ingest("B", 1, source="OTHER")

    with pytest.raises(NoSuchRelease, match="no release 'B01P1OTHER'"):
        back(ledger, "B01P1OTHER")


# Outbox


def entries(ledger: Ledger) -> list[tuple[str, str]]:
    return [(e.kind, e.release) for e in ledger.outbox()]


def test_what_becomes_current_is_to_be_indexed_and_what_was_forgotten(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 2)
    assert entries(ledger) == [("index", "A02P1")]
    ingest("B", 3)
    assert entries(ledger) == [("forget", "A02P1"), ("index", "B03P1")]
    back(ledger)
    assert entries(ledger) == [("forget", "B03P1"), ("index", "A02P1")]
    ingest("C", 1)
    assert entries(ledger) == [("forget", "B03P1"), ("index", "A02P1")]


def test_knowledge_is_pending_until_the_entry_is_struck(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    (entry,) = ledger.outbox()
    before = ledger.release("A01P1").knowledge

    ledger.done(entry.number)
    ledger.done(entry.number)

    assert (before, ledger.release("A01P1").knowledge) == ("pending", "synced")
    assert ledger.outbox() == []


def test_striking_an_entry_that_was_overtaken_strikes_nothing_else(
    ledger: Ledger, ingest: Publish
) -> None:
    ingest("A", 1)
    (entry,) = ledger.outbox()
    ingest("B", 2)

    ledger.done(entry.number)

    assert entries(ledger) == [("forget", "A01P1"), ("index", "B02P1")]


def test_the_outbox_gives_no_more_than_asked_for(ledger: Ledger, ingest: Publish) -> None:
    ingest("A", 1)
    ingest("B", 2)

    assert [e.release for e in ledger.outbox(1)] == ["A01P1"]


def test_a_disowned_lease_cannot_publish_until_it_intends_again(ledger: Ledger) -> None:
    arrival = arrived()
    new = made_of(arrival)
    lease = ledger.claim(arrival, "one")
    ledger.intend(lease.claim, lease.fence, DATASET, new.release)

    assert ledger.disown(lease.claim, lease.fence)
    with pytest.raises(ClaimLost):
        ledger.publish(new, lease.claim, lease.fence)
    ledger.intend(lease.claim, lease.fence, DATASET, new.release)
    assert ledger.publish(new, lease.claim, lease.fence) == "current"


def test_a_lost_lease_has_nothing_to_disown(ledger: Ledger) -> None:
    lease = ledger.claim(arrived(), "one")
    ledger.settle(lease.claim, lease.fence)

    assert not ledger.disown(lease.claim, lease.fence)


def test_a_disowned_release_is_removed(ledger: Ledger) -> None:
    lease = ledger.claim(arrived(), "one")
    ledger.intend(lease.claim, lease.fence, DATASET, "r1")
    ledger.disown(lease.claim, lease.fence)

    assert ledger.discard(lease.claim, lease.fence, "r1", lambda: 7) == 7


@pytest.mark.parametrize("why", ["owned", "lost", "published", "another makes it"])
def test_what_is_or_may_become_somebodys_is_not_removed(ledger: Ledger, why: str) -> None:
    arrival, other = arrived(), arrived(dataset=DATASET)
    new = made_of(arrival)
    lease = ledger.claim(arrival, "one")
    ledger.intend(lease.claim, lease.fence, DATASET, new.release)
    if why != "owned":
        ledger.disown(lease.claim, lease.fence)
    if why == "lost":
        ledger.settle(lease.claim, lease.fence)
    if why in ("published", "another makes it"):
        theirs = ledger.claim(other, "two")
        ledger.intend(theirs.claim, theirs.fence, DATASET, new.release)
        if why == "published":
            ledger.publish(new, theirs.claim, theirs.fence)

    assert ledger.discard(lease.claim, lease.fence, new.release, lambda: 7) == 0


def test_two_leases_that_were_both_disowned_do_not_keep_each_other(ledger: Ledger) -> None:
    leases = [ledger.claim(a, "x") for a in (arrived(), arrived(dataset=DATASET))]
    for lease in leases:
        ledger.intend(lease.claim, lease.fence, DATASET, "r1")
        ledger.disown(lease.claim, lease.fence)

    assert ledger.discard(leases[0].claim, leases[0].fence, "r1", lambda: 7) == 7
