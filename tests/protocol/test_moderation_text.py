"""The words of kicks, with and without a reason, by the administrator and by an account."""

import pytest

from chatd.core.events import Kicked, LeaveReason, Left
from chatd.protocol.moderation_text import admin_notice, kick_line, room_label, with_reason


@pytest.mark.parametrize(
    ("by", "text", "notice", "line"),
    [
        (None, None, "the Administrator!", "Administrator: Bob was kicked out."),
        (
            "Administrator",
            "spam",
            "the Administrator: spam",
            "Administrator: Bob was kicked out: spam",
        ),
        ("Amy", None, "Amy!", "Server: Bob was kicked out by Amy."),
        ("Amy", "spam", "Amy: spam", "Server: Bob was kicked out by Amy: spam"),
        (
            "א",
            "ב",
            "\u2068א\u2069: \u2068ב\u2069",
            "Server: Bob was kicked out by \u2068א\u2069: \u2068ב\u2069",
        ),
    ],
)
def test_a_kick(by, text, notice, line):
    """The user and the room read who did it and why; text from right to left is isolated."""
    kicked = Kicked("1", "tea", "Bob", None, 0.0, by, text)
    left = Left("1", "Bob", None, LeaveReason.KICKED, 0.0, by=by, text=text)
    assert admin_notice(kicked) == f"You were kicked out from chatroom tea@1 by {notice}"
    assert kick_line(left) == line


def test_a_reason_takes_the_place_of_the_mark():
    """Without a reason the words are as they are."""
    assert with_reason("You are out!", "") == with_reason("You are out!", None) == "You are out!"
    assert with_reason("You are out!", "spam?") == "You are out: spam?"


def test_the_label_of_a_room():
    """Name and id are isolated each."""
    assert room_label("Tea house", "tea") == "Tea house@tea"
    assert room_label("א", "1") == "\u2068א\u2069@1"
