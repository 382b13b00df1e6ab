"""The list of all tasks has every task there is, and each can be found and called."""

import importlib
import pkgutil

import pytest

import tasks
from tasks.spec import TaskSpec
from tasks.specs import ALL_SPECS


def specs_on_disk():
    for folder in pkgutil.iter_modules(tasks.__path__):
        if folder.ispkg and pkgutil.iter_modules([f"{tasks.__path__[0]}/{folder.name}"]):
            names = [m.name for m in pkgutil.iter_modules([f"{tasks.__path__[0]}/{folder.name}"])]
            if "spec" in names:
                module = importlib.import_module(f"tasks.{folder.name}.spec")
                yield from (v for v in vars(module).values() if isinstance(v, TaskSpec))


def test_every_task_is_listed_under_its_name():
    assert {spec.name: spec for spec in specs_on_disk()} == dict(ALL_SPECS)


@pytest.mark.parametrize("spec", ALL_SPECS.values(), ids=lambda s: s.name)
def test_every_handler_is_a_function_of_one_event(spec):
    module, _, function = spec.handler.partition(":")

    handler = getattr(importlib.import_module(module), function)

    assert handler.__code__.co_argcount == 1


@pytest.mark.parametrize("spec", ALL_SPECS.values(), ids=lambda s: s.name)
def test_every_task_says_in_one_sentence_what_it_does(spec):
    assert spec.summary.endswith(".")
    assert "\n" not in spec.summary
