"""When to send a request again that was not taken (section 5.5, RFC 9110 section 10.2.3)."""

import calendar
import re

from mimi.errors import UsageError

LONGEST = 3600
"""Seconds of the longest pause of one's own: who is back after days hears of it within an hour."""
MOST = 86_400
"""Seconds of the longest pause that the other side may ask for."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (" + "|".join(_MONTHS) + r") (\d{4})"
    r" ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60) GMT",
    re.ASCII,
)
"""IMF-fixdate (RFC 9110 section 5.6.7), the only form that is still written."""
_SECONDS = re.compile(r"\d{1,10}", re.ASCII)


def retry_after(header: str | None, now: int) -> int | None:
    """Return in how many seconds the other side wants to be asked again.

    Args:
        header: Retry-After (RFC 9110 section 10.2.3), in seconds or as a date; None for none.
        now: Seconds since 1970-01-01T00:00Z.

    Returns:
        None where it does not say, or nobody understands what it says.
    """
    if header is None:
        return None
    if _SECONDS.fullmatch(header):
        return int(header)
    date = _DATE.fullmatch(header)
    if date is None:
        return None
    day, month, year, hour, minute, second = date.groups()
    of_month = int(day), _MONTHS.index(month) + 1, int(year)
    last = calendar.monthrange(of_month[2], of_month[1])[1] if of_month[2] else 0
    if not 1 <= of_month[0] <= last:
        return None
    at = calendar.timegm((*of_month[::-1], int(hour), int(minute), int(second)))
    return max(at - now, 0)


def retry_in(
    attempt: int,
    guidance: int | None = None,
    *,
    least: int = 1,
    longest: int = LONGEST,
    most: int = MOST,
) -> int:
    """Return in how many seconds to send a request again that was not taken.

    Args:
        attempt: How often it was sent, from 1.
        guidance: What the other side wants, from `retry_after`.
        least: The wait after the first attempt; it doubles with each, in seconds.
        longest: The longest wait for which the other side has not asked, in seconds.
        most: The longest wait, whatever the other side wants, in seconds.

    Raises:
        UsageError: It was never sent.
    """
    if attempt < 1:
        raise UsageError("what was never sent is not sent again", attempt=attempt)
    doubled = min(least << min(attempt - 1, 30), longest)
    return max(doubled, min(guidance or 0, most))
