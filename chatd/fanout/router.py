"""The router: users and the sessions that they have on this server.

It sends what is for a user to all sessions of that user, and keeps every session subscribed to the
rooms of its user, with a current room. The fan-out proper knows sessions only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from chatd.core.events import (
    Joined,
    Left,
    RoomClosed,
    RoomEvent,
    TargetedEvent,
    UserEvent,
)
from chatd.core.rooms import Room, SessionKey, User
from chatd.core.world.effects import IgnoresChanged, SessionEnded, SessionMoved, Told
from chatd.fanout.buffer import Subscriber
from chatd.fanout.fanout import Fanout
from chatd.fanout.joinfolding import Clock, JoinFolding


class Router:
    """The sessions of this server, whose name is `node`, by their users and by their keys."""

    def __init__(self, fanout: Fanout, node: str, clock: Clock) -> None:
        self._fanout = fanout
        self._joins = JoinFolding(fanout, clock)
        self._node = node
        self._numbers = count(1)
        self._by_key: dict[SessionKey, Subscriber] = {}

    # -- sessions

    def new_key(self) -> SessionKey:
        """Return a key that no session has."""
        return SessionKey(self._node, next(self._numbers))

    def key_of(self, session: Subscriber) -> SessionKey:
        """Return the key of a session, by which it is found from now on."""
        if session.session_key is None:
            session.session_key = self.new_key()
            self._by_key[session.session_key] = session
        return session.session_key

    def attach(self, session: Subscriber) -> None:
        """Add a session to those of its user; it reads the user's rooms from now on."""
        user = session.user
        session.router = self
        user.origins = (*user.origins, session)
        for room in user.rooms:
            self._fanout.subscribe(session, room)
            session.current_room = room
        session.followed_rooms = frozenset(user.rooms)

    def detach(self, session: Subscriber) -> None:
        """Remove a session from its user, whose rooms it reads no more."""
        user = session.user
        if session in user.origins:
            for room in list(session.buffers):
                self._fanout.unsubscribe(session, room)
            user.origins = tuple(other for other in user.origins if other is not session)

    def forget(self, session: Subscriber) -> None:
        """Remove a session that has ended, also from those that are found by their keys."""
        self.detach(session)
        if session.session_key is not None:
            self._by_key.pop(session.session_key, None)

    def find(self, key: SessionKey) -> Subscriber | None:
        """Return the session with that key, if it is one of this server's."""
        return self._by_key.get(key)

    def user_of(self, key: SessionKey) -> User | None:
        """Return the user of the session with that key, if it is one of this server's."""
        session = self._by_key.get(key)
        return None if session is None else session.user

    def by_silence(self, user: User) -> Sequence[SessionKey]:
        """Return the sessions of `user`, the one that is silent for longest first."""
        sessions = sorted(user.origins, key=lambda session: session.last_active)
        return [self.key_of(session) for session in sessions]

    def current_room(self, user: User) -> Room | None:
        """Return the current room of the session of `user` that was active last."""
        if not user.origins:
            return None
        session: Subscriber = max(user.origins, key=lambda session: session.last_active)
        return session.current_room

    # -- effects

    def move(self, moved: SessionMoved) -> None:
        """Make a session one of another user's."""
        session = self._by_key.get(moved.session)
        if session is not None:
            self.detach(session)
            session.user = moved.user
            self.attach(session)
            self._fanout.refresh(session)

    def refresh(self, changed: IgnoresChanged) -> None:
        """Let the sessions of a user read by the list of ignored users as it is now."""
        for session in changed.user.origins:
            self._fanout.refresh(session)

    def tell(self, told: Told) -> None:
        """Send an event to the sessions of a user but one, after all that happened before."""
        for session in told.user.origins:
            if told.skip is None or session.session_key != told.skip:
                self._fanout.send(session, told.event)

    def disconnect(self, ended: SessionEnded) -> None:
        """Tell a session why it ends, with the `text` of the administrator, and end it."""
        session = self._by_key.get(ended.session)
        if session is not None:
            session.disconnect(ended.reason, ended.text)

    # -- events

    def on_event(
        self, room: Room, event: RoomEvent, user: User | None, origin: SessionKey | None
    ) -> None:
        """Bring an event of a room to its sessions; `Happened` says to which."""
        fanout = self._fanout
        sessions = () if user is None else user.origins
        if isinstance(event, Joined):
            self._joins.add(room, event)
            for session in sessions:
                self._follow(session, room, event, origin)
            return
        fanout.unfold(room)  # so that nobody acts before others are told of the join
        if isinstance(event, Left):
            for session in sessions:
                if origin is not None and session.session_key != origin:
                    fanout.send(session, replace(event, is_self=True))
                fanout.unsubscribe(session, room)
            fanout.append({room: event})
        elif isinstance(event, TargetedEvent):
            for session in sessions:
                fanout.flush_one(session)
            fanout.append({room: event})
            for session in sessions:
                fanout.skip(session)
                fanout.send(session, replace(event, is_self=True))
        else:
            fanout.append({room: event})
            if isinstance(event, RoomClosed):
                self._joins.forget(room)
                fanout.close_room(room)

    def on_user_event(
        self, events: Mapping[Room, UserEvent], user: User, origin: SessionKey | None
    ) -> None:
        """Bring one fact about `user` to the sessions of several rooms, to each once."""
        fanout = self._fanout
        for room in events:
            fanout.unfold(room)
        for session in user.origins:
            for room, event in events.items():
                if isinstance(event, Left):
                    fanout.unsubscribe(session, room)
        asking = None if origin is None else self._by_key.get(origin)
        if asking is not None:
            fanout.flush_one(asking)
        fanout.append(events)
        if asking is not None:
            fanout.skip(asking)

    def _follow(
        self, session: Subscriber, room: Room, event: Joined, origin: SessionKey | None
    ) -> None:
        """Let a session read a room that its user has joined, by way of the session `origin`."""
        self._fanout.subscribe(session, room)
        if session.session_key == origin or origin is None or session.current_room is None:
            session.current_room = room
        if origin is not None and session.session_key != origin:
            session.followed_rooms |= {room}
            self._fanout.send(session, replace(event, is_self=True))
