"""What can go wrong inside a state, and with a definition.

StateFault           a state failed: an error name and a cause, for Retry and Catch
├── QueryFault       States.QueryEvaluationError: a JSONata expression failed
├── SizeFault        States.DataLimitExceeded: more than a quota allows
└── RuntimeFault     States.Runtime: neither retried nor caught
BadRequest           (tasks.errors: a person asked for what cannot be done)
├── BadDefinition        Step Functions would refuse this machine
├── NoSuchMachine        no machine has this name
├── ExecutionAlreadyExists
└── NotRedrivable            it runs, it succeeded, or it ended too long ago
"""

from collections.abc import Iterable

from tasks.errors import BadRequest


class StateFault(Exception):
    """A state failed with an error name that Retry and Catch may match."""

    def __init__(self, error: str, cause: str | None = None) -> None:
        self.error, self.cause = error, cause
        super().__init__(f"{error}: {cause}")


class RuntimeFault(StateFault):
    """The state cannot be executed at all."""

    def __init__(self, cause: str) -> None:
        super().__init__("States.Runtime", cause)


class QueryFault(StateFault):
    """A JSONata expression failed, or gave what its field cannot take. `location` is the field."""

    def __init__(self, cause: str, location: str) -> None:
        self.location = location
        super().__init__("States.QueryEvaluationError", cause)


class SizeFault(StateFault):
    """A state's input, output or variables are beyond a quota; nothing retries or catches that."""

    def __init__(self, cause: str) -> None:
        super().__init__("States.DataLimitExceeded", cause)


class BadDefinition(BadRequest):
    """The definition is refused; each problem says where it is as a JSON path."""

    def __init__(self, machine: str, problems: Iterable[str]) -> None:
        self.machine, self.problems = machine, tuple(problems)
        super().__init__(f"{machine}: invalid state machine definition: {'; '.join(self.problems)}")


class NoSuchMachine(BadRequest):
    """No machine has this name."""

    def __init__(self, machine: str, known: Iterable[str]) -> None:
        self.machine = machine
        super().__init__(
            f"there is no state machine {machine!r}; known: {', '.join(sorted(known))}"
        )


class ExecutionAlreadyExists(BadRequest):
    """The name is taken by a closed execution, or by a running one with another input."""

    def __init__(self, execution: str) -> None:
        self.execution = execution
        super().__init__(f"execution already exists: {execution!r}; choose another name")


class NotRedrivable(BadRequest):
    """The execution cannot be redriven; `reason` says why in AWS's words."""

    def __init__(self, execution: str, reason: str) -> None:
        self.execution, self.reason = execution, reason
        super().__init__(f"{execution} cannot be redriven: {reason}")
