"""System times: UTC, ISO 8601 with Z, to the microsecond and no longer than needed."""

import re
from datetime import UTC, datetime, timedelta, timezone

# Brasília's own zone. Fixed, because a release's id depends on it and must be the same on machines
# with other zone tables, or none; Brazil has had no daylight saving since February 2019, which is
# before ONS's open data began.
BRASILIA = timezone(timedelta(hours=-3), "Brasília")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_text(moment: datetime) -> str:
    """The moment's one text; a fraction only where there is one. A moment without a zone is
    Brasília's."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BRASILIA)
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def utc_from_seconds(seconds: float) -> str:
    """The text of a moment in seconds since the epoch."""
    return utc_text(datetime.fromtimestamp(seconds, UTC))


def utc_from_nanoseconds(nanoseconds: int) -> str:
    """The text of a moment as file systems keep it, cut to the microsecond."""
    return utc_text(_EPOCH + timedelta(microseconds=nanoseconds // 1000))


def utc_from_text(text: str) -> str:
    """The same moment as `utc_text` writes it, from an ISO 8601 date or date and time.

    Without a zone it is Brasília's, a date is its midnight. Raises `ValueError` saying what is
    expected.
    """
    try:
        # A date and a time, not the week dates and bare digits that Python accepts besides.
        if not re.match(r"\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:\d{2})", text):
            raise ValueError
        return utc_text(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time such as 2023-04-01T12:00:00Z, 2023-04-01 12:00 or 2023-04-01"
        ) from None


def order_of(text: str) -> str:
    """What sorts as the moments do: `…:00.5Z` is later than `…:00Z`, though Z is after a dot."""
    return text.removesuffix("Z")
