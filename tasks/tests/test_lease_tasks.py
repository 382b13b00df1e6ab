"""The tasks around the lease and the commit, on the embedded stores."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.embedded.lake import EmbeddedLake
from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.adapters.embedded.notices import FolderNotices
from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.claim.spec import Claimed, TakeClaim
from tasks.claim.task import claim
from tasks.discard_release.spec import DiscardWritten
from tasks.discard_release.task import discard_release
from tasks.discard_staging.spec import DiscardStaged
from tasks.discard_staging.task import discard_staging
from tasks.errors import ClaimHeld, ClaimLost, NoSuchExecution, NoSuchRelease
from tasks.find_abandoned.spec import AbandonedClaim, AbandonedFound, FindAbandoned
from tasks.find_abandoned.task import find_abandoned
from tasks.keys import name_of
from tasks.notify.spec import NotifyOutcome
from tasks.notify.task import notify
from tasks.ports.executions import Execution, HistoryEvent, Status
from tasks.ports.objects import NoSuchObject
from tasks.publish.spec import PublishRelease, ReleasePublished
from tasks.publish.task import publish
from tasks.reject.spec import CaughtError, Rejected, RejectFile
from tasks.reject.task import reject
from tasks.release_claim.spec import LeaseReleased, ReleaseLease
from tasks.release_claim.task import release_claim
from tasks.reports import Part, ReleaseDocument, dump
from tasks.rollback_release.spec import RollBack, RolledBack
from tasks.rollback_release.task import rollback_release

BODY = b"a;b\n1;2\n"
SHA = hashlib.sha256(BODY).hexdigest()
ARRIVED = TakeClaim(
    execution="e1",
    key="raw/x/CARGA.csv",
    origin="portal/CARGA.csv",
    published_at="2023-04-01T12:00:00Z",
    dataset=None,
    source=None,
    sha256=SHA,
    size=len(BODY),
)


@dataclass
class Platform:
    objects: DirectoryObjects
    ledger: SqliteLedger
    lake: EmbeddedLake
    notices: FolderNotices
    root: Path

    def claim(self, **changes: Any) -> Claimed:
        return claim(replace(ARRIVED, **changes), objects=self.objects, ledger=self.ledger)

    def write(self, claimed: Claimed, release: str = "r1", day: int = 1) -> PublishRelease:
        """What write_parquet leaves, as the event that publishes it."""
        prefix = f"releases/{release}/"
        self.objects.put(f"{prefix}part-0000.parquet", b"rows")
        self.objects.put(f"{prefix}quarantine.parquet", b"bad")
        document = ReleaseDocument(
            release=release,
            dataset="carga-energia",
            source="CARGA",
            published_at=f"2023-01-{day:02}T00:00:00Z",
            sha256=release,
            raw_key=ARRIVED.key,
            source_file="CARGA.csv",
            contract_version="1.0.0",
            contract_fingerprint="f",
            processing="1:f",
            rows_read=3,
            rows_published=2,
            rows_quarantined=1,
            first_time=None,
            last_time=None,
            header=("a", "b"),
            columns=("a", None),
            delimiter=";",
            encoding="utf-8",
            decimal=".",
            parts=(Part(f"{prefix}part-0000.parquet", 2, 4, 2, 3),),
            quarantine=f"{prefix}quarantine.parquet",
            findings=(),
        )
        self.objects.put(f"{prefix}release.json", dump(document))
        self.ledger.intend(claimed.claim, claimed.fence, "carga-energia", release)
        return PublishRelease(
            claim=claimed.claim,
            fence=claimed.fence,
            execution="e1",
            dataset="carga-energia",
            source="CARGA",
            release=release,
            release_document=f"{prefix}release.json",
        )

    def publish(self, event: PublishRelease) -> ReleasePublished:
        return publish(event, objects=self.objects, ledger=self.ledger, lake=self.lake)

    def shown(self) -> list[str]:
        current = self.root / "lake" / "current"
        return [str(p.relative_to(current)) for p in current.rglob("*.parquet")]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    objects = DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")
    ledger = SqliteLedger(tmp_path / "ledger.sqlite")
    lake = EmbeddedLake(tmp_path / "lake", objects, ledger, tmp_path / "aside")
    objects.put(ARRIVED.key, BODY, metadata={"published-at": "2023-05-01T09:00:00-03:00"})
    yield Platform(objects, ledger, lake, FolderNotices(tmp_path / "notices"), tmp_path)
    ledger.close()


# Claim


def test_a_claim_is_a_lease_with_a_place_to_write(platform: Platform) -> None:
    claimed = platform.claim()

    assert claimed == Claimed(
        claim=claimed.claim,
        fence=1,
        staging=f"staging/{claimed.claim[:16]}-1/",
        name="CARGA.csv",
        published_at="2023-04-01T12:00:00Z",
        sha256=SHA,
        size=len(BODY),
    )
    assert len(claimed.claim) == 64
    assert platform.claim() == claimed


def test_what_the_event_does_not_say_the_object_does(platform: Platform) -> None:
    claimed = platform.claim(sha256=None, size=None, published_at=None)

    assert (claimed.sha256, claimed.size) == (SHA, len(BODY))
    assert claimed.published_at == "2023-05-01T12:00:00Z"


def test_without_metadata_the_objects_time_counts(platform: Platform) -> None:
    platform.objects.put("raw/y", BODY)

    claimed = platform.claim(key="raw/y", published_at=None)

    assert claimed.published_at == platform.objects.describe("raw/y").modified_at


def test_a_time_without_a_zone_is_brasilias(platform: Platform) -> None:
    assert platform.claim(published_at="2023-04-01 09:00").published_at == "2023-04-01T12:00:00Z"


def test_the_same_event_is_one_claim_and_another_is_another(platform: Platform) -> None:
    first = platform.claim()
    changes: list[dict[str, Any]] = [
        {"origin": "portal/OTHER.csv"},
        {"published_at": "2023-04-02T12:00:00Z"},
        {"dataset": "carga-energia"},
        {"source": "CARGA"},
        {"sha256": "0" * 64},
    ]

    others = {platform.claim(**change).claim for change in changes}

    assert len(others | {first.claim}) == 6
    with pytest.raises(ClaimHeld):
        platform.claim(execution="e2", origin="elsewhere/CARGA.csv")


def test_a_missing_object_is_not_claimed(platform: Platform) -> None:
    with pytest.raises(NoSuchObject):
        platform.claim(key="raw/nothing")
    assert platform.ledger.arrivals() == []


def test_a_files_name_is_the_last_part_of_its_path_composed() -> None:
    assert name_of("dataset/vazões/Vazo\u0303es.csv") == "Vazões.csv"
    assert name_of("x.csv") == "x.csv"


# Publish


def test_publishing_commits_and_shows_the_release(platform: Platform) -> None:
    event = platform.write(platform.claim())

    assert platform.publish(event) == ReleasePublished("published")
    assert platform.shown() == ["carga-energia/CARGA/part-0000.parquet"]
    record = platform.ledger.release("r1")
    assert (record.state, record.new.execution, record.new.document) == (
        "current",
        "e1",
        "releases/r1/release.json",
    )


def test_publishing_again_after_a_lost_answer_answers_the_same(platform: Platform) -> None:
    event = platform.write(platform.claim())

    assert [platform.publish(event), platform.publish(event)] == [ReleasePublished("published")] * 2


def test_an_older_publication_is_archived_and_not_shown(platform: Platform) -> None:
    platform.publish(platform.write(platform.claim(), "r2", day=2))
    older = platform.write(platform.claim(sha256="0" * 64), "r1", day=1)

    assert platform.publish(older) == ReleasePublished("archived")
    assert (platform.root / "lake/current/carga-energia/CARGA/part-0000.parquet").samefile(
        platform.objects.path("releases/r2/part-0000.parquet")
    )


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda o: o.delete("releases/r1/part-0000.parquet"), NoSuchObject),
        (lambda o: o.delete("releases/r1/quarantine.parquet"), NoSuchObject),
        (lambda o: o.put("releases/r1/part-0000.parquet", b"cut"), ValueError),
    ],
)
def test_an_incomplete_release_is_not_committed(
    platform: Platform, spoil: Any, error: type[Exception]
) -> None:
    event = platform.write(platform.claim())
    spoil(platform.objects)

    with pytest.raises(error):
        platform.publish(event)
    assert not platform.ledger.is_published("r1")
    assert platform.shown() == []


def test_a_document_of_another_release_is_not_committed(platform: Platform) -> None:
    event = platform.write(platform.claim())

    with pytest.raises(ValueError, match=r"release\.json is of"):
        platform.publish(replace(event, release="r2"))


def test_a_zombie_publishes_nothing(platform: Platform) -> None:
    claimed = platform.claim()
    event = platform.write(claimed)
    platform.ledger.settle(claimed.claim, claimed.fence)
    platform.claim(execution="e2")

    with pytest.raises(ClaimLost):
        platform.publish(event)
    assert not platform.ledger.is_published("r1")


def test_a_zombie_whose_release_was_discarded_learns_that_its_lease_is_lost(
    platform: Platform,
) -> None:
    claimed = platform.claim()
    event = platform.write(claimed)
    platform.objects.delete("releases/r1/part-0000.parquet")
    platform.ledger.settle(claimed.claim, claimed.fence)

    with pytest.raises(ClaimLost):
        platform.publish(event)


def test_a_lake_that_cannot_be_renewed_does_not_undo_the_commit(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    event = platform.write(platform.claim())
    current = platform.root / "lake" / "current"
    current.rmdir()
    current.write_bytes(b"in the way")

    with caplog.at_level(logging.WARNING):
        answer = platform.publish(event)

    assert answer == ReleasePublished("published")
    assert platform.ledger.release("r1").state == "current"
    assert "ons doctor --repair" in caplog.text


# Reject


def test_the_reason_of_a_rejection_is_the_errors_own_sentence(platform: Platform) -> None:
    claimed = platform.claim()
    cause = json.dumps({"errorMessage": "CARGA.csv: cut off", "errorType": "CutOff"})
    event = RejectFile(claimed.claim, claimed.fence, "e1", CaughtError("CutOff", cause))

    assert reject(event, ledger=platform.ledger) == Rejected("CutOff", "CARGA.csv: cut off")


@pytest.mark.parametrize("cause", ["plain words", "[1]", '{"errorMessage": 7}', ""])
def test_a_cause_that_is_not_lambdas_is_the_reason_itself(platform: Platform, cause: str) -> None:
    claimed = platform.claim()
    event = RejectFile(claimed.claim, claimed.fence, "e1", CaughtError("CutOff", cause))

    assert reject(event, ledger=platform.ledger).reason == cause


# Compensations


def test_staging_is_emptied_for_this_lease_alone(platform: Platform) -> None:
    claimed = platform.claim()
    other = f"staging/{claimed.claim[:16]}-10/x"
    for key in (f"{claimed.staging}a/b", f"{claimed.staging}c", other):
        platform.objects.put(key, b"")
    event = DiscardStaged(claimed.claim, claimed.fence, claimed.staging)

    assert discard_staging(event, objects=platform.objects).objects == 2
    assert discard_staging(event, objects=platform.objects).objects == 0
    assert [i.key for i in platform.objects.list("staging/")] == [other]


@pytest.mark.parametrize("staging", ["releases/r1/", "staging/", ""])
def test_nothing_but_the_leases_own_staging_is_emptied(platform: Platform, staging: str) -> None:
    claimed = platform.claim()

    with pytest.raises(ValueError, match="is not the staging of this lease"):
        discard_staging(
            DiscardStaged(claimed.claim, claimed.fence, staging), objects=platform.objects
        )
    assert platform.objects.describe(ARRIVED.key).size == len(BODY)


def discard(platform: Platform, claimed: Claimed) -> int:
    event = DiscardWritten(claimed.claim, claimed.fence, "r1")
    return discard_release(event, objects=platform.objects, ledger=platform.ledger).objects


def test_an_unpublished_release_is_removed(platform: Platform) -> None:
    claimed = platform.claim()
    platform.write(claimed)

    assert [discard(platform, claimed), discard(platform, claimed)] == [3, 0]


def test_a_published_release_stays(platform: Platform) -> None:
    claimed = platform.claim()
    platform.publish(platform.write(claimed))
    again = platform.claim(execution="e2")

    assert [discard(platform, claimed), discard(platform, again)] == [0, 0]
    assert len(list(platform.objects.list("releases/r1/"))) == 3


def test_a_lost_lease_removes_nothing(platform: Platform) -> None:
    claimed = platform.claim()
    platform.write(claimed)
    platform.ledger.settle(claimed.claim, claimed.fence)

    assert discard(platform, claimed) == 0


def test_a_release_that_another_lease_makes_too_stays(platform: Platform) -> None:
    claimed, other = platform.claim(), platform.claim(dataset="carga-energia")
    platform.write(other)
    platform.write(claimed)

    assert discard(platform, claimed) == 0
    platform.ledger.settle(other.claim, other.fence)
    assert discard(platform, claimed) == 3


def test_giving_a_lease_back_says_whether_it_was_held(platform: Platform) -> None:
    claimed = platform.claim()
    event = ReleaseLease(claimed.claim, claimed.fence)

    answers = [release_claim(event, ledger=platform.ledger) for _ in range(2)]

    assert answers == [LeaseReleased(True), LeaseReleased(False)]


@dataclass
class StatedExecutions:
    """Executions whose statuses a test says."""

    statuses: Mapping[str, Status] = field(default_factory=dict)

    def describe(self, id: str) -> Execution:
        if id not in self.statuses:
            raise NoSuchExecution(id)
        return Execution(id, "m", "n", self.statuses[id], "", None, {}, None, None, None)

    def start(self, machine: str, input: Mapping[str, Any], *, name: str | None = None) -> str:
        raise NotImplementedError

    def list(
        self, *, machine: str | None = None, status: Status | None = None, limit: int = 100
    ) -> Sequence[Execution]:
        raise NotImplementedError

    def history(self, id: str) -> Sequence[HistoryEvent]:
        raise NotImplementedError

    def stop(self, id: str, *, error: str = "", cause: str = "") -> None:
        raise NotImplementedError


def test_leases_of_executions_that_run_no_more_are_found(platform: Platform) -> None:
    statuses: dict[str, Status] = {"runs": "RUNNING", "dead": "TIMED_OUT", "failed": "FAILED"}
    claims = {
        execution: platform.claim(execution=execution, origin=f"{execution}.csv")
        for execution in ("dead", "runs", "gone", "failed")
    }
    platform.write(claims["gone"], "r7")

    found = find_abandoned(
        FindAbandoned(limit=2), ledger=platform.ledger, executions=StatedExecutions(statuses)
    )

    assert found == AbandonedFound(
        items=(
            AbandonedClaim(claims["dead"].claim, 1, claims["dead"].staging, None, None),
            AbandonedClaim(claims["gone"].claim, 3, claims["gone"].staging, "carga-energia", "r7"),
        ),
        more=True,
    )


def test_nothing_is_abandoned_where_nobody_can_say_what_runs(platform: Platform) -> None:
    platform.claim()

    with pytest.raises(ValueError, match="which executions run"):
        find_abandoned(FindAbandoned(), ledger=platform.ledger, executions=None)


# Rollback and notices


def test_a_rollback_is_seen_in_the_lake(platform: Platform) -> None:
    platform.publish(platform.write(platform.claim(), "r1", day=1))
    platform.publish(platform.write(platform.claim(sha256="0" * 64), "r2", day=2))
    event = RollBack("x", "carga-energia", "CARGA", None, False)

    answers = [
        rollback_release(event, ledger=platform.ledger, lake=platform.lake) for _ in range(2)
    ]

    assert answers == [RolledBack("r1", "r2", ("r2",))] * 2
    assert (platform.root / "lake/current/carga-energia/CARGA/part-0000.parquet").samefile(
        platform.objects.path("releases/r1/part-0000.parquet")
    )


def test_a_rollback_to_nowhere_changes_nothing(platform: Platform) -> None:
    platform.publish(platform.write(platform.claim()))

    with pytest.raises(NoSuchRelease):
        rollback_release(
            RollBack("x", "carga-energia", "CARGA", "r9", False),
            ledger=platform.ledger,
            lake=platform.lake,
        )
    assert len(platform.shown()) == 1


def test_an_ending_is_told_once(platform: Platform) -> None:
    ended = NotifyOutcome("e1", "portal/CARGA.csv", "published", "carga-energia", "CARGA", "r1")

    ids = [notify(ended, notices=platform.notices).notice for _ in range(2)]
    ids.append(notify(replace(ended, status="rejected"), notices=platform.notices).notice)

    assert ids[0] == ids[1] != ids[2]
    assert [n["status"] for n in platform.notices.recent()] == ["rejected", "published"]
    assert platform.notices.recent()[1]["subject"] == "portal/CARGA.csv published r1"
