"""JSONPath in the dialect of Step Functions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.jsonpath import BadPath, NoMatch, parse

BOOKS = {
    "book": [
        {"title": "A", "price": 8, "tags": ["x"]},
        {"title": "B", "price": 12.5, "isbn": "1"},
        {"title": "C", "price": 9, "isbn": None},
    ],
    "a-b": {"c d": 1},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", BOOKS),
        ("$.book[0].title", "A"),
        ("$.book[-1].title", "C"),
        ("$['book'][1]['price']", 12.5),
        ('$["a-b"]["c d"]', 1),
        ("$.a-b['c d']", 1),
        ("$.book[*].title", ["A", "B", "C"]),
        ("$.book[0,2].title", ["A", "C"]),
        ("$.book[1:].title", ["B", "C"]),
        ("$.book[:2].title", ["A", "B"]),
        ("$.book[-2:].title", ["B", "C"]),
        ("$.book[0]['title','price']", ["A", 8]),
        ("$..title", ["A", "B", "C"]),
        ("$..book[0].title", ["A"]),
        ("$..nothing", []),
        ("$.book[*].isbn", ["1", None]),
        ("$.book[?(@.price < 10)].title", ["A", "C"]),
        ("$.book[?(@.price < 10 && @.title != 'A')].title", ["C"]),
        ("$.book[?(@.price > 12 || @.title == 'A')].title", ["A", "B"]),
        ("$.book[?(@.isbn)].title", ["B", "C"]),
        ("$.book[?(!(@.isbn))].title", ["A"]),
        ("$.book[?(@.title =~ /[ab]/i)].title", ["A", "B"]),
        ("$.book[?(@.title in ['A', 'C'])].title", ["A", "C"]),
        ("$.book[?(@.price > 100)]", []),
    ],
)
def test_finds_what_the_path_names(path: str, found: Any) -> None:
    assert parse(path).find(BOOKS) == found


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("$.no.such", "Missing property in path $['no']"),
        ("$.book[7]", "Index out of bounds when evaluating path $['book'][7]"),
        ("$.book[0].title.x", "Missing property in path $['book'][0]['title']['x']"),
    ],
)
def test_a_definite_path_that_names_nothing_says_where(path: str, message: str) -> None:
    with pytest.raises(NoMatch) as caught:
        parse(path).find(BOOKS)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    ["book", "$.", "$.a..", "$.a[", "$['a", "$.a[?(@.b ==)]", "$.list.size()", "$.a[::0]", ""],
)
def test_refuses_what_is_no_path(text: str) -> None:
    with pytest.raises(BadPath):
        parse(text)


def test_tells_roots_and_reference_paths_apart() -> None:
    paths = [parse(t) for t in ("$.a[0]", "$$.Execution.Id", "$name.x", "$.a[*]", "$..a")]

    assert [p.root for p in paths] == ["$", "$$", "name", "$", "$"]
    assert [p.reference for p in paths] == [True, False, False, False, False]


def test_puts_a_value_without_changing_what_was_there() -> None:
    before = {"a": {"b": 1}, "l": [1, 2]}

    assert parse("$.a.c.d").put(before, 5) == {"a": {"b": 1, "c": {"d": 5}}, "l": [1, 2]}
    assert parse("$.l[1]").put(before, 5) == {"a": {"b": 1}, "l": [1, 5]}
    assert parse("$").put(before, 5) == 5
    assert before == {"a": {"b": 1}, "l": [1, 2]}


@pytest.mark.parametrize("path", ["$.a.x", "$.l[9]", "$.a[0]"])
def test_does_not_put_where_nothing_can_be(path: str) -> None:
    with pytest.raises(NoMatch):
        parse(path).put({"a": 1, "l": []}, 5)


names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6)


@given(st.lists(names, min_size=1, max_size=4), st.integers())
def test_what_is_put_at_a_path_is_found_there(way: list[str], value: int) -> None:
    path = parse("$" + "".join(f"['{name}']" for name in way))

    assert path.find(path.put({}, value)) == value


@pytest.mark.parametrize(
    ("path", "found"),
    [("$.l.length()", 3), ("$.s.length()", 2), ("$.o.length()", 1), ("$.n.length()", None),
     ("$.l[?(@ > 1)].length()", 2), ("$['l'].length()", 3)],
)  # fmt: skip
def test_a_path_may_end_with_its_length(path: str, found: object) -> None:
    value = {"l": [1, 2, 3], "s": "ab", "o": {"a": 1}, "n": 7}

    assert parse(path).find(value) == found
    assert not parse(path).reference


@pytest.mark.parametrize("path", ["$.no.length()", "$.l.sum()", "$.l.max()"])
def test_other_functions_find_nothing(path: str) -> None:
    with pytest.raises(NoMatch):
        parse(path).find({"l": [1, 2]})
