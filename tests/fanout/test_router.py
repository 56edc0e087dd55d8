"""The router: users, their sessions, and the rooms and the current room of each session."""

import pytest
from twisted.internet.task import Clock

from chatd.core.events import DisconnectReason, Joined, LeaveReason, Left, Notice, Renamed
from chatd.core.rooms import Room, User
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import text_codec
from chatd.protocol.framing import Framing


class RouterHarness:
    """A router, its fan-out, and the rooms 1 and 2."""

    def __init__(self):
        self.clock = Clock()
        self.fanout = Fanout(self.clock)
        self.router = Router(self.fanout)
        self.rooms = {key: Room(key, f"room {key}") for key in "12"}

    def session(self, user, port=1):
        """Return a further session of `user`."""
        codec = text_codec(Framing.NUL, True)
        session = MemorySession(user, codec, lambda: self.clock.advance(0))
        session.address = ("127.0.0.1", port)
        self.router.attach(session)
        return session

    def user(self, name):
        """Return a user with a name."""
        user = User("unix")
        user.name = name
        return user

    def join(self, user, key, origin=None):
        """Let a user join a room by way of a session."""
        room = self.rooms[key]
        room.add(user, 0)
        self.router.on_event(room, Joined(key, user.name, None, 0), user, origin)

    def leave(self, user, key, origin=None):
        """Let a user leave a room by way of a session."""
        room = self.rooms[key]
        room.remove(user)
        left = Left(key, user.name, None, LeaveReason.QUIT, 0)
        self.router.on_event(room, left, user, origin)


@pytest.fixture
def harness():
    """Return a harness."""
    return RouterHarness()


def test_a_user_has_the_address_of_the_oldest_session(harness):
    """It changes when that session ends."""
    user = harness.user("ann")
    first, second = harness.session(user, 1), harness.session(user, 2)
    assert user.address == first.address
    assert not harness.router.detach(first)
    assert user.address == second.address
    assert harness.router.detach(second)
    assert user.address == second.address


def test_detach_twice(harness):
    """The second time changes nothing, and the session is not the last one again."""
    user = harness.user("ann")
    session = harness.session(user)
    assert harness.router.detach(session)
    assert not harness.router.detach(session)


def test_a_further_session_reads_the_rooms_of_its_user(harness):
    """The room joined last is its current room; it has joined none of them itself."""
    user = harness.user("ann")
    first = harness.session(user)
    for key in "12":
        harness.join(user, key, first)
    second = harness.session(user)
    rooms = list(harness.rooms.values())
    assert list(second.buffers) == rooms
    assert second.current_room is rooms[1]
    assert (first.followed_rooms, second.followed_rooms) == (frozenset(), frozenset(rooms))


def test_a_join_is_followed_by_the_other_sessions(harness):
    """It changes their current room only where they have none."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    harness.join(user, "1", first)
    assert second.current_room is harness.rooms["1"]
    harness.join(user, "2", first)
    assert first.current_room is harness.rooms["2"]
    assert second.current_room is harness.rooms["1"]
    assert first.read() == []
    assert second.read() == [
        "ann: joined us @chatroom 1.",
        "[2] ann: joined us @chatroom 2.",
    ]


def test_a_join_by_nobody_is_current_in_all_sessions(harness):
    """The administrator moves a user: no session reads it as an event of the room."""
    user = harness.user("ann")
    sessions = harness.session(user), harness.session(user)
    for key in "12":
        harness.join(user, key)
    for session in sessions:
        assert session.current_room is harness.rooms["2"]
        assert session.followed_rooms == frozenset()
        assert session.read() == []


def test_leaving_takes_the_room_from_all_sessions(harness):
    """The other sessions are told; of their other rooms the one joined last is current."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    for key in "12":
        harness.join(user, key, first)
    second.read()
    harness.leave(user, "1", first)
    assert second.read() == ["[1] Server: ann quitted."]
    assert second.current_room is harness.rooms["2"]
    assert second.followed_rooms == {harness.rooms["2"]}
    harness.leave(user, "2")
    assert (first.current_room, second.current_room) == (None, None)
    assert (first.read(), second.read()) == ([], [])


def test_send(harness):
    """All sessions of a user read it but the one that is skipped."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    harness.router.send(user, Notice("Server", "hear", 0))
    harness.router.send(user, Notice("Server", "others", 0), first)
    harness.router.send(harness.user("bob"), Notice("Server", "nobody", 0))
    assert first.read() == ["Server: hear"]
    assert second.read() == ["Server: hear", "Server: others"]


def test_move(harness):
    """A session leaves the rooms of its former user, and reads those of the new one."""
    ann, guest = harness.user("ann"), harness.user("")
    first, second = harness.session(ann), harness.session(guest)
    harness.join(ann, "1", first)
    assert harness.router.move(second, ann)
    assert second.user is ann
    assert second.current_room is harness.rooms["1"]
    assert not harness.router.move(first, guest)
    assert (first.user, first.current_room, dict(first.buffers)) == (guest, None, {})


def test_surplus_is_silent_for_longest(harness):
    """Sessions that were active later stay."""
    user = harness.user("ann")
    sessions = [harness.session(user) for _ in range(3)]
    for session, time in zip(sessions, (5, 1, 3), strict=True):
        session.last_active = time
    assert harness.router.surplus(user, 3) == []
    assert harness.router.surplus(user, 1) == [sessions[1], sessions[2]]
    assert harness.router.surplus(harness.user("bob"), 0) == []


def test_current_room_of_a_user(harness):
    """It is that of the session that was active last."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    for key in "12":
        harness.join(user, key)
    second.current_room, second.last_active = harness.rooms["1"], 5
    assert harness.router.current_room(user) is harness.rooms["1"]
    first.last_active = 6
    assert harness.router.current_room(user) is harness.rooms["2"]
    assert harness.router.current_room(harness.user("bob")) is None


def test_disconnect(harness):
    """Every session of the user is told why, also where each of them ends meanwhile."""
    user = harness.user("ann")
    sessions = [harness.session(user) for _ in range(2)]
    for session in sessions:
        session._on_lost = harness.router.detach
    harness.router.disconnect(user, DisconnectReason.BANNED)
    assert [session.reason for session in sessions] == [DisconnectReason.BANNED] * 2


def test_a_new_name_is_read_once(harness):
    """By each session that shares a room, except the one that asked for it."""
    ann, bob = harness.user("ann"), harness.user("bob")
    guest, observer = harness.session(ann), harness.session(bob)
    for user, session in ((bob, observer), (ann, guest)):
        for key in "12":
            harness.join(user, key, session)
    observer.read()
    renamed = dict.fromkeys(harness.rooms.values(), Renamed("ann", "zoe", 0))
    harness.router.on_user_event(renamed, ann, guest)
    assert observer.read() == ["Server: ann is now known as zoe."]
    assert guest.read() == []
