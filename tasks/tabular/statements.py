"""The SQL statements that read one file's lines by its contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.datasets import checks
from tasks.datasets.model import Column, DatasetContract, Kind
from tasks.tabular.expressions import (
    BLANKS,
    SQL_TYPES,
    TRACE_TYPES,
    identifier,
    literal,
    oddities,
    reading,
)
from tasks.tabular.parquet import parquet
from tasks.tabular.records import BREAK, NO_DELIMITER, RETURN, UNIT

BAD_TEXT = "unreadable_text"
OPEN_QUOTE = "open_quote"
_REWRITER_RULES = {"text": BAD_TEXT, "quotes": OPEN_QUOTE}


@dataclass(frozen=True)
class Statements:
    """`columns`: the contract's column by header position, None for one it does not know.
    `header`: the published names. `padded_columns`: text columns that are trimmed at once."""

    contract: DatasetContract
    header: tuple[str, ...]
    columns: tuple[str | None, ...]
    decimal: str
    source_file: str
    release: str
    padded_columns: frozenset[str] = frozenset()

    def plain_lines(self, path: str, delimiter: str, first_line: int) -> "Lines":
        """Lines as they stand, the first of them being physical line `first_line`."""
        fields = f"string_split(l, {literal(delimiter)})"
        select = f"SELECT '' AS rule, l AS raw, {fields} AS fields FROM {_one_column(path)}"
        return Lines(select, f"row_number() OVER () + {first_line - 1}")

    def rewritten_lines(self, path: str) -> "Lines":
        """Lines that `tasks.tabular.records` rewrote, which carry their number."""
        return Lines(
            "SELECT p[1] AS number, p[2] AS rule, p[3] AS raw, p[4:] AS fields"
            f" FROM (SELECT string_split(l, '{UNIT}') AS p FROM {_one_column(path)})",
            "CAST(number AS BIGINT)",
        )

    def sound_rows(self, source: "Lines", *, trimmed: bool, strict: bool) -> str:
        """Typed rows of the lines that keep to the contract's types, with their flags."""
        cells = self._cells(trimmed=trimmed, strict=strict)
        published = [f"{cell.name} AS {identifier(cell.title)}" for cell in cells]
        absent = [
            f"CAST(NULL AS {SQL_TYPES[column.kind]}) AS {identifier(column.name)}"
            for column in self.contract.columns
            if column.name not in self.columns
        ]
        where = " AND ".join(self._sound(cells))
        return (
            f"SELECT {', '.join(published + absent)}, {literal(self.source_file)} AS _source_file,"
            f" line AS _source_row, {literal(self.release)} AS _release, {self._flags()} AS _flags"
            f" FROM ({self._typed(source, cells)}) WHERE {where}"
        )

    def unsound_cells(self, source: "Lines") -> str:
        """One row for each cell, or record, that breaks a type: what quarantine holds."""
        cells = self._cells(trimmed=True, strict=True)
        broken = [
            f"CASE WHEN rule = '{code}' THEN {_case(rule, None, 'raw')} END"
            for code, rule in _REWRITER_RULES.items()
        ]
        count = f"len(fields) <> {len(self.header)}"
        broken.append(
            f"CASE WHEN rule = '' AND {count} THEN {_case(checks.RAGGED, None, 'raw')} END"
        )
        for cell in cells:
            for rule, sound in cell.rules.items():
                case = _case(rule, cell.title, cell.text)
                wrong = f"rule = '' AND NOT ({count}) AND ({sound}) IS NOT TRUE"
                broken.append(f"CASE WHEN {wrong} THEN {case} END")
        return (
            f"SELECT {literal(self.source_file)} AS _source_file, line AS _source_row,"
            ' broken."column", broken.rule, broken.value,'
            f" {_restored('raw')} AS raw, {literal(self.release)} AS _release"
            f" FROM (SELECT line, raw, unnest(list_filter([{', '.join(broken)}],"
            f" lambda x: x IS NOT NULL)) AS broken FROM ({self._typed(source, cells)})"
            f" WHERE {_filled('raw')})"
        )

    def records(self, source: "Lines") -> str:
        """How many records there are: lines that are not blank."""
        return f"SELECT count(*) FROM ({source.select}) WHERE {_filled('raw')}"

    def padded(self, part: Path, *, strict: bool) -> str | None:
        """Whether text of a part begins or ends with a blank; None where it has no text. Without
        `strict` there are no blanks but spaces."""
        texts = [
            identifier(cell.title)
            for cell in self._cells(trimmed=False, strict=False)
            if cell.is_text
        ]
        if not texts:
            return None
        test = "starts_with({0}, ' ') OR ends_with({0}, ' ')"
        if strict:
            test = f"regexp_matches({{0}}, '^[{BLANKS}]|[{BLANKS}]$')"
        tests = " OR ".join(test.format(text) for text in texts)
        return f"SELECT coalesce(bool_or({tests}), false) FROM {parquet([part])}"

    def _typed(self, source: "Lines", cells: "tuple[_Cell, ...]") -> str:
        typed = ", ".join(f"{cell.value} AS {cell.name}" for cell in cells)
        # The running number stands outside of the casts: DuckDB would otherwise push the filter
        # of the sound rows below them and cast everything twice.
        return f"SELECT *, {source.number} AS line FROM (SELECT *, {typed} FROM ({source.select}))"

    def _cells(self, *, trimmed: bool, strict: bool) -> "tuple[_Cell, ...]":
        # Whatever a file calls its further columns, ours are ours; SQL knows no case in names.
        taken = {*self.contract.by_name, *TRACE_TYPES}
        cells = []
        for at, (published, name) in enumerate(zip(self.header, self.columns, strict=True)):
            column = self.contract.by_name[name] if name is not None else None
            title = name or _unique(published or f"column_{at + 1}", taken)
            cells.append(self._cell(at, title, column, trimmed=trimmed, strict=strict))
        order = {column.name: n for n, column in enumerate(self.contract.columns)}
        return tuple(sorted(cells, key=lambda cell: order.get(cell.title, len(order))))

    def _cell(
        self, at: int, title: str, column: Column | None, *, trimmed: bool, strict: bool
    ) -> "_Cell":
        field = f"fields[{at + 1}]"
        text = field
        if trimmed:
            text = f"trim({_restored(field)}, '{BLANKS}')"
        elif title in self.padded_columns:
            text = f"trim({field}, '{BLANKS}')" if strict else f"trim({field})"
        column = column or Column(title, Kind.TEXT, title, title)
        name = f"c{at}"
        read = reading(column, text, name, decimal=self.decimal, strict=strict)
        rules = {} if column.kind is Kind.TEXT else {checks.not_a(title): read.sound}
        if not column.nullable:
            # Text that is not of the type is told as such, not as empty too.
            filled = f"{text} <> ''" if rules else f"{name} IS NOT NULL"
            rules[checks.empty(title)] = filled
        return _Cell(title, name, field, read.value, column.kind is Kind.TEXT, rules)

    def _sound(self, cells: "tuple[_Cell, ...]") -> list[str]:
        rules = [sound for cell in cells for sound in cell.rules.values()]
        return ["rule = ''", f"len(fields) = {len(self.header)}", *rules]

    def _flags(self) -> str:
        names: Mapping[str, str] = {
            name: f"c{at}" for at, name in enumerate(self.columns) if name is not None
        }
        flags = oddities(self.contract, names)
        if not flags:
            return "CAST([] AS VARCHAR[])"
        listed = ", ".join(f"CASE WHEN {when} THEN {literal(id)} END" for id, when in flags.items())
        some = " OR ".join(f"({when})" for when in flags.values())
        odd = f"list_filter([{listed}], lambda x: x IS NOT NULL)"
        return f"CASE WHEN {some} THEN {odd} ELSE CAST([] AS VARCHAR[]) END"


