"""One arrived file, from the inbox to a published release, or to a rejection with its reason."""

from tasks.claim.spec import CLAIM, FileArrived
from tasks.classify.spec import CLASSIFY
from tasks.discard_release.spec import DISCARD_RELEASE
from tasks.discard_staging.spec import DISCARD_STAGING
from tasks.errors import ClaimHeld
from tasks.load_timestream.spec import LOAD_TIMESTREAM
from tasks.notify.spec import NOTIFY
from tasks.parse_tabular.spec import PARSE_LARGE_TABULAR, PARSE_TABULAR
from tasks.publish.spec import PUBLISH
from tasks.reject.spec import REJECT
from tasks.release_claim.spec import RELEASE_CLAIM
from tasks.sync_knowledge_base.spec import SYNC_KNOWLEDGE_BASE
from tasks.unload_series.spec import UNLOAD_SERIES
from tasks.validate.spec import VALIDATE
from tasks.write_parquet.spec import WRITE_PARQUET
from workflows.machines.model import Choose, Done, Field, Machine, Note, Step

OUTCOME = (
    "status",
    "dataset",
    "source",
    "published_at",
    "origin",
    "release",
    "rows_read",
    "rows_published",
    "rows_quarantined",
    "knowledge",
    "reason",
    "rule",
    "release_document",
)
"""What every good ending answers; what is not known on the way taken is null."""

# `reason` is also Classify's word for why the file is this dataset's, which is nobody's news at
# the end, hence the nulls; only a rejected or parked file has a reason to tell.
INGEST_FILE = Machine(
    name="ingest_file",
    summary="One arrived file, from the inbox to a published release or a reasoned rejection.",
    takes=FileArrived,
    steps={
        "claim": Step(CLAIM, then="classify", undo=RELEASE_CLAIM, catches={ClaimHeld: "Parked"}),
        "classify": Step(CLASSIFY, then="is_it_news", rejected="reject"),
        "is_it_news": Choose(
            on="standing",
            rows={"unchanged": "let_go_unchanged", "archived": "let_go_archived"},
            default="how_large",
        ),
        "how_large": Choose(on="route", rows={"large_tabular": "parse_large"}, default="parse"),
        "parse_large": Step(
            PARSE_LARGE_TABULAR,
            then="validate",
            rejected="reject",
            undo=DISCARD_STAGING,
            under="parse",
        ),
        "parse": Step(PARSE_TABULAR, then="validate", rejected="reject", undo=DISCARD_STAGING),
        "validate": Step(VALIDATE, then="write_parquet", rejected="reject", undo=DISCARD_STAGING),
        "write_parquet": Step(WRITE_PARQUET, then="is_it_a_series", undo=DISCARD_RELEASE),
        "is_it_a_series": Choose(
            on="has_series", rows={True: "load_timestream"}, default="publish"
        ),
        "load_timestream": Step(LOAD_TIMESTREAM, then="publish", undo=UNLOAD_SERIES),
        "publish": Step(PUBLISH, then="sync_knowledge_base"),
        # From here on the release is published: nothing that fails may take it back.
        "sync_knowledge_base": Step(
            SYNC_KNOWLEDGE_BASE, then="sweep_published", failed="knowledge_pending"
        ),
        "knowledge_pending": Note(
            {"knowledge": "pending", "documents": 0},
            then="sweep_published",
            under="sync_knowledge_base",
        ),
        "sweep_published": Step(
            DISCARD_STAGING, then="notify_published", failed="notify_published"
        ),
        "notify_published": Step(
            NOTIFY, then="is_it_current", failed="is_it_current", says={"reason": None}
        ),
        "is_it_current": Choose(on="status", rows={"archived": "Archived"}, default="Published"),
        "reject": Step(REJECT, then="sweep_rejected"),
        "sweep_rejected": Step(DISCARD_STAGING, then="let_go_rejected", failed="let_go_rejected"),
        "let_go_rejected": Step(RELEASE_CLAIM, then="notify_rejected"),
        "notify_rejected": Step(
            NOTIFY,
            then="Rejected",
            failed="Rejected",
            says={"status": "rejected", "release": None},
        ),
        "let_go_unchanged": Step(RELEASE_CLAIM, then="Unchanged"),
        "let_go_archived": Step(RELEASE_CLAIM, then="StaysArchived"),
    },
    endings={
        "Published": Done(OUTCOME, says={"reason": None}),
        "Archived": Done(OUTCOME, says={"reason": None}),
        "Unchanged": Done(
            OUTCOME,
            says={"status": "unchanged", "release": Field("known_release"), "reason": None},
        ),
        "StaysArchived": Done(
            OUTCOME,
            says={"status": "archived", "release": Field("known_release"), "reason": None},
        ),
        "Rejected": Done(OUTCOME, says={"status": "rejected", "release": None}),
        "Parked": Done(
            OUTCOME,
            says={
                "status": "parked",
                "reason": "another execution is working on this very file; "
                "run it again when that one has ended",
            },
        ),
    },
)
