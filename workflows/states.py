"""The pieces of States Language that we use, on top of the `stepfunctions` SDK.

The only importer of the SDK. Two of its modules are pure graph builders and are all that is
wanted, but its packages import SageMaker on the way to them; so empty packages that only know
their folder stand in while the two are loaded. What the SDK lacks is added by subclassing.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any


def load(module: str) -> ModuleType:
    """One module of `stepfunctions.steps`, without running the packages above it.

    Raises `ImportError` saying what to install when the SDK is not there.
    """
    if "stepfunctions" not in sys.modules:
        home = _home()
        for package, folder in (("stepfunctions", ""), ("stepfunctions.steps", "steps")):
            stand_in = ModuleType(package)
            stand_in.__path__ = [str(home / folder)]
            sys.modules[package] = stand_in
    with warnings.catch_warnings():
        # Version 2.3.0 compares a string with `is`, of which the compiler warns.
        warnings.simplefilter("ignore", SyntaxWarning)
        return importlib.import_module(f"stepfunctions.steps.{module}")


def _home() -> Path:
    found = importlib.util.find_spec("stepfunctions")
    if found is None or not found.submodule_search_locations:
        raise ImportError(
            "the stepfunctions SDK is missing: pip install 'ons-data-platform[author]'",
            name="stepfunctions",
        )
    return Path(next(iter(found.submodule_search_locations)))


_states = load("states")
_rules = load("choice_rule")
_Field = _states.Field


class _More(Enum):
    """Fields of States Language that the SDK does not know, by its own naming."""

    RESULT_SELECTOR = "result_selector"
    ITEM_SELECTOR = "item_selector"
    MAX_DELAY_SECONDS = "max_delay_seconds"
    JITTER_STRATEGY = "jitter_strategy"
    ERROR_PATH = "error_path"
    CAUSE_PATH = "cause_path"


def _extended(base: Any, *more: _More) -> Any:
    """A subclass of an SDK class that takes these fields too."""

    def allowed_fields(self: Any) -> list[Enum]:
        return [*base.allowed_fields(self), *more]

    return type(base.__name__, (base,), {"allowed_fields": allowed_fields})


def _map_to_dict(self: Any) -> dict[str, Any]:
    """As the SDK's, but with `ItemProcessor`, which has taken the place of `Iterator`."""
    processor = {"ProcessorConfig": {"Mode": "INLINE"}, **self.processor}
    return {**_states.State.to_dict(self), "ItemProcessor": processor}


Pass = _states.Pass
Succeed = _states.Succeed
Choice = _states.Choice
Catch = _states.Catch
Retry = _extended(_states.Retry, _More.MAX_DELAY_SECONDS, _More.JITTER_STRATEGY)
Task = _extended(_states.Task, _More.RESULT_SELECTOR)
Fail = _extended(_states.Fail, _More.ERROR_PATH, _More.CAUSE_PATH)
Map = _extended(_states.Map, _More.RESULT_SELECTOR, _More.ITEM_SELECTOR)
Map.to_dict = _map_to_dict


def rule(path: str, value: str | bool | None) -> Any:
    """The condition that the value at `path` equals `value`; None asks for null."""
    if value is None:
        return _rules.Rule(path, "IsNull", True)
    if isinstance(value, bool):
        return _rules.Rule(path, "BooleanEquals", value)
    return _rules.Rule(path, "StringEquals", value)


def graph(start: Any, order: Sequence[str], comment: str | None = None) -> dict[str, Any]:
    """The definition of all states that `start` leads to, written in this order.

    Raises `ValueError` when a state that is led to is not in `order`, or one of `order` is not
    led to: then a Next, Catch or Default would name a state that does not exist, or in vain.
    """
    extra = {} if comment is None else {"comment": comment}
    made: Mapping[str, Any] = _states.Graph(start, **extra).to_dict()
    states: Mapping[str, Any] = made["States"]
    if strange := _difference(states, order):
        raise ValueError(f"not both made and led to: {', '.join(strange)}")
    return {**made, "States": {name: _type_first(states[name]) for name in order}}


def _type_first(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"Type": state["Type"], **state}


def _difference(one: Collection[str], other: Collection[str]) -> list[str]:
    return sorted(set(one) ^ set(other))
