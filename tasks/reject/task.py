"""Keep the reason why a file is rejected."""

import json

from tasks.ports.ledger import Ledger
from tasks.reject.spec import Rejected, RejectFile


def reject(event: RejectFile, *, ledger: Ledger) -> Rejected:
    """Raises `ClaimLost`."""
    rule, reason = event.error.Error, _sentence(event.error.Cause)
    ledger.reject(event.claim, event.fence, event.execution, rule, reason)
    return Rejected(rule=rule, reason=reason)


def _sentence(cause: str) -> str:
    """The message of a function's error; Lambda puts it into a JSON object, others do not."""
    try:
        told = json.loads(cause)
    except ValueError:
        return cause
    message = told.get("errorMessage") if isinstance(told, dict) else None
    return message if isinstance(message, str) else cause
