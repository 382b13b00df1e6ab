"""An independent reader of States Language finds nothing wrong with what we generate."""

import pytest
from statelint.linter import Linter

from workflows.emit import to_asl
from workflows.machines import ALL_MACHINES


@pytest.mark.parametrize("machine", ALL_MACHINES, ids=lambda m: m.name)
def test_statelint_has_nothing_to_say(machine):
    assert Linter.validate(to_asl(machine)) == []


def test_statelint_would_speak_up():
    definition = to_asl(ALL_MACHINES[0])
    definition["States"]["claim"]["Next"] = "nowhere"

    assert any("nowhere" in problem for problem in Linter.validate(definition))
