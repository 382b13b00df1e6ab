"""Which contract a file belongs to: the rules, from the strongest evidence to the weakest.

1. A person said it (`--dataset`). The header must fit, and the rows may not lie closer together
   than the contract's step; further apart they may, since files are filtered by hand.
2. The file's name says it. The header must fit, and the first rows may not show another step. A
   name against its content is refused, never overruled: one of them is wrong, and only a person
   knows which. Another year than the name's is Validate's to note: the rows carry their own time.
3. The folder says it, and header and rows agree.
4. The header alone is one contract's, with no name that the contract does not know, and the rows
   agree. Under the right name or folder unknown columns are ONS's latest addition; without, they
   may as well make it another dataset's file.

Rows confirm or refute; they never choose between contracts with the same header. What is left of
a daily file when someone keeps the month ends looks monthly, and no later check would notice that
a day's average was published as a month's. So a file of carga-energia or carga-mensal whose name
and folder say nothing is refused, naming both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.classify.grain import STEPS, Seen, finer, seen
from tasks.datasets.matching import HeaderMatch, NameMatch, match_header, match_name
from tasks.datasets.model import DatasetContract
from tasks.errors import AmbiguousDataset, UnknownDataset, WrongContent, WrongHeader
from tasks.tabular.sniff import Head

NAMED = 0.9
FOLDER = 0.5
ALIKE = 0.5
"""Share of a header's fit from which it is rather this dataset's with a fault than another's."""


@dataclass(frozen=True)
class Verdict:
    """The contract, how sure it is (0 to 1), and why, as a sentence."""

    contract: DatasetContract
    confidence: float
    reason: str


@dataclass(frozen=True)
class Candidate:
    """A contract beside the file."""

    contract: DatasetContract
    header: HeaderMatch
    name: NameMatch

    @property
    def slug(self) -> str:
        return self.contract.slug


def decide(
    contracts: Sequence[DatasetContract],
    head: Head,
    *,
    name: str,
    origin: str,
    dataset: str | None = None,
) -> Verdict:
    """The contract of the file that `head` begins, `name` being for messages and `origin` the
    path it came by. Raises one of the `FileRejected` errors that say what does not fit."""
    candidates = [
        Candidate(c, match_header(c, head.header), match_name(c, origin)) for c in contracts
    ]
    if dataset is not None:
        return _said(candidates, head, name, dataset)
    if named := [c for c in candidates if c.name.score >= NAMED]:
        return _named(named, candidates, head, name)
    return _anonymous(candidates, head, name)


def _said(candidates: Sequence[Candidate], head: Head, name: str, dataset: str) -> Verdict:
    slug = dataset.strip().casefold().replace("_", "-")
    said = next((c for c in candidates if c.slug == slug), None)
    if said is None:
        raise UnknownDataset(name, f"there is no dataset {dataset!r}")
    _need_header(said, name)
    rows, step = seen(said.contract, head), said.contract.grain.step
    if rows.step and step and finer(rows.step, step):
        detail = f"its rows are {STEPS[rows.step]} apart instead of {STEPS[step]}"
        raise WrongContent(name, f"{said.slug} by `--dataset`", detail)
    return _verdict(said, rows, 1.0, f"`--dataset` names {said.slug}")


def _named(
    named: Sequence[Candidate], candidates: Sequence[Candidate], head: Head, name: str
) -> Verdict:
    fitting = [c for c in named if c.header.fits]
    if len(fitting) > 1:
        raise AmbiguousDataset(name, [c.slug for c in fitting])
    if not fitting:
        raise _lie(max(named, key=lambda c: c.header.score), candidates, head, name)
    chosen = fitting[0]
    rows = seen(chosen.contract, head)
    if against := _against(chosen, rows):
        raise WrongContent(name, chosen.slug, f"{against}{_others(chosen, rows, candidates)}")
    confidence = 0.99 if chosen.name.score == 1 else 0.95
    return _verdict(chosen, rows, confidence, chosen.name.reason)


