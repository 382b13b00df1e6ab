"""`ons releases`, `ons rollback` and `ons quarantine`: what was published, and taking it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tasks.errors import NoSuchRelease
from workflows.cli.terminal import Json, NoResume, Terminal, table

if TYPE_CHECKING:
    from tasks.ports.ledger import Ledger, ReleaseRecord
    from tasks.wiring import Platform

Dataset = Annotated[str, typer.Argument(help="The dataset, with - or _.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons releases carga-energia CARGA_ENERGIA_2021")(releases)
    app.command(epilog="Example: ons rollback carga-energia CARGA_ENERGIA_2021")(rollback)
    app.command(epilog="Example: ons quarantine carga-energia --format csv")(quarantine)


def releases(
    ctx: typer.Context,
    dataset: Dataset,
    source: Annotated[str | None, typer.Argument(help="Only this source.")] = None,
    json: Json = False,
) -> None:
    """List the releases of a dataset: per source, newest first."""
    terminal: Terminal = ctx.obj
    ledger = terminal.platform().ledger
    slug = _slug(dataset)
    told = [release_fields(r) for r in ledger.releases(slug, _known_source(ledger, slug, source))]
    if json:
        terminal.write_json(told)
    elif told:
        shown = ("source", "state", "release", "published_at", "rows_published",
                 "rows_quarantined", "findings", "knowledge")  # fmt: skip
        terminal.write(table(shown, [[r[name] for name in shown] for r in told]))
    else:
        terminal.say(f"{slug} has no release yet; `ons run FILE` makes one")


def rollback(
    ctx: typer.Context,
    dataset: Dataset,
    source: Annotated[str, typer.Argument(help="The source, as `ons releases` names it.")],
    to: Annotated[
        str | None, typer.Option(help="The release to go back to; else the one before.")
    ] = None,
    unpublish: Annotated[
        bool, typer.Option(help="With no earlier release, take the source out altogether.")
    ] = False,
    no_resume: NoResume = False,
    json: Json = False,
) -> None:
    """Make an earlier release of a source current again, and withdraw what is newer."""
    from workflows.cli.runtime import outcome_of, running

    terminal: Terminal = ctx.obj
    slug = _slug(dataset)
    with running(terminal, resume=not no_resume) as runtime:
        known = _known_source(runtime.platform.ledger, slug, source)
        asked = {"dataset": slug, "source": known, "to": to, "unpublish": unpublish}
        did = outcome_of(runtime, "rollback_release", asked)
    if json:
        terminal.write_json(did)
    else:
        terminal.write(_rollback_lines(did))


def quarantine(
    ctx: typer.Context,
    dataset: Dataset,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    format: Annotated[
        Literal["table", "csv", "json"], typer.Option(help="How to write.")
    ] = "table",
    json: Json = False,
) -> None:
    """Show the rows that broke their contract in the current releases, and why."""
    from tasks.queries import formats

    terminal: Terminal = ctx.obj
    platform = terminal.platform()
    slug = _slug(dataset)
    columns, rows = quarantined(platform, slug, _known_source(platform.ledger, slug, source))
    chosen = "json" if json else format
    if not rows and chosen == "table":
        terminal.say(f"nothing of {slug} is in quarantine")
        return
    write = {"csv": formats.as_csv, "json": formats.as_json, "table": formats.as_table}[chosen]
    terminal.out.writelines(write(columns, rows))


def release_fields(record: ReleaseRecord) -> dict[str, Any]:
    """A release as JSON tells it."""
    new = record.new
    return {
        "dataset": new.dataset,
        "source": new.source,
        "release": new.release,
        "state": record.state,
        "published_at": new.published_at,
        "committed_at": record.committed_at,
        "sha256": new.sha256,
        "source_file": new.source_file,
        "rows_read": new.rows_read,
        "rows_published": new.rows_published,
        "rows_quarantined": new.rows_quarantined,
        "findings": new.findings,
        "first_time": new.first_time,
        "last_time": new.last_time,
        "knowledge": record.knowledge,
        "execution": new.execution,
    }


def quarantined(
    platform: Platform, dataset: str, source: str | None
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The columns and rows of quarantine, sources and lines in order, release by release."""
    from tasks.reports import ReleaseDocument, load
    from tasks.tabular.database import database
    from tasks.tabular.parquet import parquet

    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    for record in platform.ledger.current(dataset):
        if source not in (None, record.new.source):
            continue
        with platform.objects.open(record.new.document) as body:
            key = load(ReleaseDocument, body).quarantine
        if key is None:
            continue
        with platform.objects.local(key) as path, database(256) as connection:
            found = connection.execute(f"FROM {parquet([path])}")
            columns = ("source", *(c[0] for c in found.description or ()))
            rows += [(record.new.source, *row) for row in found.fetchall()]
    return columns, rows


def _slug(dataset: str) -> str:
    from tasks.datasets.registry import contract_for

    return contract_for(dataset).slug


def _known_source(ledger: Ledger, dataset: str, source: str | None) -> str | None:
    """The source as the ledger spells it, whatever the case. Raises `NoSuchRelease`."""
    if source is None:
        return None
    known = sorted({r.new.source for r in ledger.releases(dataset)})
    if source in known:
        return source
    for name in known:
        if name.casefold() == source.casefold():
            return name
    hint = f"; it has {', '.join(known[:5])}" if known else ""
    raise NoSuchRelease(f"{dataset} has no release of a source {source!r}{hint}")


def _rollback_lines(did: Mapping[str, Any]) -> Iterator[str]:
    withdrawn: Sequence[str] = did["withdrawn"]
    if did["current"] is None:
        yield f"{did['dataset']} {did['source']} is no longer published"
    else:
        yield f"{did['dataset']} {did['source']} is at release {did['current']} again"
    for release in withdrawn:
        yield f"withdrawn: {release}"
