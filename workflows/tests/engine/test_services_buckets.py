"""S3's calls on the platform's object store, with S3's names for what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.embedded.objects import DirectoryObjects
from tasks.failures import TaskFailed
from workflows.engine.objects import BUCKET
from workflows.engine.services.buckets import Buckets


@pytest.fixture
def store(tmp_path: Path) -> DirectoryObjects:
    return DirectoryObjects(tmp_path / "objects", tmp_path / "tmp")


@pytest.fixture
def buckets(store: DirectoryObjects) -> Buckets:
    return Buckets(lambda: store)


def _call(buckets: Buckets, api: str, **given: Any) -> Any:
    return buckets.request(api, {"Bucket": BUCKET, **given})


@pytest.mark.parametrize(
    ("body", "kept"),
    [("text é", "text é"), (["List", "Data"], '["List","Data"]'), (False, "false")],
)
def test_an_object_holds_text_as_it_is_and_all_else_as_json(
    buckets: Buckets, body: Any, kept: str
) -> None:
    put = _call(buckets, "putObject", Key="a/b", Body=body, Metadata={"x": "1"})
    got = _call(buckets, "getObject", Key="a/b")

    assert (got["Body"], got["Metadata"], got["ETag"]) == (kept, {"x": "1"}, put["ETag"])
    assert got["ContentLength"] == len(kept.encode())


def test_a_head_is_all_but_the_body(buckets: Buckets) -> None:
    _call(buckets, "putObject", Key="a", Body="x")
    got = _call(buckets, "getObject", Key="a")

    assert _call(buckets, "headObject", Key="a") == {k: v for k, v in got.items() if k != "Body"}


@pytest.mark.parametrize("api", ["getObject", "headObject"])
def test_a_missing_key_is_named_as_by_s3(buckets: Buckets, api: str) -> None:
    with pytest.raises(TaskFailed) as caught:
        _call(buckets, api, Key="nowhere")

    assert caught.value.error == "S3.NoSuchKeyException"
    assert caught.value.cause == (
        "The specified key does not exist. "
        "(Service: S3, Status Code: 404, Request ID: , Extended Request ID: )"
    )


def test_another_bucket_does_not_exist(buckets: Buckets) -> None:
    with pytest.raises(TaskFailed) as caught:
        buckets.request("listObjectsV2", {"Bucket": "other"})

    assert caught.value.error == "S3.NoSuchBucketException"
    assert str(caught.value.cause).startswith("The specified bucket does not exist (Service: S3, ")


def test_a_copy_is_another_object_with_the_same_content(buckets: Buckets) -> None:
    _call(buckets, "putObject", Key="a b", Body="x")

    _call(buckets, "copyObject", CopySource=f"{BUCKET}/a%20b", Key="c")

    assert _call(buckets, "getObject", Key="c")["Body"] == "x"
    with pytest.raises(TaskFailed, match="NoSuchKey"):
        _call(buckets, "copyObject", CopySource=f"{BUCKET}/nowhere", Key="d")


def test_deleting_removes_one_object_and_never_a_folder(buckets: Buckets) -> None:
    _call(buckets, "putObject", Key="a/b", Body="x")

    for key in ("a/b/c", "a/", "a", "nowhere"):
        assert _call(buckets, "deleteObject", Key=key) == {}
    assert _call(buckets, "listObjectsV2")["KeyCount"] == 1
    _call(buckets, "deleteObject", Key="a/b")
    assert _call(buckets, "listObjectsV2")["KeyCount"] == 0


def test_a_listing_comes_in_pages_in_the_order_of_keys(buckets: Buckets) -> None:
    keys = ["p/a", "p/b/x", "p/b/y", "p/c", "q"]
    for key in keys:
        _call(buckets, "putObject", Key=key, Body="x")

    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = _call(buckets, "listObjectsV2", Prefix="p/", MaxKeys=2, **more)
        found += [one["Key"] for one in page["Contents"]]
        if not page["IsTruncated"]:
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}

    assert found == keys[:4]


def test_a_delimiter_gathers_what_lies_below_it(buckets: Buckets) -> None:
    for key in ("p/a", "p/b/x", "p/b/y", "p/c"):
        _call(buckets, "putObject", Key=key, Body="x")

    first = _call(buckets, "listObjectsV2", Prefix="p/", Delimiter="/", MaxKeys=2)
    rest = _call(
        buckets, "listObjectsV2", Prefix="p/", Delimiter="/",
        ContinuationToken=first["NextContinuationToken"],
    )  # fmt: skip

    assert [one["Key"] for one in first["Contents"]] == ["p/a"]
    assert first["CommonPrefixes"] == [{"Prefix": "p/b/"}]
    assert ([one["Key"] for one in rest["Contents"]], rest["IsTruncated"]) == (["p/c"], False)


def test_an_object_too_large_for_a_state_is_not_read(
    buckets: Buckets, store: DirectoryObjects
) -> None:
    store.put("large", b"x" * 300_000)

    with pytest.raises(TaskFailed, match="DataLimitExceeded"):
        _call(buckets, "getObject", Key="large")
