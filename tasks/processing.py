"""Which code and contract made a release, and the name that follows from it.

A release's id is known before the work starts and is the same on every machine, because it is a
hash of all that decides the release's content.
"""

import hashlib
import json

from tasks.datasets.model import DatasetContract

PROCESSING = "2"
"""The version of the code as far as content goes. Raise it with any change after which the same
file and contract could give another row, value, flag, type or `_source_row`; not for changes that
only make the work faster or the messages better, since raising it makes every file news again."""

ID_LENGTH = 20


def processing_of(contract: DatasetContract) -> str:
    """The processing version of a release: the code's, and the contract's without its prose."""
    return f"{PROCESSING}:{contract.fingerprint}"


def release_id(contract: DatasetContract, *, source: str, published_at: str, sha256: str) -> str:
    """The id of the release that this publication becomes: 20 hexadecimal digits."""
    facts = [contract.slug, source, published_at, sha256, contract.fingerprint, PROCESSING]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:ID_LENGTH]
