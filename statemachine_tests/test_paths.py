"""Whole machines on the embedded engine, with stated outcomes: where they go, wait and end."""

import json
from dataclasses import replace

import pytest

from statemachine_tests.stated import GOOD
from tasks.claim.spec import FileArrived
from tasks.discard_staging.spec import DiscardStaged
from tasks.errors import (
    AmbiguousDataset,
    ClaimHeld,
    ClaimLost,
    CutOff,
    FileRejected,
    NoSuchRelease,
    OverlappingSource,
    TryAgain,
    WrongHeader,
)
from tasks.failures import TaskFailed
from tasks.find_abandoned.spec import AbandonedClaim, AbandonedFound
from tasks.notify.spec import NotifyOutcome
from tasks.parse_tabular.spec import ParseFile
from tasks.publish.spec import ReleasePublished
from tasks.reject.spec import RejectFile
from tasks.rollback_release.spec import RollBack
from tasks.spec import fields_of, leaves, to_json
from tasks.specs import ALL_SPECS
from tasks.unload_series.spec import UnloadRelease
from workflows.machines import (
    INGEST_FILE,
    ROLLBACK,
    SETTLE_ABANDONED,
    SYNC_KNOWLEDGE,
)

ARRIVED = {"key": "raw/ab12/CARGA.csv", "origin": "carga/CARGA.csv"}
CUT = CutOff("CARGA.csv", 7, "three of nine fields")
HELD = ClaimHeld("c", "another")
LOST = ClaimLost("c", 1)
DIED = TaskFailed("Lambda.Unknown", "exit status 1")
BUG = KeyError("din_instante")

TO_PARSE = ["defaults", "input", "claim", "classify", "is_it_news", "how_large", "parse"]
TO_WRITE = [*TO_PARSE, "validate", "write_parquet"]
TO_LOAD = [*TO_WRITE, "is_it_a_series", "load_timestream"]
TO_PUBLISH = [*TO_LOAD, "publish"]
AFTER = ["sweep_published", "notify_published", "is_it_current"]
REJECTED = ["reject", "sweep_rejected", "let_go_rejected", "notify_rejected"]
BACK = ["unload_series", "discard_release", "discard_staging", "release_claim", "Failed"]


def classified(**changes):
    return {"classify": replace(GOOD["classify"], **changes)}


def test_a_good_file_is_published(run):
    ran = run(INGEST_FILE, ARRIVED)

    assert ran.path == [
        *TO_PUBLISH,
        "sync_knowledge_base",
        *AFTER,
        "report_published",
        "Published",
    ]
    assert ran.status == "SUCCEEDED"
    assert ran.output == {
        "status": "published",
        "dataset": "carga-energia",
        "source": "CARGA",
        "published_at": "2026-01-01T12:00:00Z",
        "origin": "carga/CARGA.csv",
        "release": "r1",
        "rows_read": 365,
        "rows_published": 364,
        "rows_quarantined": 1,
        "knowledge": "synced",
        "reason": None,
        "rule": None,
        "release_document": "releases/r1/release.json",
    }


def test_what_the_input_leaves_out_is_null(run):
    ran = run(INGEST_FILE, ARRIVED)

    (event,) = ran.sent_to("claim")
    assert to_json(event) == {"execution": ran.id, **to_json(FileArrived(**ARRIVED))}


def test_what_the_input_says_is_kept(run):
    said = {**ARRIVED, "dataset": "carga-energia", "published_at": "2026-01-01T00:00:00Z"}

    ran = run(INGEST_FILE, said)

    (event,) = ran.sent_to("claim")
    assert (event.dataset, event.published_at, event.source) == (
        "carga-energia",
        "2026-01-01T00:00:00Z",
        None,
    )


def test_an_input_cannot_say_what_only_a_step_finds_out(run):
    ran = run(INGEST_FILE, {**ARRIVED, "parse": {"rows_read": 7}}, doing={"classify": CUT_NAME})

    assert ran.output["rows_read"] is None


