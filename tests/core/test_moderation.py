"""Moves and bans, by calls of `Moderation` itself."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import DisconnectReason
from chatd.core.names import new_name
from chatd.core.rooms import SessionKey
from chatd.core.world.operations import Join
from chatd.storage.testing import result
from chatd.testing import MemoryServer
from tests.core.calls import run

NOW = 1000.0


@pytest.fixture
def server():
    """Return a server where users may be in two rooms, with the rooms 1, 2 and 3."""
    rooms = (("1", "room 1"), ("2", "room 2"), ("3", "room 3"))
    return MemoryServer(rooms_per_client=2, rooms=rooms)


@pytest.fixture
def ann(server):
    """Return the session of Ann, who is in room 1."""
    return join(server, "Ann")


def join(server, name):
    """Return the session of a new guest in room 1."""
    session = server.open_session()
    result(server.service.chat.join(session, "1", name, NOW))
    return session


def test_move_adds_a_room_while_there_is_place(server, ann):
    """The new room is current."""
    result(server.service.moderation.move_user("Ann", server.service.chat.room("2"), NOW))
    assert [room.id for room in ann.user.rooms] == ["1", "2"]
    assert ann.current_room is server.service.chat.room("2")


def test_move_takes_the_current_room_without_place(server, ann):
    """It is the current one that is left, not the one joined last."""
    result(server.service.moderation.move_user("Ann", server.service.chat.room("2"), NOW))
    ann.current_room = server.service.chat.room("1")
    result(server.service.moderation.move_user("Ann", server.service.chat.room("3"), NOW))
    assert [room.id for room in ann.user.rooms] == ["2", "3"]


def test_move_of_a_user_whose_session_has_a_limit_of_its_own(server, ann):
    """The user stays in the rooms while there is place."""
    ann.max_rooms = 3
    for room in ("2", "3"):
        result(server.service.moderation.move_user("Ann", server.service.chat.room(room), NOW))
    assert [room.id for room in ann.user.rooms] == ["1", "2", "3"]


def test_move_of_a_user_of_another_server(server):
    """The user has no session here, and stays in the room while there is place."""
    there = SessionKey("there", 1)
    join_there = Join(there, ("10.0.0.1", 1), "1", "1", new_name("Bob"), None, 2, NOW)
    run(server.service.oplog.submit(join_there))
    result(server.service.moderation.move_user("Bob", server.service.chat.room("2"), NOW))
    assert [room.id for room in server.service.chat.find_user("Bob").rooms] == ["1", "2"]


def test_move_into_a_room_of_the_user_changes_nothing(server, ann):
    """Nobody is told."""
    ann.read()
    result(server.service.moderation.move_user("Ann", server.service.chat.room("1"), NOW))
    assert ann.read() == []


def test_end_user(server, ann):
    """All sessions of the user are told the reason, on one line; a long one is refused."""
    end_user = server.service.moderation.end_user
    with pytest.raises(ChatError) as error:
        result(end_user("Ann", "Zoe", "x" * 391, NOW))
    assert error.value.code is ErrorCode.REASON_TOO_LONG
    assert result(end_user("ann", "Zoe", "so\nlong", NOW)) == "Ann"
    assert ann.reason is DisconnectReason.REMOVED


def test_ban_by_name_and_by_address(server, ann):
    """The users of all sessions that a ban concerns are closed and disconnected."""
    bob, zoe = join(server, "Bob"), server.open_session()
    zoe.address = zoe.user.address = ("10.0.0.1", 1)
    result(server.service.chat.join(zoe, "2", "Zoe", NOW))
    result(server.service.moderation.ban("bob", None, [ann, bob, zoe], NOW))
    assert (ann.reason, bob.reason, zoe.reason) == (None, DisconnectReason.BANNED, None)
    result(server.service.moderation.ban("10.0.0.0/8", 10, [ann, zoe], NOW))
    assert (ann.reason, zoe.reason) == (None, DisconnectReason.BANNED)
    by_name, by_address = server.service.moderation.bans()
    assert (by_name.subject, by_address.subject) == ("Bob", "10.0.0.0/8")
    assert server.service.moderation.address_ban(("10.1.1.1", 5)) == by_address
    server.turn(600)
    assert server.service.moderation.address_ban(("10.1.1.1", 5)) is None
