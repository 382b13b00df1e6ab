"""`ons datasets`, `ons dataset` and `ons samples`: what can be ingested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tasks.errors import BadRequest
from workflows.cli.terminal import Json, Terminal, table

if TYPE_CHECKING:
    from tasks.datasets.model import DatasetContract
    from tasks.ports.ledger import ReleaseRecord


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons datasets --json")(datasets)
    app.command(epilog="Example: ons dataset curva-carga")(dataset)
    app.command(epilog="Example: ons samples /tmp/samples --dataset carga-energia")(samples)


def datasets(ctx: typer.Context, json: Json = False) -> None:
    """List the datasets, and how many sources and rows of each are published."""
    from tasks.datasets.registry import all_contracts

    terminal: Terminal = ctx.obj
    told = overview(all_contracts(), terminal.platform().ledger.current())
    if json:
        terminal.write_json(told)
    else:
        terminal.write(
            table(
                ("dataset", "sources", "rows", "last published", "title"),
                [
                    (d["dataset"], d["sources"], d["rows"], d["last_published_at"], d["title"])
                    for d in told
                ],
            )
        )


def dataset(
    ctx: typer.Context,
    slug: Annotated[str, typer.Argument(help="The dataset, with - or _.")],
    json: Json = False,
) -> None:
    """Tell what a dataset promises: columns, units, grain, and what may be added up."""
    from tasks.datasets.registry import contract_for
    from tasks.spec import to_json

    terminal: Terminal = ctx.obj
    contract = contract_for(slug)
    if json:
        terminal.write_json(to_json(contract))
    else:
        terminal.write(portrait(contract))


def samples(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to.")],
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only this dataset; may be given again.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes other numbers.")] = 1,
) -> None:
    """Write small files in the form of ONS's, with made-up numbers, to try things with."""
    from tasks.datasets.registry import contract_for
    from tasks.datasets.samples import write_samples

    slugs = None if dataset is None else [contract_for(slug).slug for slug in dataset]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = write_samples(folder, slugs, seed=seed)
    except OSError as error:
        raise BadRequest(f"{folder} cannot be written: {error.strerror or error}") from error
    ctx.obj.write(str(path) for path in made)


def overview(
    contracts: Sequence[DatasetContract], current: Sequence[ReleaseRecord]
) -> list[dict[str, Any]]:
    """Each dataset with what is published of it."""
    told = []
    for contract in contracts:
        of_it = [r.new for r in current if r.new.dataset == contract.slug]
        told.append(
            {
                "dataset": contract.slug,
                "title": contract.title_en,
                "title_pt": contract.title_pt,
                "sources": len(of_it),
                "rows": sum(new.rows_published for new in of_it),
                "last_published_at": max((new.published_at for new in of_it), default=None),
            }
        )
    return told


def portrait(contract: DatasetContract) -> Iterator[str]:
    """A contract for a person to read."""
    grain = contract.grain
    yield f"{contract.slug}: {contract.title_en} ({contract.title_pt})"
    yield ""
    yield contract.description
    if contract.limitations:
        yield contract.limitations
    yield ""
    yield f"one row per  {', '.join(grain.key)}" + (f", every {grain.step}" if grain.step else "")
    yield f"files        {contract.files.pattern}"
    yield f"in queries   {contract.slug.replace('-', '_')}"
    yield ""
    yield from table(
        ("column", "type", "unit", "empty", "meaning"),
        [
            (c.name, c.kind.value, c.unit, "may be" if c.nullable else "never", c.description)
            for c in contract.columns
        ],
    )
    if contract.measures:
        yield ""
        yield from table(
            ("measure", "quantity", "sum over time", "sum over space", "never"),
            [
                (
                    m.column,
                    m.quantity,
                    "yes" if m.additive_over_time else "no",
                    "yes" if m.additive_over_space else "no",
                    ", ".join(m.forbidden),
                )
                for m in contract.measures
            ],
        )
