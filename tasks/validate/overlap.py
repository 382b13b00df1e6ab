"""Does another source of the dataset already publish keys of this file?

A year file beside month files of the same year would count every hour twice. So a file whose keys
another source already publishes is refused; naming that source with `--source` makes the file a
new publication of it.
"""

from contextlib import ExitStack

from tasks.datasets.model import DatasetContract
from tasks.errors import OverlappingSource
from tasks.ports.ledger import Ledger, ReleaseRecord
from tasks.ports.objects import ObjectStore
from tasks.tabular.expressions import identifier
from tasks.validate.parts import Parts


def refuse_overlap(
    parts: Parts,
    contract: DatasetContract,
    *,
    name: str,
    source: str,
    span: tuple[str | None, str | None],
    ledger: Ledger,
    objects: ObjectStore,
) -> None:
    """Raises `OverlappingSource` for the first source, by name, that shares keys with the parts.

    `span` is the file's first and last time; sources of other times are not opened.
    """
    if not contract.grain.key:
        return
    for other in sorted(ledger.current(contract.slug), key=lambda record: record.new.source):
        if other.new.source != source and _may_meet(span, other):
            with ExitStack() as stack:
                files = [stack.enter_context(objects.local(p.key)) for p in other.new.parts]
                parts.view("published", files)
                key = ", ".join(identifier(column) for column in contract.grain.key)
                [(shared,)] = parts.ask(
                    f"SELECT count(*) FROM rows SEMI JOIN published USING ({key})"
                )
            if shared:
                raise OverlappingSource(name, other.new.source, shared)


def _may_meet(span: tuple[str | None, str | None], other: ReleaseRecord) -> bool:
    first, last = span
    if not other.new.parts:
        return False
    if first is None or last is None or other.new.first_time is None or other.new.last_time is None:
        return True
    return first <= other.new.last_time and other.new.first_time <= last
