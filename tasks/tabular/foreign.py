"""What a file really is when it is no delimited text: a picture, a workbook, a web page."""

import codecs
import re

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (such as XLS)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
)


def foreign_kind(head: bytes, tail: bytes) -> str | None:
    """What the file is, as `it is …, not CSV text`, or None when it may be delimited text.

    `tail` holds the file's last bytes: a ZIP archive lists its members there.
    """
    kind = _wide_text(head) or _archive(head, tail) or _magic(head) or _markup(head)
    return f"it is {kind}" if kind else None


def _magic(head: bytes) -> str | None:
    kind = next((kind for magic, kind in MAGIC if head.startswith(magic)), None)
    return kind and f"{kind}, not CSV text"


def _archive(head: bytes, tail: bytes) -> str | None:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    members = head + tail
    workbook = b"xl/workbook" in members or b"xl/worksheets" in members
    return ("an XLSX workbook" if workbook else "a ZIP archive") + ", not CSV text"


def _wide_text(head: bytes) -> str | None:
    """UTF-16 and UTF-32, which a spreadsheet's `Unicode text` is, told by BOM or by its zeros."""
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0\0\xfe\xff"))
    if not wide and len(head) >= 8:
        even, odd = head[:512:2], head[1:512:2]
        most = 0.9 * len(odd)
        wide = (odd.count(0) > most and not even.count(0)) or (
            even.count(0) > most and not odd.count(0)
        )
    return "UTF-16 or UTF-32 text; save it as UTF-8" if wide else None


def _markup(head: bytes) -> str | None:
    start = head[:4096].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if re.match(rb"[\[{]\s*[\"{\[\]}]", start):
        return "a JSON document, not CSV text"
    if not re.match(rb"<[a-z!?/]", start):
        return None
    if b"<html" in start or b"<!doctype html" in start or b"<body" in start:
        return "an HTML page, not CSV text"
    # S3 answers a refused download with such a document, which is then saved as the file.
    code = re.search(rb"<error>\s*<code>([a-z]+)</code>", start)
    detail = f" (an error answer: {code[1].decode()})" if code else ""
    return f"an XML document{detail}, not CSV text"
