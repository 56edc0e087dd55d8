"""A harness in which many users join a room at once."""

from twisted.internet.task import Clock

from chatd.core.events import Joined, LeaveReason, Left, MessageKind, Renamed
from chatd.core.rooms import Room, User
from chatd.fanout.fanout import Fanout
from chatd.fanout.joinfolding import MAX_LINES, WINDOW_SECONDS
from chatd.fanout.router import Router
from chatd.fanout.testing import MemorySession
from chatd.protocol.codec import json_codec, text_codec
from chatd.protocol.framing import Framing

TEXT = text_codec(Framing.NUL, True)
JSON = json_codec(Framing.NUL, True)


class JoiningHarness:
    """A router with a fan-out, and the rooms 1 and 2."""

    def __init__(self):
        self.clock = Clock()
        self.fanout = Fanout(self.clock)
        self.router = Router(self.fanout, "here", self.clock)
        self.rooms = {key: Room(key, "tea") for key in "12"}

    def session(self, name, codec=TEXT):
        """Return the session of a new user."""
        user = User("unix")
        user.name = name
        return self.further_session(user, codec)

    def further_session(self, user, codec=TEXT):
        """Return a further session of a user."""
        session = MemorySession(user, codec, lambda: self.clock.advance(0))
        self.router.attach(session)
        return session

    def reader(self, name="Ann", codec=TEXT):
        """Return a session in room 1, after five more users have joined and had a line each."""
        session = self.session(name, codec)
        self.join(session)
        self.crowd(MAX_LINES - 1, "early")
        session.read()
        return session

    def crowd(self, size, name="user"):
        """Return the sessions of so many users who join room 1."""
        sessions = [self.session(f"{name}{number}") for number in range(size)]
        for session in sessions:
            self.join(session)
        return sessions

    def join(self, session, key="1"):
        """Let the user of a session join a room by way of it."""
        room, user = self.rooms[key], session.user
        room.add(user, 0)
        joined = Joined(key, user.name, None, 0.0)
        self.router.on_event(room, joined, user, session.key)

    def leave(self, session):
        """Let the user of a session leave room 1."""
        room, user = self.rooms["1"], session.user
        room.remove(user)
        left = Left("1", user.name, None, LeaveReason.QUIT, 0.0)
        self.router.on_event(room, left, user, session.key)

    def rename(self, session, name):
        """Give the user of a session another name."""
        user = session.user
        renamed, user.name = Renamed(user.name, name, 0.0), name
        self.router.on_user_event(dict.fromkeys(user.rooms, renamed), user, session.key)

    def say(self, session, text="hi"):
        """Say something in room 1."""
        room = self.rooms["1"]
        messages = room.number_messages(session.user, [text], 0.0, MessageKind.TEXT, "")
        self.fanout.on_messages(room, messages, session)

    def happen(self, event):
        """Let something happen in room 1 that is about no user."""
        self.router.on_event(self.rooms["1"], event, None, None)

    def end_window(self):
        """Let time pass until no join is folded."""
        self.clock.advance(WINDOW_SECONDS)


def others(count):
    """Return the line for so many folded joins, none if they have a line of their own."""
    return [f"Server: {count} others joined us @chatroom 1."] if count > 1 else []
