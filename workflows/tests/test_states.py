"""The SDK is loaded lightly and knows the fields that it lacks."""

import subprocess
import sys

import pytest

from workflows import states

LOADED_BY_STATES = "import sys, workflows.states; print(*sys.modules)"


def test_loading_the_sdk_runs_none_of_its_packages_and_none_of_theirs():
    loaded = subprocess.check_output([sys.executable, "-W", "error", "-c", LOADED_BY_STATES])

    modules = set(loaded.decode().split())
    assert "stepfunctions.steps.states" in modules
    assert {"boto3", "sagemaker", "stepfunctions.workflow", "yaml"}.isdisjoint(modules)


def test_a_missing_sdk_is_named_with_what_to_install():
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'stepfunctions' else find(name)\n"
        "import workflows.states"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].endswith("pip install 'ons-data-platform[author]'")


def test_a_task_has_a_result_selector_and_a_timeout_path():
    task = states.Task(
        "Weigh",
        resource="arn:aws:states:::lambda:invoke",
        result_selector={"kilos.$": "$.Payload.kilos"},
        timeout_seconds_path="$.patience",
    )

    assert states.graph(task, ["Weigh"]) == {
        "StartAt": "Weigh",
        "States": {
            "Weigh": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "ResultSelector": {"kilos.$": "$.Payload.kilos"},
                "TimeoutSecondsPath": "$.patience",
                "End": True,
            }
        },
    }


def test_a_discarded_result_is_written_as_null():
    task = states.Task("Weigh", resource="arn:x", result_path=None)

    assert task.to_dict()["ResultPath"] is None


def test_a_retry_has_a_cap_and_full_jitter():
    retry = states.Retry(error_equals=["TryAgain"], max_delay_seconds=60, jitter_strategy="FULL")

    assert retry.to_dict() == {
        "ErrorEquals": ["TryAgain"],
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }


def test_a_fail_state_takes_error_and_cause_from_its_input():
    fail = states.Fail("Failed", error_path="$.error.Error", cause_path="$.error.Cause")

    assert fail.to_dict() == {
        "Type": "Fail",
        "ErrorPath": "$.error.Error",
        "CausePath": "$.error.Cause",
    }


def test_a_map_runs_its_processor_inline():
    each = states.Map("Each", items_path="$.items", max_concurrency=2)
    each.processor = states.graph(states.Succeed("Fine"), ["Fine"])

    assert each.to_dict() == {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 2,
        "End": True,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Fine",
            "States": {"Fine": {"Type": "Succeed"}},
        },
    }


def test_a_field_that_nobody_knows_is_refused():
    with pytest.raises(TypeError, match="result_seletor"):
        states.Task("Weigh", result_seletor={})


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        ("new", {"StringEquals": "new"}),
        (True, {"BooleanEquals": True}),
        (False, {"BooleanEquals": False}),
        (None, {"IsNull": True}),
    ],
)
def test_a_rule_compares_by_the_type_of_its_value(value, condition):
    assert states.rule("$.standing", value).to_dict() == {"Variable": "$.standing", **condition}


def next_to(start):
    start.next(states.Succeed("Lost"))


def catch_to(start):
    start.add_catch(states.Catch(error_equals=["States.ALL"], next_step=states.Succeed("Lost")))
    start.next(states.Succeed("Fine"))


@pytest.mark.parametrize("lead", [next_to, catch_to])
def test_a_state_that_is_led_to_but_was_not_made_cannot_be_written(lead):
    start = states.Task("Start", resource="arn:x")
    lead(start)

    with pytest.raises(ValueError, match=r"not both made and led to: .*Lost"):
        states.graph(start, ["Start", *(["Fine"] if lead is catch_to else [])])


@pytest.mark.parametrize("way", ["default", "choice"])
def test_a_choice_of_a_state_that_was_not_made_cannot_be_written(way):
    choice = states.Choice("Start")
    fine, lost = states.Succeed("Fine"), states.Succeed("Lost")
    choice.default_choice(lost if way == "default" else fine)
    choice.add_choice(states.rule("$.a", True), fine if way == "default" else lost)

    with pytest.raises(ValueError, match="not both made and led to: Lost"):
        states.graph(choice, ["Start", "Fine"])


def test_a_state_that_nothing_leads_to_cannot_be_written():
    with pytest.raises(ValueError, match="not both made and led to: Lonely"):
        states.graph(states.Succeed("Start"), ["Start", "Lonely"])
