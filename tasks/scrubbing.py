"""Text that people and machines may see, without the secrets that an exception carried along.

A failure's cause is journalled, shown, and handed to whatever a machine calls next. So, whatever
an unknown exception says, these are taken out of it:

- what the environment holds, unless the variable is known to be harmless;
- credentials by their looks: authorization headers, keys of AWS, tokens, private keys, passwords
  in URLs and settings, and what signs a presigned URL.

This is the last net. No message of ours is written to need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

REDACTED = "[redacted]"
LEAST = 8
"""Shorter values would be found in any text; a secret of fewer signs is none."""

_SECRET_NAME = re.compile(
    r"SECRET|TOKEN|PASSW|PWD$|CREDENTIAL|AUTH|SIGNATURE|PRIVATE|COOKIE|SESSION|_KEY|APIKEY|DSN",
    re.I,
)
_HARMLESS_NAME = re.compile(
    r"PATH|.*PATH|HOME|.*_HOME|PWD|OLDPWD|USER|LOGNAME|SHELL|HOSTNAME|LANG|LANGUAGE|LC_.*|TZ"
    r"|TERM.*|COLORTERM|TMPDIR|TEMP|TMP|EDITOR|PAGER|DISPLAY|COLUMNS|LINES|SHLVL|_|XDG_.*"
    r"|PYTHON.*|PYTEST_.*|VIRTUAL_ENV.*|ONS_.*|AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV"
    r"|AWS_LAMBDA_.*|LAMBDA_.*|_HANDLER|AWS_BATCH_.*"
)
_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.S),
     REDACTED),
    (re.compile(r"\b(?:Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=:-]{6,}", re.I), REDACTED),
    (re.compile(r"(?i)(\bauthorization\b[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+"), rf"\1{REDACTED}"),
    (re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}\b"), REDACTED),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), REDACTED),
    (re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"), REDACTED),
    (re.compile(
        r"(?i)([?&](?:x-amz-(?:signature|credential|security-token)|signature|sig|token|key"
        r"|awsaccesskeyid|access_token|api_key|password|secret)=)[^&\s\"'>]+"),
     rf"\1{REDACTED}"),
    (re.compile(
        r"(?i)(\b[\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?key|access[_-]?token"
        r"|session[_-]?token|private[_-]?key|client[_-]?secret)[\w-]*[\"']?\s*[:=]\s*[\"']?)"
        r"[^\s,;&\"'}\]]{4,}"),
     rf"\1{REDACTED}"),
)  # fmt: skip


def scrubbed(text: str, environ: Mapping[str, str]) -> str:
    """The text with each secret replaced by `[redacted]`."""
    for secret in sorted(_secrets(environ), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    for looks, instead in _LOOKS:
        text = looks.sub(instead, text)
    return text


def _secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """Values of the environment that nobody may see, as they are and as texts may quote them."""
    for name, value in environ.items():
        secret = _SECRET_NAME.search(name) and name not in ("PWD", "OLDPWD")
        if not secret and (_HARMLESS_NAME.fullmatch(name) or value.startswith("/")):
            continue
        for part in {value, value.strip(), *value.splitlines()}:
            if len(part) >= LEAST:
                yield from {part, repr(part)[1:-1], quote(part), quote(part, safe="")}
