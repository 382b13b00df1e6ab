"""Which adapter stands behind which port: the only module that knows.

Adapters are imported where they are built, so that a process pays for what it uses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasks.ports.clock import Clock
from tasks.ports.executions import Executions
from tasks.ports.knowledge import KnowledgeIndex
from tasks.ports.ledger import Ledger
from tasks.ports.notices import Notices
from tasks.ports.objects import ObjectStore
from tasks.ports.series import SeriesStore
from tasks.settings import Settings

if TYPE_CHECKING:
    from tasks.ports.lake import LakeProjection


@dataclass(frozen=True)
class Platform:
    """Every outside thing that a task may ask for, by the name it asks with.

    `executions` is null where no engine runs: in a worker process, and in commands that only read.
    """

    settings: Settings
    objects: ObjectStore
    ledger: Ledger
    series: SeriesStore
    knowledge: KnowledgeIndex
    notices: Notices
    clock: Clock
    lake: LakeProjection
    executions: Executions | None = None


def wire(settings: Settings, **replacements: Any) -> Platform:
    """The embedded platform on `settings.home`, which is made when it is not there yet.

    `replacements` are fields of `Platform` to have instead. Raises `HomeUnusable`.
    """
    from tasks.adapters.embedded.clock import SystemClock
    from tasks.adapters.embedded.home import open_home
    from tasks.adapters.embedded.knowledge import TantivyIndex
    from tasks.adapters.embedded.lake import EmbeddedLake
    from tasks.adapters.embedded.ledger import SqliteLedger
    from tasks.adapters.embedded.notices import FolderNotices
    from tasks.adapters.embedded.objects import DirectoryObjects
    from tasks.adapters.embedded.series import LakeSeries

    home = open_home(settings.home)
    objects = DirectoryObjects(home.objects, home.tmp)
    ledger = SqliteLedger(home.ledger)
    platform = Platform(
        settings=settings,
        objects=objects,
        ledger=ledger,
        series=LakeSeries(objects),
        knowledge=TantivyIndex(home.index),
        notices=FolderNotices(home.notices),
        clock=SystemClock(),
        lake=EmbeddedLake(home.lake, objects, ledger, home.tmp / "lake"),
    )
    return replace(platform, **replacements)
