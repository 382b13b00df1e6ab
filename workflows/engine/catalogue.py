"""State machines as the journal keeps them: those shipped, those made over the API, their
versions, aliases and tags, and how an execution came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workflows.engine.journal_file import JournalFile
from workflows.engine.jsontext import dumps, loads

Kind = Literal["STANDARD", "EXPRESS"]


@dataclass(frozen=True)
class Machine:
    """One state machine. `definition` is the text as it was given; `settings` are its role and
    configurations by AWS's names; `revision` is empty before the first change. Times in seconds;
    `newest` is the highest version number ever given."""

    name: str
    generated: bool
    status: Literal["ACTIVE", "DELETING"]
    type: Kind
    definition: str
    settings: Mapping[str, Any]
    revision: str
    created_at: float
    updated_at: float
    newest: int


@dataclass(frozen=True)
class Version:
    """What a machine was when it was published; it never changes."""

    machine: str
    number: int
    definition: str
    settings: Mapping[str, Any]
    revision: str
    description: str | None
    created_at: float


@dataclass(frozen=True)
class Alias:
    """A name for one or two versions: pairs of a version's number and its weight."""

    machine: str
    name: str
    description: str | None
    routes: tuple[tuple[int, int], ...]
    created_at: float
    updated_at: float


@dataclass(frozen=True)
class Origin:
    """By which version and alias an execution was started (their ARNs), and its trace header."""

    version: str | None = None
    alias: str | None = None
    trace: str | None = None


class Catalogue:
    """The machines of one journal; its methods may be called on any thread."""

    def __init__(self, journal: JournalFile) -> None:
        self._journal = journal

    def machine(self, name: str) -> Machine | None:
        """The machine with this name."""
        return next(iter(self._machines("WHERE name = ?", [name])), None)

    def machines(self, after: str, limit: int) -> Sequence[Machine]:
        """Machines in the order of their names, those behind `after`."""
        return self._machines("WHERE name > ? ORDER BY name LIMIT ?", [after, limit])

    def put(self, machine: Machine) -> None:
        """Keep a machine: a new one, or the new form of one that is there."""
        with self._journal.transaction():
            self._put(machine)

    def publish(self, machine: Machine, version: Version) -> None:
        """Keep a machine and a new version of it, both or nothing."""
        with self._journal.transaction():
            self._put(machine)
            self._journal.db.execute(
                "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (version.machine, version.number, version.definition, dumps(version.settings),
                 version.revision, version.description, version.created_at),
            )  # fmt: skip

    def remove(self, name: str, arn: str) -> None:
        """Forget a machine with its versions, aliases and tags."""
        with self._journal.transaction():
            for table, column in (("state_machines", "name"), ("versions", "machine"),
                                  ("aliases", "machine")):  # fmt: skip
                self._journal.db.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))
            self._journal.db.execute("DELETE FROM tags WHERE arn = ?", (arn,))

    def version(self, machine: str, number: int) -> Version | None:
        """One version of a machine."""
        found = self._versions("WHERE machine = ? AND number = ?", [machine, number])
        return next(iter(found), None)

    def versions(self, machine: str, below: int, limit: int) -> Sequence[Version]:
        """Versions with smaller numbers than `below`, newest first."""
        where = "WHERE machine = ? AND number < ? ORDER BY number DESC LIMIT ?"
        return self._versions(where, [machine, below, limit])

    def count_versions(self, machine: str) -> int:
        """How many versions there are."""
        rows = self._journal.rows("SELECT count(*) FROM versions WHERE machine = ?", [machine])
        return int(rows[0][0])

    def remove_version(self, machine: str, number: int) -> None:
        """Forget a version."""
        with self._journal.transaction():
            self._journal.db.execute(
                "DELETE FROM versions WHERE machine = ? AND number = ?", (machine, number)
            )

    def aliases(self, machine: str) -> Sequence[Alias]:
        """The aliases of a machine, newest first."""
        rows = self._journal.rows(
            "SELECT machine, name, description, routes, created_at, updated_at FROM aliases"
            " WHERE machine = ? ORDER BY created_at DESC, name",
            [machine],
        )
        return [_alias(*row) for row in rows]

    def alias(self, machine: str, name: str) -> Alias | None:
        """One alias of a machine."""
        return next((a for a in self.aliases(machine) if a.name == name), None)

    def put_alias(self, alias: Alias) -> None:
        """Keep an alias: a new one, or the new form of one that is there."""
        with self._journal.transaction():
            self._journal.db.execute(
                "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?, ?, ?, ?)",
                (alias.machine, alias.name, alias.description, dumps(alias.routes),
                 alias.created_at, alias.updated_at),
            )  # fmt: skip

    def remove_alias(self, machine: str, name: str) -> None:
        """Forget an alias."""
        with self._journal.transaction():
            self._journal.db.execute(
                "DELETE FROM aliases WHERE machine = ? AND name = ?", (machine, name)
            )

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        return dict(
            self._journal.rows("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", [arn])
        )

    def set_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Give a resource these tags, and no others."""
        with self._journal.transaction():
            self._journal.db.execute("DELETE FROM tags WHERE arn = ?", (arn,))
            self._journal.db.executemany(
                "INSERT INTO tags VALUES (?, ?, ?)", [(arn, k, v) for k, v in tags.items()]
            )

    def note_origin(self, execution: int, origin: Origin) -> None:
        """Keep how an execution came about; within the transaction that creates it."""
        if origin != Origin():
            self._journal.db.execute(
                "INSERT INTO origins VALUES (?, ?, ?, ?)",
                (execution, origin.version, origin.alias, origin.trace),
            )

    def origin(self, execution: int) -> Origin:
        """How an execution came about."""
        rows = self._journal.rows(
            "SELECT version, alias, trace FROM origins WHERE execution = ?", [execution]
        )
        return Origin(*rows[0]) if rows else Origin()

    def _put(self, machine: Machine) -> None:
        self._journal.db.execute(
            "INSERT OR REPLACE INTO state_machines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (machine.name, machine.generated, machine.status, machine.type, machine.definition,
             dumps(machine.settings), machine.revision, machine.created_at, machine.updated_at,
             machine.newest),
        )  # fmt: skip

    def _machines(self, where: str, values: Sequence[Any]) -> Sequence[Machine]:
        columns = ", ".join(Machine.__dataclass_fields__)
        rows = self._journal.rows(f"SELECT {columns} FROM state_machines {where}", values)
        return [
            Machine(name, bool(generated), status, type, text, loads(settings), *rest)
            for name, generated, status, type, text, settings, *rest in rows
        ]

    def _versions(self, where: str, values: Sequence[Any]) -> Sequence[Version]:
        columns = ", ".join(Version.__dataclass_fields__)
        rows = self._journal.rows(f"SELECT {columns} FROM versions {where}", values)
        return [
            Version(machine, number, text, loads(settings), *rest)
            for machine, number, text, settings, *rest in rows
        ]


def _alias(
    machine: str,
    name: str,
    description: str | None,
    routes: str,
    created_at: float,
    updated_at: float,
) -> Alias:
    pairs = tuple((int(number), int(weight)) for number, weight in loads(routes))
    return Alias(machine, name, description, pairs, created_at, updated_at)
