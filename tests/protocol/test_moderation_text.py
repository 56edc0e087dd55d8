"""The words of kicks, bans and mutes, by the administrator and by others."""

import pytest

from chatd.core.events import Kicked, LeaveReason, Left, Muted, Unmuted
from chatd.core.room_events import RoomBanned, RoomUnbanned
from chatd.protocol.moderation_text import (
    admin_notice,
    ban_words,
    mute_words,
    removal_line,
    room_label,
    unban_words,
    with_reason,
)


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
    assert removal_line(left) == line


@pytest.mark.parametrize(
    ("by", "text", "notice", "line"),
    [
        ("Administrator", None, ".", "Bob was banned by the Administrator."),
        ("Amy", "spam", ": spam", "Bob was banned by Amy: spam"),
        ("א", "ב", ": \u2068ב\u2069", "Bob was banned by \u2068א\u2069: \u2068ב\u2069"),
    ],
)
def test_a_ban(by, text, notice, line):
    """The user reads the reason, the room also who did it, whether the user was there or not."""
    kicked = Kicked("1", "tea", "Bob", None, 0.0, by, text, is_ban=True)
    left = Left("1", "Bob", None, LeaveReason.BANNED, 0.0, by=by, text=text)
    assert admin_notice(kicked) == f"You are banned from chatroom tea@1{notice}"
    assert removal_line(left) == f"Server: {line}"
    assert ban_words(RoomBanned("1", "Bob", by, 0.0, text=text)) == line


def test_an_unban():
    """The room reads who did it."""
    event = RoomUnbanned("1", "Bob", "Administrator", 0.0)
    assert unban_words(event) == "Bob was unbanned by the Administrator."


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Muted("1", "Bob", "amy", 0.0, 5, "tea"), "Bob was muted."),
        (Unmuted("1", "Bob", "amy", 0.0, "tea"), "Bob was unmuted."),
        (
            Muted("1", "Bob", "amy", 0.0, 5, "tea", is_self=True),
            "You may not talk in chatroom tea@1.",
        ),
        (
            Unmuted("1", "Bob", "amy", 0.0, "tea", is_self=True),
            "You may talk in chatroom tea@1 again.",
        ),
    ],
)
def test_a_mute(event, words):
    """The user reads it in other words than the room."""
    assert mute_words(event) == words


def test_a_reason_takes_the_place_of_the_mark():
    """Without a reason the words are as they are."""
    assert with_reason("You are out!", "") == with_reason("You are out!", None) == "You are out!"
    assert with_reason("You are out!", "spam?") == "You are out: spam?"


def test_the_label_of_a_room():
    """Name and id are isolated each."""
    assert room_label("Tea house", "tea") == "Tea house@tea"
    assert room_label("א", "1") == "\u2068א\u2069@1"
