"""Validate: the rules that look across rows."""

from dataclasses import dataclass

from tasks.errors import ClaimLost, OverlappingSource
from tasks.spec import TaskSpec


@dataclass(frozen=True)
class ValidateParts:
    """Parsed parts of one file of a source."""

    claim: str
    fence: int
    staging: str
    name: str
    dataset: str
    source: str
    parse_report: str


@dataclass(frozen=True)
class Validated:
    """The key of the `ValidateReport`, and how many findings and flagged rows it has."""

    validate_report: str
    findings: int
    rows_flagged: int


VALIDATE = TaskSpec(
    name="validate",
    summary="Run the rules across rows: keys, completeness, totals, overlap with other sources.",
    takes=ValidateParts,
    gives=Validated,
    raises=(ClaimLost, OverlappingSource),
    timeout_s=840,
    memory_mb=1024,
    in_process=False,
)
