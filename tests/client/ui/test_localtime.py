"""Times in the local time zone."""

from datetime import date

import pytest

from chatd.client.ui.localtime import clock_time, day_and_time, day_line, day_of

SAID_AT = 1795186276.0  # 2026-11-20 14:51:16 UTC


pytestmark = pytest.mark.usefixtures("zone")


def test_times():
    """The day is shown where it is not that of now."""
    assert clock_time(SAID_AT, 0.0) == "16:51:16"
    assert day_and_time(SAID_AT, SAID_AT + 60) == "16:51:16"
    assert day_and_time(SAID_AT, SAID_AT + 86_400) == "2026-11-20 16:51:16"
    # Later that day by UTC, and the next day here.
    assert day_and_time(SAID_AT, SAID_AT + 8 * 3600) == "2026-11-20 16:51:16"


@pytest.mark.parametrize("seconds", [None, 1e300, float("nan")])
def test_strange_times(seconds):
    """A time that cannot be shown is replaced by the current one."""
    assert day_of(seconds, SAID_AT) == date(2026, 11, 20)
    assert day_and_time(seconds, SAID_AT) == "16:51:16"


def test_day_line():
    """The line between two days."""
    assert day_line(date(2026, 11, 27)) == "-- Friday 27 November --"
