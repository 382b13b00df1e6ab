"""DynamoDB as Tasks see it: items in a SQLite file, one write at a time.

There is one table, `${table}` (Terraform fills the name in on AWS), whose key is `pk` and `sk`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tasks.failures import TaskFailed
from workflows.engine.jsontext import dumps
from workflows.engine.services.answers import optimised, optimised_failure, sdk_failure
from workflows.engine.services.conditions import Expression
from workflows.engine.services.values import BadExpression, Item

TABLE = "${table}"
KEYS: Mapping[str, tuple[str, ...]] = {TABLE: ("pk", "sk")}
BUSY_S = 30.0
_KINDS = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})


class _Refused(Exception):
    """DynamoDB refuses: an error's code and a message."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class Tables:
    """The tables in one file, made when it is first used. `keys` names each table's key."""

    def __init__(self, path: Path, keys: Mapping[str, tuple[str, ...]] = KEYS) -> None:
        self._path, self._keys = path, keys
        self._calls: Mapping[str, Callable[..., dict[str, Any]]] = {
            "getItem": self._get,
            "putItem": self._put,
            "updateItem": self._update,
            "deleteItem": self._delete,
        }

    def request(self, service: str, api: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """One call; `service` decides how results and errors look. Raises `TaskFailed`."""
        try:
            with self._transaction() as db:
                result = self._calls[api](db, given)
        except _Refused as refused:
            raise _failure(service, refused.code, refused.message) from refused
        except BadExpression as bad:
            raise _failure(service, "ValidationException", str(bad)) from bad
        return optimised(result) if service == "dynamodb" else result

    def _get(self, db: sqlite3.Connection, given: Mapping[str, Any]) -> dict[str, Any]:
        item = self._read(db, given, self._key(given))
        if item is None:
            return {}
        if "ProjectionExpression" in given:
            item = _expression(given, "ProjectionExpression").project(item)
        return {"Item": item}

    def _put(self, db: sqlite3.Connection, given: Mapping[str, Any]) -> dict[str, Any]:
        item = _typed(given.get("Item"), "item")
        key = self._key({**given, "Key": self._part(given, item)})
        before = self._read(db, given, key)
        _check(given, before)
        self._write(db, given, key, item)
        return _returned(given, before, item, None)

    def _update(self, db: sqlite3.Connection, given: Mapping[str, Any]) -> dict[str, Any]:
        key = self._key(given)
        before = self._read(db, given, key)
        _check(given, before)
        after, touched = before or dict(given["Key"]), set[str]()
        if "UpdateExpression" in given:
            after, changed = _expression(given, "UpdateExpression").update(after)
            touched = {str(steps[0]) for steps in changed}
        if names := touched & set(self._keys[given["TableName"]]):
            raise _Refused(
                "ValidationException",
                f"Cannot update attribute {min(names)}. This attribute is part of the key",
            )
        self._write(db, given, key, after)
        return _returned(given, before, after, touched)

    def _delete(self, db: sqlite3.Connection, given: Mapping[str, Any]) -> dict[str, Any]:
        key = self._key(given)
        before = self._read(db, given, key)
        _check(given, before)
        db.execute("DELETE FROM items WHERE table_name = ? AND key = ?", (given["TableName"], key))
        return _returned(given, before, None, None)

    def _read(self, db: sqlite3.Connection, given: Mapping[str, Any], key: str) -> Item | None:
        row = db.execute(
            "SELECT item FROM items WHERE table_name = ? AND key = ?", (given["TableName"], key)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def _write(
        self, db: sqlite3.Connection, given: Mapping[str, Any], key: str, item: Item
    ) -> None:
        db.execute(
            "INSERT INTO items VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET item = excluded.item",
            (given["TableName"], key, dumps(item)),
        )

    def _part(self, given: Mapping[str, Any], item: Item) -> Item:
        return {name: item[name] for name in self._names(given) if name in item}

    def _key(self, given: Mapping[str, Any]) -> str:
        """The key as text. Raises `_Refused` for one that does not fit the table."""
        names, key = self._names(given), _typed(given.get("Key"), "key")
        if set(key) != set(names) or any(
            kind not in ("S", "N", "B") or not str(plain)
            for value in key.values()
            for kind, plain in value.items()
        ):
            raise _Refused(
                "ValidationException", "The provided key element does not match the schema"
            )
        return dumps([key[name] for name in names])

    def _names(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        table = given.get("TableName")
        if table not in self._keys:
            raise _Refused("ResourceNotFoundException", "Requested resource not found")
        return self._keys[str(table)]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S)) as db:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            db.execute(
                "CREATE TABLE IF NOT EXISTS items (table_name TEXT NOT NULL, key TEXT NOT NULL,"
                " item TEXT NOT NULL, PRIMARY KEY (table_name, key)) WITHOUT ROWID"
            )
            yield db
            db.execute("COMMIT")


def _check(given: Mapping[str, Any], before: Item | None) -> None:
    if "ConditionExpression" not in given:
        return
    if not _expression(given, "ConditionExpression").holds(before or {}):
        raise _Refused("ConditionalCheckFailedException", "The conditional request failed")


def _expression(given: Mapping[str, Any], field: str) -> Expression:
    values = given.get("ExpressionAttributeValues") or {}
    return Expression(
        str(given[field]), given.get("ExpressionAttributeNames") or {}, _typed(values, "value")
    )


def _returned(
    given: Mapping[str, Any], before: Item | None, after: Item | None, touched: set[str] | None
) -> dict[str, Any]:
    wanted = given.get("ReturnValues", "NONE")
    allowed = {"NONE", "ALL_OLD"}
    if touched is not None:
        allowed |= {"UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"}
    if wanted not in allowed:
        raise _Refused("ValidationException", f"ReturnValues cannot be {wanted} for this call")
    item = {"OLD": before, "NEW": after}.get(wanted[-3:])
    if item is None:
        return {}
    if wanted.startswith("UPDATED"):
        item = {name: value for name, value in item.items() if name in (touched or ())}
    return {"Attributes": item} if item else {}


def _typed(value: Any, what: str) -> Item:
    """An item of typed values."""
    if not isinstance(value, Mapping):
        raise _Refused(
            "ValidationException",
            f"1 validation error detected: Value null at '{what}' failed to satisfy constraint: "
            "Member must not be null",
        )
    for name, one in value.items():
        if not isinstance(one, Mapping) or len(one) != 1 or not one.keys() <= _KINDS:
            raise _Refused(
                "ValidationException",
                f"Supplied AttributeValue has more than one datatypes set, or none: {name}",
            )
    return dict(value)


def _failure(service: str, code: str, message: str) -> TaskFailed:
    """The two integrations of DynamoDB name it differently, and validation has no name of its
    own in either."""
    if service == "dynamodb":
        name = "AmazonDynamoDBException" if code == "ValidationException" else code
        return optimised_failure(f"DynamoDB.{name}", message, service="AmazonDynamoDBv2", code=code)
    name = "DynamoDbException" if code == "ValidationException" else code
    return sdk_failure(f"DynamoDb.{name}", message, service="DynamoDb")
