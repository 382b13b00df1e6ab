"""Which keys a folder of files can hold."""

_LONGEST = 255  # bytes of one segment: the limit of every file system we know


class BadKeyError(ValueError):
    """A key that no object of this store can have."""

    def __init__(self, key: str, why: str) -> None:
        self.key = key
        super().__init__(f"{key[:200]!r} cannot be a key: {why}")


def check_key(key: str) -> None:
    """Raises `BadKeyError` unless `key` is the one name of a place below the store's root.

    Keys are not normalised: what differs in a byte is another object, here as on S3.
    """
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise BadKeyError(key, "it is not valid Unicode") from None
    if b"\0" in encoded:
        raise BadKeyError(key, "it has a NUL")
    for segment in encoded.split(b"/"):
        if segment in (b"", b".", b".."):
            raise BadKeyError(key, "a part of it is empty, '.' or '..'")
        if len(segment) > _LONGEST:
            raise BadKeyError(key, f"a part of it is longer than {_LONGEST} bytes")
    if key.startswith("."):
        raise BadKeyError(key, "the store keeps first parts with a leading dot for itself")


def check_prefix(prefix: str) -> None:
    """Raises `BadKeyError` unless `prefix` is empty or a key followed by a slash."""
    if not prefix:
        return
    if not prefix.endswith("/"):
        raise BadKeyError(prefix, "a prefix ends in a slash")
    check_key(prefix[:-1])
