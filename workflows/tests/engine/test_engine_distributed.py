"""The Distributed Map: items from objects, children with histories of their own, results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.failures import TaskFailed
from workflows.engine.engine import Engine
from workflows.engine.faults import BadDefinition
from workflows.engine.item_source import ItemSource
from workflows.tests.engine.conftest import Functions, Ran
from workflows.tests.engine.maps import (
    GET,
    LIST,
    PASS,
    PUT,
    Memory,
    counts,
    distributed,
    map_run,
    one,
    reading,
    task,
)


class Maps:
    """Runs a machine of one Distributed Map over a store in memory."""

    def __init__(self, engines: Callable[..., Engine]) -> None:
        self._engines = engines
        self.store = Memory()

    def __call__(self, definition: Any, input: Any = None, /, **functions: Any) -> Ran:
        self.engine = self._engines(definition, Functions(**functions), objects=self.store)
        id = self.engine.start("m", {} if input is None else input, name="p")
        self.engine.run([id])
        return Ran(self.engine, id)

    def again(self, ran: Ran) -> Ran:
        self.engine.redrive(ran.id)
        self.engine.run([ran.id])
        return Ran(self.engine, ran.id)


@pytest.fixture
def maps(engines: Callable[..., Engine]) -> Maps:
    return Maps(engines)


class Failing:
    """A function that fails for some items as long as it is told to."""

    def __init__(self, *items: Any) -> None:
        self.items: tuple[Any, ...] = items
        self.calls: Counter[str] = Counter()

    def __call__(self, event: Any) -> Any:
        self.calls[json.dumps(event)] += 1
        if event in self.items:
            raise TaskFailed("Bad", f"item {event}")
        return event


def test_a_child_is_an_execution_with_its_own_arn_and_history(maps: Maps) -> None:
    ran = maps(distributed(Label="L"), ["a", "b"], f=str.upper)

    assert ran.execution.output == ["A", "B"]
    run = map_run(maps.engine, ran.id)
    assert run.arn.startswith("arn:aws:states:local:000000000000:mapRun:m/L:")
    children = maps.engine.children(run.arn)
    prefix = "arn:aws:states:local:000000000000:execution:m/L:"
    assert all(child.id.startswith(prefix) for child in children)
    assert [child.output for child in children] == ["A", "B"]
    assert Ran(maps.engine, children[0].id).types == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded",
        "TaskStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_children_are_not_among_the_executions_that_are_listed(maps: Maps) -> None:
    maps(distributed(PASS), [1, 2])

    assert [e.name for e in maps.engine.list()] == ["p"]


def test_the_history_of_the_parent_tells_of_the_map_run_only(maps: Maps) -> None:
    ran = maps(distributed(PASS), [1, 2])

    assert ran.types == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted",
        "MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert ran.details("MapRunStarted") == [{"mapRunArn": map_run(maps.engine, ran.id).arn}]


def test_the_context_of_a_child_is_its_own(maps: Maps) -> None:
    shown = {"in.$": "$$.Execution.Input", "m.$": "$$.StateMachine.Name"}

    ran = maps(distributed({**PASS, "Parameters": shown}), ["a"])

    assert ran.execution.output == [{"in": "a", "m": "m/S"}]


def test_nothing_to_do_is_done(maps: Maps) -> None:
    ran = maps(distributed(), [])

    assert (ran.execution.status, ran.execution.output) == ("SUCCEEDED", [])


# Reading


def test_reads_json_lines(maps: Maps) -> None:
    maps.store.held["k"] = b'{"a": 1}\n\n{"a": 2}\n'

    ran = maps(distributed(PASS, ItemReader=reading({"InputType": "JSONL"}, Key="k")))

    assert ran.execution.output == [{"a": 1}, {"a": 2}]


def test_a_pointer_leads_to_the_array_within_a_json_object(maps: Maps) -> None:
    maps.store.held["k"] = b'{"deep": {"a/b": [[1], [2]]}}'
    config = {"InputType": "JSON", "ItemsPointer": "/deep/a~1b"}

    ran = maps(distributed(PASS, ItemReader=reading(config, Key="k")))

    assert ran.execution.output == [[1], [2]]


@pytest.mark.parametrize(
    ("delimiter", "mark"),
    [("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("SPACE", " "), ("TAB", "\t")],
)
def test_csv_has_five_delimiters(maps: Maps, delimiter: str, mark: str) -> None:
    maps.store.held["k"] = f'\ufeffn{mark}v\r\n1{mark}"a {mark} ""b"""\r\n'.encode()
    config = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": delimiter}

    ran = maps(distributed(PASS, ItemReader=reading(config, Key="k")))

    assert ran.execution.output == [{"n": "1", "v": f'a {mark} "b"'}]


