"""From JSON to a handler's value and back: what every door does for every task."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tasks.spec import TaskSpec, from_json, to_json

if TYPE_CHECKING:
    from tasks.wiring import Platform

Override = Callable[[Any], Any]
"""In place of a handler: an event value to a result value, without ports."""


def answer(
    spec: TaskSpec, payload: Any, platform: Callable[[], Platform], override: Override | None = None
) -> dict[str, Any]:
    """Call the task's handler with an event as JSON and answer its result as JSON.

    The handler is given those fields of the platform that its keyword-only parameters name; the
    platform is not asked for when it wants none. Whatever the handler raises goes through.
    """
    event: Any = from_json(spec.takes, payload)
    if override is not None:
        return to_json(override(event))
    handler, wanted = _handler(spec.handler)
    ports: dict[str, Any] = {}
    if wanted:
        there = platform()
        names = {f.name for f in fields(there)}
        if missing := [name for name in wanted if name not in names]:
            raise TypeError(f"{spec.handler} asks for {', '.join(missing)}, which no platform has")
        ports = {name: getattr(there, name) for name in wanted}
    return to_json(handler(event, **ports))


@lru_cache(maxsize=256)
def _handler(path: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
    module, _, name = path.partition(":")
    handler: Callable[..., Any] = getattr(importlib.import_module(module), name)
    parameters = inspect.signature(handler).parameters.values()
    return handler, tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
