"""An execution's states as a tree: items and branches beneath their state, executions linked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.engine.steps import Step

COLUMNS = ("state", "status", "attempts", "seconds", "error")
SHOWN_THREADS = 20
"""Of a Map with more items, those that went wrong come first; the rest is counted."""
_WORST = ("FAILED", "RUNNING", "ABORTED", "CAUGHT", "SUCCEEDED")

Row = tuple[str, str | None, int | None, float | None, str | None]


@dataclass(frozen=True)
class Link:
    """What a step started: its status, null when it is not known here, and what to show of what
    it started in turn."""

    status: str | None
    inner: Sequence[tuple[str, str]] = ()


Linked = Callable[[str], Link]
"""What is known of what an ARN names."""


def rows(steps: Sequence[Step], linked: Linked, now: str) -> Iterator[Row]:
    """A row of `COLUMNS` for each line of the tree; what runs has run until `now`."""
    within: dict[int | None, list[Step]] = {}
    for step in steps:
        within.setdefault(step.inside, []).append(step)
    for step in within.get(None, ()):
        yield _row("", step.name, step, now)
        yield from _below(step, within, linked, now, "")


def seconds(step: Step, now: str) -> float:
    """How long the step took, or has taken until `now`."""
    until = datetime.fromisoformat(step.exited_at or now)
    return round((until - datetime.fromisoformat(step.entered_at)).total_seconds(), 3)


def _below(
    step: Step, within: Mapping[int | None, list[Step]], linked: Linked, now: str, indent: str
) -> Iterator[Row]:
    threads: dict[int, list[Step]] = {}
    for child in within.get(step.id, ()):
        threads.setdefault(child.thread or 0, []).append(child)
    shown, hidden = _chosen(threads)
    last = len(shown) + len(step.started) + len(hidden) - 1
    lines = iter(range(last + 1))
    for index in shown:
        bars, inner = _bars(indent, next(lines) == last)
        yield from _thread(step, index, threads[index], within, linked, now, bars, inner)
    for status, count in hidden.items():
        bars, _ = _bars(indent, next(lines) == last)
        yield (f"{bars}{count} more", status, None, None, None)
    for arn in step.started:
        bars, inner = _bars(indent, next(lines) == last)
        link = linked(arn)
        yield (f"{bars}{arn}", link.status, None, None, None)
        for number, (name, status) in enumerate(link.inner, 1):
            yield (_bars(inner, number == len(link.inner))[0] + name, status, None, None, None)


def _thread(
    step: Step, index: int, inner: Sequence[Step], within: Mapping[int | None, list[Step]],
    linked: Linked, now: str, bars: str, indent: str,
) -> Iterator[Row]:  # fmt: skip
    title = f"[{index}]" if step.type == "Map" else f"branch {index + 1}"
    if len(inner) == 1:
        yield _row(bars, f"{title} {inner[0].name}", inner[0], now)
        yield from _below(inner[0], within, linked, now, indent)
        return
    yield (bars + title, _status(inner), None, None, None)
    for number, child in enumerate(inner, 1):
        child_bars, child_indent = _bars(indent, number == len(inner))
        yield _row(child_bars, child.name, child, now)
        yield from _below(child, within, linked, now, child_indent)


def _chosen(threads: Mapping[int, Sequence[Step]]) -> tuple[list[int], Counter[str]]:
    """The threads to show, in order, and how many others there are of each status."""
    statuses = {index: _status(inner) for index, inner in threads.items()}
    if len(threads) <= SHOWN_THREADS:
        return sorted(threads), Counter()
    ranked = sorted(threads, key=lambda index: (_WORST.index(statuses[index]), index))
    return sorted(ranked[:SHOWN_THREADS]), Counter(statuses[i] for i in ranked[SHOWN_THREADS:])


def _status(inner: Sequence[Step]) -> str:
    if any(step.status == "RUNNING" for step in inner):
        return "RUNNING"
    return "SUCCEEDED" if inner[-1].status == "CAUGHT" else inner[-1].status


def _row(bars: str, label: str, step: Step, now: str) -> Row:
    return (bars + label, step.status, step.attempts or None, seconds(step, now), step.error)


def _bars(indent: str, is_last: bool) -> tuple[str, str]:
    """What stands before a line, and before the lines beneath it."""
    return indent + ("└─ " if is_last else "├─ "), indent + ("   " if is_last else "│  ")


def fields(step: Step, now: str) -> dict[str, Any]:
    """A step as JSON tells it."""
    return {
        "id": step.id,
        "name": step.name,
        "path": list(step.path),
        "type": step.type,
        "status": step.status,
        "attempts": step.attempts,
        "entered_at": step.entered_at,
        "exited_at": step.exited_at,
        "seconds": seconds(step, now),
        "inside": step.inside,
        "thread": step.thread,
        "started": list(step.started),
        "input": step.input,
        "output": step.output,
        "error": step.error,
        "cause": step.cause,
    }
