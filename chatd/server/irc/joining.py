"""The lines of a room that its user is in from now on: topic, read marker, members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chatd.core.events import Joined
from chatd.core.rooms import Role, Room, User
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, line
from chatd.protocol.irc.numerics import Numeric

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


def own_join(session: IrcSession, room: Room) -> Joined:
    """Return the event of joining a room, as the client that joins reads it."""
    user = session.user
    now = session.services.now()
    return Joined(room.id, user.name, None, now, account=user.account, profile=user.profile)


def room_lines(session: IrcSession, room: Room, joined: Joined) -> str:
    """Return all lines that a client reads as its user joins a room."""
    lines = session.base_codec.encode(joined).decode()
    if room.settings.topic:
        lines += topic_lines(session, room)
    if session.has(caps.READ_MARKER):
        lines += marker_line(session, names.channel(room.id))
    if not session.has(caps.NO_IMPLICIT_NAMES):
        lines += "".join(names_lines(session, room))
        lines += end_of_names(session, names.channel(room.id))
    return lines


def topic_lines(session: IrcSession, room: Room) -> str:
    """Return the topic of a room, and who set it when."""
    settings, channel = room.settings, names.channel(room.id)
    if not settings.topic:
        return line(session.irc.name, Numeric.NOTOPIC, session.nick, channel, "No topic is set")
    author, time = settings.topic_by or "*", str(int(settings.topic_time))
    server, nick = session.irc.name, session.nick
    return line(server, Numeric.TOPIC, nick, channel, settings.topic) + line(
        server, Numeric.TOPICWHOTIME, nick, channel, author, time
    )


def marker_line(session: IrcSession, target: str) -> str:
    """Return how far the user has read a target."""
    time = session.irc.read_markers.get(session.marker_owner, target)
    marker = "*" if time is None else f"timestamp={time}"
    return line(session.irc.name, "MARKREAD", target, marker)


def prefix(session: IrcSession, role: Role) -> str:
    """Return what stands before the name of a member with a role."""
    if role is Role.OWNER and session.has(caps.MULTI_PREFIX):
        return "~@"  # an owner has the rights of an operator: clients know these
    return names.PREFIXES[role]


def names_lines(session: IrcSession, room: Room) -> Iterator[str]:
    """Yield the lines with the members of a room."""
    symbol, channel = "@" if room.settings.unlisted else "=", names.channel(room.id)
    start = f":{session.irc.name} {Numeric.NAMREPLY} {session.nick} {symbol} {channel} :"
    size = MAX_BODY - len(start.encode())
    shown: list[str] = []
    length = 0
    for user, member in room.members.items():
        start_of_word = prefix(session, member.role)
        word = start_of_word + _shown_name(session, user)
        if len(word.encode()) > size:  # the longest names have no room for more
            word = start_of_word + user.name
        length += len(word.encode()) + 1
        if length > size and shown:
            yield f"{start}{' '.join(shown)}\r\n"
            shown, length = [], len(word.encode()) + 1
        shown.append(word)
    if shown:
        yield f"{start}{' '.join(shown)}\r\n"


def end_of_names(session: IrcSession, channel: str) -> str:
    """Return the line after the members."""
    words = "End of /NAMES list"
    return line(session.irc.name, Numeric.ENDOFNAMES, session.nick, channel, words)


def _shown_name(session: IrcSession, user: User) -> str:
    return names.source_of(user.ref) if session.has(caps.USERHOST_IN_NAMES) else user.name
