"""The router: users, their sessions, and the rooms and the current room of each session."""

import pytest
from twisted.internet.task import Clock

from chatd.core.events import DisconnectReason, Joined, LeaveReason, Left, Notice, Renamed
from chatd.core.rooms import Room, SessionKey, User
from chatd.core.world.effects import SessionEnded, SessionMoved, Told
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
        self.router = Router(self.fanout, "here", self.clock)
        self.rooms = {key: Room(key, f"room {key}") for key in "12"}

    def session(self, user):
        """Return a further session of `user`."""
        codec = text_codec(Framing.NUL, True)
        session = MemorySession(user, codec, lambda: self.clock.advance(0))
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
        joined = Joined(key, user.name, None, 0)
        self.router.on_event(room, joined, user, origin and origin.key)

    def leave(self, user, key, origin=None):
        """Let a user leave a room by way of a session."""
        room = self.rooms[key]
        room.remove(user)
        left = Left(key, user.name, None, LeaveReason.QUIT, 0)
        self.router.on_event(room, left, user, origin and origin.key)


@pytest.fixture
def harness():
    """Return a harness."""
    return RouterHarness()


def test_keys(harness):
    """Each session has a key of its own, by which it is found until it ends."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    assert len({first.key, second.key, harness.router.new_key()}) == 3
    assert {first.key.node, second.key.node} == {"here"}
    assert harness.router.find(second.key) is second
    harness.router.forget(second)
    assert harness.router.find(second.key) is None
    assert harness.router.find(SessionKey("elsewhere", first.key.number)) is None


def test_detach_twice(harness):
    """The second time changes nothing, and the other session stays."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    harness.join(user, "1", first)
    for _ in range(2):
        harness.router.detach(first)
        assert list(user.origins) == [second]
        assert dict(first.buffers) == {}
    harness.router.detach(second)
    assert list(user.origins) == []


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


def test_tell(harness):
    """All sessions of a user read it but the one that is skipped."""
    user = harness.user("ann")
    first, second = harness.session(user), harness.session(user)
    harness.router.tell(Told(user, Notice("Server", "hear", 0)))
    harness.router.tell(Told(user, Notice("Server", "others", 0), first.key))
    harness.router.tell(Told(harness.user("bob"), Notice("Server", "nobody", 0)))
    assert first.read() == ["Server: hear"]
    assert second.read() == ["Server: hear", "Server: others"]


def test_move(harness):
    """A session leaves the rooms of its former user, and reads those of the new one."""
    ann, guest = harness.user("ann"), harness.user("")
    first, second = harness.session(ann), harness.session(guest)
    harness.join(ann, "1", first)
    harness.router.move(SessionMoved(second.key, ann))
    assert second.user is ann
    assert second.current_room is harness.rooms["1"]
    harness.router.move(SessionMoved(first.key, guest))
    assert (first.user, first.current_room, dict(first.buffers)) == (guest, None, {})
    assert list(ann.origins) == [second]
    harness.router.move(SessionMoved(SessionKey("elsewhere", 1), ann))
    assert list(ann.origins) == [second]


def test_by_silence(harness):
    """The session that was active last comes last."""
    user = harness.user("ann")
    sessions = [harness.session(user) for _ in range(3)]
    for session, time in zip(sessions, (5, 1, 3), strict=True):
        session.last_active = time
    silent = [sessions[1].key, sessions[2].key, sessions[0].key]
    assert harness.router.by_silence(user) == silent
    assert harness.router.by_silence(harness.user("bob")) == []


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
    """That session is told why, and no other; one that has ended meanwhile is not."""
    user = harness.user("ann")
    sessions = [harness.session(user) for _ in range(3)]
    keys = [session.key for session in sessions]
    harness.router.forget(sessions[2])
    for key in keys[1:]:
        harness.router.disconnect(SessionEnded(key, DisconnectReason.BANNED))
    assert [session.reason for session in sessions] == [None, DisconnectReason.BANNED, None]


def test_a_new_name_is_read_once(harness):
    """By each session that shares a room, except the one that asked for it."""
    ann, bob = harness.user("ann"), harness.user("bob")
    guest, observer = harness.session(ann), harness.session(bob)
    for user, session in ((bob, observer), (ann, guest)):
        for key in "12":
            harness.join(user, key, session)
    observer.read()
    renamed = dict.fromkeys(harness.rooms.values(), Renamed("ann", "zoe", 0))
    harness.router.on_user_event(renamed, ann, guest.key)
    assert observer.read() == ["Server: ann is now known as zoe."]
    assert guest.read() == []
