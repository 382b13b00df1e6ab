"""Which field goes where: every way through a machine is followed, and every step served.

A step is sent the fields that its contract takes, found by name among what is known on every way
to it. What is not known, may be null, or is given by two, is refused where it does not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import GenericAlias
from typing import TYPE_CHECKING

from tasks.spec import TaskSpec, fields_of, optional_fields
from workflows.machines.facts import (
    Fact,
    Facts,
    given_by,
    join,
    kinds_with_null,
    known_at_start,
)
from workflows.machines.kinds import (
    ANYTHING,
    NULL,
    Kinds,
    fits,
    kinds_of_constant,
    kinds_of_fields,
    spell,
)
from workflows.machines.nodes import Choose, Constant, Done, Each, Field, Node, Step, slot
from workflows.machines.routes import WrongMachine, before, catch_rows

if TYPE_CHECKING:
    from workflows.machines.model import Machine


@dataclass(frozen=True)
class At:
    """A value found in the state's data or in the context object."""

    path: str


Source = At | Constant


@dataclass(frozen=True)
class Plan:
    """`sent`: for each step, compensation and ending, where each field comes from.
    `failures`: for each step, where a failure leads. `unknown`: per slot, the fields that must
    be null until the slot's step has run. `breaks`: whether any way leads to `broken`."""

    sent: Mapping[str, Mapping[str, Source]]
    failures: Mapping[str, str]
    unknown: Mapping[str, tuple[str, ...]]
    breaks: bool


def plan(machine: Machine) -> Plan:
    """Follow every way through the machine. Raises `WrongMachine` naming what is not known."""
    return _Planner(machine).plan()


