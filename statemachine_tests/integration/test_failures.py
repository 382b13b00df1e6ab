"""A failure on the way to publishing: nothing of it can be seen, and the next run succeeds."""

from __future__ import annotations

import json

import pytest

from statemachine_tests.command import Ons
from statemachine_tests.integration.curves import write_curve
from statemachine_tests.integration.plant import plant
from tasks.ports.series import SeriesQuestion


def seen(home):
    """What readers see: the query's rows, the series' points, the search's hits, and the lake."""
    ons = Ons(home)
    rows = ons.query("SELECT _release, count(*) AS n, sum(val_cargaenergiahomwmed) AS s"
                     " FROM curva_carga GROUP BY 1 ORDER BY 1")  # fmt: skip
    with plant(home) as reader:
        current = reader.platform.ledger.current()
        ids = tuple(record.new.release for record in current)
        points = reader.platform.series.points(
            SeriesQuestion("curva-carga", "val_cargaenergiahomwmed", ids, {})
        )
        hits = [
            hit.document.release
            for hit in reader.platform.knowledge.search("curva de carga", releases=ids)
            if hit.document.release
        ]
    lake = sorted(
        (str(path.relative_to(home)), path.stat().st_size)
        for path in home.glob("lake/current/**/*.*")
    )
    return rows, points, sorted(hits), lake


def fail(event, work):
    raise RuntimeError("the store is broken")


def fail_after_its_work(event, work):
    work()
    raise RuntimeError("the store broke afterwards")


@pytest.mark.parametrize("doing", [fail, fail_after_its_work], ids=["before", "after"])
@pytest.mark.parametrize("task", ["parse_tabular", "validate", "write_parquet", "load_timestream"])
def test_a_failure_before_the_commit_leaves_readers_where_they_were(tmp_path, task, doing):
    home, path = tmp_path / "home", tmp_path / "CURVA_CARGA_2022.csv"
    with plant(home) as works:
        works.ingest(write_curve(path, 1.0, published=1_700_000_000))
    before = seen(home)
    write_curve(path, 2.0, published=1_700_000_100)

    with plant(home, {task: doing}) as broken:
        failed = broken.ingest(path)

    assert failed.status == "FAILED"
    assert failed.error == "RuntimeError"
    assert json.loads(failed.cause)["errorMessage"].startswith("the store")
    assert seen(home) == before
    with plant(home) as works:
        assert works.platform.ledger.leases(10) == []
        assert list(works.platform.objects.list("staging/")) == []
        assert works.ingest(path).output["status"] == "published"
    assert [row["s"] for row in seen(home)[0]] == [2.0 * 192]


def test_a_failure_in_publish_before_its_commit_leaves_readers_where_they_were(tmp_path):
    home, path = tmp_path / "home", tmp_path / "CURVA_CARGA_2022.csv"
    with plant(home) as works:
        works.ingest(write_curve(path, 1.0))
    before = seen(home)
    write_curve(path, 2.0, published=1_700_000_100)

    with plant(home, {"publish": fail}) as broken:
        failed = broken.ingest(path)

    assert (failed.status, failed.error) == ("FAILED", "RuntimeError")
    assert seen(home) == before
    with plant(home) as works:
        known = {record.new.release for record in works.platform.ledger.current()}
        kept = {info.key.split("/")[1] for info in works.platform.objects.list("releases/")}
        assert kept == known
        assert works.ingest(path).output["status"] == "published"


def test_a_failure_in_publish_after_its_commit_does_not_take_the_release_back(tmp_path):
    home, path = tmp_path / "home", write_curve(tmp_path / "CURVA_CARGA_2022.csv", 1.0)

    with plant(home, {"publish": fail_after_its_work}) as broken:
        assert broken.ingest(path).status == "FAILED"

    assert [row["s"] for row in seen(home)[0]] == [192.0]
    with plant(home) as works:
        assert works.ingest(path).output["status"] == "unchanged"


def test_a_knowledge_base_that_fails_leaves_the_release_published_and_pending(tmp_path):
    home, path = tmp_path / "home", write_curve(tmp_path / "CURVA_CARGA_2022.csv", 1.0)

    with plant(home, {"sync_knowledge_base": fail}) as broken:
        published = broken.ingest(path)

    assert (published.output["status"], published.output["knowledge"]) == ("published", "pending")
    with plant(home) as works:
        works.run("sync_knowledge", {})
        [record] = works.platform.ledger.current()
        assert record.knowledge == "synced"
        hits = works.platform.knowledge.search("curva de carga", releases=[record.new.release])
        assert record.new.release in {hit.document.release for hit in hits}
