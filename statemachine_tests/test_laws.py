"""What is always true of every machine, read from the States Language that it becomes."""

import json
import re
from graphlib import TopologicalSorter

import pytest

from statemachine_tests.asl import called, graphs, leads_to, states, tasks, texts
from tasks.errors import ClaimLost, FileRejected, PlatformError
from tasks.spec import fields_of, leaves, optional_fields
from tasks.specs import ALL_SPECS
from workflows.emit import to_asl
from workflows.machines import ALL_MACHINES, INGEST_FILE
from workflows.machines.model import Each

OURS = {leaf.__name__ for leaf in leaves(PlatformError)}
REJECTIONS = {leaf.__name__ for leaf in leaves(FileRejected)}
NEVER_RETRIED = {*REJECTIONS, ClaimLost.__name__}
OF_AWS = re.compile(r"(States|Lambda|Batch|Sandbox|Runtime)\.[A-Z]\w+")

every_machine = pytest.mark.parametrize("machine", ALL_MACHINES, ids=lambda m: m.name)


def compensations(machine):
    return set(machine.undoing)


@every_machine
def test_every_way_leads_to_a_state_that_exists(machine):
    for graph in graphs(to_asl(machine)):
        ways = {way for state in graph["States"].values() for way in leads_to(state)}
        assert {graph["StartAt"], *ways} <= set(graph["States"])


@every_machine
def test_every_state_is_reached(machine):
    for graph in graphs(to_asl(machine)):
        reached, waiting = set(), [graph["StartAt"]]
        while waiting:
            name = waiting.pop()
            reached.add(name)
            waiting += [n for n in leads_to(graph["States"][name]) if n not in reached]
        assert reached == set(graph["States"])


@every_machine
def test_every_path_ends_in_a_state_that_ends(machine):
    for graph in graphs(to_asl(machine)):
        # No way leads back, so every path is finite, and only a state that ends has no way on.
        TopologicalSorter({n: leads_to(s) for n, s in graph["States"].items()}).prepare()
        last = [s for s in graph["States"].values() if not leads_to(s)]
        assert {s["Type"] for s in last} <= {"Succeed", "Fail"}


@every_machine
def test_state_names_are_unique_and_short_enough(machine):
    names = [name for name, _ in states(to_asl(machine))]

    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 80


@every_machine
def test_every_task_waits_longer_than_the_task_itself_may_run(machine):
    for name, state in tasks(to_asl(machine)):
        assert state["TimeoutSeconds"] > ALL_SPECS[called(state)].timeout_s, name


@every_machine
def test_a_job_is_ended_by_batch_before_its_state_gives_up(machine):
    for name, state in tasks(to_asl(machine)):
        if "batch" in state["Resource"]:
            limit = state["Parameters"]["Timeout"]["AttemptDurationSeconds"]
            assert limit == ALL_SPECS[called(state)].timeout_s < state["TimeoutSeconds"], name


@every_machine
def test_every_task_is_retried_with_backoff_a_cap_and_full_jitter(machine):
    for name, state in tasks(to_asl(machine)):
        assert state["Retry"], name
        for retrier in state["Retry"]:
            assert retrier["BackoffRate"] > 1, name
            assert retrier["MaxAttempts"] >= 1, name
            assert retrier["MaxDelaySeconds"] >= retrier["IntervalSeconds"] >= 1, name
            assert retrier["JitterStrategy"] == "FULL", name


@every_machine
def test_what_cannot_get_better_is_never_retried_on_the_way_forward(machine):
    for name, state in tasks(to_asl(machine)):
        if name not in compensations(machine):
            retried = {error for r in state["Retry"] for error in r["ErrorEquals"]}
            assert retried.isdisjoint({*NEVER_RETRIED, "States.ALL"}), name


@every_machine
def test_every_task_but_a_compensation_catches_everything_last(machine):
    for name, state in tasks(to_asl(machine)):
        if name not in compensations(machine):
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
            assert {row["ResultPath"] for row in state["Catch"]} == {"$.error"}, name


@every_machine
def test_a_compensation_retries_every_error_and_catches_none(machine):
    definition = to_asl(machine)["States"]
    for name in compensations(machine):
        assert [r["ErrorEquals"] for r in definition[name]["Retry"]] == [["States.ALL"]]
        assert "Catch" not in definition[name]


@every_machine
def test_compensations_run_in_the_reverse_order_of_what_they_undo(machine):
    definition = to_asl(machine)["States"]
    done = [node.undo.name for node in machine.steps.values() if getattr(node, "undo", None)]
    order = list(dict.fromkeys(reversed(done)))

    assert [definition[name]["Next"] for name in order] == [*order[1:], machine.broken][
        : len(order)
    ]


