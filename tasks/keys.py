"""Where in the object store things lie."""

import unicodedata


def raw_key(sha256: str, name: str) -> str:
    """An arrived file, by its content and name."""
    return f"raw/{sha256}/{name}"


def staging_prefix(claim: str, fence: int) -> str:
    """What one lease may write before its release; nobody else writes there."""
    return f"staging/{claim[:16]}-{fence}/"


def release_prefix(release: str) -> str:
    """The immutable folder of a release."""
    return f"releases/{release}/"


def name_of(origin: str) -> str:
    """A file's own name, in Unicode NFC: the last part of its path as ONS or the user named it."""
    return unicodedata.normalize("NFC", origin.rstrip("/").rpartition("/")[2])