CUT_NAME = AmbiguousDataset("CARGA.csv", ("carga-energia", "carga-mensal"))


def test_a_register_without_time_has_no_series_to_load(run):
    ran = run(INGEST_FILE, ARRIVED, doing=classified(has_series=False))

    assert "load_timestream" not in ran.path
    assert ran.output["status"] == "published"


def test_a_large_file_is_parsed_as_a_job_and_its_outcome_collected(run):
    ran = run(INGEST_FILE, ARRIVED, doing=classified(route="large_tabular"))

    start = ran.path.index("how_large")
    assert ran.path[start + 1 : start + 5] == [
        "parse_large_event",
        "parse_large",
        "parse_large_outcome",
        "validate",
    ]
    assert ran.sent_to("parse_large_tabular") == [
        ParseFile("c", 1, "staging/c-1/", ARRIVED["key"], "CARGA.csv", "carga-energia", "r1")
    ]
    assert ran.output["rows_read"] == 365


def test_a_large_file_that_a_job_refused_is_rejected_under_the_real_error(run):
    doing = {**classified(route="large_tabular"), "collect_parse_outcome": CUT}

    ran = run(INGEST_FILE, ARRIVED, doing=doing)

    assert ran.path[-7:] == ["parse_large_outcome", *REJECTED, "report_rejected", "Rejected"]
    assert ran.sent_to("reject")[0].error.Error == "CutOff"


def test_a_job_that_keeps_dying_fails_the_execution(run):
    dead = TaskFailed("States.TaskFailed", '{"Status": "FAILED"}')
    doing = {**classified(route="large_tabular"), "parse_large_tabular": dead}

    ran = run(INGEST_FILE, ARRIVED, doing=doing)

    assert ran.path[-4:] == ["parse_large", *BACK[2:]]
    assert ran.waits_s == [30, 60]
    assert (ran.status, ran.error) == ("FAILED", "States.TaskFailed")


def test_bytes_that_are_no_news_end_as_unchanged_with_the_release_they_have(run):
    ran = run(INGEST_FILE, ARRIVED, doing=classified(standing="unchanged", known_release="r0"))

    assert ran.path[4:] == ["is_it_news", "let_go_unchanged", "report_unchanged", "Unchanged"]
    assert (ran.output["status"], ran.output["release"]) == ("unchanged", "r0")


def test_bytes_that_were_rolled_back_stay_archived(run):
    ran = run(INGEST_FILE, ARRIVED, doing=classified(standing="archived", known_release="r0"))

    assert ran.path[-3:] == ["let_go_archived", "report_stays_archived", "StaysArchived"]
    assert (ran.output["status"], ran.output["release"]) == ("archived", "r0")


def test_a_publication_older_than_the_current_one_is_archived(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"publish": ReleasePublished("archived")})

    assert ran.path[-3:] == ["is_it_current", "report_archived", "Archived"]
    assert (ran.output["status"], ran.output["release"]) == ("archived", "r1")
    assert ran.sent_to("notify")[0].status == "archived"


@pytest.mark.parametrize(
    ("task", "error", "before"),
    [
        ("classify", CUT_NAME, TO_PARSE[:4]),
        ("parse_tabular", CUT, TO_PARSE),
        ("parse_tabular", WrongHeader("CARGA.csv", "carga-energia", ("din_instante",)), TO_PARSE),
        ("validate", OverlappingSource("CARGA.csv", "CARGA_2026", 3), TO_WRITE[:-1]),
    ],
    ids=["classify", "parse", "header", "validate"],
)
def test_a_file_that_breaks_its_contract_is_rejected_at_once(run, task, error, before):
    ran = run(INGEST_FILE, ARRIVED, doing={task: error})

    assert ran.path == [*before, *REJECTED, "report_rejected", "Rejected"]
    assert ran.waits_s == []
    assert (ran.status, ran.output["status"]) == ("SUCCEEDED", "rejected")
    assert ran.output["reason"] == GOOD["reject"].reason
    assert (ran.output["release"], ran.output["knowledge"]) == (None, None)


