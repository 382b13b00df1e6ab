"""Testing a state machine without its services: in pytest, in a script, or by `ons machine test`.

from workflows.engine.testing import run_case

ran = run_case("order.asl.json", "MockConfigFile.json", "HappyPath", {"id": 1})
assert (ran.status, ran.path) == ("SUCCEEDED", ("Reserve", "Charge", "Ship"))
"""

from workflows.engine.testing.case import CaseResult, run_case, run_script
from workflows.engine.testing.mocks import BadMocks, Mocks, Outcome, Script

__all__ = ["BadMocks", "CaseResult", "Mocks", "Outcome", "Script", "run_case", "run_script"]