@pytest.mark.parametrize(
    ("config", "text", "cause"),
    [
        ({"InputType": "JSON"}, "[1, 2", "Attempting to read invalid JSON"),
        ({"InputType": "JSONL"}, "{}\nno", "Attempting to read invalid JSON"),
        ({"InputType": "JSON", "ItemsPointer": "/x"}, "{}", "ItemsPointer /x points to nothing"),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a,a\n1,2", "cannot contain dupl"),
    ],
)
def test_what_cannot_be_read_fails_the_map_run(
    maps: Maps, config: Any, text: str, cause: str
) -> None:
    maps.store.held["k"] = text.encode()

    ran = maps(distributed(PASS, ItemReader=reading(config, Key="k")))

    assert ran.execution.error == "States.ItemReaderFailed"
    assert cause in (ran.execution.cause or "")
    assert map_run(maps.engine, ran.id).status == "FAILED"


def test_a_missing_object_may_be_caught(maps: Maps) -> None:
    machine = distributed(
        PASS,
        ItemReader=reading({"InputType": "JSON"}, Key="none"),
        Catch=[{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Z"}],
    )
    machine["States"]["Z"] = {"Type": "Succeed"}

    ran = maps(machine)

    assert ran.execution.output["Cause"] == "The specified key does not exist: none"


# Selecting and batching


def test_batches_hold_so_many_items_with_what_all_of_them_share(maps: Maps) -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$.all"}}

    ran = maps(distributed(PASS, ItemsPath="$.l", ItemBatcher=batcher), {"l": [1, 2, 3], "all": 9})

    assert ran.execution.output == [
        {"BatchInput": {"all": 9}, "Items": [1, 2]},
        {"BatchInput": {"all": 9}, "Items": [3]},
    ]
    run = map_run(maps.engine, ran.id)
    assert (run.total.executions, run.total.items) == (2, 3)


class Fields:
    """Fields of a Map state without anything to evaluate."""

    def __init__(self, batcher: Any) -> None:
        self.state = {"ItemBatcher": batcher}

    def template(self, template: Any, field: str) -> Any:
        return template

    def number(self, holder: Any, field: str) -> Any:
        return holder.get(field)

    def item(self, index: int, value: Any) -> Any:
        return value


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(max_size=30), max_size=40),
    st.one_of(st.none(), st.integers(1, 7)),
    st.integers(60, 300),
)
def test_batches_are_all_items_in_order_within_their_bounds(
    items: list[str], most: int | None, size: int
) -> None:
    batcher = {"MaxInputBytesPerBatch": size, "BatchInput": {"x": 1}}
    batcher |= {} if most is None else {"MaxItemsPerBatch": most}

    source: Any = ItemSource(Fields(batcher), list(items))  # type: ignore[arg-type]  # as many as are needed
    batches = [(json.loads(text), text, n) for text, n in source.inputs(Memory())]

    assert [item for batch, _, _ in batches for item in batch["Items"]] == items
    assert all(len(batch["Items"]) == n for batch, _, n in batches)
    assert all(n <= (most or n) for _, _, n in batches)
    assert all(len(text.encode()) <= size or n == 1 for _, text, n in batches)


def test_all_of_it_in_jsonata(maps: Maps) -> None:
    maps.store.held["in.json"] = b'[{"v": 1}, {"v": 2}, {"v": 3}]'
    reader = {
        "Resource": GET,
        "Arguments": {"Bucket": "{% 'b' %}", "Key": "{% $states.input.file & '.json' %}"},
        "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 1 + 1 %}"},
    }
    machine = distributed(
        PASS,
        ItemReader=reader,
        ItemSelector={"n": "{% $states.context.Map.Item.Value.v * 10 %}",
                      "at": "{% $states.context.Map.Item.Index %}"},
        ItemBatcher={"MaxItemsPerBatch": "{% 2 %}",
                     "BatchInput": {"of": "{% $states.input.file %}"}},
        ToleratedFailurePercentage="{% 50 %}",
        MaxConcurrency="{% 1 %}",
        ResultWriter={"Resource": PUT, "Arguments": {"Bucket": "b", "Prefix": "{% 'o' & 'ut' %}"}},
        Output="{% $states.result.ResultWriterDetails.Bucket %}",
    )  # fmt: skip

    ran = maps({**machine, "QueryLanguage": "JSONata"}, {"file": "in"})

    assert (ran.execution.status, ran.execution.output) == ("SUCCEEDED", "b")
    (child,) = maps.engine.children(map_run(maps.engine, ran.id).arn)
    assert child.input == {
        "BatchInput": {"of": "in"},
        "Items": [{"n": 10, "at": 0}, {"n": 20, "at": 1}],
    }
    assert any(key.startswith("out/") for key in maps.store.held)