def test_a_rejection_passes_on_the_error_as_the_door_gave_it(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"parse_tabular": CUT})

    (event,) = ran.sent_to("reject")
    assert event == RejectFile("c", 1, ran.id, event.error)
    assert event.error.Error == "CutOff"
    assert json.loads(event.error.Cause)["errorMessage"] == str(CUT)


def test_a_rejection_is_told_with_its_reason_and_no_release(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"parse_tabular": CUT})

    assert ran.sent_to("notify") == [
        NotifyOutcome(
            execution=ran.id,
            origin="carga/CARGA.csv",
            status="rejected",
            dataset="carga-energia",
            source="CARGA",
            release=None,
            reason=GOOD["reject"].reason,
        )
    ]


def test_rows_that_were_read_before_the_rejection_are_told(run):
    error = OverlappingSource("CARGA.csv", "CARGA_2026", 3)

    late = run(INGEST_FILE, ARRIVED, doing={"validate": error})
    early = run(INGEST_FILE, ARRIVED, doing={"parse_tabular": CUT})

    assert (late.output["rows_read"], early.output["rows_read"]) == (365, None)


def test_a_claim_waits_minutes_for_the_other_execution_and_then_goes_on(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"claim": [HELD, HELD, HELD, GOOD["claim"]]})

    assert ran.waits_s == [5, 7.5, 11.25]
    assert ran.output["status"] == "published"


def test_a_file_whose_claim_stays_held_is_parked(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"claim": HELD})

    assert ran.path == ["defaults", "input", "claim", "report_parked", "Parked"]
    assert len(ran.waits_s) == 10
    assert 180 < sum(ran.waits_s) < 600
    assert (ran.output["status"], ran.output["release"]) == ("parked", None)


def test_a_dependency_that_was_away_is_waited_for(run):
    away = TryAgain("store away")

    ran = run(INGEST_FILE, ARRIVED, doing={"validate": [away, away, GOOD["validate"]]})

    assert ran.waits_s == [2, 4]
    assert ran.output["status"] == "published"


def test_a_dependency_that_stays_away_fails_the_execution_after_two_minutes(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"validate": TryAgain("store away")})

    assert ran.waits_s == [2, 4, 8, 16, 32, 60]
    assert ran.path == [*TO_WRITE[:-1], *BACK[2:]]
    assert (ran.status, ran.error) == ("FAILED", "TryAgain")


def test_a_task_that_died_is_tried_twice_more(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"write_parquet": DIED})

    assert ran.waits_s == [5, 10]
    assert (ran.path[-1], ran.error, ran.cause) == ("Failed", "Lambda.Unknown", "exit status 1")


@pytest.mark.parametrize(
    ("task", "path"),
    [
        ("claim", [*TO_PARSE[:3], "Failed"]),
        ("classify", [*TO_PARSE[:4], "release_claim", "Failed"]),
        ("parse_tabular", [*TO_PARSE, *BACK[2:]]),
        ("validate", [*TO_WRITE[:-1], *BACK[2:]]),
        ("write_parquet", [*TO_WRITE, *BACK[1:]]),
        ("load_timestream", [*TO_LOAD, *BACK]),
        ("publish", [*TO_PUBLISH, *BACK]),
    ],
)
def test_a_failure_walks_back_from_what_may_be_half_done(run, task, path):
    ran = run(INGEST_FILE, ARRIVED, doing={task: BUG})

    assert ran.path == path
    assert ran.waits_s == []
    assert (ran.status, ran.error) == ("FAILED", "KeyError")
    assert json.loads(ran.cause)["errorMessage"] == str(BUG)


def test_compensations_know_the_lease_and_the_release(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"publish": BUG})

    assert ran.sent_to("unload_series") == [UnloadRelease("c", 1, "carga-energia", "r1")]
    assert ran.sent_to("discard_staging") == [DiscardStaged("c", 1, "staging/c-1/")]