@every_machine
def test_every_rejection_that_a_task_declares_has_somewhere_of_its_own_to_go(machine):
    for name, state in tasks(to_asl(machine)):
        declared = set(ALL_SPECS[called(state)].error_names) & REJECTIONS
        if "batch" in state["Resource"]:
            continue  # the job's errors come with its outcome
        ways = {e: row["Next"] for row in state.get("Catch", ()) for e in row["ErrorEquals"]}
        assert declared <= set(ways), name
        assert {ways[e] for e in declared} <= {"reject"}, name


@every_machine
def test_every_error_name_that_is_matched_is_one_that_can_be_raised(machine):
    for name, state in tasks(to_asl(machine)):
        rows = (*state["Retry"], *state.get("Catch", ()))
        for error in (error for row in rows for error in row["ErrorEquals"]):
            assert error in OURS or OF_AWS.fullmatch(error), name


@every_machine
def test_every_task_is_sent_what_it_takes_and_gives_what_is_kept(machine):
    for name, state in tasks(to_asl(machine)):
        spec = ALL_SPECS[called(state)]
        if spec.runs_on == "batch":
            assert state["ResultPath"] is None
            continue
        sent = {key.removesuffix(".$") for key in state["Parameters"]["Payload"]}
        assert sent == set(fields_of(spec.takes)), name
        assert state["ResultSelector"] == {
            f"{field}.$": f"$.Payload.{field}" for field in fields_of(spec.gives)
        }


@every_machine
def test_the_event_of_a_job_is_what_its_task_takes(machine):
    definition = to_asl(machine)["States"]
    for name, state in tasks(to_asl(machine)):
        if "batch" in state["Resource"]:
            event = definition[f"{name}_event"]["Parameters"]
            taken = fields_of(ALL_SPECS[called(state)].takes)
            assert {key.removesuffix(".$") for key in event} == set(taken)


@every_machine
def test_no_state_reads_what_was_not_surely_written_before(machine):
    definition = to_asl(machine)
    written = {definition["StartAt"]: set(fields_of(machine.takes))}
    ways = {n: leads_to(s) for n, s in definition["States"].items()}
    for name in reversed(list(TopologicalSorter(ways).static_order())):
        state = definition["States"][name]
        assert _reads(state) <= written[name], name
        for way in ways[name]:
            after = _afterwards(definition, name, way, written[name])
            written[way] = written.get(way, after) & after


def _reads(state):
    """The first names of the paths that a state reads, those of its own result left out."""
    parts = ("Parameters", "Choices", "ItemsPath", "ErrorPath", "CausePath")
    paths = [
        path
        for part in parts
        for text in texts(state.get(part))
        for path in re.findall(r"(?<!\$)\$\.(\w+)", text)
    ]
    return set(paths)


def _afterwards(definition, name, way, written):
    """What is surely written when `name` has led to `way`."""
    state = definition["States"][name]
    if name == "defaults":  # its parameters take the place of the input
        return {key.removesuffix(".$") for key in state["Parameters"]}
    if name == "input":  # merges the input's fields with those that some way never finds out
        before = definition["States"]["defaults"]["Parameters"]
        return {*written, *before["unknown"], *before["defaults"], *_required(definition)}
    kept = {row["ResultPath"] for row in state.get("Catch", ()) if row["Next"] == way}
    if state.get("Next") == way:
        kept = {state.get("ResultPath")} & kept if kept else {state.get("ResultPath")}
    return written | {path.removeprefix("$.") for path in kept if path}


def _required(definition):
    machine = next(m for m in ALL_MACHINES if m.summary == definition["Comment"])
    return set(fields_of(machine.takes)) - set(optional_fields(machine.takes))


@every_machine
def test_payloads_are_references_and_a_few_figures(machine):
    lists = {"items", "withdrawn"}  # at most a hundred leases; the releases of one source
    for name, state in tasks(to_asl(machine)):
        spec = ALL_SPECS[called(state)]
        for cls in (spec.takes, spec.gives):
            hints = {f: t for f, t in cls.__annotations__.items() if f not in lists | {"error"}}
            assert not [f for f, t in hints.items() if "tuple" in str(t)], name


@every_machine
def test_a_definition_stays_far_under_the_megabyte_that_step_functions_takes(machine):
    assert len(json.dumps(to_asl(machine))) < 200_000


def test_every_good_ending_of_a_file_answers_the_same_fields():
    answers = {ending.fields for ending in INGEST_FILE.endings.values()}

    assert len(answers) == 1


def test_every_task_is_called_by_some_machine():
    used = {called(state) for machine in ALL_MACHINES for _, state in tasks(to_asl(machine))}

    assert used == set(ALL_SPECS)


def test_the_items_of_a_map_are_gone_over_a_few_at_a_time():
    eaches = [n for m in ALL_MACHINES for n in m.steps.values() if isinstance(n, Each)]

    assert all(1 <= each.at_once <= 10 for each in eaches)
