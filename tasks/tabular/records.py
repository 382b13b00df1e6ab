r"""Rewrite records that need care: one record a line, its physical line number in front.

A rewritten line is `<line> US <rule> US <raw text> US <field> US <field> …` in UTF-8, with the
unit separator (0x1F) between, a line break inside a record as a record separator (0x1E) and a bare
carriage return as a group separator (0x1D), since DuckDB would end the line there too.
`rule` is empty for a record that could be read; otherwise it says why not, and no fields follow.

    text      the bytes are not the file's encoding, or hold one of the characters in OURS
    quotes    a quote is opened and not closed within the next 64 lines
"""

import re
from collections import deque
from typing import BinaryIO

from tasks.errors import UnreadableFile

UNIT, BREAK, RETURN = "\x1f", "\x1e", "\x1d"
NO_DELIMITER = "\x01"
"""What DuckDB is told to split lines at, so that each stays whole."""
OURS = f"\0{NO_DELIMITER}{RETURN}{BREAK}{UNIT}"
"""Characters that no record may hold."""
MAX_RECORD_LINES = 64
MAX_LINE_BYTES = 1 << 20
_OURS = re.compile(f"[{OURS}]")
_QUOTED = re.compile(r'"((?:[^"]|"")*+)" *')


class Rewriter:
    """Reads records from `body`, writes them to `out`; counts what it `consumed` and `lines`."""

    def __init__(
        self, body: BinaryIO, out: BinaryIO, *, name: str, delimiter: str, encoding: str, line: int
    ) -> None:
        self._body, self._out, self._name = body, out, name
        self._delimiter, self._encoding = delimiter, encoding
        self._first = line
        self._ahead: deque[bytes] = deque()
        self.consumed = 0
        self.lines = 0

    def run(self, size: int) -> None:
        """Rewrite whole records until `size` bytes are consumed or the body ends.

        Raises `UnreadableFile` for a line longer than 1 MiB.
        """
        while self.consumed < size and self._peek(0) is not None:
            line, (taken, rule, raw, fields) = self._first + self.lines, self._record()
            for _ in range(taken):
                self.consumed += len(self._ahead.popleft())
            self.lines += taken
            cells = [str(line), rule, _OURS.sub("\ufffd", raw), *fields]
            text = UNIT.join(cells).replace("\n", BREAK).replace("\r", RETURN)
            self._out.write(text.encode() + b"\n")

    def _record(self) -> tuple[int, str, str, list[str]]:
        """How many lines the next record takes, its rule, its text and its fields."""
        raw = self._peek(0) or b""
        text = self._text(raw)
        if text is None:
            return 1, "text", raw.rstrip(b"\r\n").decode(self._encoding, "replace"), []
        if '"' not in text:
            return 1, "", text, text.split(self._delimiter)
        whole = text
        for taken in range(1, MAX_RECORD_LINES + 1):
            if (fields := split(whole, self._delimiter)) is not None:
                return taken, "", whole, fields
            more = self._peek(taken)
            following = self._text(more) if more is not None else None
            if following is None:
                break
            whole = f"{whole}\n{following}"
        # The quote is never closed: this line alone is at fault, the next is a record again.
        return 1, "quotes", text, []

    def _text(self, raw: bytes) -> str | None:
        try:
            text = raw.removesuffix(b"\n").removesuffix(b"\r").decode(self._encoding)
        except UnicodeDecodeError:
            return None
        return None if _OURS.search(text) else text

    def _peek(self, distance: int) -> bytes | None:
        while len(self._ahead) <= distance:
            line = self._body.readline(MAX_LINE_BYTES)
            if not line:
                return None
            if len(line) == MAX_LINE_BYTES:
                number = self._first + self.lines + len(self._ahead)
                raise UnreadableFile(self._name, f"line {number} has more than 1 MiB")
            self._ahead.append(line)
        return self._ahead[distance]


def split(text: str, delimiter: str) -> list[str] | None:
    """The fields of one record, or None while a quote is open at its end.

    A quote counts as one only where a field begins. What follows a closing quote in the same
    field makes the whole field literal, quotes included: nothing is dropped.
    """
    fields, at = [], 0
    while True:
        end = text.find(delimiter, at)
        end = len(text) if end < 0 else end
        if text.startswith('"', at):
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                return None
            if quoted.end() == len(text) or text[quoted.end()] == delimiter:
                fields.append(quoted[1].replace('""', '"'))
                end = quoted.end()
            else:
                end = text.find(delimiter, quoted.end())
                end = len(text) if end < 0 else end
                fields.append(text[at:end])
        else:
            fields.append(text[at:end])
        if end == len(text):
            return fields
        at = end + 1
