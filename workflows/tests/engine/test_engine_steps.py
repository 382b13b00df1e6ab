"""The view of an execution by its states."""

from typing import Any

from tasks.failures import TaskFailed

INVOKE = "arn:aws:states:::lambda:invoke"


def _task(**more: Any) -> dict[str, Any]:
    called = {"FunctionName": "f", "Payload.$": "$"}
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": called,
        "OutputPath": "$.Payload",
        **more,
    }


def _seen(ran: Any) -> list[Any]:
    return [("/".join((*s.path, s.name)), s.status, s.attempts) for s in ran.engine.steps(ran.id)]


def test_tells_attempts_inputs_outputs_and_the_caught_error(run: Any, clock: Any) -> None:
    answers = iter([TaskFailed("E", "first"), 5, TaskFailed("F", "last")])

    def f(event: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, TaskFailed):
            raise answer
        return answer

    ran = run({"StartAt": "A", "States": {
        "A": _task(Retry=[{"ErrorEquals": ["E"]}], Next="B"),
        "B": _task(Catch=[{"ErrorEquals": ["F"], "Next": "Z"}], End=True),
        "Z": {"Type": "Succeed"}}}, {"n": 1}, f=f)  # fmt: skip

    a, b, z = ran.engine.steps(ran.id)
    assert _seen(ran) == [("A", "SUCCEEDED", 2), ("B", "CAUGHT", 1), ("Z", "SUCCEEDED", 1)]
    assert (a.input, a.output, a.error) == ({"n": 1}, 5, None)
    assert (b.input, b.error, b.cause) == (5, "F", "last")
    assert (a.entered_at, a.exited_at) == ("2027-01-15T08:00:00.000Z", "2027-01-15T08:00:01.000Z")
    assert z.type == "Succeed"


def test_names_the_way_into_branches_and_items(run: Any) -> None:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": True, "Branches": [
        {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}]}}}  # fmt: skip
    ran = run({"StartAt": "M", "States": {
        "M": {"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 1, "Next": "Z"},
        "Z": {"Type": "Pass", "End": True}}}, [1, 2])  # fmt: skip

    assert _seen(ran) == [
        ("M", "SUCCEEDED", 1),
        ("M[0]/P", "SUCCEEDED", 1),
        ("M[0]/P/I", "SUCCEEDED", 1),
        ("M[1]/P", "SUCCEEDED", 1),
        ("M[1]/P/I", "SUCCEEDED", 1),
        ("Z", "SUCCEEDED", 1),
    ]


def test_tells_failed_and_aborted_steps_apart(run: Any) -> None:
    branches = [
        {"StartAt": "Bad", "States": {
            "Bad": {"Type": "Wait", "Seconds": 1, "Next": "Worse"},
            "Worse": {"Type": "Fail", "Error": "E", "Cause": "c"}}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}}},
    ]  # fmt: skip

    ran = run(
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
    )

    assert _seen(ran) == [
        ("P", "FAILED", 1),
        ("P/Bad", "SUCCEEDED", 1),
        ("P/W", "ABORTED", 1),
        ("P/Worse", "FAILED", 1),
    ]


def test_the_last_step_of_a_failed_execution_has_its_error(run: Any) -> None:
    ran = run({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}})

    (step,) = ran.engine.steps(ran.id)
    assert (step.status, step.error, step.cause) == ("FAILED", "E", "c")


def test_a_redriven_step_runs_again_and_what_succeeded_stays(run: Any) -> None:
    answers = iter([1, TaskFailed("E", "away"), 2])

    def f(event: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, TaskFailed):
            raise answer
        return answer

    ran = run({"StartAt": "A", "States": {"A": _task(Next="B"), "B": _task(End=True)}}, {}, f=f)
    assert _seen(ran) == [("A", "SUCCEEDED", 1), ("B", "FAILED", 1)]
    ran.engine.redrive(ran.id)
    ran.engine.run([ran.id])

    _, b = ran.engine.steps(ran.id)
    assert _seen(ran) == [("A", "SUCCEEDED", 1), ("B", "SUCCEEDED", 2)]
    assert (b.output, b.error) == (2, None)


def test_a_redriven_map_and_its_item_run_again(run: Any) -> None:
    calls: list[int] = []

    def f(event: int) -> int:
        calls.append(event)
        if event == 1 and calls.count(1) == 1:
            raise TaskFailed("E", "away")
        return event

    each = {"Type": "Map", "End": True, "MaxConcurrency": 1,
            "ItemProcessor": {"StartAt": "T", "States": {"T": _task(End=True)}}}  # fmt: skip
    ran = run({"StartAt": "M", "States": {"M": each}}, [0, 1], f=f)
    ran.engine.redrive(ran.id)
    ran.engine.run([ran.id])

    assert ran.engine.describe(ran.id).status == "SUCCEEDED"
    assert [(name, status) for name, status, _ in _seen(ran)] == [
        ("M", "SUCCEEDED"),
        ("M[0]/T", "SUCCEEDED"),
        ("M[1]/T", "SUCCEEDED"),
    ]
