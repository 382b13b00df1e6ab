"""Find the leases whose execution will not give them back."""

from tasks.errors import NoSuchExecution
from tasks.find_abandoned.spec import AbandonedClaim, AbandonedFound, FindAbandoned
from tasks.keys import staging_prefix
from tasks.ports.executions import Executions
from tasks.ports.ledger import Lease, Ledger

_EVERY = 1_000_000


def find_abandoned(
    event: FindAbandoned, *, ledger: Ledger, executions: Executions | None
) -> AbandonedFound:
    """All leases are looked at, oldest first; `limit` bounds how many are answered.

    Raises `ValueError` where there is nobody to ask which executions run.
    """
    if executions is None:
        raise ValueError("find_abandoned must be able to ask which executions run")
    left = [lease for lease in ledger.leases(_EVERY) if not _runs(lease, executions)]
    return AbandonedFound(
        items=tuple(_abandoned(lease) for lease in left[: event.limit]),
        more=len(left) > event.limit,
    )


def _runs(lease: Lease, executions: Executions) -> bool:
    try:
        status = executions.describe(lease.execution).status
    except NoSuchExecution:
        return False
    return status in ("RUNNING", "PENDING_REDRIVE")


def _abandoned(lease: Lease) -> AbandonedClaim:
    return AbandonedClaim(
        claim=lease.claim,
        fence=lease.fence,
        staging=staging_prefix(lease.claim, lease.fence),
        dataset=lease.dataset,
        release=lease.release,
    )
