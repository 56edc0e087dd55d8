"""The answers of the administrator's commands."""

import pytest

from chatd.admin.answer import json_time, refused, shown_time
from chatd.core.errors import ChatError, ErrorCode


def test_a_refused_command():
    """The answer to an error has its words for people, and its code for programs."""
    answer = refused(ChatError(ErrorCode.NO_SUCH_ROOM, room="3"))
    assert answer.failed
    assert answer.lines == ["Administrator: Chatroom 3 NOT exist!"]
    assert answer.data == {"code": "no-such-room", "text": "Chatroom 3 NOT exist!"}


@pytest.mark.parametrize(
    ("seconds", "shown", "in_json"),
    [
        (1795186276.9, "2026-11-20 14:51:16 UTC", "2026-11-20T14:51:16Z"),
        (1e300, "9999-12-31 23:59:59 UTC", "9999-12-31T23:59:59Z"),
    ],
)
def test_times(seconds, shown, in_json):
    """A time that is past the last year that can be shown is shown as the end of that year."""
    assert shown_time(seconds) == shown
    assert json_time(seconds) == in_json
