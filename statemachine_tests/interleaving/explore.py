"""Every order in which actors can make their calls, with faults wherever they can strike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from statemachine_tests.interleaving.actors import Actor, Call, Look, ingest, settle
from statemachine_tests.interleaving.world import World

FAULTS = ("crash", "retry", "time out", "stop")
"""crash: the process dies, another begins the task in flight again. retry: the task timed out and
is begun again while the first attempt still works. time out: it timed out for good, and the
machine walks back while it still works. stop: the execution is aborted while it still works."""
SWEEPER = "sweeper"


@dataclass
class Explored:
    """How many different states were seen, and how many ends."""

    states: int = 0
    ends: int = 0
    endings: set[tuple[str, ...]] = field(default_factory=set)


class Broken(AssertionError):
    """A promise is not kept; the message is the schedule that shows it."""


def explore(
    world: World,
    actors: Sequence[Actor],
    *,
    faults: int = 0,
    kinds: Sequence[str] = FAULTS,
    every_call: bool = False,
) -> Explored:
    """Go every way. At most `faults` of `kinds` strike the first actor. Calls on what one lease
    has for itself are made together with the call before, unless `every_call` is a step of its
    own. Raises `Broken`."""
    explored, seen = Explored(), set[str]()
    known: dict[str, Look] = {}

    def look_of(actor: Actor) -> Look:
        if actor.mark not in known:  # it depends on nothing but the actor
            known[actor.mark] = actor.look()
        return known[actor.mark]

    world.objects.held = {f"raw/{day}": b"x" for day in (1, 2)}
    for actor in actors:
        if actor.name != SWEEPER:
            world.runs[actor.name] = "RUNNING"
    start = world.snapshot()
    # What is still to be gone: a world, the actors in it, the faults left, and how it came about.
    todo = [(start, tuple(actors), faults, ())]
    while todo:
        before, acting, left, schedule = todo.pop()
        mark = repr((before, sorted(actor.mark for actor in acting), left))
        if mark in seen:
            continue
        seen.add(mark)
        explored.states += 1
        world.restore(before)
        looks = [look_of(actor) for actor in acting]
        _note_ends(world, acting, looks)
        at_rest = world.snapshot()
        ways = 0
        for index, (actor, look) in enumerate(zip(acting, looks, strict=True)):
            if look.call is None or not _may_act(world, actor, acting):
                continue
            ways += 1
            world.restore(at_rest)
            step = (*schedule, f"{actor.name}: {look.call.port}.{look.call.method}")
            moved = actor.after(look.make(world))
            _check(world, step)
            while not every_call and _is_private((then := look_of(moved)).call):
                moved = moved.after(then.make(world))
            others = (*acting[:index], moved, *acting[index + 1 :])
            todo.append((world.snapshot(), others, left, step))
        if left and looks[0].call is not None:
            world.restore(at_rest)
            for kind in kinds:
                struck, status = _strike(kind, acting, looks[0].task, looks[0].began)
                runs = {**at_rest.runs, **status}
                hit = replace(at_rest, runs=runs)
                todo.append((hit, struck, left - 1, (*schedule, f"{acting[0].name}: {kind}")))
        if not ways:
            world.restore(at_rest)
            explored.ends += 1
            explored.endings.add(tuple(look.ending or "waits" for look in looks))
            _check_end(world, acting, schedule)
    return explored


def _is_private(call: Call | None) -> bool:
    """Whether nobody else could tell when it was made: the arrived file never changes, and each
    lease has a staging of its own."""
    return (
        call is not None
        and call.port == "objects"
        and call.method != "delete"
        and str(call.args[-1 if call.method == "copy" else 0]).startswith(("raw/", "staging/"))
    )


def _may_act(world: World, actor: Actor, acting: Sequence[Actor]) -> bool:
    """The sweeper comes once something is abandoned; before, it would find nothing."""
    if actor.name != SWEEPER or actor.answers:
        return True
    return any(world.runs.get(lease.execution) != "RUNNING" for lease in world.ledger.leases(99))


def _note_ends(world: World, acting: Sequence[Actor], looks: Sequence[Look]) -> None:
    for actor, look in zip(acting, looks, strict=True):
        if look.ending and actor.until is None and world.runs.get(actor.name) == "RUNNING":
            world.runs[actor.name] = "FAILED" if look.ending == "Failed" else "SUCCEEDED"


def _strike(
    kind: str, acting: Sequence[Actor], task: int, began: int
) -> tuple[tuple[Actor, ...], dict[str, str]]:
    """The first actor is hit in its task of this number."""
    victim, others = acting[0], tuple(acting[1:])
    again = replace(victim, answers=victim.answers[:began])
    zombie = replace(victim, until=task + 1)
    if kind == "crash":
        return (again, *others), {}
    if kind == "retry":
        return (again, *others, zombie), {}
    if kind == "time out":
        return (replace(again, failed=victim.failed | {task}), *others, zombie), {}
    return (zombie, *others), {victim.name: "ABORTED"}


def _check(world: World, schedule: Sequence[str]) -> None:
    try:
        world.check()
    except AssertionError as error:
        raise Broken(f"{error}\n" + "\n".join(schedule)) from error


def _check_end(world: World, acting: Sequence[Actor], schedule: Sequence[str]) -> None:
    """Sweep, and ingest each file once more, alone: then the newest is current, and each file has
    one release."""
    alone(world, Actor(SWEEPER, settle()))
    days = sorted({int(a.name.partition("@")[2] or 1) for a in acting if a.name != SWEEPER})
    last = {day: alone(world, Actor(f"last@{day}", ingest(f"last@{day}", day))) for day in days}
    try:
        assert not world.ledger.leases(99), "a lease is left"
        assert set(last.values()) <= {"Published", "Archived"}, f"then it ends {last}"
        known = world.ledger.releases("carga-energia")
        assert sorted(r.new.release for r in known) == [f"r{day}" for day in days]
        (current,) = world.ledger.current("carga-energia")
        assert current.new.release == f"r{days[-1]}", "the newest is not current"
        world.check()
    except AssertionError as error:
        raise Broken(f"{error}\n" + "\n".join(schedule)) from error


def alone(world: World, actor: Actor) -> str:
    """Let one actor go to its end."""
    world.runs.setdefault(actor.name, "RUNNING")
    while (look := actor.look()).call is not None:
        actor = actor.after(look.make(world))
    assert look.ending is not None
    world.runs[actor.name] = "SUCCEEDED"
    return look.ending


SHORT = {
    "two executions of one file": 0,
    "a file and a newer one of its source": 0,
    "one execution, struck anywhere, and the sweeper": 1,
    "two executions, one struck anywhere, and the sweeper": 1,
}
"""What the suite explores, and how many faults strike the first of the actors."""
LONG = {
    **SHORT,
    "three executions of one file": 0,
    "one execution, struck twice anywhere, and the sweeper": 2,
    "a file, struck anywhere, a newer one, and the sweeper": 1,
    "three executions, one struck anywhere, and the sweeper": 1,
}


def actors_of(case: str) -> tuple[Actor, ...]:
    """Who acts in a case."""
    executions = [Actor(f"{name}@1", ingest(f"{name}@1")) for name in "abc"]
    many = 3 if case.startswith("three") else 2 if case.startswith("two") else 1
    acting = executions[:many]
    if "newer" in case:
        acting.append(Actor("n@2", ingest("n@2", 2)))
    if "sweeper" in case:
        acting.append(Actor(SWEEPER, settle()))
    return tuple(acting)
