"""Every task that a machine may call, by name."""

from collections.abc import Mapping

from tasks.claim.spec import CLAIM
from tasks.classify.spec import CLASSIFY
from tasks.collect_outcome.spec import COLLECT_PARSE_OUTCOME
from tasks.discard_release.spec import DISCARD_RELEASE
from tasks.discard_staging.spec import DISCARD_STAGING
from tasks.find_abandoned.spec import FIND_ABANDONED
from tasks.load_timestream.spec import LOAD_TIMESTREAM
from tasks.notify.spec import NOTIFY
from tasks.parse_tabular.spec import PARSE_LARGE_TABULAR, PARSE_TABULAR
from tasks.publish.spec import PUBLISH
from tasks.reject.spec import REJECT
from tasks.release_claim.spec import RELEASE_CLAIM
from tasks.rollback_release.spec import ROLLBACK_RELEASE
from tasks.spec import TaskSpec
from tasks.sync_knowledge_base.spec import SYNC_KNOWLEDGE_BASE
from tasks.unload_series.spec import UNLOAD_SERIES
from tasks.validate.spec import VALIDATE
from tasks.write_parquet.spec import WRITE_PARQUET

ALL_SPECS: Mapping[str, TaskSpec] = {
    spec.name: spec
    for spec in (
        CLAIM,
        CLASSIFY,
        PARSE_TABULAR,
        PARSE_LARGE_TABULAR,
        COLLECT_PARSE_OUTCOME,
        VALIDATE,
        WRITE_PARQUET,
        LOAD_TIMESTREAM,
        PUBLISH,
        SYNC_KNOWLEDGE_BASE,
        NOTIFY,
        REJECT,
        UNLOAD_SERIES,
        DISCARD_RELEASE,
        DISCARD_STAGING,
        RELEASE_CLAIM,
        FIND_ABANDONED,
        ROLLBACK_RELEASE,
    )
}
