"""S3 as `aws-sdk:s3:…` Tasks see it: the platform's object store as the one bucket `${bucket}`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from tasks.failures import TaskFailed
from tasks.ports.objects import NoSuchObject, ObjectInfo, ObjectStore
from workflows.engine.jsontext import dumps
from workflows.engine.objects import BUCKET
from workflows.engine.services.answers import sdk_failure

MAX_KEYS = 1000
MAX_BODY = 262_144
"""A body that a state's result could not hold is not read."""


class Buckets:
    """The six calls that machines make. Each raises `TaskFailed` with S3's names."""

    def __init__(self, objects: Callable[[], ObjectStore]) -> None:
        self._objects = objects
        self._calls: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "getObject": self._get,
            "putObject": self._put,
            "headObject": self._head,
            "listObjectsV2": self._list,
            "copyObject": self._copy,
            "deleteObject": self._delete,
        }

    def request(self, api: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """One call, by its API's name."""
        _known(given.get("Bucket"))
        return self._calls[api](given)

    def _get(self, given: Mapping[str, Any]) -> dict[str, Any]:
        info = self._found(_key(given))
        if info.size > MAX_BODY:
            raise TaskFailed(
                "States.DataLimitExceeded",
                "The state/task 'aws-sdk:s3:getObject' returned a result with a size exceeding "
                "the maximum number of bytes service limit.",
            )
        with self._objects().open(info.key) as body:
            return {**_about(info), "Body": body.read().decode("utf-8", "replace")}

    def _put(self, given: Mapping[str, Any]) -> dict[str, Any]:
        body, key = given.get("Body", ""), _key(given)
        content = (body if isinstance(body, str) else dumps(body)).encode()
        self._objects().put(key, content, metadata=_metadata(given))
        return {"ETag": _tag(self._found(key)), "ServerSideEncryption": "AES256"}

    def _head(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return _about(self._found(_key(given)))

    def _list(self, given: Mapping[str, Any]) -> dict[str, Any]:
        prefix, delimiter = str(given.get("Prefix", "")), given.get("Delimiter")
        limit = min(int(given.get("MaxKeys", MAX_KEYS)), MAX_KEYS)
        after = str(given.get("ContinuationToken", given.get("StartAfter", "")))
        found: list[dict[str, Any]] = []
        folders: list[str] = []
        cut = False
        for info in self._objects().list(prefix[: prefix.rfind("/") + 1]):
            if not info.key.startswith(prefix) or info.key <= after:
                continue
            head, mark, _ = info.key[len(prefix) :].partition(delimiter or "\0")
            folder = prefix + head + mark if delimiter and mark else None
            if folder in folders or (folder is not None and folder <= after):
                continue
            if len(found) + len(folders) == limit:
                cut = True
                break
            last = info.key
            if folder is not None:
                folders.append(folder)
                last = folder + "\U0010ffff"
            else:
                found.append(_listed(info))
            token = last
        answer: dict[str, Any] = {
            "IsTruncated": cut,
            "KeyCount": len(found) + len(folders),
            "MaxKeys": limit,
            "Name": BUCKET,
            "Prefix": prefix,
        }
        if found:
            answer["Contents"] = found
        if folders:
            answer["CommonPrefixes"] = [{"Prefix": folder} for folder in folders]
        if cut and limit:
            answer["NextContinuationToken"] = token
        return answer

    def _copy(self, given: Mapping[str, Any]) -> dict[str, Any]:
        bucket, _, source = unquote(str(given.get("CopySource", ""))).lstrip("/").partition("/")
        _known(bucket)
        target = _key(given)
        try:
            self._objects().copy(source, target)
        except NoSuchObject as error:
            raise _no_such_key() from error
        info = self._found(target)
        return {"CopyObjectResult": {"ETag": _tag(info), "LastModified": info.modified_at}}

    def _delete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        key = _key(given)
        if not key.endswith("/"):  # to the store this would mean all that lies under it
            self._objects().delete(key)
        return {}

    def _found(self, key: str) -> ObjectInfo:
        try:
            return self._objects().describe(key)
        except NoSuchObject as error:
            raise _no_such_key() from error


def _known(bucket: Any) -> None:
    if bucket != BUCKET:
        raise sdk_failure(
            "S3.NoSuchBucketException",
            "The specified bucket does not exist",
            service="S3",
            status=404,
            extended=True,
        )


def _no_such_key() -> TaskFailed:
    return sdk_failure(
        "S3.NoSuchKeyException",
        "The specified key does not exist.",
        service="S3",
        status=404,
        extended=True,
    )


def _key(given: Mapping[str, Any]) -> str:
    key = given.get("Key")
    if not isinstance(key, str) or not key:
        raise sdk_failure("S3.S3Exception", "Key cannot be empty", service="S3")
    return key


def _metadata(given: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in (given.get("Metadata") or {}).items()}


def _about(info: ObjectInfo) -> dict[str, Any]:
    return {
        "AcceptRanges": "bytes",
        "ContentLength": info.size,
        "ContentType": "binary/octet-stream",
        "ETag": _tag(info),
        "LastModified": info.modified_at,
        "Metadata": dict(info.metadata),
        "ServerSideEncryption": "AES256",
    }


def _listed(info: ObjectInfo) -> dict[str, Any]:
    return {
        "ETag": _tag(info),
        "Key": info.key,
        "LastModified": info.modified_at,
        "Size": info.size,
        "StorageClass": "STANDARD",
    }


def _tag(info: ObjectInfo) -> str:
    """Changes with an object's size or time; it is no digest of the content, as S3's of large
    objects is none."""
    text = f"{info.key}\n{info.size}\n{info.modified_at}".encode()
    return f'"{hashlib.md5(text, usedforsecurity=False).hexdigest()}"'
