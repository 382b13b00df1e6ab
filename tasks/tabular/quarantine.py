"""The cells and records of a file that break its contract, as one table."""

from collections.abc import Sequence
from pathlib import Path

from tasks.tabular.database import database
from tasks.tabular.expressions import literal
from tasks.tabular.parquet import parquet


def merge(parts: Sequence[Path], scratch: Path) -> Path | None:
    """One Parquet table of the ranges' quarantines, in the order of lines; None without any.

    Columns: `_source_file`, `_source_row` (physical line), `column` (null for a whole record),
    `rule`, `value` (the offending text), `raw` (the record's text), `_release`.
    """
    if not parts:
        return None
    target = scratch / "quarantine.parquet"
    with database(300, scratch=scratch, threads=1) as db:
        db.execute(
            f"COPY (SELECT * FROM {parquet(parts)}) TO {literal(str(target))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
    return target
