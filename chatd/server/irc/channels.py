"""TOPIC, NAMES, LIST: what a client asks about channels."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from chatd.core.lookalikes import room_key
from chatd.core.rooms import Room
from chatd.core.world import rights
from chatd.protocol.irc import names
from chatd.protocol.irc.casemapping import is_mask, mask_pattern
from chatd.protocol.irc.line import MAX_BODY, Line, cut
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.irc.splitting import one_line
from chatd.server.acts import note_act
from chatd.server.irc.joining import end_of_names, names_lines, topic_lines
from chatd.server.irc.membership import acting_room
from chatd.server.irc.settings import MAX_TEXT

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_MEMBERS_PER_COST: Final = 500
"""How many names of members count as much as a query more: a line has many of them."""

_ROOMS_PER_COST: Final = 100
"""How many rooms, shown or compared with one mask, count as much as a query more."""

_MAX_CONDITIONS: Final = 20
_MAX_MASKS: Final = 4
_MAX_DIGITS: Final = 9
"""How many digits of a number are read."""


async def topic(session: IrcSession, request: Line) -> None:
    """Set the topic of a channel, or show it."""
    channel = request.params[0]
    room = acting_room(session, channel)
    if room is None:
        return
    if len(request.params) == 1:
        session.response.add(topic_lines(session, room))
    else:
        text = one_line(request.params[1], MAX_TEXT)
        await session.services.room_settings.set_topic(session, room, text, session.services.now())
        note_act(session, room, "set", "topic")


def names_(session: IrcSession, request: Line) -> None:
    """List the members of channels, each once."""
    asked = request.params[0] if request.params else "*"
    found = map(session.find_room, asked.split(","))
    rooms = dict.fromkeys(room for room in found if room is not None)
    members = 0
    for room in rooms:
        if rights.lists(session.services.world, session.user, room):
            session.response.add("".join(names_lines(session, room)))
            members += len(room.members)
    session.extra_cost += members // _MEMBERS_PER_COST
    session.response.add(end_of_names(session, asked))


def list_(session: IrcSession, request: Line) -> None:
    """List channels, those of certain names or with more or fewer members if the client asks."""
    services, nick, server = session.services, session.nick, session.irc.name
    hidden = rights.hidden_rooms(services.world, session.user)
    wanted = _Conditions(request.params[0] if request.params else "")
    start = f":{server} {Numeric.LIST} {nick}"
    lines = []
    rooms = list(services.chat.rooms())
    for room in rooms:
        if room not in hidden and wanted.are_met(room):
            channel, text = names.channel(room.id), room.settings.topic or room.name
            shown = cut(f"{start} {channel} {len(room.members)} :{text}", MAX_BODY)
            lines.append(f"{shown}\r\n")
    session.reply(Numeric.LISTSTART, "Channel", "Users  Name")
    session.response.add("".join(lines))
    session.extra_cost += (len(lines) + len(rooms) * wanted.masks) // _ROOMS_PER_COST
    session.reply(Numeric.LISTEND, "End of /LIST")


class _Conditions:
    """The conditions of a LIST: all those on numbers of members are met, and one of the names.

    Conditions beyond a number, and masks beyond a smaller one, are left out. A LIST still takes a
    time that grows with the number of rooms and with that of its `masks`: it costs by both.
    """

    def __init__(self, typed: str) -> None:
        self._above = -1
        self._below = sys.maxsize
        self._keys: set[str] = set()
        self._masks: list[re.Pattern[str]] = []
        self._unwanted: list[re.Pattern[str]] = []
        for condition in list(filter(None, typed.split(",")))[:_MAX_CONDITIONS]:
            self._add(condition)

    @property
    def masks(self) -> int:
        """The number of masks that each room is compared with at most."""
        return len(self._masks) + len(self._unwanted)

    def _add(self, condition: str) -> None:
        sign, rest = condition[0], condition[1:]
        if sign in "<>" and rest.isascii() and rest.isdigit():
            number = int(rest[:_MAX_DIGITS])
            if sign == "<":
                self._below = min(self._below, number)
            else:
                self._above = max(self._above, number)
        elif sign == "!" or is_mask(condition):
            if self.masks < _MAX_MASKS:
                patterns = self._unwanted if sign == "!" else self._masks
                patterns.append(mask_pattern(condition.removeprefix("!")))
        else:
            self._keys.add(room_key(names.room_id(condition) or ""))

    def are_met(self, room: Room) -> bool:
        """Tell whether a room meets the conditions."""
        if not self._above < len(room.members) < self._below:
            return False
        channel = names.channel(room.id)
        if any(mask.match(channel) for mask in self._unwanted):
            return False
        if not (self._keys or self._masks):
            return True
        return room.key in self._keys or any(mask.match(channel) for mask in self._masks)
