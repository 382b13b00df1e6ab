"""What `ons doctor` looks at: is what ONS_HOME holds whole, and does each part agree with the rest?

The ledger decides. What follows from it (the lake, the index) and what nobody points at any more
can be repaired; a missing or damaged object of a release cannot, and is told.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasks.keys import staging_prefix
from tasks.ports.ledger import ReleaseRecord
from tasks.ports.objects import NoSuchObject
from workflows.cli.runtime import Runtime, abandoned, settle

if TYPE_CHECKING:
    from tasks.wiring import Platform

State = Literal["ok", "repaired", "wrong"]
SHOWN = 20
LOW_SPACE = 1_000_000_000


@dataclass(frozen=True)
class Check:
    """One thing looked at, how it is, and what was found, one sentence each."""

    name: str
    state: State
    detail: tuple[str, ...] = ()


def examine(runtime: Runtime, *, repair: bool) -> Iterator[Check]:
    """Each check in turn; with `repair`, what is derived is made again as it goes."""
    platform = runtime.platform
    yield _versions()
    yield _home(platform.settings.home)
    for name in ("ledger.sqlite", "journal.sqlite"):
        yield _sound(platform.settings.home / name)
    yield _leases(runtime, repair=repair)
    records = _records(platform)
    yield _releases(platform, records)
    yield _orphans(platform, repair=repair)
    yield _lake(platform, repair=repair)
    yield _index(platform, repair=repair)


def clients(environ: Mapping[str, str]) -> Check:
    """What boto3 and the AWS CLI need to know to reach `ons serve` with all of their calls."""
    name = "AWS_DISABLE_HOST_PREFIX_INJECTION"
    if environ.get(name, "").lower() == "true":
        return Check("aws clients", "ok", (f"{name} is set; every call reaches `ons serve`",))
    told = f"set {name}=true for StartSyncExecution and TestState against `ons serve`"
    return Check("aws clients", "ok", (told,))


def pruned(runtime: Runtime, keep_days: float, *, even_redrivable: bool) -> Check:
    """Forget executions that ended more than `keep_days` ago, but none that holds a lease."""
    held = [lease.execution for lease in runtime.platform.ledger.leases(1_000_000)]
    did = runtime.engine.prune(
        keep_s=keep_days * 86_400, keep=held, even_redrivable=even_redrivable
    )
    if not did.executions:
        return Check("history", "ok", (f"nothing ended more than {keep_days:g} days ago",))
    told = f"{did.executions} executions forgotten, the journal is {did.bytes / 1e6:.1f} MB smaller"
    return Check("history", "repaired", (told,))


def _versions() -> Check:
    told = ", ".join(f"{p} {version(p)}" for p in ("ons-data-platform", "duckdb", "tantivy"))
    python = ".".join(map(str, sys.version_info[:3]))
    return Check("versions", "ok", (f"Python {python}, {told}",))


def _home(home: Path) -> Check:
    free = shutil.disk_usage(home).free
    told = f"{home}, {free / 1e9:.1f} GB free"
    if free < LOW_SPACE:
        return Check("home", "wrong", (f"{told}: less than {LOW_SPACE / 1e9:g} GB",))
    return Check("home", "ok", (told,))


def _sound(path: Path) -> Check:
    """SQLite's own look at a whole file, through a connection that cannot write."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    return _judged(path.name, [] if found == ["ok"] else found)


def _leases(runtime: Runtime, *, repair: bool) -> Check:
    left = abandoned(runtime)
    if left and repair:
        settle(runtime)
        if not (left := abandoned(runtime)):
            return Check("leases", "repaired", ("what ended executions held was settled",))
    return _judged(
        "leases", [f"claim {x.claim[:16]} is held by {x.execution}, which ended" for x in left]
    )


def _records(platform: Platform) -> Sequence[ReleaseRecord]:
    from tasks.datasets.registry import all_contracts

    slugs = {c.slug for c in all_contracts()} | {r.new.dataset for r in platform.ledger.current()}
    return [r for slug in sorted(slugs) for r in platform.ledger.releases(slug)]


def _releases(platform: Platform, records: Sequence[ReleaseRecord]) -> Check:
    found = []
    for record in records:
        wanted = {part.key: part.bytes for part in record.new.parts}
        for key, size in {**wanted, record.new.document: None, record.new.raw_key: None}.items():
            try:
                has = platform.objects.describe(key).size
            except NoSuchObject:
                found.append(f"{key} of release {record.new.release} is missing")
            else:
                if size not in (None, has):
                    found.append(f"{key} has {has} bytes, the ledger says {size}")
    return _judged("releases", found, f"{len(records)} releases, every object there")


def _orphans(platform: Platform, *, repair: bool) -> Check:
    """What lies in staging or releases under no lease and no release: a dead attempt's rest."""
    leases = platform.ledger.leases(1_000_000)
    kept = {staging_prefix(x.claim, x.fence) for x in leases}
    kept |= {f"releases/{x.release}/" for x in leases if x.release}
    orphans = []
    for top in ("staging/", "releases/"):
        folders = {f"{top}{o.key.split('/')[1]}/" for o in platform.objects.list(top)}
        for folder in sorted(folders - kept):
            release = folder.split("/")[1] if top == "releases/" else None
            if release is None or not platform.ledger.is_published(release):
                orphans.append(folder)
    if orphans and repair:
        count = sum(platform.objects.delete(folder) for folder in orphans)
        return Check("orphans", "repaired", (f"{count} objects of dead attempts removed",))
    return _judged(
        "orphans", [f"{folder} belongs to no release and no lease" for folder in orphans]
    )


def _lake(platform: Platform, *, repair: bool) -> Check:
    found = list(platform.lake.drift())
    if found and repair:
        try:
            return Check("lake", "repaired", (f"{platform.lake.repair()} sources shown again",))
        except NoSuchObject as error:
            found.append(str(error))
    return _judged("lake", found)


def _index(platform: Platform, *, repair: bool) -> Check:
    from tasks.sync_knowledge_base.reconcile import drift, reconcile

    differs = drift(platform.ledger, platform.knowledge)
    found = [f"{id} is not indexed" for id in differs.missing]
    found += [f"{id} is indexed, but not current" for id in differs.stray]
    if not platform.knowledge.ids() and not platform.ledger.current():
        found = []  # A new home: the first release brings the index.
    if found and repair:
        did = reconcile(platform.ledger, platform.objects, platform.knowledge)
        if not did.unreadable:
            told = f"{did.written} documents written, {did.forgotten} releases forgotten"
            return Check("index", "repaired", (told,))
        found = [f"no document can be made of release {id}" for id in did.unreadable]
    return _judged("index", found)


def _judged(name: str, found: Sequence[str], fine: str | None = None) -> Check:
    if not found:
        return Check(name, "ok", (fine,) if fine else ())
    more = (f"and {len(found) - SHOWN} more",) if len(found) > SHOWN else ()
    return Check(name, "wrong", (*found[:SHOWN], *more))
