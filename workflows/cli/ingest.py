"""`ons run`: files in, releases out, one execution each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.errors import BadRequest, FileRejected, PlatformError
from workflows.cli.files import Given, expand
from workflows.cli.progress import Progress, progress_of
from workflows.cli.results import FileResult, exit_code, result_lines, result_of
from workflows.cli.terminal import Json, NoResume, Terminal

if TYPE_CHECKING:
    from tasks.ports.executions import HistoryEvent
    from workflows.cli.runtime import Runtime

ENDINGS = frozenset(
    {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}
)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons run CARGA_ENERGIA_2023.csv ~/ons/2022 --json")(run)


def run(
    ctx: typer.Context,
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, or folders searched for files.")
    ],
    dataset: Annotated[
        str | None, typer.Option(help="The dataset they belong to; else it is found out.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="The source they publish; else the file's name.")
    ] = None,
    published_at: Annotated[
        str | None,
        typer.Option(help="When ONS published them (Brasília unless a zone is given)."),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Executions at a time; else ONS_CONCURRENCY.")
    ] = None,
    no_resume: NoResume = False,
    json: Json = False,
) -> int:
    """Ingest files: each becomes a published release, or is rejected with its reason.

    Exit code 0: all published, unchanged or archived; 3: some rejected; 4: some parked;
    1: some failed; 2: nothing was started.
    """
    from workflows.cli.runtime import running

    terminal: Terminal = ctx.obj
    files = expand(paths)
    order = Order(*_checked(dataset, source, published_at))
    with (
        running(terminal, resume=not no_resume, concurrency=concurrency, heavy=True) as runtime,
        progress_of(terminal, len(files)) as progress,
    ):
        results = ingest(runtime, files, order, progress)
    if json:
        terminal.write_json([r.to_json() for r in results])
    else:
        terminal.write(result_lines(results))
    return exit_code(results)


@dataclass(frozen=True)
class Order:
    """What a person said of all the files; null where nothing was said."""

    dataset: str | None = None
    source: str | None = None
    published_at: str | None = None


def ingest(
    runtime: Runtime, files: Sequence[Given], order: Order, progress: Progress
) -> list[FileResult]:
    """Run one execution of `ingest_file` for each file; the results in the order of the files."""
    return _Ingestion(runtime, files, order, progress).results()


class _Ingestion:
    """As many files under way as may be; whenever one has ended the next begins.

    Files of one source go one after the other in the order given, so that the same command ends
    the same way each time: a publication is archived only if a newer one was given before it.
    """

    def __init__(
        self, runtime: Runtime, files: Sequence[Given], order: Order, progress: Progress
    ) -> None:
        self._runtime, self._files, self._order = runtime, files, order
        self._progress = progress
        self._waiting = list(enumerate(files))
        self._numbers: dict[str, int] = {}
        self._busy: dict[str, str] = {}
        self._under_way: set[str] = set()
        self._began: dict[int, float] = {}
        self._results: dict[int, FileResult] = {}

    def results(self) -> list[FileResult]:
        self._fill()
        self._runtime.engine.run(on_event=self._saw)
        return [self._results[number] for number in range(len(self._files))]

    def _fill(self) -> None:
        while len(self._under_way) < self._runtime.concurrency:
            busy = set(self._busy.values())
            free = (
                at for at, (_, given) in enumerate(self._waiting) if self._name(given) not in busy
            )
            at = next(free, None)
            if at is None:
                return
            self._start(*self._waiting.pop(at))

    def _name(self, given: Given) -> str:
        """What the file's source will be called, as far as can be told before it is classified."""
        from tasks.classify.task import source_of

        return source_of(given.origin, self._order.source)

    def _start(self, number: int, given: Given) -> None:
        """Take the file in and start its execution; a file that cannot be taken in has ended."""
        from tasks.intake import receive
        from tasks.spec import to_json

        order = self._order
        self._began[number] = time.monotonic()
        self._progress.begins(number, given.shown)
        try:
            arrived = receive(
                given.path,
                origin=given.origin,
                objects=self._runtime.platform.objects,
                published_at=order.published_at,
                dataset=order.dataset,
                source=order.source,
            )
        except (PlatformError, OSError) as error:
            status = "rejected" if isinstance(error, FileRejected) else "failed"
            self._results[number] = FileResult(given.shown, status, reason=str(error))
            self._progress.ends(number, status)
            return
        id = self._runtime.engine.start("ingest_file", to_json(arrived))
        self._numbers[id] = number
        self._under_way.add(id)
        self._busy[id] = self._name(given)

    def _saw(self, id: str, event: HistoryEvent) -> None:
        if id not in self._under_way:
            return
        number = self._numbers[id]
        if event.type == "TaskStateEntered":
            self._progress.enters(number, str(event.details.get("name", "")))
        elif event.type in ENDINGS:
            self._under_way.discard(id)
            del self._busy[id]
            self._results[number] = self._result(number, id)
            self._progress.ends(number, self._results[number].status)
            self._fill()

    def _result(self, number: int, id: str) -> FileResult:
        return result_of(
            self._files[number].shown,
            self._runtime.engine.describe(id),
            seconds=round(time.monotonic() - self._began[number], 3),
            ledger=self._runtime.platform.ledger,
            objects=self._runtime.platform.objects,
        )


def _checked(
    dataset: str | None, source: str | None, published_at: str | None
) -> tuple[str | None, str | None, str | None]:
    """The same in the platform's own spelling. Raises `BadRequest` for what cannot be meant."""
    from tasks.datasets.registry import contract_for
    from tasks.moments import utc_from_text

    slug = None if dataset is None else contract_for(dataset).slug
    if source is not None and not source.strip():
        raise BadRequest("--source needs a name")
    try:
        moment = None if published_at is None else utc_from_text(published_at)
    except ValueError as error:
        raise BadRequest(f"--published-at: {error}") from error
    return slug, source, moment
