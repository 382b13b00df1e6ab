"""Regular expressions of JSONata, as Java's and JavaScript's classes of characters have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jsonata.jexception import JException
from jsonata.regex_engine import RegexFlags

_NAMED = re.compile(r"\(\?<(?![=!])")


class Pattern:
    """What the library asks of a compiled pattern. One that matches nothing is an error."""

    def __init__(self, compiled: re.Pattern[str]) -> None:
        self._compiled = compiled

    def search(self, text: str) -> re.Match[str] | None:
        return next(self.finditer(text), None)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        for match in self._compiled.finditer(text):
            if not match.group():
                raise JException("D1004", -1)
            yield match

    def sub(
        self, replacement: str | Callable[[re.Match[str]], str], text: str, count: int = 0
    ) -> str:
        for _ in self.finditer(text):
            pass
        return self._compiled.sub(replacement, text, count=count)

    def split(self, text: str, maxsplit: int = 0) -> list[str]:
        """The parts between the matches; unlike in Python, groups are no parts."""
        parts: list[str] = []
        at = 0
        for match in self.finditer(text):
            if maxsplit and len(parts) == maxsplit:
                break
            parts.append(text[at : match.start()])
            at = match.end()
        return [*parts, text[at:]]


def compile_pattern(text: str, flags: RegexFlags) -> Pattern:
    """A literal between slashes. Its `\\d`, `\\w` and `\\s` are those of ASCII."""
    python = re.ASCII
    if flags.case_insensitive:
        python |= re.IGNORECASE
    if flags.multiline:
        python |= re.MULTILINE
    return Pattern(re.compile(_NAMED.sub("(?P<", text), python))
