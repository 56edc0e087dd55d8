"""Invitations in the store, and what a server has of its rooms after a restart."""

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.core.records import NO_SETTINGS
from chatd.storage.testing import result
from chatd.testing import MemoryServer
from tests.server.access import GUEST, WORD, AccessHarness

DAY = 86400.0


@pytest.fixture
def harness():
    """Return a harness."""
    return AccessHarness()


# -- invitations


def test_an_invitation_in_the_store(harness):
    """It is there as long as it may be used; that of a guest is not."""
    zoe = harness.register("zoe")
    zoe.ask("`quit")
    guest = harness.server.join("food", "Guest")
    harness.oscar.ask("`invite zoe")
    harness.oscar.ask("`invite Guest")
    guest.ask("`quit")
    guest.ask("`join tea")

    def until():
        return [each.until for each in harness.stored().access if each.name == "zoe"]

    assert (harness.entries(), until()) == ([("invitation", "zoe")], [DAY])
    zoe.ask("`join tea")
    assert until() == [None]
    zoe.lose()
    assert until() == [DAY]
    zoe = harness.server.connect()
    zoe.ask(f"`login zoe {WORD}")
    zoe.ask("`join tea")
    assert until() == [None]
    zoe.ask("`quit")
    assert until() == []


def test_an_invitation_that_cannot_be_changed(harness):
    """The user joins and quits all the same."""
    zoe = harness.register("zoe")
    zoe.ask("`quit")
    harness.oscar.ask("`invite-only on")
    harness.oscar.ask("`invite zoe")
    harness.gate.error = StoreUnavailableError()
    assert zoe.ask("`join tea")[-1] == "Server: You join @chatroom tea"
    assert zoe.ask("`quit") == ["Server: You quitted from chatroom tea@tea"]
    assert zoe.ask("`join tea") == ["Server: Chatroom tea@tea is for invited chatters alone."]


def test_the_ignored_are_not_in_the_store(harness):
    """Their invitations are dropped, and they read what others read."""
    zoe = harness.register("zoe")
    zoe.ask("`ignore oscar")
    zoe.ask("`exit")
    assert harness.oscar.ask("`invite zoe")[-1] == "Server: You invited zoe."
    assert harness.entries() == []
    harness.amy.ask("`invite zoe")
    assert harness.entries() == [("invitation", "zoe")]


def test_purge(harness):
    """A ban that has ended is removed from the store, by the wall clock."""
    harness.oscar.ask("`ban Bob 1")
    harness.oscar.ask("`mute amy 2")
    harness.oscar.ask("`voice amy")
    result(harness.server.service.stored_access.purge(61.0))
    assert harness.entries() == [("mute", "amy"), ("voice", "amy")]


# -- a restart


def test_a_restart(harness):
    """Settings, roles, bans, mutes and invitations are those of before, with the time that is left.

    A guest is known by name and address; a used invitation is good for a day.
    """
    zoe = harness.register("zoe")
    zoe.ask("`quit")
    for typed in ("`private on", "`voice amy", "`ban Bob 2 spam", "`invite zoe", "`topic Tea"):
        harness.oscar.ask(typed)
    zoe.ask("`join tea")
    server = MemoryServer(store=harness.store, clock_offset=60.0)
    room = server.service.world.rooms.by_key("tea")
    assert room.settings == harness.room.settings
    assert (room.owner, room.roles) == (harness.room.owner, harness.room.roles)

    def back(name):
        client = server.connect()
        client.ask(f"`login {name} {WORD}")
        return client.ask("`join tea")

    for name in ("oscar", "amy", "zoe", "owen"):
        assert back(name) == ["Server: You join @chatroom tea"]
    server.console("start food food")
    server.service.world.rooms.by_key("tea").settings = NO_SETTINGS
    bob = server.join("food", "Zed", host=GUEST)
    bob.ask("`quit")
    banned = ["Server: You are banned from chatroom tea@tea."]
    assert bob.ask("`join tea") == banned
    server.turn(59.0)
    assert bob.ask("`join tea") == banned
    server.turn(1.0)
    assert bob.ask("`join tea") == ["Server: You join @chatroom tea"]


def test_a_used_invitation_ends_a_day_after_a_restart(harness):
    """Unless its user comes back."""
    zoe = harness.register("zoe")
    zoe.ask("`quit")
    harness.oscar.ask("`private on")
    harness.oscar.ask("`invite zoe")
    zoe.ask("`join tea")
    server = MemoryServer(store=harness.store)
    server.turn(DAY)
    zoe = server.connect()
    zoe.ask(f"`login zoe {WORD}")
    assert zoe.ask("`join tea") == ["Server: Chatroom tea NOT exist!"]
