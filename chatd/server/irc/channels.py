"""TOPIC, NAMES, LIST: what a client asks about channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.core.rooms import Room
from chatd.core.sanitize import sanitize
from chatd.core.world import rights
from chatd.protocol.irc import names
from chatd.protocol.irc.casemapping import folded, mask_pattern
from chatd.protocol.irc.line import Line, cut
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.irc.splitting import without_formatting
from chatd.server.irc.joining import end_of_names, names_lines, topic_lines
from chatd.server.irc.membership import no_such_channel, not_on_channel
from chatd.server.irc.settings import MAX_TEXT

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


async def topic(session: IrcSession, request: Line) -> None:
    """Set the topic of a channel, or show it."""
    channel = request.params[0]
    room = session.find_room(channel)
    if room is None:
        no_such_channel(session, channel)
    elif room not in session.user.rooms:
        not_on_channel(session, channel)
    elif len(request.params) == 1:
        session.response.add(topic_lines(session, room))
    else:
        text = cut(sanitize(without_formatting(request.params[1])), MAX_TEXT)
        await session.services.room_settings.set_topic(session, room, text, session.services.now())


def names_(session: IrcSession, request: Line) -> None:
    """List the members of channels."""
    asked = request.params[0] if request.params else "*"
    for channel in asked.split(","):
        room = session.find_room(channel)
        if room is not None and rights.lists(session.services.world, session.user, room):
            session.response.add("".join(names_lines(session, room)))
    session.response.add(end_of_names(session, asked))


def list_(session: IrcSession, request: Line) -> None:
    """List channels, those of certain names or with more or fewer members if the client asks."""
    services = session.services
    hidden = rights.hidden_rooms(services.world, session.user)
    session.reply(Numeric.LISTSTART, "Channel", "Users  Name")
    conditions = request.params[0].split(",") if request.params else []
    for room in services.chat.rooms():
        if room not in hidden and _is_wanted(room, conditions):
            text = room.settings.topic or room.name
            channel, count = names.channel(room.id), str(len(room.members))
            session.reply(Numeric.LIST, channel, count, text)
    session.reply(Numeric.LISTEND, "End of /LIST")


def _is_wanted(room: Room, conditions: list[str]) -> bool:
    """Tell whether a room meets the conditions: all on numbers of members, and one of the names."""
    wanted_names, has_names = False, False
    for condition in filter(None, conditions):
        sign, number = condition[0], condition[1:]
        if sign in "<>" and number.isascii() and number.isdigit():
            limit = int(number[:9])
            count = len(room.members)
            if not (count < limit if sign == "<" else count > limit):
                return False
        else:
            has_names = True
            channel = names.channel(room.id)
            if "*" in condition or "?" in condition:
                wanted_names |= mask_pattern(condition).fullmatch(channel) is not None
            else:
                wanted_names |= folded(condition) == folded(channel)
    return wanted_names or not has_names
