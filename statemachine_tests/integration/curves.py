"""Small hourly curves whose rows tell which publication they belong to."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

ENTITIES = {"N": "NORTE", "NE": "NORDESTE", "S": "SUL", "SE": "SUDESTE"}
HEADER = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"


def write_curve(
    path: Path, value: float, *, hours: int = 48, published: int = 1_700_000_000
) -> Path:
    """A curve of 2022 whose every value is `value`, last modified at `published` (epoch)."""
    start = datetime.fromisoformat("2022-01-01")
    rows = (
        f"{entity};{name};{start + timedelta(hours=hour)};{value:.8f}\n"
        for hour in range(hours)
        for entity, name in ENTITIES.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(rows))
    os.utime(path, (published, published))
    return path