@dataclass(frozen=True)
class Lines:
    """A SELECT of `rule`, `raw` and `fields`, and the SQL of each line's physical number."""

    select: str
    number: str


@dataclass(frozen=True)
class _Cell:
    """One column of the file: `title` as it will be called, `name` as SQL calls its value."""

    title: str
    name: str
    text: str
    value: str
    is_text: bool
    rules: dict[str, str]


def _one_column(path: str) -> str:
    return (
        f"read_csv({literal(path)}, delim = '{NO_DELIMITER}', quote = '', escape = '',"
        " header = false, auto_detect = false, parallel = false, columns = {'l': 'VARCHAR'})"
    )


def _restored(text: str) -> str:
    """SQL of the text with its line breaks as they were before the rewriting."""
    return f"replace(replace({text}, '{BREAK}', chr(10)), '{RETURN}', chr(13))"


def _filled(raw: str) -> str:
    """SQL of whether a record is more than a blank line."""
    return f"trim({raw}, '{BLANKS}{BREAK}{RETURN}') <> ''"


def _case(rule: str, column: str | None, value: str) -> str:
    name = "CAST(NULL AS VARCHAR)" if column is None else literal(column)
    return f"{{'column': {name}, 'rule': {literal(rule)}, 'value': {value}}}"


def _unique(title: str, taken: set[str]) -> str:
    name, n = title, 2
    while name.casefold() in taken:
        name, n = f"{title}_{n}", n + 1
    taken.add(name.casefold())
    return name
