"""Any sequence of arrivals and rollbacks, against a model that is only as clever as the rules."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tasks.adapters.embedded.ledger import SqliteLedger
from tasks.errors import NoSuchRelease
from tasks.ports.ledger import Arrival, NewRelease

BYTES = st.sampled_from("ABC")
DAYS = st.integers(1, 6)


def ingest(ledger: SqliteLedger, sha256: str, day: int, processing: str) -> str:
    at, release = f"2023-01-{day:02}T00:00:00Z", f"{sha256}{day}{processing}"
    lease = ledger.claim(Arrival(release, "k", "o", at, sha256, 1, None, None), release)
    standing = ledger.standing("d", "S", at, sha256, processing).standing
    if standing != "new":
        ledger.settle(lease.claim, lease.fence)
        return standing
    new = NewRelease(
        release, "d", "S", at, sha256, processing, "k", "o", release, 1, 1, 0, 0, None, None, (), ""
    )
    return ledger.publish(new, lease.claim, lease.fence)


@dataclass
class Seen:
    """One publication of the model. `shows`: releases by processing; shared by what repeats it."""

    day: int
    arrival: int
    sha256: str
    shows: dict[str, str]
    withdrawn: bool = False
    repeats: bool = False


@dataclass
class Model:
    seen: list[Seen] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)

    def line(self) -> list[Seen]:
        return sorted(self.seen, key=lambda s: (s.day, s.arrival))

    def newest(self, s: Seen) -> str | None:
        live = [r for r in s.shows.values() if r not in self.bad]
        return live[-1] if live and not s.withdrawn else None

    def current(self) -> str | None:
        shown = [r for s in self.line() if (r := self.newest(s))]
        return shown[-1] if shown else None

    def arrive(self, sha256: str, day: int, processing: str, arrival: int) -> str:
        here = next((s for s in self.seen if (s.day, s.sha256) == (day, sha256)), None)
        place = (day, here.arrival if here else arrival)
        before = [s for s in self.line() if (s.day, s.arrival) <= place and self.newest(s)]
        known = before[-1].shows.get(processing) if before else None
        if before and before[-1].sha256 == sha256 and known and known not in self.bad:
            if not here:
                shows = before[-1].shows
                self.seen.append(Seen(day, arrival, sha256, shows, repeats=True))
            return "unchanged"
        if any(
            s.sha256 == sha256
            and processing in s.shows
            and (s.withdrawn or s.shows[processing] in self.bad)
            for s in self.seen
        ):
            return "archived"
        if here is None:
            here = Seen(day, arrival, sha256, {})
            self.seen.append(here)
        elif here.repeats:
            here.repeats, here.shows = False, {}
        here.shows[processing] = release = f"{sha256}{day}{processing}"
        if here.withdrawn:
            return "withdrawn"
        return "current" if self.current() == release else "archived"

    def back(self, unpublish: bool) -> bool:
        now = self.current()
        line = self.line()
        for place in range(len(line) - 1, -1, -1):
            if self.newest(line[place]) not in (None, now):
                for s in line[place + 1 :]:
                    s.withdrawn = True
                return True
        if now is None or not unpublish:
            return False
        for s in line:
            s.withdrawn = True
        return True

    def back_to(self, release: str) -> None:
        if self.current() == release:
            return
        line = self.line()
        owner = next(s for s in line if release in s.shows.values() and not s.repeats)
        names = list(owner.shows.values())
        for s in line[line.index(owner) + 1 :]:
            s.withdrawn = True
        owner.withdrawn = False
        self.bad.discard(release)
        self.bad.update(names[names.index(release) + 1 :])


class LedgerFollowsTheRules(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = SqliteLedger(Path(self.folder.name) / "ledger.sqlite")
        self.model = Model()
        self.executions, self.arrivals = count(), count()
        self.arrived: dict[tuple[str, int], int] = {}

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(sha256=BYTES, day=DAYS, processing=st.sampled_from(["P1", "P2"]))
    def arrive(self, sha256: str, day: int, processing: str) -> None:
        number = self.arrived.setdefault((sha256, day), next(self.arrivals))
        expected = self.model.arrive(sha256, day, processing, number)
        assert ingest(self.ledger, sha256, day, processing) == expected

    @rule(unpublish=st.booleans())
    def back(self, unpublish: bool) -> None:
        try:
            done = self.ledger.roll_back("d", "S", None, unpublish, str(next(self.executions)))
        except NoSuchRelease:
            assert not self.model.back(unpublish)
        else:
            assert self.model.back(unpublish)
            assert done.current == self.model.current()

    @precondition(lambda self: self.model.seen)
    @rule(data=st.data())
    def back_to(self, data: st.DataObject) -> None:
        releases = sorted({r for s in self.model.seen for r in s.shows.values()})
        release = data.draw(st.sampled_from(releases))
        done = self.ledger.roll_back("d", "S", release, False, str(next(self.executions)))
        self.model.back_to(release)
        assert done.current == release

    @invariant()
    def the_same_is_current(self) -> None:
        current = [r.new.release for r in self.ledger.current()]
        assert current == [r for r in [self.model.current()] if r]
        states = {r.new.release: r.state for r in self.ledger.releases("d")}
        assert [r for r, state in states.items() if state == "current"] == current
        assert set(states) == {r for s in self.model.seen for r in s.shows.values()}

    @invariant()
    def the_outbox_says_what_the_index_lacks(self) -> None:
        entries = {e.release: e.kind for e in self.ledger.outbox(1000)}
        for record in self.ledger.releases("d"):
            kind = entries.get(record.new.release)
            assert (record.state == "current") == (kind == "index")
            assert (record.knowledge == "pending") == (kind == "index")


TestLedgerFollowsTheRules = LedgerFollowsTheRules.TestCase
TestLedgerFollowsTheRules.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(BYTES, DAYS), min_size=1, max_size=6, unique_by=lambda p: p[1]))
def test_the_newest_bytes_are_current_whatever_order_they_are_worked_on(
    publications: list[tuple[str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = SqliteLedger(Path(folder) / "ledger.sqlite")
        for sha256, day in publications:
            ingest(ledger, sha256, day, "P1")

        newest = max(publications, key=lambda p: p[1])
        assert [r.new.sha256 for r in ledger.current()] == [newest[0]]
        ledger.close()
