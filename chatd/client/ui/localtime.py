"""Times as a user on a terminal reads them: in the local time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime


def clock_time(seconds: float | None, now: float) -> str:
    """Return the local time of day; a time of a server that has none is replaced by `now`."""
    return f"{_moment(seconds, now):%H:%M:%S}"


def day_of(seconds: float | None, now: float) -> date:
    """Return the local day of a time, of `now` if it is None or cannot be shown."""
    return _moment(seconds, now).date()


def day_and_time(seconds: float | None, now: float) -> str:
    """Return the local time of day, with the day if it is not that of `now`."""
    day = day_of(seconds, now)
    time = clock_time(seconds, now)
    return time if day == day_of(None, now) else f"{day} {time}"


def day_line(day: date) -> str:
    """Return the line between the lines of two days, such as `-- Friday 27 November --`."""
    return f"-- {day:%A} {day.day} {day:%B} --"


def _moment(seconds: float | None, now: float) -> datetime:
    try:
        return datetime.fromtimestamp(now if seconds is None else seconds, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(now, UTC).astimezone()
