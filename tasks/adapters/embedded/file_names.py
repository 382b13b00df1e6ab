"""Any text as the name of one file or folder, and different texts as different names."""

import hashlib
import unicodedata

_LONGEST = 200  # bytes, which leaves room for an ending below every file system's 255
_PLAIN = frozenset(" -_.(),+")


def file_name(text: str) -> str:
    """`text` itself where it can be a name that no reader takes for something else, otherwise
    with what could mislead written as %XX of its UTF-8 bytes.

    Kept out: slashes, control characters, the wildcards of a glob, `=` (which would read as a Hive
    partition), and a dot or underscore in front (which hide a folder from many readers).
    """
    text = unicodedata.normalize("NFC", text)
    name = "".join(
        c if (c.isalnum() or c in _PLAIN) and not (i == 0 and c in " ._") else _escaped(c)
        for i, c in enumerate(text)
    )
    if name and len(name.encode()) <= _LONGEST:
        return name
    # The mark cannot come from a text: a percent sign is always followed by two digits.
    mark = "%~" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return name.encode()[: _LONGEST - len(mark)].decode(errors="ignore") + mark


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
