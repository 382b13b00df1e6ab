"""What Step Functions says of an expression that fails: JSONata's code and its sentence."""

from __future__ import annotations

import re
from typing import Any

from jsonata.jexception import JException

from workflows.engine.jsontext import dumps

_TYPES = {
    "a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects",
    "s": "strings",
}  # fmt: skip
_OWN = {
    "T0410": "Argument {0} of function {1} does not match function signature",
    "T0411": "Context value is not a compatible type with argument {1} of function {2}",
    "T0412": "Argument {0} of function {1} must be an array of {2}",
}
_MESSAGE = ("D3137", "D3141")
"""Codes of `$error` and `$assert`: the message is the expression's own."""


def message_of(error: JException) -> str:
    """The error's sentence without its code, as JSONata's own implementation words it."""
    code = str(error.error)
    told = (error.current, error.expected, error.extra)
    if code in _MESSAGE:
        return str(error.current)
    template = _OWN.get(code) or JException.error_codes.get(code)
    if template is None:
        return code  # the library made a sentence of it already
    if code == "T0412":
        told = (error.current, error.expected, _TYPES.get(str(error.extra), str(error.extra)))
    elif code == "D1002":
        told = (error.expected, None, None)
    if code in _OWN:
        return template.format(*(_shown(part) for part in told))
    text = template.replace(" Object ", " function ").replace("()" + " Object", "() function")
    left = iter(told)
    text = re.sub(r"\{\{\{\w+\}\}\}", lambda _: str(next(left, "")), text)
    return re.sub(r"\{\{\w+\}\}", lambda _: _shown(next(left, "")), text)


def sentence_of(error: JException) -> str:
    """The sentence with its code in front, where it has one."""
    code = str(error.error)
    return f"{code}: {message_of(error)}" if re.fullmatch(r"[A-Z]\d{4}", code) else code


def _shown(part: Any) -> str:
    try:
        return dumps(part)
    except (TypeError, ValueError):
        return dumps(str(part))