def _anonymous(candidates: Sequence[Candidate], head: Head, name: str) -> Verdict:
    fitting = [c for c in candidates if c.header.fits and not c.header.unknown]
    in_folder = [c for c in candidates if c.header.fits and c.name.score >= FOLDER]
    chosen = in_folder if len(in_folder) == 1 else fitting
    if not chosen:
        raise UnknownDataset(name, _nearest(candidates, head))
    if len(chosen) > 1:
        raise AmbiguousDataset(name, [c.slug for c in chosen])
    only = chosen[0]
    rows = seen(only.contract, head)
    if against := _against(only, rows):
        raise UnknownDataset(name, f"its columns are those of {only.slug}, but {against}")
    reason = only.name.reason if in_folder else "its name says nothing"
    return _verdict(only, rows, 0.85 if in_folder else 0.7, reason)


def _lie(
    named: Candidate, candidates: Sequence[Candidate], head: Head, name: str
) -> WrongContent | WrongHeader:
    """The error for a file whose header does not fit the contract that its name says."""
    if others := _best(c for c in candidates if c.header.fits):
        slugs = " or ".join(c.slug for c in others)
        return WrongContent(name, named.slug, f"its columns are those of {slugs}")
    if named.header.score >= ALIKE and named.header.missing:
        return WrongHeader(name, named.slug, named.header.missing)
    if named.header.duplicates:
        twice = ", ".join(named.header.duplicates)
        return WrongContent(name, named.slug, f"it has more than one column {twice}")
    return WrongContent(name, named.slug, f"its columns are {_listed(head.header)}")


def _need_header(candidate: Candidate, name: str) -> None:
    if candidate.header.missing:
        raise WrongHeader(name, candidate.slug, candidate.header.missing)
    if candidate.header.duplicates:
        twice = ", ".join(candidate.header.duplicates)
        raise WrongContent(name, candidate.slug, f"it has more than one column {twice}")


def _against(candidate: Candidate, rows: Seen) -> str | None:
    """What the first rows say against the contract, or None."""
    step = candidate.contract.grain.step
    if rows.step and step and rows.step != step:
        return f"its rows are {STEPS[rows.step]} apart instead of {STEPS[step]}"
    return None


def _others(chosen: Candidate, rows: Seen, candidates: Sequence[Candidate]) -> str:
    """Which other datasets have this header and this step, as the end of a sentence."""
    same = [
        c.slug
        for c in candidates
        if c is not chosen and c.header.fits and c.contract.grain.step == rows.step is not None
    ]
    return f", as those of {' or '.join(same)}" if same else ""


def _best(candidates: Iterable[Candidate]) -> list[Candidate]:
    fitting = list(candidates)
    best = max((c.header.score for c in fitting), default=0.0)
    return [c for c in fitting if c.header.score == best]


def _nearest(candidates: Sequence[Candidate], head: Head) -> str:
    nearest = max(candidates, key=lambda c: c.header.score, default=None)
    if nearest is None or nearest.header.score < ALIKE:
        return f"its columns are {_listed(head.header)}"
    if nearest.header.missing:
        lacks = ", ".join(nearest.header.missing)
        return f"its columns are nearly those of {nearest.slug}, but {lacks} is not among them"
    if nearest.header.unknown:
        more = _listed(nearest.header.unknown)
        return f"its columns are those of {nearest.slug} and others besides: {more}"
    twice = ", ".join(nearest.header.duplicates)
    return f"its columns are those of {nearest.slug}, but {twice} is there more than once"


def _listed(header: Sequence[str], most: int = 5) -> str:
    names = [n if len(n) <= 40 else f"{n[:40]}…" for n in header[:most]]
    return ", ".join(names) + (" and others" if len(header) > most else "")


def _verdict(candidate: Candidate, rows: Seen, weight: float, why: str) -> Verdict:
    """`weight` is what name, folder or person are worth; unseen steps and odd headers take some."""
    step = candidate.contract.grain.step
    confirmed = step is None or rows.step == step
    odd = f", {len(candidate.header.unknown)} unknown" if candidate.header.unknown else ""
    apart = f", and its rows are {STEPS[rows.step]} apart" if rows.step else ""
    return Verdict(
        candidate.contract,
        round(weight * candidate.header.score * (1.0 if confirmed else 0.95), 2),
        f"{why}; its columns are those of {candidate.slug}{odd}{apart}",
    )
