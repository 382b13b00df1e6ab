"""Tell whoever listens how a file ended."""

import hashlib

from tasks.notify.spec import Notified, NotifyOutcome
from tasks.ports.notices import Notices
from tasks.spec import to_json


def notify(event: NotifyOutcome, *, notices: Notices) -> Notified:
    """The id follows from execution and status, so that asking twice tells nobody twice."""
    id = hashlib.sha256(f"{event.execution}\n{event.status}".encode()).hexdigest()[:32]
    subject = " ".join(filter(None, (event.origin, event.status, event.release)))
    notices.send(id, subject, to_json(event))
    return Notified(notice=id)