@dataclass
class _Planner:
    machine: Machine
    arriving: dict[str, list[Facts]] = field(default_factory=dict)
    sent: dict[str, dict[str, Source]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, set[str]] = field(default_factory=dict)

    def plan(self) -> Plan:
        machine = self.machine
        self._check_slots()
        earlier = before(machine)
        self.arriving = {next(iter(machine.steps)): [known_at_start(machine.takes)]}
        for name, node in machine.steps.items():
            facts = join(self.arriving[name])
            if isinstance(node, Step):
                self.sent[name] = self._sources(name, node.task, facts, node.says)
                self.failures[name] = self._failure(node, facts, earlier[name])
            if isinstance(node, Each):
                self._check_items(name, node, facts)
                self.sent[name] = {node.over: self._read(name, node.over, ANYTHING, facts)}
                self.failures[name] = self._nearest_undo(earlier[name])
            if isinstance(node, Choose):
                self.sent[name] = {node.on: self._chosen(name, node, facts)}
            self._lead_on(name, node, facts)
        for undo, then in machine.undo_ways:
            if undo not in self.arriving:
                raise WrongMachine(machine.name, undo, "no failure leads to this compensation")
            facts = join(self.arriving[undo])
            self.sent[undo] = self._sources(undo, machine.undoing[undo], facts, {})
            self.arriving.setdefault(then, []).append(facts)
        for name, done in machine.endings.items():
            self.sent[name] = self._output(name, done, join(self.arriving[name]))
        for facts in self.arriving.get(machine.broken, []):
            self._read(machine.broken, "error", ANYTHING, facts)
        unknown = {name: tuple(sorted(fields)) for name, fields in sorted(self.unknown.items())}
        return Plan(self.sent, self.failures, unknown, machine.broken in self.arriving)

    def _check_slots(self) -> None:
        """A result must not bury what is known: neither the input's fields, nor other fields that
        another step keeps under the same name."""
        taken = (*fields_of(self.machine.takes), "error")
        kept: dict[str, tuple[str, ...] | None] = dict.fromkeys(taken)
        for name, node in self.machine.steps.items():
            if isinstance(node, Choose):
                continue
            under, gives = slot(name, node), tuple(sorted(given_by(name, node)))
            if kept.setdefault(under, gives) != gives:
                raise WrongMachine(self.machine.name, name, f"{under} has other fields already")

    def _lead_on(self, name: str, node: Node, facts: Facts) -> None:
        def lead(target: str, more: Facts) -> None:
            self.arriving.setdefault(target, []).append({**facts, **more})

        error = {"error": Fact("$.error", ANYTHING)}
        if isinstance(node, Choose):
            for target in node.rows.values():
                lead(target, {})
            tested = facts[node.on]
            not_null = replace(tested, kinds=tested.kinds - NULL) if None in node.rows else tested
            lead(node.default, {node.on: not_null})
            return
        lead(node.then, given_by(name, node))
        if isinstance(node, Step):
            for row in catch_rows(node, self.machine.broken):
                lead(row.then, error)
        if name in self.failures:
            lead(self.failures[name], error)

    def _failure(self, step: Step, facts: Facts, earlier: Iterable[str]) -> str:
        """What failed may be half done, so its own undo comes first, where all that this takes
        is known without the step's result."""
        if step.failed is not None:
            return step.failed
        if step.undo and all(
            f in facts and facts[f].sure
            for f in set(fields_of(step.undo.takes)) - set(optional_fields(step.undo.takes))
        ):
            return step.undo.name
        return self._nearest_undo(earlier)

    def _nearest_undo(self, earlier: Iterable[str]) -> str:
        nodes = [self.machine.steps[name] for name in earlier]
        done = {node.undo.name for node in nodes if isinstance(node, Step) and node.undo}
        return next((undo for undo in self.machine.undoing if undo in done), self.machine.broken)

    def _sources(
        self, name: str, task: TaskSpec, facts: Facts, says: Mapping[str, Constant]
    ) -> dict[str, Source]:
        wanted, defaults = kinds_of_fields(task.takes), optional_fields(task.takes)
        if strange := sorted(set(says) - set(wanted)):
            raise WrongMachine(self.machine.name, name, f"{task.name} takes no {strange[0]}")
        sources: dict[str, Source] = {}
        for wish in fields_of(task.takes):
            if wish in says:
                self._check_fit(name, wish, kinds_of_constant(says[wish]), wanted[wish])
                sources[wish] = says[wish]
            elif wish not in facts and wish in defaults:
                sources[wish] = defaults[wish]
            else:
                sources[wish] = self._read(name, wish, wanted[wish], facts)
        return sources

    def _output(self, name: str, done: Done, facts: Facts) -> dict[str, Source]:
        if strange := sorted(set(done.says) - set(done.fields)):
            raise WrongMachine(self.machine.name, name, f"has no field {strange[0]}")
        sources: dict[str, Source] = {}
        for wish in done.fields:
            said = done.says.get(wish, Field(wish) if wish in facts else None)
            if isinstance(said, Field):
                sources[wish] = self._read(name, said.name, ANYTHING, facts)
            else:
                sources[wish] = said
        return sources

    def _chosen(self, name: str, node: Choose, facts: Facts) -> Source:
        source = self._read(name, node.on, ANYTHING, facts)
        for value in node.rows:
            fact = facts[node.on]
            self._check_fit(name, node.on, kinds_of_constant(value), kinds_with_null(fact))
        return source

    def _check_items(self, name: str, node: Each, facts: Facts) -> None:
        wanted = frozenset({GenericAlias(tuple, (node.do.takes, ...))})
        fact = facts.get(node.over)
        if fact is None or not fits(fact.kinds, wanted):
            item = node.do.takes.__name__
            raise WrongMachine(self.machine.name, name, f"{node.over} is no list of {item}")

    def _read(self, name: str, wish: str, wanted: Kinds, facts: Facts) -> Source:
        fact = facts.get(wish)
        if fact is None or (not fact.sure and not fact.slot):
            raise WrongMachine(self.machine.name, name, f"{wish} is not known on every way here")
        if fact.also:
            both = f"{fact.slot} and {fact.also}"
            raise WrongMachine(self.machine.name, name, f"{wish} is given by both {both}")
        self._check_fit(name, wish, kinds_with_null(fact), wanted)
        if not fact.sure:
            self.unknown.setdefault(fact.slot, set()).add(wish)
        return At(fact.path)

    def _check_fit(self, name: str, wish: str, given: Kinds, wanted: Kinds) -> None:
        if not fits(given, wanted):
            raise WrongMachine(
                self.machine.name, name, f"{wish} is {spell(given)}, not {spell(wanted)}"
            )