@pytest.mark.parametrize("task", ["parse_tabular", "validate", "write_parquet", "publish"])
def test_a_lost_lease_ends_the_execution_and_touches_nothing_more(run, task):
    ran = run(INGEST_FILE, ARRIVED, doing={task: LOST})

    assert ran.calls[-1][0] == task
    assert (ran.path[-1], ran.waits_s, ran.error) == ("Failed", [], "ClaimLost")


def test_a_compensation_is_tried_for_minutes_whatever_its_error(run):
    outcomes = [BUG, TryAgain("store away"), GOOD["discard_staging"]]

    ran = run(INGEST_FILE, ARRIVED, doing={"validate": BUG, "discard_staging": outcomes})

    assert ran.waits_s == [2, 4]
    assert ran.path[-3:] == BACK[2:]


def test_a_compensation_that_is_exhausted_fails_the_execution_where_it_stands(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"validate": BUG, "discard_staging": DIED})

    assert (ran.path[-1], ran.status, ran.error) == ("discard_staging", "FAILED", "Lambda.Unknown")
    assert ran.waits_s == [2, 4, 8, 16, 32, 64, 120, 120]


def test_a_knowledge_base_that_is_away_does_not_hold_data_back(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"sync_knowledge_base": BUG})

    assert ran.path[-7:] == [
        "sync_knowledge_base",
        "knowledge_pending",
        *AFTER,
        "report_published",
        "Published",
    ]
    assert (ran.output["status"], ran.output["knowledge"]) == ("published", "pending")


def test_nothing_that_fails_after_publishing_takes_the_release_back(run):
    doing = dict.fromkeys(("sync_knowledge_base", "discard_staging", "notify"), BUG)

    ran = run(INGEST_FILE, ARRIVED, doing=doing)

    assert (ran.status, ran.output["status"]) == ("SUCCEEDED", "published")


def test_a_rejection_that_cannot_be_recorded_is_a_failure(run):
    ran = run(INGEST_FILE, ARRIVED, doing={"parse_tabular": CUT, "reject": BUG})

    assert ran.path == [*TO_PARSE, "reject", *BACK[2:]]
    assert ran.error == "KeyError"


def test_a_rejection_stands_though_its_staging_cannot_be_swept_or_nobody_told(run):
    doing = {"parse_tabular": CUT, "discard_staging": BUG, "notify": BUG}

    ran = run(INGEST_FILE, ARRIVED, doing=doing)

    assert ran.output["status"] == "rejected"


@pytest.mark.parametrize("error", sorted(e.__name__ for e in leaves(FileRejected)))
def test_every_rejection_that_some_task_declares_ends_as_rejected(run, error):
    task = next(n for n in GOOD if n != "reject" and error in ALL_SPECS[n].error_names)
    way = {"collect_parse_outcome": classified(route="large_tabular")}.get(task, {})

    ran = run(INGEST_FILE, ARRIVED, doing={**way, task: TaskFailed(error, '{"errorMessage": ""}')})

    assert ran.path[-1] == "Rejected"


def test_every_ending_answers_every_field(run):
    stories = [
        {},
        {"claim": HELD},
        {"classify": CUT_NAME},
        {"publish": ReleasePublished("archived")},
        classified(standing="unchanged", known_release="r0"),
        classified(standing="archived", known_release="r0"),
    ]

    answers = [run(INGEST_FILE, ARRIVED, doing=doing).output for doing in stories]

    assert {tuple(answer) for answer in answers} == {INGEST_FILE.endings["Published"].fields}
    assert {a["status"] for a in answers} == {
        *("published", "parked", "rejected", "archived", "unchanged"),
    }


