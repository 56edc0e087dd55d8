"""The topic and the settings of a room."""

import pytest

from chatd.client.model.roomsettings import RoomSettings


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ([], ()),
        ([{"moderated": True}], ("moderated",)),
        ([{"private": True}], ("private",)),
        ([{"invite-only": True}], ("invite-only",)),
        (
            [{"unlisted": True}, {"invite-only": True}, {"moderated": True}],
            ("private", "moderated"),
        ),
        ([{"private": True}, {"unlisted": False}], ("invite-only",)),
        ([{"private": True}, {"private": False}], ()),
        ([{"key": True, "limit": 5, "topic": None, "moderated": "on"}], ()),
    ],
)
def test_flags(changes, flags):
    """A room is private if it is both unlisted and for invited users alone."""
    settings = RoomSettings("laps")
    for change in changes:
        settings.change(change)
    assert settings.flags == flags
    assert settings.topic == "laps"


def test_topic():
    """The topic is the last one."""
    settings = RoomSettings()
    settings.change({"topic": "laps"})
    assert settings.topic == "laps"
    settings.change({"topic": ""})
    assert settings.topic == ""