def test_an_item_that_cannot_be_selected_fails_the_state(maps: Maps) -> None:
    ran = maps(distributed(PASS, ItemSelector={"x.$": "$$.Map.Item.Value.x"}), [{"x": 1}, {}])

    assert (ran.execution.status, ran.execution.error) == ("FAILED", "States.Runtime")
    assert map_run(maps.engine, ran.id).status == "FAILED"


# Failures


def test_without_a_tolerance_one_failed_child_fails_the_map_run(maps: Maps) -> None:
    ran = maps(distributed(MaxConcurrency=1), [1, 2, 3], f=Failing(2))

    assert ran.execution.error == "States.ExceedToleratedFailureThreshold"
    assert ran.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    run = map_run(maps.engine, ran.id)
    assert (run.status, counts(run)) == (
        "FAILED",
        {"SUCCEEDED": (1, 1), "FAILED": (1, 1), "PENDING": (1, 1)},
    )


def test_what_is_tolerated_stands_in_the_output_with_its_cause(maps: Maps) -> None:
    ran = maps(distributed(ToleratedFailureCount=1), [1, 2, 3], f=Failing(2))

    assert ran.execution.status == "SUCCEEDED"
    first, second, third = ran.execution.output
    assert (first, third) == (1, 3)
    assert (second["Status"], second["Error"], second["Cause"]) == ("FAILED", "Bad", "item 2")


def test_the_children_that_run_are_stopped_when_the_map_run_fails(maps: Maps) -> None:
    choice = {"Type": "Choice", "Default": "F",
              "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "W"}]}  # fmt: skip
    machine = distributed(MaxConcurrency=2)
    machine["States"]["S"]["ItemProcessor"] |= {"StartAt": "C", "States": {
        "C": choice, "F": {"Type": "Fail", "Error": "E"},
        "W": {"Type": "Wait", "Seconds": 10_000, "End": True}}}  # fmt: skip

    ran = maps(machine, [1, 2, 3])

    assert [c.status for c in maps.engine.children(map_run(maps.engine, ran.id).arn)] == [
        "ABORTED",
        "FAILED",
    ]


def test_a_stopped_parent_stops_its_map_run_and_children(maps: Maps, engines: Any) -> None:
    machine = distributed({"Type": "Wait", "Seconds": 10_000, "End": True})
    engine = engines(machine)
    id = engine.start("m", [1, 2], name="p")

    def stop(arn: str, event: Any) -> None:
        if event.type == "WaitStateEntered":
            engine.stop(id)

    engine.run(on_event=stop)

    run = map_run(engine, id)
    assert (engine.describe(id).status, run.status) == ("ABORTED", "ABORTED")
    assert {c.status for c in engine.children(run.arn)} == {"ABORTED"}
    assert Ran(engine, id).types[-3:] == ["MapRunAborted", "MapStateAborted", "ExecutionAborted"]


def test_a_retried_map_is_another_map_run(maps: Maps) -> None:
    f = Failing(2)
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]

    ran = maps(distributed(Retry=retry), [1, 2], f=f)

    assert [run.status for run in maps.engine.map_runs(ran.id)] == ["FAILED", "FAILED"]
    assert f.calls == {"1": 2, "2": 2}


def test_limits_may_be_changed_while_it_runs(engines: Any) -> None:
    engine = engines(distributed(MaxConcurrency=1), Functions(f=Failing(1, 2)))
    id = engine.start("m", [1, 2, 3])

    def more(arn: str, event: Any) -> None:
        if event.type == "MapRunStarted":
            engine.change_map_run(map_run(engine, id).key, {"tolerated_count": 2})

    engine.run(on_event=more)

    assert engine.describe(id).status == "SUCCEEDED"
    assert map_run(engine, id).tolerated_count == 2


# Writing


WRITER = {"Resource": PUT, "Parameters": {"Bucket": "b", "Prefix": "out"}}


