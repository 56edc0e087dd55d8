"""Events and replies of a server that is not trusted."""

import pytest

from chatd.client.ui.received import is_shown, sanitized
from chatd.core.events import Joined, LeaveReason, Left
from chatd.core.room_events import ReadUpTo
from chatd.protocol.received import Ok, RoomInfo, RoomList


def test_all_texts_are_sanitized():
    """Names, texts, addresses and data are, and all other values stay."""
    joined = sanitized(Joined("1\x1b", "A\u202enn", ("h\x07", 1), 2.5))
    assert joined == Joined("1", "Ann", ("h", 1), 2.5)
    left = Left("1", "Ann\x1b", None, LeaveReason.KICKED, 2.5)
    assert sanitized(left).reason is LeaveReason.KICKED
    rooms = RoomList((RoomInfo("1\x1b", "tea", (("Ann\x1b", None),)),))
    assert sanitized(rooms) == RoomList((RoomInfo("1", "tea", (("Ann", None),)),))
    reply = Ok("login", "hi\x1b", None, {"rooms": ["1\x1b"], "last": 3})
    assert sanitized(reply) == Ok("login", "hi", None, {"rooms": ["1"], "last": 3})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Joined("1", "Ann", None, 0.0), True),
        (ReadUpTo("1", 7), False),
        (Ok("exit", "Goodbye!"), False),
        (Ok("kick", "Bob was kicked out.", None, {"room": "1", "name": "Bob"}), False),
        (Ok("invite", "You invited Bob.", None, {"room": "1", "name": "Bob"}), True),
        (Ok("topic", "Topic", None, {"room": "1", "topic": "laps", "changed": True}), False),
        (Ok("topic", "Topic", None, {"room": "1", "topic": "laps"}), True),
    ],
)
def test_is_shown(event, expected):
    """A reply is not shown if an event says the same, or if it is for the program."""
    assert is_shown(event) is expected
