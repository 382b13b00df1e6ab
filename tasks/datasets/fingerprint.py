"""Which change of a contract changes a release: all but prose, names of files and samples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PROSE = {
    "title",
    "title_pt",
    "title_en",
    "domain",
    "description",
    "purpose",
    "limitations",
    "terms",
    "freshness",
    "coverage_start",
}
NOT_CONTENT = PROSE | {"files", "sample", "follows", "of", "weight", "entity_count", "fingerprint"}


def fingerprint_of(compiled: Mapping[str, Any]) -> str:
    """The hash of a compiled contract's content, 16 hex digits; the version is part of it."""
    text = json.dumps(_content(compiled), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _content(v) for k, v in value.items() if k not in NOT_CONTENT}
    return [_content(v) for v in value] if isinstance(value, list) else value
