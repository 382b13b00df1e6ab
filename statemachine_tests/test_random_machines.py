"""Whatever machine can be built keeps its word: random timetables, run with random outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from statelint.linter import Linter

from statemachine_tests.virtual import LongestWait, VirtualClock
from tasks.errors import CutOff
from tasks.failures import TaskFailed
from tasks.spec import TaskSpec, from_json, to_json
from workflows.emit import to_asl
from workflows.engine.engine import Engine
from workflows.machines.model import Choose, Done, Machine, Note, Step, WrongMachine


@dataclass(frozen=True)
class Start:
    label: str
    colour: str | None = None


@dataclass(frozen=True)
class Weight:
    kilos: int


@dataclass(frozen=True)
class Size:
    size: str | None
    large: bool


@dataclass(frozen=True)
class Both:
    label: str
    kilos: int
    size: str | None


@dataclass(frozen=True)
class Either:
    execution: str
    colour: str | None
    kilos: int | None = None


GIVEN = {"weigh": Weight(3), "measure": Size(None, large=True), "pack": Size("s", large=False)}
TASKS = {
    "weigh": TaskSpec("weigh", takes=Start, gives=Weight, summary="To weigh."),
    "measure": TaskSpec("measure", Start, Size, "To measure.", raises=(CutOff,)),
    "pack": TaskSpec("pack", takes=Both, gives=Size, summary="To pack."),
    "unpack": TaskSpec("unpack", takes=Weight, gives=Weight, summary="To unpack."),
    "tell": TaskSpec("tell", takes=Either, gives=Weight, summary="To tell."),
}
ENDINGS = {
    "Fine": Done(("label", "kilos", "size", "colour")),
    "Odd": Done(("label",), says={"label": "odd"}),
}


@st.composite
def timetables(draw: st.DrawFn) -> Machine:
    """Machines that could be built, out of rows drawn at random."""
    count = draw(st.integers(1, 6))
    steps: dict[str, Any] = {}
    for row in range(count):
        below = [*(f"row{r}" for r in range(row + 1, count)), *ENDINGS]
        steps[f"row{row}"] = draw(_rows(below))
    try:
        return Machine("random", "Rows drawn at random.", Start, steps, ENDINGS)
    except WrongMachine:
        assume(False)
        raise


def _rows(below: list[str]) -> st.SearchStrategy[Any]:
    on = st.sampled_from(below)
    following = st.just(below[0])
    under = st.sampled_from([None, "facts"])
    plain = st.builds(
        Step,
        task=st.sampled_from([t for t in TASKS.values() if not t.raises]),
        then=following,
        failed=st.none() | on,
        undo=st.sampled_from([None, TASKS["unpack"]]),
        under=under,
    )
    rejecting = st.builds(
        Step, task=st.just(TASKS["measure"]), then=following, rejected=on, under=under
    )
    choice = st.builds(
        Choose,
        on=st.sampled_from(["large", "colour"]),
        rows=st.fixed_dictionaries({True: on}) | st.fixed_dictionaries({None: on}),
        default=following,
    )
    note = st.builds(
        Note,
        gives=st.just({"kilos": 1}),
        then=following,
        under=st.sampled_from([None, "facts", "label"]),
    )
    return plain | rejecting | choice | note


OUTCOMES = st.fixed_dictionaries(
    {name: st.sampled_from(["good", "good", "CutOff", "KeyError"]) for name in TASKS}
)


class Drawn:
    """Tasks that end as drawn, and refuse an event that is not what they take."""

    def __init__(self, outcomes: Mapping[str, str]) -> None:
        self._outcomes = outcomes
        self.wrong: list[str] = []

    def invoke(self, function: str, payload: Any, *, timeout_s: float, attempt: int) -> Any:
        name = function.strip("${}")
        try:
            from_json(TASKS[name].takes, payload)
        except ValueError as error:
            self.wrong.append(str(error))
        outcome = self._outcomes[name]
        if outcome == "good" or (outcome == "CutOff" and name != "measure"):
            return to_json(GIVEN.get(name, Weight(1)))
        raise TaskFailed(outcome, "{}")

    def submit_job(self, job: Mapping[str, Any], *, timeout_s: float) -> Mapping[str, Any]:
        raise NotImplementedError("no random row runs a job")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(machine=timetables(), outcomes=OUTCOMES, colour=st.sampled_from([None, "red"]))
def test_no_machine_that_could_be_built_ever_misses_a_field_or_ends_elsewhere(
    machine: Machine, outcomes: Mapping[str, str], colour: str | None
) -> None:
    definition = to_asl(machine)
    drawn = Drawn(outcomes)

    with TemporaryDirectory() as home:
        engine = Engine(
            Path(home),
            {machine.name: definition},
            drawn,
            clock=VirtualClock(),
            jitter=LongestWait(),
        )
        execution = engine.start(
            machine.name, {"label": "a", **({"colour": colour} if colour else {})}
        )
        engine.run([execution])
        ended = engine.describe(execution)
        engine.close()

    assert Linter.validate(definition) == []
    assert drawn.wrong == []
    if ended.status == "SUCCEEDED":
        assert tuple(ended.output or ()) in {done.fields for done in ENDINGS.values()}
    else:
        assert ended.error in {"KeyError", "CutOff"}, ended
