"""The rules of the settings of rooms, by operations on a world."""

import pytest

from chatd.core.errors import ErrorCode
from chatd.core.records import NO_SETTINGS, RoomSettings
from chatd.core.room_events import RoomChanged
from chatd.core.world.effects import Happened, InvitationChanged
from chatd.core.world.operations import Leave, Say
from chatd.core.world.rights import Rank
from chatd.core.world.room_operations import SetTopic
from chatd.core.world.settings_rules import MAX_TOPIC, SETTINGS, shown_value
from tests.core.world.club import NAMES, RANKS
from tests.core.world.harness import NOW, end, join, mute, resume, setting

VALUES = {
    "private": (True, {"invite_only": True, "unlisted": True}, True),
    "invite-only": (True, {"invite_only": True}, True),
    "unlisted": (True, {"unlisted": True}, True),
    "moderated": (True, {"moderated": True}, True),
    "open-topic": (True, {"open_topic": True}, True),
    "key": ("sesame", {"key": "sesame"}, True),
    "limit": (5, {"limit": 5}, 5),
}
"""For each setting a value, the fields that it sets, and the value that members read."""

OFF = {"key": ("", False), "limit": (0, None)}
"""For each setting the value that turns it off, and the one that members read then."""


def topic(text, by, room="club"):
    """Return the change of a topic."""
    return SetTopic(by, room, text, NOW)


def test_every_setting_has_a_test():
    """A new one needs its values above."""
    assert SETTINGS.keys() == VALUES.keys()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting(club, name):
    """The members read its value, but not a key; it can be turned off again."""
    value, fields, shown = VALUES[name]
    off, shown_off = OFF.get(name, (False, False))
    assert shown_value(club.club, name) == shown_off
    club.do(setting(name, value, "club", club.by("opal")))
    assert club.club.settings == RoomSettings(**fields)
    assert shown_value(club.club, name) is shown or shown_value(club.club, name) == shown
    actor = club.member("opal").ref
    changed = RoomChanged("club", "opal", NOW, {name: shown}, actor)
    assert club.effects[-1] == Happened(club.club, changed)
    assert "sesame" not in repr(club.effects)
    club.do(setting(name, off, "club"))
    assert club.club.settings == NO_SETTINGS
    (happened,) = club.effects
    assert (happened.event.change, happened.event.actor) == ({name: shown_off}, None)


@pytest.mark.parametrize("name", RANKS)
def test_operators_change_settings(club, name):
    """Members of a lower rank do not, and operators not from elsewhere."""
    for each, (value, _, _) in VALUES.items():
        operation = setting(each, value, "club", club.by(name))
        if RANKS[name] >= Rank.OPERATOR:
            club.do(operation)
        else:
            assert club.refusal(operation)[0] is ErrorCode.NOT_OPERATOR
        elsewhere = setting(each, value, "hall", club.by(name))
        if RANKS[name] >= Rank.ADMINISTRATOR:
            club.do(elsewhere)
        else:
            assert club.refusal(elsewhere) == (ErrorCode.NOT_IN_ROOM, {"room": "hall"})


def test_private_is_both_of_its_parts(club):
    """It is on while both are, and off as soon as one of them is off."""

    def values():
        return [shown_value(club.club, name) for name in ("private", "invite-only", "unlisted")]

    club.do(setting("unlisted", True, "club"))
    assert values() == [False, False, True]
    club.do(setting("invite-only", True, "club"))
    assert values() == [True, True, True]
    club.do(setting("unlisted", False, "club"))
    assert values() == [False, True, False]
    club.do(setting("private", True, "club"))
    club.do(setting("private", False, "club"))
    assert values() == [False, False, False]