def test_results_are_exported_by_status_with_a_manifest(maps: Maps) -> None:
    machine = distributed(MaxConcurrency=1, ToleratedFailureCount=1, ResultWriter=WRITER)

    ran = maps(machine, [1, 2], f=Failing(2))

    run = map_run(maps.engine, ran.id)
    folder = f"out/{run.arn.rpartition(':')[2]}"
    assert ran.execution.output == {
        "MapRunArn": run.arn,
        "ResultWriterDetails": {"Bucket": "b", "Key": f"{folder}/manifest.json"},
    }
    files = {status: f"{folder}/{status}_0.json" for status in ("SUCCEEDED", "FAILED")}
    assert maps.store.json(f"{folder}/manifest.json") == {
        "DestinationBucket": "b",
        "MapRunArn": run.arn,
        "ResultFiles": {
            "FAILED": [{"Key": files["FAILED"], "Size": len(maps.store.held[files["FAILED"]])}],
            "PENDING": [],
            "SUCCEEDED": [
                {"Key": files["SUCCEEDED"], "Size": len(maps.store.held[files["SUCCEEDED"]])}
            ],
        },
    }
    (good,), (bad,) = maps.store.json(files["SUCCEEDED"]), maps.store.json(files["FAILED"])
    assert (good["Output"], good["Input"], good["Status"]) == ("1", "1", "SUCCEEDED")
    assert (bad["Error"], bad["Status"]) == ("Bad", "FAILED")
    assert counts(run)["WRITTEN"] == (2, 2)


def test_a_failed_map_run_exports_what_was_never_started_too(maps: Maps) -> None:
    ran = maps(distributed(MaxConcurrency=1, ResultWriter=WRITER), [1, 2, 3], f=Failing(1))

    run = map_run(maps.engine, ran.id)
    pending = maps.store.json(f"out/{run.arn.rpartition(':')[2]}/PENDING_0.json")
    assert [(each["Input"], each["Status"]) for each in pending] == [
        ("2", "PENDING"),
        ("3", "PENDING"),
    ]


@pytest.mark.parametrize(
    ("config", "written"),
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, b"[[1],[2]]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSON"}, b"[1,2]"),
        ({"Transformation": "COMPACT", "OutputType": "JSONL"}, b"[1]\n[2]\n"),
    ],
)
def test_results_are_written_as_the_configuration_says(
    maps: Maps, config: Any, written: bytes
) -> None:
    ran = maps(distributed(PASS, ResultWriter={**WRITER, "WriterConfig": config}), [[1], [2]])

    files = [key for key in maps.store.held if "SUCCEEDED" in key]
    assert (ran.execution.status, [maps.store.held[key] for key in files]) == (
        "SUCCEEDED",
        [written],
    )


def test_a_writer_without_a_bucket_fails_the_state(maps: Maps) -> None:
    writer = {"Resource": PUT, "Parameters": {"Bucket": "no"}}

    ran = maps(distributed(PASS, ResultWriter=writer), [1])

    assert (ran.execution.error, ran.execution.cause) == (
        "States.ResultWriterFailed",
        "The specified bucket does not exist: no",
    )


# Redrive