def test_payloads_stay_small_with_the_longest_names_there_are(run):
    long = {
        "key": "raw/" + "f" * 64 + "/" + "x" * 250,
        "origin": "/".join(["folder" * 30] * 4) + "/" + "x" * 250,
        "source": "S" * 250,
    }
    doing = {
        "claim": replace(GOOD["claim"], claim="c" * 64, name="x" * 250, sha256="f" * 64),
        "classify": replace(GOOD["classify"], source="S" * 250, reason="r" * 1000),
    }

    ran = run(INGEST_FILE, long, doing=doing)

    assert ran.output["status"] == "published"
    assert max(ran.payload_bytes) < 16 * 1024


LEFT = AbandonedClaim("c", 1, "staging/c-1/", "carga-energia", "r1")
EARLY = AbandonedClaim("d", 2, "staging/d-2/", None, None)


def test_what_lost_executions_left_is_undone_and_their_leases_freed(run):
    found = AbandonedFound((LEFT, EARLY), more=True)

    ran = run(SETTLE_ABANDONED, {}, doing={"find_abandoned": found})

    assert ran.output == {
        "settle_each": [
            {"status": "settled", "claim": "c"},
            {"status": "settled", "claim": "d"},
        ],
        "more": True,
    }
    assert sorted(name for name, event in ran.calls if getattr(event, "claim", "") == "c") == [
        *("discard_release", "discard_staging", "release_claim", "unload_series"),
    ]
    assert sorted(name for name, event in ran.calls if getattr(event, "claim", "") == "d") == [
        *("discard_staging", "release_claim"),
    ]


def test_a_lease_that_cannot_be_settled_does_not_keep_the_others_waiting(run):
    doing = {"find_abandoned": AbandonedFound((LEFT, EARLY), more=False), "unload_series": BUG}

    ran = run(SETTLE_ABANDONED, {}, doing=doing)

    assert [item["status"] for item in ran.output["settle_each"]] == ["left", "settled"]
    assert [event.claim for event in ran.sent_to("release_claim")] == ["d"]


def test_a_hundred_leases_are_looked_for_unless_the_input_says_how_many(run):
    assert run(SETTLE_ABANDONED, {}).sent_to("find_abandoned")[0].limit == 100
    assert run(SETTLE_ABANDONED, {"limit": 7}).sent_to("find_abandoned")[0].limit == 7


def test_a_rollback_answers_what_is_current_now(run):
    ran = run(ROLLBACK, {"dataset": "carga-energia", "source": "CARGA"})

    assert ran.sent_to("rollback_release") == [
        RollBack(ran.id, "carga-energia", "CARGA", to=None, unpublish=False)
    ]
    assert ran.output == {
        "dataset": "carga-energia",
        "source": "CARGA",
        "current": "r0",
        "previous": "r1",
        "withdrawn": ["r1"],
        "knowledge": "synced",
    }


def test_a_rollback_to_nowhere_fails_at_once_and_says_why(run):
    error = NoSuchRelease("CARGA has no earlier release")

    ran = run(ROLLBACK, {"dataset": "d", "source": "CARGA"}, doing={"rollback_release": error})

    assert (ran.status, ran.error, ran.waits_s) == ("FAILED", "NoSuchRelease", [])
    assert json.loads(ran.cause)["errorMessage"] == str(error)


def test_a_rollback_stands_though_the_knowledge_base_is_away(run):
    ran = run(ROLLBACK, {"dataset": "d", "source": "S"}, doing={"sync_knowledge_base": BUG})

    assert (ran.status, ran.output["knowledge"]) == ("SUCCEEDED", "pending")


def test_catching_up_asks_for_whatever_is_pending(run):
    ran = run(SYNC_KNOWLEDGE, {})

    assert ran.sent_to("sync_knowledge_base")[0].release is None
    assert ran.output == {"knowledge": "synced", "documents": 2}


def test_every_stated_result_is_of_its_task_s_type():
    assert set(ALL_SPECS) - set(GOOD) == {"parse_large_tabular"}
    for name, value in GOOD.items():
        assert tuple(to_json(value)) == fields_of(ALL_SPECS[name].gives)
