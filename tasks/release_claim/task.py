"""Give a lease back."""

from tasks.ports.ledger import Ledger
from tasks.release_claim.spec import LeaseReleased, ReleaseLease


def release_claim(event: ReleaseLease, *, ledger: Ledger) -> LeaseReleased:
    """Answers whether it was still held."""
    return LeaseReleased(held=ledger.settle(event.claim, event.fence))
