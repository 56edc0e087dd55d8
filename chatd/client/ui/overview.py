"""The view that a user on a terminal has of their rooms: the members, and unread messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from chatd.client.model.effects import Backfill, Incoming, Recent, Send, Update
from chatd.client.model.phase import Phase
from chatd.client.model.roomsettings import RoomSettings
from chatd.client.model.session import ChatSession
from chatd.client.model.unread import UnreadCounts
from chatd.client.ui.frontend import Action, Line
from chatd.client.ui.render import QUIET_LOOK, mention, topic_words
from chatd.client.ui.statusline import Status, offline
from chatd.core.bidi import isolate
from chatd.core.events import Message, PrivateMessage
from chatd.core.room_events import Invited, ReadUpTo
from chatd.protocol.command import Request
from chatd.protocol.received import Error, RoomList

MEMBERS: Final = "members:"
"""The first part of the tags of requests for the members of a room."""

_MAX_NAMES: Final = 8
"""How many names the line on joining has."""

_PHASES: Final = {
    Phase.RESUMING: "returning",
    Phase.AWAITING_LOGIN: "log in again",
    Phase.REJOINING: "returning",
    Phase.CATCHING_UP: "returning",
    Phase.ONLINE: "",
}


class Overview:
    """Counts unread messages, asks for members that the server has not told, and says who is here.

    `_asked` are the rooms whose members were asked for, `_joined` those whose members are to be
    shown when they are known.
    """

    def __init__(self, session: ChatSession) -> None:
        self._session = session
        self._unread = UnreadCounts()
        self._asked: set[str] = set()
        self._joined: set[str] = set()

    def status(self, server: str, retry_in: float | None) -> Status:
        """Return the status of the session; the next attempt to connect is in `retry_in` seconds.

        `retry_in` is None if the client does not try.
        """
        state, room = self._session.state, self._session.destination
        members = state.members.get(room or "")
        settings = state.settings.get(room or "", RoomSettings())
        words = _PHASES.get(self._session.phase)
        return Status(
            server,
            state.name,
            room,
            members.room_name if members is not None else "",
            members.count if members is not None else None,
            self._unread.counts if self._session.phase is not Phase.OFFLINE else (),
            offline(retry_in) if words is None else words,
            settings.topic,
            settings.flags,
        )

    def shown(self, update: Update, actions: list[Action]) -> list[Action]:
        """Note an update of the session; return the `actions` that show it, and what is added."""
        match update:
            case Recent():
                lines = self._marked(update, actions)
                return [*self._tagged(update.room, lines), *self._here(update.room)]
            case Incoming(event=Message() as message):
                return _calling(actions) if self._said(message) else actions
            case Incoming(event=ReadUpTo() as read):
                self._unread.read_up_to(read.room, read.id)
                return actions
            case Incoming(event=PrivateMessage(recipient=None) | Invited()):
                return _calling(actions)
            case Backfill():
                mentions = [self._said(message) for message in update.messages]
                return _calling(actions) if any(mentions) else actions
            case _:
                return actions

    def _said(self, message: Message) -> bool:
        """Count a message of another user that is unread; return whether it mentions the reader."""
        name = self._session.state.name
        if message.sender == name or message.id <= (self._session.reading.mark(message.room) or 0):
            return False
        mentions = bool(mention(message.text, name))
        if message.room != self._session.destination:
            self._unread.add(message.room, message.id, mentions=mentions)
        return mentions

    def _marked(self, recent: Recent, lines: list[Action]) -> list[Action]:
        """Return `lines`, one a message, with another where the unread messages begin.

        They are counted, if the room is not the current one. There are none where it is not known
        how far the room is read.
        """
        mark, messages = self._session.reading.mark(recent.room), recent.messages
        own = self._session.state.name
        unread = [each for each in messages if mark is not None and each.id > mark]
        if mark is None or all(each.sender == own for each in unread):
            return lines
        older = range(mark + 1, unread[0].id) if len(unread) == len(messages) else range(0)
        if recent.room != self._session.destination:
            self._unread.add_all(recent.room, older)
        count = 0
        for message in unread:
            self._said(message)
            count += message.sender != own
        begin = len(lines) - len(unread)
        return [
            *lines[:begin],
            Line(unread_words(count, len(older)), look=QUIET_LOOK, stamped=False),
            *lines[begin:],
        ]

    def _here(self, room: str) -> list[Line]:
        """Return the lines on a room that the user has joined: its topic, and who is there.

        There are none while the members are not known.
        """
        members = self._session.state.members.get(room)
        if members is None:
            self._joined.add(room)
            return []
        state = self._session.state
        own, topic = state.name, state.settings.get(room, RoomSettings()).topic
        names = [isolate(name) for name in members.names if name != own]
        tag = self._tag(room)
        words = f"You are {isolate(own)}. {here(names, members.hidden)}"
        lines = [Line(tag + words, tag=tag, name=own, own=True, look=QUIET_LOOK)]
        if topic:
            shown = topic_words(room, topic, members.room_name)
            lines.insert(0, Line(tag + shown, tag=tag, look=QUIET_LOOK))
        return lines

    def answered(self, reply: RoomList | Error) -> list[Line]:
        """Return the lines for the reply to a request for the members of a room."""
        room = (reply.tag or "").removeprefix(MEMBERS)
        self._session.state.update(reply)
        is_joined = room in self._joined and room in self._session.state.members
        self._joined.discard(room)
        return self._here(room) if is_joined else []

    def update(self) -> list[Send]:
        """Note where the user is now; return requests for members that are not known."""
        state, phase = self._session.state, self._session.phase
        self._unread.read(self._session.destination)
        if phase in {Phase.ONLINE, Phase.OFFLINE}:  # otherwise the user returns to their rooms
            self._unread.keep(state.rooms)
        if phase is not Phase.ONLINE:
            self._asked.clear()
            return []
        unknown = [
            room
            for room in state.rooms
            if room not in state.members and not self._session.reading.is_looked_at(room)
        ]
        new = [room for room in unknown if room not in self._asked]
        self._asked = set(unknown)
        return [Send(Request("list", {"chatroom_id": room}, MEMBERS + room)) for room in new]

    def _tagged(self, room: str, actions: list[Action]) -> list[Action]:
        tag = self._tag(room)
        return [
            replace(each, text=tag + each.text, tag=tag + each.tag)
            if isinstance(each, Line)
            else each
            for each in actions
        ]

    def _tag(self, room: str) -> str:
        """Return what a line about a room begins with: nothing, if the user is in no other."""
        return f"[{isolate(room)}] " if len(self._session.state.rooms) > 1 else ""


def unread_words(shown: int, older: int) -> str:
    """Return the words above the `shown` unread messages of a room; `older` ones are not shown."""
    of_all = f" of {shown + older}" if older else ""
    return f"-- {shown}{of_all} unread {'message' if shown + older == 1 else 'messages'} --"


def here(names: Sequence[str], hidden: int) -> str:
    """Return the words that say who is here beside the reader; `hidden` is a number of others."""
    shown = list(names[:_MAX_NAMES])
    others = len(names) - len(shown) + hidden
    if others:
        shown.append(f"{others} {'other' if others == 1 else 'others'}")
    return f"Here: {_listed(shown)}." if shown else "Nobody else is here."


def _calling(actions: list[Action]) -> list[Action]:
    """Return the actions with a last line that draws the attention of the user."""
    *before, last = actions
    return [*before, replace(last, calls=True) if isinstance(last, Line) else last]


def _listed(words: Iterable[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