@pytest.mark.parametrize("name", ["private", "invite-only"])
def test_members_of_a_room_for_invited_users(club, name):
    """They are invited from then on, so that they come back after a lost connection."""
    club.do(setting(name, True, "club"))
    kept = [each for each in club.effects if isinstance(each, InvitationChanged)]
    assert [each.entry.name for each in kept] == [user.name for user in club.club.members]
    assert {(each.entry.until, each.is_over) for each in kept} == {(None, False)}
    club.do(setting(name, False, "club"))
    club.do(setting(name, True, "club"))
    assert [each for each in club.effects if isinstance(each, InvitationChanged)] == []
    club.do(end(club.keys["mia"]))
    club.do(join(club.log_in(club.accounts["mia"]), "club"))
    club.do(end(club.keys["guest"]))
    again = club.session()
    club.do(resume(club, again, club.keys["guest"]))
    club.do(join(again, "club"))
    club.do(Leave(again, "club", NOW))
    assert club.refusal(join(again, "club"))[0] in {ErrorCode.NO_SUCH_ROOM, ErrorCode.INVITE_ONLY}


def test_moderated_lets_fewer_talk(club):
    """As soon as it is on, and no longer."""
    for on in (True, False):
        club.do(setting("moderated", on, "club"))
        assert club.club.restricts_talk == on
        for name in NAMES:
            say = Say(club.keys[name], "club", ("hi",), NOW)
            if on and RANKS[name] < Rank.VOICE:
                assert club.refusal(say)[0] is ErrorCode.MODERATED
            else:
                club.do(say)


def test_members_stay_whatever_is_set(club):
    """A key, a limit and the need of an invitation are for those who join."""
    before = list(club.club.members)
    for name, (value, _, _) in VALUES.items():
        club.do(setting(name, 1 if name == "limit" else value, "club"))
    assert list(club.club.members) == before


# -- topics


def test_a_topic(club):
    """The room reads it; author and time are kept; a blank one removes it."""
    club.do(topic("About tea", club.by("opal")))
    changed = RoomChanged("club", "opal", NOW, {"topic": "About tea"}, club.member("opal").ref)
    assert club.effects == [Happened(club.club, changed)]
    assert club.club.settings == RoomSettings("About tea", "opal", NOW)
    club.do(topic("", club.by("console")))
    assert club.club.settings == RoomSettings()
    assert club.effects[0].event.change == {"topic": ""}


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize("name", RANKS)
def test_who_sets_the_topic(club, name, is_open):
    """Operators, and with `open-topic` all members."""
    club.do(setting("open-topic", is_open, "club"))
    operation = topic("Tea", club.by(name))
    if is_open or RANKS[name] >= Rank.OPERATOR:
        club.do(operation)
        assert club.club.settings.topic == "Tea"
    else:
        assert club.refusal(operation)[0] is ErrorCode.NOT_OPERATOR
    if name != "console":
        club.leave(name)
    if RANKS[name] < Rank.ADMINISTRATOR:
        assert club.refusal(operation) == (ErrorCode.NOT_IN_ROOM, {"room": "club"})
    else:
        club.do(operation)


def test_a_topic_is_talk(club):
    """A muted user sets none, nor in a moderated room a member who may not talk there."""
    club.do(setting("open-topic", True, "club"))
    club.do(mute("opal", 1, 60.0, "club"))
    assert club.refusal(topic("Tea", club.by("opal")))[0] is ErrorCode.MUTED
    club.do(setting("moderated", True, "club"))
    assert club.refusal(topic("Tea", club.by("mia")))[0] is ErrorCode.MODERATED
    club.do(topic("Tea", club.by("vic")))
    club.seconds = 60.0
    club.do(topic("Coffee", club.by("opal")))


def test_a_long_topic(club):
    """It has a limit in bytes."""
    club.do(topic("é" * (MAX_TOPIC // 2), club.by("opal")))
    refused = (ErrorCode.TOPIC_TOO_LONG, {"limit": MAX_TOPIC})
    assert club.refusal(topic("é" * (MAX_TOPIC // 2) + "x", club.by("opal"))) == refused
    assert club.refusal(topic("x", club.by("opal"), "9")) == (ErrorCode.NO_SUCH_ROOM, {"room": "9"})
