"""Executions of one file in every order of their calls, with a fault wherever one can strike.

The ledger is the real one, the tasks are the real ones, the machines are walked as they are
written. At every moment each published release is whole; at the end each file has exactly one, and
the newest is current. `python -m statemachine_tests.interleaving` explores more.
"""

import pytest

from statemachine_tests.interleaving.actors import HANDLERS, Actor, ingest, settle
from statemachine_tests.interleaving.explore import (
    SHORT,
    SWEEPER,
    Broken,
    actors_of,
    alone,
    explore,
)
from statemachine_tests.interleaving.world import World
from tasks.discard_release.spec import ReleaseDiscarded


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


@pytest.mark.parametrize("case", SHORT)
def test_in_every_order_each_file_has_one_release_and_the_newest_is_current(world, case):
    explored = explore(world, actors_of(case), faults=SHORT[case])

    assert explored.states > 100
    assert any("Published" in endings for endings in explored.endings)


def test_of_two_executions_of_one_file_at_least_one_publishes(world):
    explored = explore(world, actors_of("two executions of one file"))

    assert explored.endings == {
        ("Published", "Parked"),
        ("Parked", "Published"),
        ("Published", "Published"),
    }


def test_an_undisturbed_walk_ends_as_the_machine_says(world):
    world.objects.put("raw/1", b"x")

    assert alone(world, Actor("a@1", ingest("a@1"))) == "Published"
    assert [r.state for r in world.ledger.releases("carga-energia")] == ["current"]
    assert sorted(key for key in world.objects.held if key.startswith("staging/")) == []


def test_a_discard_that_looks_first_and_removes_later_would_be_found_out(world):
    def careless(event, *, objects, ledger):
        if ledger.is_published(event.release):
            return ReleaseDiscarded(0)
        return ReleaseDiscarded(objects.delete(f"releases/{event.release}/"))

    handlers = {**HANDLERS, "discard_release": careless}
    acting = (
        Actor("a@1", ingest("a@1"), handlers=handlers),
        Actor(SWEEPER, settle(), handlers=handlers),
    )

    with pytest.raises(Broken, match=r"sweeper: ledger.is_published(\n.*)*a@1: ledger.publish"):
        explore(world, acting, faults=1, kinds=["stop"])
