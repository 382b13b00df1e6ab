"""Every failure a state machine may see.

    PlatformError
    ├── TryAgain             a dependency was away or busy; the machine waits and retries
    ├── ClaimHeld            another execution works on this very event; retried, then parked
    ├── ClaimLost            this execution's lease was taken over; it stops and writes nothing
    ├── FileRejected         the file breaks its contract; the machine rejects it with the reason
    │   ├── UnreadableFile       it is not the kind of file it should be, or is empty
    │   ├── CutOff               it stops in the middle of a record
    │   ├── UnknownDataset       no dataset's contract fits it
    │   ├── AmbiguousDataset     several contracts fit it equally well
    │   ├── WrongContent         its name says one dataset, its content another
    │   ├── WrongHeader          columns that its dataset needs are missing
    │   ├── TooManyBadRows       more rows break the contract than the contract bears
    │   └── OverlappingSource    its keys are already published by another source
    └── BadRequest           a person asked for what cannot be done; exit code 2
        ├── BadSetting           the environment is wrong; nothing has started
        ├── NoSuchDataset        a slug that no contract has
        ├── NoSuchRelease        a release, or a predecessor, that does not exist
        ├── NoSuchExecution      an execution id that the journal does not know
        ├── BadQuery             not exactly one SELECT, or the SELECT is wrong
        └── HomeUnusable         ONS_HOME cannot be used: newer, corrupt, or on a network

Step Functions matches an error by its class name alone, so these names are part of every
workflow. Whatever else escapes a handler is a bug, and the execution fails with its name.
"""

from collections.abc import Iterable


class PlatformError(Exception):
    """The root: an expected failure, whose message is written for a person."""

    exit_code = 1


class TryAgain(PlatformError):
    """A dependency was away or busy."""


class ClaimHeld(PlatformError):
    """Another execution holds the lease on the same event."""

    def __init__(self, claim: str, holder: str) -> None:
        self.claim, self.holder = claim, holder
        super().__init__(f"execution {holder} is already working on this file (claim {claim})")


class ClaimLost(PlatformError):
    """The lease has another fence by now: somebody else settled or took over."""

    def __init__(self, claim: str, fence: int) -> None:
        self.claim, self.fence = claim, fence
        super().__init__(
            f"claim {claim} is no longer held with fence {fence}; this attempt writes nothing"
        )


class FileRejected(PlatformError):
    """The file breaks its contract. A normal outcome: the execution succeeds as rejected."""

    exit_code = 3


class UnreadableFile(FileRejected):
    """Not the kind of file it should be: empty, binary, HTML, or without a known delimiter."""

    def __init__(self, name: str, found: str) -> None:
        self.name, self.found = name, found
        super().__init__(f"{name}: {found}")


class CutOff(FileRejected):
    """The last record is incomplete."""

    def __init__(self, name: str, line: int, detail: str) -> None:
        self.name, self.line, self.detail = name, line, detail
        super().__init__(f"{name}: the file is cut off in line {line}: {detail}")


class UnknownDataset(FileRejected):
    """No contract fits the file."""

    def __init__(self, name: str, detail: str) -> None:
        self.name, self.detail = name, detail
        super().__init__(
            f"{name}: no known dataset fits ({detail}); "
            "`ons datasets` lists them, `--dataset SLUG` names one"
        )


class AmbiguousDataset(FileRejected):
    """Several contracts fit equally well; only a person can tell."""

    def __init__(self, name: str, candidates: Iterable[str]) -> None:
        self.name, self.candidates = name, tuple(candidates)
        super().__init__(
            f"{name}: could be {' or '.join(self.candidates)}; say which with `--dataset SLUG`"
        )


class WrongContent(FileRejected):
    """The name says one dataset, the content another."""

    def __init__(self, name: str, named: str, detail: str) -> None:
        self.name, self.named, self.detail = name, named, detail
        super().__init__(f"{name}: it is named as {named}, but {detail}")


class WrongHeader(FileRejected):
    """Columns that the dataset needs are missing."""

    def __init__(self, name: str, dataset: str, missing: Iterable[str]) -> None:
        self.name, self.dataset, self.missing = name, dataset, tuple(missing)
        super().__init__(f"{name}: {dataset} needs the columns {', '.join(self.missing)}")


class TooManyBadRows(FileRejected):
    """More rows break the contract than the contract bears."""

    def __init__(self, name: str, bad: int, read: int, limit: float, first: str) -> None:
        self.name, self.bad, self.read, self.limit, self.first = name, bad, read, limit, first
        super().__init__(
            f"{name}: {bad} of {read} rows break the contract, more than "
            f"{limit:.2%} of them; the first: {first}"
        )


class OverlappingSource(FileRejected):
    """The keys of this file are already published by another source of its dataset."""

    def __init__(self, name: str, other: str, rows: int) -> None:
        self.name, self.other, self.rows = name, other, rows
        super().__init__(
            f"{name}: {rows} of its keys are already published by the source {other}; "
            "`--source NAME` says which source this file is"
        )


class BadRequest(PlatformError):
    """What was asked for cannot be done; the message says what to ask instead."""

    exit_code = 2


class BadSetting(BadRequest):
    """A variable of the environment has a value that cannot be."""

    def __init__(self, variable: str, detail: str) -> None:
        self.variable, self.detail = variable, detail
        super().__init__(f"{variable}: {detail}")


class NoSuchDataset(BadRequest):
    """A slug that no contract has."""

    def __init__(self, slug: str, nearest: Iterable[str] = ()) -> None:
        self.slug, self.nearest = slug, tuple(nearest)
        hint = f"; did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"there is no dataset {slug!r}{hint} (`ons datasets` lists them)")


class NoSuchRelease(BadRequest):
    """A release, or the predecessor of one, that does not exist."""


class NoSuchExecution(BadRequest):
    """An execution id that the journal does not know."""

    def __init__(self, execution: str) -> None:
        self.execution = execution
        super().__init__(f"there is no execution {execution!r} (`ons executions` lists them)")


class BadQuery(BadRequest):
    """Not exactly one SELECT, or the SELECT is wrong or took too long."""


class HomeUnusable(BadRequest):
    """ONS_HOME cannot be used; the message says why and what to do."""
