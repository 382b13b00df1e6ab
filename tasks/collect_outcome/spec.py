"""CollectOutcome: what a Batch job left as its result, or the error it left by name.

Batch reports no result to Step Functions, and a job that fails reaches the machine only as
`States.TaskFailed`. So Batch's door writes `outcome.json`, and this step, sent the same place,
returns its result or raises its error under the real name.
"""

from dataclasses import dataclass

from tasks.parse_tabular.spec import PARSE_LARGE_TABULAR, Parsed
from tasks.spec import TaskSpec

OUTCOME = "outcome.json"
"""The object's name, under the staging prefix."""


@dataclass(frozen=True)
class CollectOutcome:
    """Where the job was told to leave its outcome."""

    staging: str


COLLECT_PARSE_OUTCOME = TaskSpec(
    name="collect_parse_outcome",
    summary="Read the outcome of the Batch parse and raise its error under its own name.",
    takes=CollectOutcome,
    gives=Parsed,
    raises=PARSE_LARGE_TABULAR.raises,
    timeout_s=30,
    handler="tasks.collect_outcome.task:collect_parse_outcome",
)
