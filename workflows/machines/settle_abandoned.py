"""Clean up after executions that ended without a word: stopped, timed out or dead."""

from tasks.discard_release.spec import DISCARD_RELEASE
from tasks.discard_staging.spec import DISCARD_STAGING
from tasks.find_abandoned.spec import FIND_ABANDONED, AbandonedClaim, FindAbandoned
from tasks.release_claim.spec import RELEASE_CLAIM
from tasks.unload_series.spec import UNLOAD_SERIES
from workflows.machines.model import Choose, Done, Each, Machine, Step

# One lease that cannot be settled must not keep the others waiting, so a failure ends as `Left`;
# the lease stays held, and the next sweep finds it again.
_SETTLE_ONE = Machine(
    name="settle_one",
    summary="What one lost execution did, undone, and its lease given back.",
    takes=AbandonedClaim,
    steps={
        "was_it_writing": Choose(
            on="release", rows={None: "discard_staging"}, default="was_it_classified"
        ),
        "was_it_classified": Choose(
            on="dataset", rows={None: "discard_staging"}, default="unload_series"
        ),
        "unload_series": Step(UNLOAD_SERIES, then="discard_release", failed="Left"),
        "discard_release": Step(DISCARD_RELEASE, then="discard_staging", failed="Left"),
        "discard_staging": Step(DISCARD_STAGING, then="release_claim", failed="Left"),
        "release_claim": Step(RELEASE_CLAIM, then="Settled", failed="Left"),
    },
    endings={
        "Settled": Done(("status", "claim"), says={"status": "settled"}),
        "Left": Done(("status", "claim"), says={"status": "left"}),
    },
)

SETTLE_ABANDONED = Machine(
    name="settle_abandoned",
    summary="Find the leases of executions that no longer run, undo what they did, free them.",
    takes=FindAbandoned,
    steps={
        "find_abandoned": Step(FIND_ABANDONED, then="settle_each"),
        "settle_each": Each(over="items", do=_SETTLE_ONE, then="Swept"),
    },
    endings={"Swept": Done(("settle_each", "more"))},
)
