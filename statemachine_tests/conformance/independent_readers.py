"""What other readers of States Language say to every definition that we generate and test with.

    python statemachine_tests/conformance/independent_readers.py [--node-modules FOLDER]

The definitions are those in workflows/generated, and all that the engine's tests start: the tests
are run once, and the journals that they leave are read. Readers: statelint (PyPI), and where Node
and npm are, asl-validator (npm), fetched into a temporary folder unless FOLDER has it. Exits with
1 when a reader refuses a definition for a reason that is not known (`KNOWN`).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from statelint.linter import Linter

ROOT = Path(__file__).resolve().parents[2]
_NEWER = "it does not know variables, JSONata in these fields, and newer fields of a Map"
KNOWN: Mapping[str, Mapping[str, str]] = {
    "statelint": {
        r'Field "(Assign|Label|WriterConfig|ProcessorConfig|InputType)" not allowed': _NEWER,
        r'Field "(CSVDelimiter|CSVHeaderLocation|CSVHeaders|ItemsPointer)" not allowed': _NEWER,
        r"is not a JSONPath or intrinsic function expression": _NEWER,
        r'is "(\{%.*%\}|\$\w+)" but should be': _NEWER,
        r"(Error|Cause)Path is \"\$\$": "AWS takes the context object in ErrorPath and CausePath",
        r"ToleratedFailurePercentage is [\d.]+ but should be an Integer": "AWS takes fractions",
        r"Condition is (true|false) but should be a String": "AWS takes any JSON value here",
        r"BackoffRate is \d+ but should be a Float": "AWS takes whole numbers",
    },
    "asl-validator": {
        r"/Output is invalid|/Condition is invalid": "AWS takes any JSON value here with JSONata",
        r"ToleratedFailurePercentage is invalid. must be integer": "AWS takes fractions",
        r"/Parameters/x\.\$ is invalid": "it knows no fractions in intrinsics",
        r"/(Type|QueryLanguage) is invalid. must be equal to one": "follows from the others",
    },
}
"""Complaints by their pattern, and why they do not count."""
WRONG = "a wrong definition"
_WRONG = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "nowhere"}}}
"""Each reader must refuse this one, or it says nothing at all."""
READ_ALL = """
const validator = require('asl-validator');
const definitions = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const said = {};
for (const [name, definition] of Object.entries(definitions)) {
  try {
    const found = validator(definition, {checkArn: false, checkPaths: true});
    said[name] = (found.errors || []).map(e =>
      [e['Error code'], e.Message, e.path].filter(Boolean).join(' '));
  } catch (error) { said[name] = ['it broke: ' + error.message]; }
}
console.log(JSON.stringify(said));
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node-modules", type=Path, help="Holds asl-validator already.")
    modules = parser.parse_args().node_modules
    definitions = {**generated(), **tested(), WRONG: _WRONG}
    print(f"{len(definitions) - 1} definitions, {len(generated())} of them generated")
    said = {"statelint": {n: list(Linter.validate(d)) for n, d in definitions.items()}}
    with tempfile.TemporaryDirectory() as folder:
        if modules or fetched(Path(folder)):
            said["asl-validator"] = asl_validator(definitions, modules or Path(folder))
        else:
            print("asl-validator is not asked: there is no Node with npm")
    return max(told(reader, answers, definitions) for reader, answers in said.items())


def generated() -> dict[str, Any]:
    """Those that are committed."""
    files = sorted((ROOT / "workflows" / "generated").glob("*.asl.json"))
    return {file.name: json.loads(file.read_text()) for file in files}


def tested() -> dict[str, Any]:
    """Those that executions of the tests were started with, from the journals they leave."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "workflows/tests/engine",
             "statemachine_tests/test_paths.py", f"--basetemp={folder}/tests",
             "-o", "tmp_path_retention_policy=all"],
            cwd=ROOT, check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        for journal in sorted(Path(folder).rglob("journal.sqlite")):
            found |= _in_journal(journal)
    return found


def _in_journal(journal: Path) -> dict[str, Any]:
    try:
        with closing(sqlite3.connect(journal)) as db:
            rows = db.execute("SELECT digest, text FROM definitions").fetchall()
    except sqlite3.DatabaseError:
        return {}  # some tests are about damaged files
    return {digest[:12]: json.loads(text) for digest, text in rows}


def fetched(folder: Path) -> bool:
    """Whether asl-validator could be installed into the folder."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "asl-validator"]
    return subprocess.run(command, cwd=folder, check=False).returncode == 0


def asl_validator(definitions: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """Its complaints about each definition."""
    done = subprocess.run(
        ["node", "-e", READ_ALL], input=json.dumps(definitions), cwd=folder, text=True,
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    answers: dict[str, list[str]] = json.loads(done.stdout)
    return answers


def told(reader: str, answers: Mapping[str, list[str]], definitions: Mapping[str, Any]) -> int:
    """Print what a reader said; 1 when some of it is not known."""
    known: Counter[str] = Counter()
    unknown = []
    assert answers[WRONG], f"{reader} would not speak up"
    for name, complaints in answers.items():
        for complaint in complaints if name != WRONG else ():
            why = next((w for p, w in KNOWN[reader].items() if re.search(p, complaint)), None)
            known[why or ""] += why is not None
            if why is None:
                unknown.append(f"  {name}: {complaint}")
    silent = sum(not complaints for complaints in answers.values())
    print(f"{reader}: nothing to say about {silent} of {len(definitions) - 1}")
    for why, count in known.items():
        if count:
            print(f"  {count} times: {why}")
    print("\n".join(sorted(unknown)))
    return 1 if unknown else 0


if __name__ == "__main__":
    raise SystemExit(main())
