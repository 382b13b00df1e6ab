"""What a query may say: one SELECT over the datasets, and nothing that reaches outside of them.

The list of what is allowed is closed. DuckDB's parser gives the statement as a tree; every table
in it must be a dataset or a name that the query itself defines, every table function one of a few
that only compute. The session that runs it is locked as well (`tasks.queries.session`): each of
the two would do alone.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.errors import BadQuery

if TYPE_CHECKING:
    import duckdb

COMPUTING_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat", "json_each"})
"""Table functions that make rows out of their arguments alone."""

TELLING_FUNCTIONS = frozenset({"current_setting", "getenv", "write_log"})
"""Scalar functions that tell of the process, or write."""

CATALOGUE = frozenset({"tables", "columns"})
"""Views of `information_schema` that may be read."""


@dataclass(frozen=True)
class Question:
    """A query that was found fit: its text without a final semicolon, and what it reads."""

    sql: str
    tables: frozenset[str]


def read_question(
    sql: str, tables: Collection[str], connection: duckdb.DuckDBPyConnection
) -> Question:
    """Check `sql` and find which of `tables` it reads; those that list tables read all.

    Raises `BadQuery` with what is wrong and, where there is one, the nearest name.
    """
    text = _only_select(sql, connection)
    tree = _tree(text, connection)
    known, own = {t.casefold() for t in tables}, set(_own_names(tree))
    read: set[str] = set()
    for node in _nodes(tree):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            name = str(node["table_name"]).casefold()
            if _is_catalogue(node):
                read |= known
            elif not _is_plain(node) or (name not in known and name not in own):
                raise BadQuery(_no_such_table(node, known | own))
            elif name in known:
                read.add(name)
        elif kind == "SHOW_REF" and node.get("table_name"):
            read |= known
        elif kind == "TABLE_FUNCTION":
            _refuse_unless(node["function"]["function_name"], COMPUTING_FUNCTIONS)
        elif node.get("class") == "FUNCTION" and node["function_name"] in TELLING_FUNCTIONS:
            raise BadQuery(f"the function {node['function_name']} is not available here")
    return Question(text, frozenset(read))


def _only_select(sql: str, connection: duckdb.DuckDBPyConnection) -> str:
    import duckdb

    try:
        sql.encode()
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise BadQuery(first_line(error)) from error
    except UnicodeError as error:
        raise BadQuery("the query is not valid text") from error
    if len(statements) != 1:
        raise BadQuery(f"expected exactly one SELECT, got {len(statements)} statements")
    if statements[0].type is not duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        hint = "; a PIVOT must list its values with IN (…)" if kind == "MULTI" else ""
        raise BadQuery(f"expected exactly one SELECT, got {kind}{hint}")
    return _without_semicolon(statements[0].query, connection)


def _without_semicolon(text: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The statement alone, so that it can stand in parentheses. A semicolon within a text or a
    comment stays: what is left of it is no statement."""
    import duckdb

    head, semicolon, tail = text.rpartition(";")
    try:
        if not semicolon or connection.extract_statements(tail):
            return text.strip()
        connection.extract_statements(head)
    except duckdb.Error:
        return text.strip()
    return _without_semicolon(head, connection)


def _tree(sql: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    try:
        tree: dict[str, Any] = json.loads(row[0]) if row else {}
    except RecursionError as error:
        raise BadQuery("the query is nested too deeply") from error
    if tree.get("error", True):
        raise BadQuery(f"expected exactly one SELECT: {tree.get('error_message', 'unreadable')}")
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _own_names(tree: Any) -> Iterator[str]:
    """The names that WITH defines anywhere. One used outside its scope passes here, and is then
    unknown to the session."""
    for node in _nodes(tree):
        for entry in (node.get("cte_map") or {}).get("map", ()):
            yield str(entry["key"]).casefold()


def _is_catalogue(node: dict[str, Any]) -> bool:
    return (
        node["catalog_name"] == ""
        and node["schema_name"].casefold() == "information_schema"
        and node["table_name"].casefold() in CATALOGUE
    )


def _is_plain(node: dict[str, Any]) -> bool:
    return node["catalog_name"] in ("", "memory") and node["schema_name"] in ("", "main")


def _refuse_unless(function: str, allowed: Collection[str]) -> None:
    if function not in allowed:
        raise BadQuery(
            f"the table function {function} is not available here: "
            "a query reads the datasets and nothing else"
        )


def _no_such_table(node: dict[str, Any], known: Collection[str]) -> str:
    parts = (node["catalog_name"], node["schema_name"], node["table_name"])
    name = ".".join(part for part in parts if part)
    near = difflib.get_close_matches(name.casefold().replace("-", "_"), sorted(known), n=2)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"there is no table {name!r}{hint} (`ons datasets` lists them)"


def first_line(error: BaseException) -> str:
    """DuckDB's message without the picture of the query below it, on one line."""
    return " ".join(str(error).split("\n\nLINE ")[0].split())