def test_a_redrive_runs_only_the_children_that_did_not_succeed(maps: Maps) -> None:
    f = Failing(2)
    ran = maps(distributed(MaxConcurrency=1), [1, 2, 3], f=f)
    f.items = ()

    again = maps.again(ran)

    assert (again.execution.status, again.execution.output) == ("SUCCEEDED", [1, 2, 3])
    assert f.calls == {"1": 1, "2": 2, "3": 1}
    run = map_run(maps.engine, ran.id)
    assert (run.redrives, run.status, counts(run)) == (1, "SUCCEEDED", {"SUCCEEDED": (3, 3)})
    assert again.types[len(ran.types) :] == [
        "ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded", "MapStateSucceeded",
        "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert again.details("MapRunRedriven") == [{"mapRunArn": run.arn, "redriveCount": 1}]


def test_a_standard_child_goes_on_from_what_failed_in_it(maps: Maps) -> None:
    machine, f, g = distributed(), Failing(), Failing(1)
    machine["States"]["S"]["ItemProcessor"]["States"] = {
        "I": {**{k: v for k, v in task("g").items() if k != "End"}, "Next": "J"},
        "J": task("f"),
    }
    g.items, f.items = (), (1,)
    ran = maps(machine, [1], f=f, g=g)
    f.items = ()

    again = maps.again(ran)

    assert again.execution.output == [1]
    assert (g.calls, f.calls) == ({"1": 1}, {"1": 2})
    (child,) = maps.engine.children(map_run(maps.engine, ran.id).arn)
    assert Ran(maps.engine, child.id).types.count("ExecutionRedriven") == 1


def test_an_express_child_is_run_anew_as_another_execution(maps: Maps) -> None:
    f = Failing(1)
    ran = maps(distributed(kind="EXPRESS"), [1, 2], f=f)
    run = map_run(maps.engine, ran.id)
    (before, _) = maps.engine.children(run.arn)
    f.items = ()

    again = maps.again(ran)

    (after, _) = maps.engine.children(run.arn)
    assert again.execution.output == [1, 2]
    assert (before.status, after.status) == ("FAILED", "SUCCEEDED")
    assert before.id != after.id


def test_a_map_run_aborted_with_its_parallel_is_redriven(maps: Maps) -> None:
    f = Failing("go")
    (inner,) = distributed({"Type": "Wait", "Seconds": 60, "End": True})["States"].values()
    branches = [one(inner), {"StartAt": "F", "States": {
        "F": {"Type": "Wait", "Seconds": 5, "Next": "G"},
        "G": {**task(), "Parameters": {"FunctionName": "f", "Payload": "go"}}}}]  # fmt: skip
    ran = maps({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Branches": branches, "End": True}}}, [1, 2], f=f)  # fmt: skip
    aborted = map_run(maps.engine, ran.id)
    f.items = ()

    again = maps.again(ran)

    assert (aborted.status, counts(aborted)) == ("ABORTED", {"ABORTED": (2, 2)})
    assert again.execution.output == [[1, 2], "go"]
    assert counts(map_run(maps.engine, ran.id)) == {"SUCCEEDED": (2, 2)}


def test_a_child_may_have_a_distributed_map_of_its_own(maps: Maps) -> None:
    (inner,) = distributed(PASS)["States"].values()
    machine = distributed()
    machine["States"]["S"]["ItemProcessor"] |= {"StartAt": "T", "States": {"T": inner}}

    ran = maps(machine, [[1, 2], [3]])

    assert ran.execution.output == [[1, 2], [3]]
    first = maps.engine.children(map_run(maps.engine, ran.id).arn)[0]
    assert map_run(maps.engine, first.id).arn.startswith(
        "arn:aws:states:local:000000000000:mapRun:m/T:"
    )


def test_a_reader_that_failed_reads_again_in_another_map_run(maps: Maps) -> None:
    machine = distributed(PASS, ItemReader=reading({"InputType": "JSON"}, Key="k"))
    ran = maps(machine)
    maps.store.held["k"] = b"[1]"

    again = maps.again(ran)

    assert again.execution.output == [1]
    assert [run.status for run in maps.engine.map_runs(ran.id)] == ["FAILED", "SUCCEEDED"]


# What AWS would refuse


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"Label": "a b"}, "a Label has 1 to 40 plain characters at $.States.S.Label"),
        ({"ItemReader": {"Resource": "arn:x", "Parameters": {}}}, "the resource 'arn:x' cannot be"),
        ({"ItemReader": {"Resource": GET, "Parameters": {}, "ReaderConfig": {
            "InputType": "PARQUET"}}}, "the InputType 'PARQUET' is not supported by this engine"),
        ({"ItemReader": {"Resource": LIST}}, "'Parameters' is an object at $.States.S.ItemReader"),
        ({"ItemBatcher": {}}, "at least one of MaxItemsPerBatch and MaxInputBytesPerBatch is"),
        ({"ResultWriter": {}}, "a Resource with its parameters, or a WriterConfig, is needed"),
        ({"ToleratedFailurePercentage": 100.5}, "a percentage is from 0 to 100 at $.States.S."),
        ({"ToleratedFailureCount": 1, "ToleratedFailureCountPath": "$.x"}, "only be one of the"),
    ],
)  # fmt: skip
def test_refuses_what_aws_would_refuse(engines: Any, more: Any, problem: str) -> None:
    with pytest.raises(BadDefinition) as refused:
        engines(distributed(PASS, **more))

    assert problem in str(refused.value)


def test_fields_of_a_distributed_map_are_refused_elsewhere(engines: Any) -> None:
    inner = {"StartAt": "I", "States": {"I": PASS}}

    with pytest.raises(BadDefinition, match="'ItemBatcher' needs a processor in Mode DISTRIBUTED"):
        engines(one({"Type": "Map", "ItemProcessor": inner, "End": True,
                     "ItemBatcher": {"MaxItemsPerBatch": 1}}))  # fmt: skip
