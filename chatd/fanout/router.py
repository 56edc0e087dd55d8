"""The router: users and their sessions.

It sends what is for a user to all sessions of that user, and keeps every session subscribed to the
rooms of its user, with a current room. The fan-out proper knows sessions only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chatd.core.events import (
    DisconnectReason,
    Event,
    Joined,
    Left,
    Muted,
    RoomClosed,
    RoomEvent,
    Unmuted,
    UserEvent,
)
from chatd.core.rooms import Room, User
from chatd.fanout.buffer import Subscriber
from chatd.fanout.fanout import Fanout


class Router:
    """The sessions of all users, the oldest of each user first."""

    def __init__(self, fanout: Fanout) -> None:
        self._fanout = fanout
        self._sessions: dict[User, tuple[Subscriber, ...]] = {}

    # -- sessions

    def attach(self, session: Subscriber) -> None:
        """Add a session to those of its user; it reads the user's rooms from now on."""
        user = session.user
        sessions = self._sessions[user] = (*self._sessions.get(user, ()), session)
        user.address = sessions[0].address
        for room in user.rooms:
            self._fanout.subscribe(session, room)
            session.current_room = room
        session.followed_rooms = frozenset(user.rooms)

    def detach(self, session: Subscriber) -> bool:
        """Remove a session from its user, whose rooms it reads no more.

        Returns whether it was the user's last session; False also if it was detached before.
        """
        user = session.user
        sessions = self._sessions.get(user, ())
        if session not in sessions:
            return False
        for room in list(session.buffers):
            self._fanout.unsubscribe(session, room)
        others = tuple(other for other in sessions if other is not session)
        if not others:
            del self._sessions[user]
            return True
        self._sessions[user] = others
        user.address = others[0].address
        return False

    def move(self, session: Subscriber, user: User) -> bool:
        """Make a session one of `user`'s; return whether it was the last of its former user."""
        was_last = self.detach(session)
        session.user = user
        self.attach(session)
        self._fanout.refresh(session)
        return was_last

    def refresh(self, user: User) -> None:
        """Let the sessions of `user` read by the list of ignored users as it is now."""
        for session in self._sessions.get(user, ()):
            self._fanout.refresh(session)

    def sessions(self, user: User) -> Sequence[Subscriber]:
        """Return the sessions of `user`, the oldest first."""
        return self._sessions.get(user, ())

    def surplus(self, user: User, limit: int) -> Sequence[Subscriber]:
        """Return the sessions of `user` beyond `limit`: those that are silent for longest."""
        sessions = sorted(self._sessions.get(user, ()), key=lambda session: session.last_active)
        return sessions[: max(len(sessions) - limit, 0)]

    def current_room(self, user: User) -> Room | None:
        """Return the current room of the session of `user` that was active last."""
        sessions = self._sessions.get(user, ())
        if not sessions:
            return None
        return max(sessions, key=lambda session: session.last_active).current_room

    def send(self, user: User, event: Event, skip: Subscriber | None = None) -> None:
        """Send an event to all sessions of `user` but `skip`, after all that happened before."""
        for session in self._sessions.get(user, ()):
            if session is not skip:
                self._fanout.send(session, event)

    def disconnect(self, user: User, reason: DisconnectReason, text: str = "") -> None:
        """Tell all sessions of `user` why, with the `text` of the administrator, and end them."""
        for session in self._sessions.get(user, ()):
            session.disconnect(reason, text)

    # -- events

    def on_event(
        self, room: Room, event: RoomEvent, user: User | None, origin: Subscriber | None
    ) -> None:
        """Bring an event of a room to its sessions; `IBus.publish` says to which."""
        fanout = self._fanout
        sessions = self._sessions.get(user, ()) if user is not None else ()
        if isinstance(event, Joined):
            fanout.append({room: event})
            for session in sessions:
                self._follow(session, room, event, origin)
        elif isinstance(event, Left):
            for session in sessions:
                if origin is not None and session is not origin:
                    fanout.send(session, replace(event, is_self=True))
                fanout.unsubscribe(session, room)
            fanout.append({room: event})
        elif isinstance(event, Muted | Unmuted):
            for session in sessions:
                fanout.flush_one(session)
            fanout.append({room: event})
            for session in sessions:
                fanout.skip(session)
                fanout.send(session, replace(event, is_self=True))
        else:
            fanout.append({room: event})
            if isinstance(event, RoomClosed):
                fanout.close_room(room)

    def on_user_event(
        self, events: Mapping[Room, UserEvent], user: User, origin: Subscriber | None
    ) -> None:
        """Bring one fact about `user` to the sessions of several rooms, to each once."""
        fanout = self._fanout
        for session in self._sessions.get(user, ()):
            for room, event in events.items():
                if isinstance(event, Left):
                    fanout.unsubscribe(session, room)
        if origin is not None:
            fanout.flush_one(origin)
        fanout.append(events)
        if origin is not None:
            fanout.skip(origin)

    def _follow(
        self, session: Subscriber, room: Room, event: Joined, origin: Subscriber | None
    ) -> None:
        """Let a session read a room that its user has joined, by way of the session `origin`."""
        self._fanout.subscribe(session, room)
        if session is origin or origin is None or session.current_room is None:
            session.current_room = room
        if origin is not None and session is not origin:
            session.followed_rooms |= {room}
            self._fanout.send(session, replace(event, is_self=True))
