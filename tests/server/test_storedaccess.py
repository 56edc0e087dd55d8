"""Settings and access lists of rooms, in the store and in the world."""

import pytest
from twisted.internet.defer import Deferred

from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.records import NO_SETTINGS, AccessKind
from chatd.core.rooms import Role
from chatd.core.world.operations import By
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import result
from chatd.testing import MemoryServer
from tests.server.access import AccessHarness

CONSOLE = By(None)
UNAVAILABLE = ["Server: The server cannot reach its store now, try again later."]


@pytest.fixture
def harness():
    """Return a harness."""
    return AccessHarness()


CHANGES = {
    "`topic Tea": lambda room: room.settings.topic == "Tea",
    "`private on": lambda room: room.settings.is_private,
    "`key sesame": lambda room: room.settings.key == "sesame",
    "`mute amy 5": lambda room: len(room.mutes) == 1,
    "`mute Bob": lambda room: len(room.mutes) == 1,
    "`ban Bob 5 spam": lambda room: len(room.bans) == 1,
    "`ban amy": lambda room: len(room.bans) == 1,
    "`voice amy": lambda room: Role.VOICE in room.roles.values(),
}
"""Commands of an operator, and whether they have taken effect."""


@pytest.mark.parametrize("typed", CHANGES)
def test_the_store_comes_first(harness, typed):
    """Nobody reads of a change before it is in the store; then all of it is there."""
    harness.gate.shut = True
    harness.oscar.send(typed)
    assert (harness.bob.read(), CHANGES[typed](harness.room)) == ([], False)
    harness.gate.drain()
    assert harness.bob.read() != []
    assert CHANGES[typed](harness.room)
    assert harness.agree()


@pytest.mark.parametrize("typed", CHANGES)
def test_an_outage(harness, typed):
    """The user reads it, and nothing has changed; the next change is carried out."""
    harness.gate.error = StoreUnavailableError()
    assert harness.oscar.ask(typed) == UNAVAILABLE
    assert (harness.bob.read(), CHANGES[typed](harness.room)) == ([], False)
    harness.gate.error = None
    assert harness.agree()
    harness.oscar.send(typed)
    assert CHANGES[typed](harness.room)
    assert harness.agree()


@pytest.mark.parametrize("typed", CHANGES)
def test_an_outage_in_the_middle(harness, typed):
    """A change that the store may have taken although it has failed is taken back."""
    harness.gate.shut = True
    harness.oscar.send(typed)
    (first,) = harness.gate.waiting
    harness.gate.waiting.clear()
    write_all(harness, typed)
    harness.gate.shut = False
    first.errback(StoreUnavailableError())
    assert harness.oscar.read() == UNAVAILABLE
    assert not CHANGES[typed](harness.room)
    assert harness.agree()


def test_a_long_outage(harness):
    """A change that could not be taken back is taken back later."""
    harness.gate.shut = True
    harness.oscar.send("`ban Bob")
    (first,) = harness.gate.waiting
    harness.gate.waiting.clear()
    write_all(harness, "`ban Bob")
    harness.gate.error = StoreUnavailableError()
    first.errback(StoreUnavailableError())
    assert harness.oscar.read() == UNAVAILABLE
    assert not harness.agree()
    stored = harness.server.service.stored_access
    result(stored.purge(0.0))
    assert not harness.agree()
    harness.gate.shut, harness.gate.error = False, None
    result(stored.purge(0.0))
    assert harness.agree()
    assert (stored._unrestored, stored._locks) == ({}, {})


def write_all(harness, typed):
    """Let the store have a change that it says it has not."""
    room = harness.store._rooms["tea"]
    before = room.settings, dict(room.access)
    twin = AccessHarness()
    twin.oscar.ask(typed)
    changed = twin.store._rooms["tea"]
    assert before != (changed.settings, changed.access)
    room.settings, room.access = changed.settings, dict(changed.access)


@pytest.mark.parametrize("typed", CHANGES)
def test_a_right_that_ends_while_the_store_is_asked(harness, typed):
    """The change is refused, and the store has what it had before."""
    harness.gate.shut = True
    harness.oscar.send(typed)
    harness.server.console("kick oscar tea")
    harness.gate.drain()
    assert harness.oscar.read()[-1] == "Server: Join chatroom tea first!"
    assert not CHANGES[typed](harness.room)
    assert harness.agree()


def test_a_session_that_ends_while_the_store_is_asked(harness):
    """Nothing has changed."""
    harness.gate.shut = True
    harness.oscar.send("`ban Bob")
    harness.oscar.lose()
    harness.gate.drain()
    assert len(harness.room.bans) == 0
    assert harness.agree()


@pytest.mark.parametrize("name", ["amy", "Bob"])
def test_a_refused_change_leaves_the_former_entry(harness, name):
    """The ban that was to be replaced is in the store still, as it was."""
    harness.oscar.ask(f"`ban {name} 5 spam")
    (before,) = (each for each in harness.stored().access if each.kind is AccessKind.BAN)
    harness.gate.shut = True
    harness.oscar.send(f"`ban {name} 99 more spam")
    harness.server.console("kick oscar tea")
    harness.gate.drain()
    assert before in harness.stored().access
    assert harness.agree()


