"""Our machines with scripted outcomes on our engine and on aws-local-stepfunctions (npm).

    python statemachine_tests/conformance/differential.py [--node-modules FOLDER]

Every task of every machine succeeds, raises each error it declares, runs out of time, dies, and
fails once before it succeeds. Both engines are given the same answers, attempt by attempt; their
status, output, error, cause and the states they entered must be equal. Fetches
aws-local-stepfunctions and Node 22 into a temporary folder unless FOLDER has them; exits with 1
when anything differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from statemachine_tests.stated import GOOD, PARSED, Stated
from statemachine_tests.virtual import LongestWait, VirtualClock
from tasks.failures import TaskFailed
from tasks.find_abandoned.spec import AbandonedClaim, AbandonedFound
from tasks.specs import ALL_SPECS
from workflows.emit import to_asl
from workflows.engine.engine import Engine
from workflows.engine.jsontext import loads
from workflows.engine.steps import Story
from workflows.machines import ALL_MACHINES

INPUTS: Mapping[str, Mapping[str, Any]] = {
    "ingest_file": {"key": "raw/ab12/CARGA.csv", "origin": "carga/CARGA.csv"},
    "rollback_release": {"dataset": "carga-energia", "source": "CARGA"},
}
LEFT = AbandonedFound((AbandonedClaim("c", 1, "staging/c-1/", "carga-energia", "r1"),), False)
OTHER_ENGINE = """
const { StateMachine } = require('aws-local-stepfunctions');
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const failure = (error) => Object.assign(new Error(error.Cause ?? ''), { name: error.Error });
async function run(one) {
  const left = structuredClone(one.answers), handlers = {}, pauses = {};
  for (const state of one.tasks) {
    pauses[state] = 0;
    handlers[state] = async () => {
      const answer = (left[state] ?? []).shift();
      if (answer === undefined) throw failure({ Error: 'Unexpected', Cause: 'one call too many' });
      if ('Throw' in answer) throw failure(answer.Throw);
      return answer.Return;
    };
  }
  const machine = new StateMachine(one.definition, { validationOptions: { noValidate: true } });
  const execution = machine.run(one.input, {
    overrides: { taskResourceLocalHandlers: handlers, retryIntervalOverrides: pauses },
    context: one.context,
  });
  const path = [];
  const reading = (async () => {
    for await (const event of execution.eventLogs)
      if (event.type === 'StateEntered') path.push(event.state.name);
  })();
  let ended;
  try { ended = { status: 'SUCCEEDED', output: await execution.result, error: null, cause: '' }; }
  catch (e) {
    const told = e.cause ?? e;
    ended = { status: 'FAILED', output: null, error: told.name, cause: told.message };
  }
  await reading.catch(() => null);
  const unused = Object.entries(left).filter(([_, v]) => v.length).map(([k]) => k);
  return { ...ended, path, unused };
}
(async () => {
  const answers = [];
  for (const one of cases) answers.push(await run(one));
  console.log(JSON.stringify(answers));
})();
"""


@dataclass(frozen=True)
class Case:
    """One execution on our engine, with what its tasks answered by state."""

    name: str
    definition: Mapping[str, Any]
    input: Mapping[str, Any]
    context: Mapping[str, Any]
    answers: Mapping[str, Sequence[Any]]
    ended: Mapping[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node-modules", type=Path, help="Holds the packages already.")
    given = parser.parse_args().node_modules
    cases = [
        ours(machine, name, doing) for machine in ALL_MACHINES for name, doing in ways(machine)
    ]
    print(f"{len(cases)} executions, {dict(Counter(c.ended['status'] for c in cases))}")
    with tempfile.TemporaryDirectory() as folder:
        theirs = ask(cases, given or fetched(Path(folder)))
    differing = 0
    for case, other in zip(cases, theirs, strict=True):
        mine = {**case.ended, "unused": []}
        told = {key: (mine[key], other[key]) for key in mine if mine[key] != other[key]}
        if told:
            differing += 1
            print(f"{case.name}: {told} {other.get('cause') or ''}"[:600])
    print(f"{len(cases) - differing} of {len(cases)} end alike")
    return 1 if differing else 0


def ways(machine: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the tasks do, case by case: on each of the main ways, each task answers all it may."""
    large = replace(GOOD["classify"], route="large_tabular")
    mains: dict[str, dict[str, Any]] = {"all succeed": {}}
    if machine.name == "ingest_file":
        mains |= {
            "a large file": {"classify": large},
            "a rejected file": {"parse_tabular": TaskFailed("CutOff", "cut off in line 7")},
            "a broken publication": {"publish": TaskFailed("KeyError", "'x'")},
        }
    for main, doing in mains.items():
        base = {"find_abandoned": LEFT, **doing}
        yield f"{machine.name}: {main}", base
        for task in sorted(tasks_in(to_asl(machine))):
            for told, outcome in outcomes(task, base.get(task, GOOD.get(task, PARSED))):
                yield f"{machine.name}: {main}, but {task} {told}", {**base, task: outcome}


