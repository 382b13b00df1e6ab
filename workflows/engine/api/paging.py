"""Pages: how many results are asked for, and tokens that say where the next page begins.

A token is opaque to the client. It holds for one operation with the same parameters, for 24 hours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from workflows.engine.api.faults import bad_token
from workflows.engine.jsontext import dumps, loads

DEFAULT_RESULTS = 100
LIFETIME_S = 24 * 3600
_OF_THE_PAGE = ("nextToken", "maxResults")


def page_size(request: Mapping[str, Any]) -> int:
    """How many results a page has; 0 means 100."""
    return int(request.get("maxResults", 0)) or DEFAULT_RESULTS


def token(operation: str, request: Mapping[str, Any], position: int | str, now: float) -> str:
    """A token for the results behind `position`."""
    inner = dumps([position, int(now), _seal(operation, request, position, int(now))])
    return base64.urlsafe_b64encode(inner.encode()).decode()


def position(operation: str, request: Mapping[str, Any], now: float) -> Any:
    """Where the page begins, or None at the start. Raises `InvalidToken`."""
    text = request.get("nextToken")
    if text is None:
        return None
    try:
        where, made, seal = loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise bad_token() from error
    if not isinstance(made, int) or not isinstance(where, (int, str)) or isinstance(where, bool):
        raise bad_token()
    if seal != _seal(operation, request, where, made) or not 0 <= now - made <= LIFETIME_S:
        raise bad_token()
    return where


def _seal(operation: str, request: Mapping[str, Any], position: int | str, made: int) -> str:
    asked = {name: value for name, value in sorted(request.items()) if name not in _OF_THE_PAGE}
    whole = dumps([operation, asked, position, made])
    return hashlib.sha256(whole.encode()).hexdigest()[:24]
