"""References to messages: ids and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd.protocol.irc.references import (
    MessageNumber,
    Moment,
    first_second,
    parse_moment,
    parse_reference,
    shown_milliseconds,
)
from chatd.protocol.json_kinds import time_text

_SECONDS = st.floats(0, 4e9)
_MILLISECONDS = st.integers(0, 4_000_000_000_000)


def test_parse():
    """A reference is an id or a time; the text of a time is kept."""
    assert parse_reference("msgid=tea/7") == MessageNumber("tea", 7)
    text = "2026-11-20T14:51:16.042Z"
    assert parse_reference(f"timestamp={text}") == Moment(1_795_186_276_042, text)
    assert parse_moment("timestamp=1970-01-01T00:00:00.001Z") == Moment(
        1, "1970-01-01T00:00:00.001Z"
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "msgid", "msgid=", "msgid=tea", "msgid=tea/x", "msgid=ann/1795-1", "id=tea/7"),
        *("timestamp=", "timestamp=*", "timestamp=2026-11-20", "timestamp=1795186276"),
        "timestamp=2026-11-20T14:51:16Z",
        "timestamp=2026-11-20T14:51:16.042",
        "timestamp=2026-11-20T14:51:16.042+00:00",
        "timestamp=2026-13-20T14:51:16.042Z",
        "timestamp=2026-02-30T14:51:16.042Z",
        "timestamp=0000-01-01T00:00:00.000Z",
        "timestamp=٢٠٢٦-11-20T14:51:16.042Z",
        "time=2026-11-20T14:51:16.042Z",
    ],
)
def test_no_reference(text):
    """Any other text is none."""
    assert parse_reference(text) is None


def test_an_id_is_no_time():
    """A time has to be one."""
    assert parse_moment("msgid=tea/7") is None


@given(_SECONDS, st.integers(-1, 1))
def test_the_first_second_of_a_millisecond(seconds, step):
    """A message is from then on if and only if clients read such a time, or a later one."""
    milliseconds = max(shown_milliseconds(seconds) + step, 0)
    assert (seconds >= first_second(milliseconds)) is (shown_milliseconds(seconds) >= milliseconds)


@given(_MILLISECONDS)
def test_the_first_second_is_shown_as_it_is(milliseconds):
    """A time that clients send back is that of the message."""
    text = time_text(first_second(milliseconds))
    assert parse_moment(f"timestamp={text}") == Moment(milliseconds, text)


def test_before_the_epoch():
    """No message is older."""
    moment = parse_moment("timestamp=1960-01-01T00:00:00.000Z")
    assert moment.milliseconds < 0
    assert first_second(moment.milliseconds) == 0
