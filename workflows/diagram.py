"""The page of each machine in the docs: its picture, its steps and its endings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.spec import TaskSpec, fields_of, optional_fields
from workflows.machines.model import Choose, Each, Machine, Note, Step
from workflows.machines.patience import state_timeout_s
from workflows.machines.routes import catch_rows


def pages(machines: tuple[Machine, ...]) -> Mapping[str, str]:
    """The text of every page by its path below the repository's root."""
    made = {f"docs/machines/{machine.name}.md": page(machine) for machine in machines}
    return {"docs/machines/README.md": _index(machines), **made}


def page(machine: Machine) -> str:
    """One machine in Markdown, its picture in Mermaid."""
    lines = [
        f"# {machine.name}",
        "",
        machine.summary,
        "This page is made from code by `ons generate`.",
        "",
        *picture(machine),
        "",
        "Dashed lines are the ways of errors.",
        "A failure that is not drawn leads back through what was done, as the table says.",
        "",
        *_input(machine),
        "",
        *_steps(machine),
    ]
    for node in machine.steps.values():
        if isinstance(node, Each):
            lines += ["", f"## For each of `{node.over}`", "", node.do.summary, ""]
            lines += [*picture(node.do), "", *_steps(node.do)]
    return "\n".join(lines) + "\n"


def picture(machine: Machine) -> list[str]:
    """The machine as a Mermaid flowchart, fenced for Markdown."""
    return ["```mermaid", "flowchart TD", *(f"  {line}" for line in _lines(machine)), "```"]


def _lines(machine: Machine) -> Iterator[str]:
    for name, node in machine.steps.items():
        yield f'{name}{{"{name}?"}}' if isinstance(node, Choose) else f'{name}["{name}"]'
    for name in machine.endings:
        yield f'{name}(["{name}"])'
    for name, node in machine.steps.items():
        yield from _ways(machine, name, node)
    if machine.undoing:
        yield 'subgraph compensations["after a failure, from the last thing done"]'
        for name, then in machine.undo_ways:
            yield (
                f'  {name}["{name}"] --> {then}(["{then}"])'
                if (then == machine.broken)
                else f'  {name}["{name}"] --> {then}'
            )
        yield "end"


def _ways(machine: Machine, name: str, node: Step | Choose | Note | Each) -> Iterator[str]:
    if isinstance(node, Choose):
        for value, then in node.rows.items():
            yield f"{name} -- {node.on} is {_word(value)} --> {then}"
        yield f"{name} -- else --> {node.default}"
        return
    yield f"{name} --> {node.then}"
    if isinstance(node, Step):
        for row in catch_rows(node, machine.broken):
            if row.then == node.rejected:
                yield f"{name} -. rejected .-> {row.then}"
            elif row.then != machine.broken:
                yield f"{name} -. {', '.join(row.errors)} .-> {row.then}"
        if node.failed and node.failed != node.then:
            yield f"{name} -. failed .-> {node.failed}"
        undo = machine.plan.failures[name]
        if node.undo and undo == node.undo.name:
            yield f"{name} -. failed .-> {undo}"


def _input(machine: Machine) -> list[str]:
    defaults = optional_fields(machine.takes)
    lines = ["## Input", "", "| Field | May be left out |", "|---|---|"]
    for name in fields_of(machine.takes):
        said = f"yes: {_word(defaults[name])}" if name in defaults else "no"
        lines.append(f"| `{name}` | {said} |")
    return lines


def _steps(machine: Machine) -> list[str]:
    lines = [
        "| Step | What it does | Runs on | Waits at most | A failure leads to |",
        "|---|---|---|---|---|",
    ]
    for name, node in machine.steps.items():
        if isinstance(node, Step):
            lines.append(_row(name, node.task, machine.plan.failures[name]))
        elif isinstance(node, Each):
            lines.append(f"| `{name}` | {node.do.summary} | | | `{machine.plan.failures[name]}` |")
    lines += [
        _row(name, machine.undoing[name], "the execution fails here") for name in machine.undoing
    ]
    return lines


def _row(name: str, task: TaskSpec, failure: str) -> str:
    where = "Batch" if task.runs_on == "batch" else "Lambda"
    leads = failure if " " in failure else f"`{failure}`"
    return f"| `{name}` | {task.summary} | {where} | {state_timeout_s(task)} s | {leads} |"


def _index(machines: tuple[Machine, ...]) -> str:
    lines = ["# Which state machines are there?", "", "This page is made from code.", ""]
    lines += ["| Machine | What it does |", "|---|---|"]
    lines += [f"| [{m.name}]({m.name}.md) | {m.summary} |" for m in machines]
    return "\n".join(lines) + "\n"


def _word(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
