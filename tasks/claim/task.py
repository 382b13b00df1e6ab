"""Take the lease on one arrived file."""

import hashlib
import json

from tasks.claim.spec import Claimed, TakeClaim
from tasks.keys import name_of, staging_prefix
from tasks.moments import utc_from_text
from tasks.ports.ledger import Arrival, Ledger
from tasks.ports.objects import ObjectStore

_PIECE = 4 * 1024 * 1024


def claim(event: TakeClaim, *, objects: ObjectStore, ledger: Ledger) -> Claimed:
    """The same file, published at the same time and under the same flags, is the same claim.

    Raises `ClaimHeld` while another execution has it, `ValueError` for a time that is none.
    """
    found = objects.describe(event.key)
    told = event.published_at or found.metadata.get("published-at") or found.modified_at
    name, published_at = name_of(event.origin), utc_from_text(told)
    sha256 = event.sha256 or _sha256(objects, event.key)
    # What a person said is part of it: the same file asked for as another dataset is another event.
    facts = [sha256, name, published_at, event.dataset, event.source]
    lease = ledger.claim(
        Arrival(
            claim=hashlib.sha256(json.dumps(facts).encode()).hexdigest(),
            key=event.key,
            origin=event.origin,
            published_at=published_at,
            sha256=sha256,
            size=found.size,
            dataset=event.dataset,
            source=event.source,
        ),
        event.execution,
    )
    return Claimed(
        claim=lease.claim,
        fence=lease.fence,
        staging=staging_prefix(lease.claim, lease.fence),
        name=name,
        published_at=published_at,
        sha256=sha256,
        size=found.size,
    )


def _sha256(objects: ObjectStore, key: str) -> str:
    digest = hashlib.sha256()
    with objects.open(key) as body:
        while piece := body.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