def outcomes(task: str, usual: Any) -> Iterator[tuple[str, Any]]:
    """Every way in which a task may end."""
    for error in (*(e.__name__ for e in ALL_SPECS[task].raises), "KeyError"):
        yield f"raises {error}", TaskFailed(error, f"{task} says so")
    yield "runs out of time", TaskFailed("States.Timeout")
    yield "dies", TaskFailed("Lambda.Unknown", "exit status 1")
    away = TaskFailed("TryAgain", "the store is away")
    yield "is away once", [away, usual]
    yield "is away for good", away


def tasks_in(definition: Any) -> set[str]:
    """The names of the tasks that a definition calls."""
    if isinstance(definition, dict):
        named = definition.get("FunctionName", definition.get("JobDefinition"))
        found = {named[2:-1]} if isinstance(named, str) and named.startswith("${") else set()
        return found.union(*(tasks_in(value) for value in definition.values()))
    return set().union(*map(tasks_in, definition)) if isinstance(definition, list) else set()


def ours(machine: Any, name: str, doing: Mapping[str, Any]) -> Case:
    """Run it on our engine, and take down what its tasks answered."""
    definition, input = to_asl(machine), INPUTS.get(machine.name, {})
    stated = Stated({k: list(v) if isinstance(v, list) else v for k, v in doing.items()})
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(
            Path(home), {machine.name: definition}, stated, clock=VirtualClock(),
            jitter=LongestWait(),
        )  # fmt: skip
        id = engine.start(machine.name, input)
        engine.run([id])
        done, events = engine.describe(id), engine.history(id)
        engine.close()
    story, answers, path = Story(), dict[str, list[Any]](), []
    for event in events:
        changed = story.add(event)
        if event.type.endswith("StateEntered"):
            path.append(event.details["name"])
        if event.type == "TaskSucceeded":
            answer = {"Return": loads(event.details["output"])}
            answers.setdefault(changed[-1].name, []).append(answer)
        elif event.type in ("TaskFailed", "TaskTimedOut"):
            thrown = {"Error": event.details["error"], "Cause": event.details.get("cause", "")}
            answers.setdefault(changed[-1].name, []).append({"Throw": thrown})
    ended = {"status": done.status, "output": done.output, "error": done.error,
             "cause": done.cause or "", "path": path}  # fmt: skip
    context = {"Execution": {"Id": id, "Name": done.name, "Input": input,
                             "StartTime": done.started_at}}  # fmt: skip
    return Case(name, definition, input, context, answers, ended)


def fetched(folder: Path) -> Path:
    """The folder, with the packages in it."""
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent",
               "aws-local-stepfunctions", "node@22"]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True)
    return folder


def ask(cases: Sequence[Case], folder: Path) -> list[Mapping[str, Any]]:
    """How the other engine ends them."""
    told = [
        {"definition": c.definition, "input": c.input, "context": c.context, "answers": c.answers,
         "tasks": sorted(states_in(c.definition))}
        for c in cases
    ]  # fmt: skip
    done = subprocess.run(
        [folder / "node_modules" / ".bin" / "node", "-e", OTHER_ENGINE], input=json.dumps(told),
        cwd=folder, text=True, check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    answers: list[Mapping[str, Any]] = json.loads(done.stdout)
    return answers


def states_in(machine: Mapping[str, Any]) -> Iterator[str]:
    """The names of all Task states, those within others too."""
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor")):
            if inner:
                yield from states_in(inner)


if __name__ == "__main__":
    raise SystemExit(main())
