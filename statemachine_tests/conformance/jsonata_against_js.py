"""JSONata expressions on our evaluator and on JSONata's own implementation, version 2.0.6.

    python statemachine_tests/conformance/jsonata_against_js.py

Needs Node with npm, which fetches the package `jsonata` into a temporary folder. The expressions
are in `jsonata_expressions.txt`, one a line; they see the value below as `$i`. What differs must
be named here with its reason. Where an expression fails, the codes are compared, not the words.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from workflows.engine import jsonata

VERSION = "2.0.6"
NOW_MS = 1_510_067_557_121
INPUT: dict[str, Any] = {
    "s": "abc", "n": 4, "nested": {"a": {"b": {"c": 1}}, "d": {"b": 2}}, "odd key": 7, "e": [],
    "items": [
        {"n": 3, "k": "x", "tags": ["a", "b"], "o": None},
        {"n": 9, "k": "y", "tags": ["b"], "o": {"x": 1}},
    ],
    "z": 0, "one": [{"a": 1}], "nul": None, "big": 2**53 - 1, "neg": -0.5, "flt": 0.1,
}  # fmt: skip
NO_EVAL = "Step Functions has no $eval"
FUNCTION = "a function is no result on Step Functions; JavaScript shows its insides"
DIGITS = "JavaScript rounds to fifteen digits when it clones and when it makes text of a number"
KNOWN = {
    '$eval("1+1")': NO_EVAL,
    '$eval("[1,$i.n]")': NO_EVAL,
    '{"f":$sum}': FUNCTION,
    "[$sum]": FUNCTION,
    "$string($i)": DIGITS,
    '$i ~> |items|{"n":n*2},["k"]|': DIGITS,
    "$string(100000000000000000000)": DIGITS,
    '$decodeUrlComponent("%")': "the library takes what is no escape as it is",
    '$formatNumber(5,"x")': "JavaScript's implementation itself breaks down; AWS tells D3086",
    '$encodeUrl("\\uD800")': "the library tells half a character by Python's error",
    '/a(b)/("xaby").groups': "the library gives the whole match for the groups of a called pattern",
    '$replace("a","","x")': "the library tells this without its code",
}
_SCRIPT = """
const jsonata = require('jsonata');
const given = JSON.parse(require('fs').readFileSync(0));
const finite = (key, value) =>
  typeof value === 'number' && !isFinite(value) ? String(value) : value;
(async () => {
  const told = [];
  for (const text of given.expressions) {
    try {
      const value = await jsonata(text).evaluate(undefined, {i: given.input});
      if (value === undefined) told.push({is: 'undefined'});
      else if (typeof value === 'function' || value?._jsonata_lambda) told.push({is: 'function'});
      else told.push({is: 'value', value: JSON.parse(JSON.stringify(value, finite))});
    } catch (error) { told.push({is: 'error', code: error.code ?? ''}); }
  }
  console.log(JSON.stringify(told));
})();
"""


def main() -> int:
    expressions = Path(__file__).with_name("jsonata_expressions.txt").read_text().splitlines()
    theirs = _theirs(expressions)
    differing = [e for e, told in zip(expressions, theirs, strict=True) if _ours(e) != told]
    for expression in differing:
        print(f"{expression}\n    {KNOWN.get(expression, 'NOT EXPLAINED')}")
    unexplained = set(differing) - set(KNOWN)
    print(
        f"{len(expressions)} expressions: {len(expressions) - len(differing)} alike, "
        f"{len(differing)} differ, {len(unexplained)} of them unexplained"
    )
    return 1 if unexplained else 0


def _theirs(expressions: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        package = f"jsonata@{VERSION}"
        subprocess.run(
            ["npm", "install", "--silent", "--prefix", folder, package],
            check=True,
        )
        answer = subprocess.run(
            ["node", "-e", _SCRIPT],
            cwd=folder,
            input=json.dumps({"expressions": expressions, "input": INPUT}),
            capture_output=True,
            text=True,
            check=True,
        )
    told: list[dict[str, Any]] = json.loads(answer.stdout)
    return told


def _ours(expression: str) -> dict[str, Any]:
    try:
        value = jsonata.evaluate(expression, jsonata.bind({"i": INPUT}), NOW_MS, lambda: 0.5)
    except jsonata.UnsupportedResult:
        return {"is": "function"}
    except jsonata.QueryFailed as error:
        found = re.search(r"\. ([A-Z]\d{4}):", str(error))
        return {"is": "error", "code": found[1] if found else ""}
    except jsonata.BadQuery as error:
        return {"is": "error", "code": error.code}
    return {"is": "undefined"} if value is jsonata.UNDEFINED else {"is": "value", "value": value}


if __name__ == "__main__":
    sys.exit(main())
