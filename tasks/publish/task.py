"""The one commit point: until here nobody sees the release, from here on everybody does."""

from tasks.ports.lake import LakeProjection
from tasks.ports.ledger import Ledger, NewRelease, ReleaseFile
from tasks.ports.objects import ObjectStore
from tasks.project import project
from tasks.publish.spec import PublishRelease, ReleasePublished
from tasks.reports import ReleaseDocument, load


def publish(
    event: PublishRelease, *, objects: ObjectStore, ledger: Ledger, lake: LakeProjection
) -> ReleasePublished:
    """Commit the release if all that its document promises is there.

    Raises `ClaimLost` when the lease was taken over, `NoSuchObject` or `ValueError` for a release
    that is not complete.
    """
    with objects.open(event.release_document) as body:
        document = load(ReleaseDocument, body)
    # Asked again after the commit, whose answer was lost, the lease is settled and all is there.
    if not ledger.is_published(event.release):
        ledger.hold(event.claim, event.fence)
        _check(event, document, objects)
    state = ledger.publish(_committed(event, document), event.claim, event.fence)
    project(lake, event.dataset, event.source)
    return ReleasePublished("published" if state == "current" else "archived")


def _check(event: PublishRelease, document: ReleaseDocument, objects: ObjectStore) -> None:
    named = (document.release, document.dataset, document.source)
    if named != (event.release, event.dataset, event.source):
        raise ValueError(f"{event.release_document} is of {named}, not of {event.release}")
    for part in document.parts:
        if (size := objects.describe(part.key).size) != part.bytes:
            raise ValueError(f"{part.key} has {size} bytes instead of {part.bytes}")
    if document.quarantine is not None:
        objects.describe(document.quarantine)


def _committed(event: PublishRelease, document: ReleaseDocument) -> NewRelease:
    return NewRelease(
        release=document.release,
        dataset=document.dataset,
        source=document.source,
        published_at=document.published_at,
        sha256=document.sha256,
        processing=document.processing,
        raw_key=document.raw_key,
        source_file=document.source_file,
        execution=event.execution,
        rows_read=document.rows_read,
        rows_published=document.rows_published,
        rows_quarantined=document.rows_quarantined,
        findings=len(document.findings),
        first_time=document.first_time,
        last_time=document.last_time,
        parts=tuple(ReleaseFile(p.key, p.rows, p.bytes) for p in document.parts),
        document=event.release_document,
    )
