"""How one file ended, as `ons run --json` tells it and as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.ports.executions import Execution
    from tasks.ports.ledger import Ledger
    from tasks.ports.objects import ObjectStore

TOLD = (
    "status",
    "dataset",
    "source",
    "published_at",
    "rows_read",
    "rows_published",
    "rows_quarantined",
    "release",
    "knowledge",
    "reason",
)
"""What the machine's output says in the words of the result."""

EXIT_CODES = (("failed", 1), ("rejected", 3), ("parked", 4))
"""The first that any file has decides."""


@dataclass(frozen=True)
class FileResult:
    """One file's ending; the fields are those of the JSON, unknown ones null."""

    file: str
    status: str
    dataset: str | None = None
    source: str | None = None
    published_at: str | None = None
    rows_read: int | None = None
    rows_published: int | None = None
    rows_quarantined: int | None = None
    release: str | None = None
    execution: str | None = None
    knowledge: str | None = None
    seconds: float | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The object in the order of the fields as `ons run` promises them."""
        order = ("file", "dataset", "source", "published_at", "status", "rows_read",
                 "rows_published", "rows_quarantined", "release", "execution", "knowledge",
                 "seconds", "findings", "reason")  # fmt: skip
        return {name: getattr(self, name) for name in order} | {"findings": list(self.findings)}


def result_of(
    file: str,
    execution: Execution,
    *,
    seconds: float | None,
    ledger: Ledger,
    objects: ObjectStore,
) -> FileResult:
    """What an ended execution of `ingest_file` says about its file."""
    if execution.status != "SUCCEEDED" or not isinstance(execution.output, Mapping):
        return FileResult(
            file=file,
            status="failed",
            execution=execution.id,
            seconds=seconds,
            reason=why(execution),
        )
    output = execution.output
    known: dict[str, Any] = {name: output.get(name) for name in TOLD}
    document = output.get("release_document")
    if document is None and known["release"] is not None:
        # The file is what a release already holds: what is known of that one holds here.
        record = ledger.release(str(known["release"]))
        document = record.new.document
        known |= {
            "rows_read": record.new.rows_read,
            "rows_published": record.new.rows_published,
            "rows_quarantined": record.new.rows_quarantined,
            "knowledge": record.knowledge,
        }
    return FileResult(
        file=file,
        execution=execution.id,
        seconds=seconds,
        findings=_findings(document, objects) if document else (),
        **known,
    )


def why(execution: Execution) -> str:
    """The execution's failure as a sentence."""
    if execution.error is None:
        return f"the execution is {execution.status}"
    return sentence(execution.error, execution.cause)


def sentence(error: str | None, cause: str | None) -> str:
    """A failure as a sentence: the message in the cause where there is one."""
    from tasks.failures import TaskFailed, message_of

    message = message_of(TaskFailed(error or "", cause))
    return message if message == error else f"{error}: {message}"


def exit_code(results: Sequence[FileResult]) -> int:
    """0 when every file is published, unchanged or archived."""
    statuses = {r.status for r in results}
    return next((code for status, code in EXIT_CODES if status in statuses), 0)


def result_lines(results: Sequence[FileResult]) -> Iterator[str]:
    """One line a file, and its findings beneath a newly published one, which say all by themselves.

    A reason is as long as a line: the JSON has all of it.
    """
    width = max((len(r.file) for r in results), default=0)
    for result in results:
        yield f"{result.status:<9}  {result.file:<{width}}  {_summary(result)}".rstrip()
        told = result.findings if result.status == "published" else ()
        rules = max((len(str(f["rule"])) for f in told), default=0)
        for finding in told:
            yield (
                f"{'':11}{finding['severity']:<10}  {finding['rule']:<{rules}}  "
                f"{finding['message']}"
            )


def _summary(result: FileResult) -> str:
    if result.reason is not None:
        # What follows a blank line is DuckDB's advice to programmers.
        reason = " ".join(result.reason.split("\n\n")[0].split())
        if result.status != "failed" or result.execution is None:
            return reason
        name = result.execution.rpartition(":")[2]
        return f"{reason} (`ons execution {name}` shows more)"
    said = [f"{result.dataset} {result.source}"]
    if result.rows_published is not None:
        said.append(f"{result.rows_published} rows")
    if result.rows_quarantined:
        said.append(f"{result.rows_quarantined} in quarantine")
    if result.release:
        said.append(f"release {result.release}")
    if result.knowledge == "pending":
        said.append("not searchable yet")
    if result.seconds is not None:
        said.append(f"{result.seconds:.1f} s")
    return ", ".join(said)


def _findings(document: str, objects: ObjectStore) -> tuple[Mapping[str, Any], ...]:
    from tasks.reports import ReleaseDocument, load
    from tasks.spec import to_json

    with objects.open(document) as body:
        found = load(ReleaseDocument, body).findings
    return tuple(to_json(f) for f in found)