def test_a_refused_invitation_leaves_the_former_one(harness):
    """An invitation of the same account by somebody else is good still."""
    zoe = harness.register("zoe")
    zoe.ask("`quit")
    harness.amy.ask("`invite zoe")
    (before,) = (each for each in harness.stored().access if each.kind is AccessKind.INVITATION)
    harness.gate.shut = True
    harness.oscar.send("`invite zoe")
    harness.server.console("kick oscar tea")
    harness.gate.drain()
    assert before in harness.stored().access


# -- changes at the same time


def test_changes_of_a_room_are_made_one_by_one(harness):
    """Those of other rooms do not wait."""
    harness.oscar.ask("`enter food")
    harness.oscar.ask("`switch tea")
    harness.gate.shut = True
    harness.oscar.send("`topic first")
    harness.owen.send("`topic second")
    harness.server.console("mute Bob tea")
    other = harness.server.join("food", "Zoe")
    harness.server.console("mute Zoe food")
    assert len(harness.gate.waiting) == 2
    harness.gate.drain()
    topics = [line for line in harness.bob.read() if "topic" in line]
    assert topics == ["Server: oscar set the topic: first", "Server: owen set the topic: second"]
    assert other.read() == ["Server: You may not talk in chatroom food@food."]
    assert (harness.room.settings.topic, harness.agree()) == ("second", True)


def test_a_ban_and_its_end_at_the_same_time(harness):
    """Each call sees what those before have changed."""
    harness.gate.shut = True
    for line in ("`ban Bob 5", "`unban Bob", "`ban Bob 9"):
        harness.oscar.send(line)
    harness.owen.send("`unban Bob")
    harness.gate.drain()
    assert harness.entries() == [("ban", "Bob")]
    assert harness.agree()


def test_a_call_that_is_refused_when_its_turn_comes(harness):
    """The store is not asked."""
    harness.gate.shut = True
    first = Deferred.fromCoroutine(harness.moderation.mute(CONSOLE, "Bob", harness.room, None, 0))
    unmute = harness.moderation.unmute
    calls = [Deferred.fromCoroutine(unmute(CONSOLE, "Bob", harness.room, 0)) for _ in range(2)]
    calls[1].addErrback(lambda failure: failure.value.code)
    harness.gate.drain()
    assert (first.called, calls[0].called, calls[1].result) == (True, True, ErrorCode.NOT_MUTED)
    assert harness.agree()
    assert harness.server.service.stored_access._locks == {}


def test_a_room_that_is_ended_while_the_store_is_asked(harness):
    """A room that is started under its id has nothing of the change, in the world and the store."""
    harness.owen.ask("`key sesame")
    for typed in ("`key open", "`mute Bob"):
        harness.gate.shut = True
        harness.oscar.send(typed)
        harness.server.console("end tea")
        assert harness.server.console("start tea tea") == ["Administrator: Chatroom tea started!"]
        harness.gate.drain()
        assert harness.oscar.read()[-1] == "Server: Join chatroom tea first!"
        assert (harness.room.settings, len(harness.room.mutes)) == (NO_SETTINGS, 0)
        assert harness.agree()
        harness.server.console("group tea oscar")
        harness.server.console("op oscar tea")
        harness.server.console("group tea Bob")


# -- names of guests


def test_a_guest_who_was_banned_under_another_name(harness):
    """The entry in the store is found again, whatever the guest is called by now."""
    harness.oscar.ask("`mute Bob")
    harness.bob.ask("`rename Rob")
    harness.oscar.ask("`mute Rob 5")
    assert harness.entries() == [("mute", "Rob")]
    harness.bob.ask("`rename Zed")
    assert harness.agree()
    harness.oscar.ask("`unmute Zed")
    assert harness.entries() == []
    assert harness.agree()


def test_two_guests_who_were_banned_under_one_name(harness):
    """The store has one entry of that name, as long as one of them is banned."""
    harness.oscar.ask("`ban Bob")
    harness.bob.ask("`rename Rob")
    harness.server.join("food", "Bob", host="198.51.100.1")
    harness.oscar.ask("`ban Bob")
    assert (len(harness.room.bans), harness.entries()) == (2, [("ban", "Bob")])
    harness.oscar.ask("`unban Rob")
    assert harness.entries() == [("ban", "Bob")]
    assert harness.agree()
    harness.oscar.ask("`unban Bob")
    assert (len(harness.room.bans), harness.entries()) == (0, [])


def test_a_guest_and_an_account_of_one_name(harness):
    """They are banned apart, and the ban of one leaves that of the other."""
    harness.oscar.ask("`ban Bob")
    harness.bob.ask("`exit")
    harness.register("bob")
    harness.oscar.ask("`ban bob")
    assert harness.entries() == [("ban", "Bob"), ("ban", "bob")]
    harness.oscar.ask("`unban bob")
    assert harness.entries() == [("ban", "Bob")]
    assert harness.agree()


def test_the_store_of_a_room_that_does_not_exist():
    """Nothing happens: the room has ended."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    server.console("start tea tea")
    room = server.service.world.rooms.by_key("tea")
    server.console("end tea")
    call = server.service.room_moderation.mute(CONSOLE, "Bob", room, None, 0)
    with pytest.raises(ChatError) as refused:
        result(call)
    assert refused.value.code is ErrorCode.NO_SUCH_ROOM
