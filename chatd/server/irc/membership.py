"""JOIN, PART, KICK, INVITE: who is in a channel."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from chatd.config import RoomCreators
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.rooms import Room
from chatd.core.world.operations import By
from chatd.protocol.irc import names
from chatd.protocol.irc.error_replies import Refusing, error_reply
from chatd.protocol.irc.line import Line
from chatd.protocol.irc.numerics import Numeric
from chatd.server.acts import note_act
from chatd.server.irc.history import replayed_lines
from chatd.server.irc.joining import own_join, room_lines
from chatd.server.irc.readmarks import load_marker
from chatd.server.irc.settings import MAX_TARGETS
from chatd.server.irc.texts import last_words

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


_JOINS_PER_COST: Final = 4
"""How many further channels that are joined in one line count as much as a line more."""


async def join(session: IrcSession, request: Line) -> None:
    """Join channels, each once, with its key; `JOIN 0` leaves all.

    A refusal costs as much as a line more, so that keys cannot be tried faster in one line. Joins
    cost less: a client that joins 20 channels as it connects does not wait.
    """
    if request.params[0] == "0":
        rooms = list(session.user.rooms)
        session.extra_cost += max(len(rooms) - 1, 0)
        for room in rooms:
            await _part(session, room, "")
        return
    channels = request.params[0].split(",")
    keys = request.params[1].split(",") if len(request.params) > 1 else []
    wanted: dict[str, str | None] = {}
    for channel, key in zip_longest(channels, keys[: len(channels)]):
        if channel:
            wanted.setdefault(channel, key or None)
    joined = 0
    for channel, key in wanted.items():
        joined += await _join(session, channel, key)
        session.response.flush()
    refused = len(wanted) - joined
    session.extra_cost += refused + max(joined - 1, 0) // _JOINS_PER_COST


async def _join(session: IrcSession, channel: str, key: str | None) -> bool:
    """Join a channel, and create it if need be; tell whether the user is in it from now on.

    A channel is the id of a room: nobody takes it by naming another room so.
    """
    room_id, services = names.room_id(channel), session.services
    if not room_id:
        no_such_channel(session, channel)
        return False
    known = session.find_room(channel)
    if known is not None and known in session.user.rooms:
        session.followed_rooms -= {known}
        session.current_room = known
        return True
    await load_marker(session, known)  # now, as nothing must come between the join and its lines
    is_limited = services.room_creators is RoomCreators.NOBODY
    enter = services.chat.join if is_limited else services.chat.join_or_create
    try:
        room = await enter(session, room_id, None, services.now(), key, only_id=True)
    except ChatError as error:
        error_reply(session, error, Line("JOIN", [channel]))
        if error.code is ErrorCode.UNAVAILABLE:
            session.fail("JOIN", "UNAVAILABLE", channel, "The store is away: try again later.")
        return False
    session.response.add(room_lines(session, room, own_join(session, room)))
    session.response.add(replayed_lines(session, room))
    return True


async def part(session: IrcSession, request: Line) -> None:
    """Leave channels, with last words."""
    text = last_words(request.params[1]) if len(request.params) > 1 else ""
    channels = list(filter(None, request.params[0].split(",")))
    session.extra_cost += max(len(channels) - 1, 0)
    for channel in channels:
        room = session.find_room(channel)
        if room is None:
            no_such_channel(session, channel)
        elif room not in session.user.rooms:
            not_on_channel(session, channel)
        else:
            await _part(session, room, text)
            session.response.flush()


async def _part(session: IrcSession, room: Room, text: str) -> None:
    source = session.source
    try:
        await session.services.chat.leave(session, room, session.services.now(), text)
    except ChatError as error:  # the user was removed meanwhile
        error_reply(session, error, Line("PART", [names.channel(room.id)]))
        return
    tags = session.base_codec.messages.tags(session.services.now())
    channel = names.channel(room.id)
    session.send_line(source, "PART", channel, *([text] if text else []), tags=tags)


async def kick(session: IrcSession, request: Line) -> None:
    """Remove users from channels: one channel and several users, or as many of both."""
    channels, nicks = request.params[0].split(","), request.params[1].split(",")
    reason = "".join(map(last_words, request.params[2:3]))
    if len(channels) == 1:
        channels *= len(nicks)
    if len(channels) != len(nicks):
        session.need_more_params("KICK")
        return
    if len(nicks) > MAX_TARGETS:
        session.reply(Numeric.TOOMANYTARGETS, nicks[MAX_TARGETS], "Too many targets")
        return
    for channel, nick in zip(channels, nicks, strict=True):
        try:
            await _kick(session, channel, nick, reason)
        except ChatError as error:
            error_reply(session, error, Line("KICK", [channel, nick]))
        session.response.flush()


async def _kick(session: IrcSession, channel: str, nick: str, reason: str) -> None:
    room = acting_room(session, channel)
    if room is None:
        return
    services = session.services
    user = services.chat.find_user(nick)
    if user is None or room not in user.rooms:
        not_in_channel(session, nick, room)
        return
    by, now = By(session.key), services.now()
    name, _ = await services.room_moderation.kick(by, nick, room, reason, now, session)
    note_act(session, room, "kick", name, reason=reason)


async def invite(session: IrcSession, request: Line) -> None:
    """Invite a user to a channel; without parameters, list the channels one is invited to."""
    if not request.params:
        _list_invitations(session)
        return
    if len(request.params) == 1:
        session.need_more_params("INVITE")
        return
    nick, channel = request.params[:2]
    room = acting_room(session, channel)
    if room is None:
        return
    services, shown = session.services, names.channel(room.id)
    try:
        name, _ = await services.room_moderation.invite(session, nick, room, services.now())
    except ChatError as error:
        if error.code is ErrorCode.MEMBER_ALREADY:
            session.reply(Numeric.USERONCHANNEL, nick, shown, "is already on channel")
        else:
            error_reply(session, error, Line("INVITE", [shown, nick]))
        return
    note_act(session, room, "invite", name)
    session.reply(Numeric.INVITING, name, shown)
    invited = services.chat.find_user(nick)
    if invited is not None and invited.away is not None:
        session.reply(Numeric.AWAY, invited.name, invited.away.text)


def _list_invitations(session: IrcSession) -> None:
    services = session.services
    for room in services.room_moderation.invitations_of(session.user):
        session.reply(Numeric.INVITELIST, names.channel(room.id))
    session.reply(Numeric.ENDOFINVITELIST, "End of /INVITE list")


def acting_room(session: IrcSession, channel: str) -> Room | None:
    """Return the room in which the user acts; tell why, if there is none.

    Administrators act in rooms in which they are no members.
    """
    room = session.find_room(channel)
    if room is None:
        no_such_channel(session, channel)
        return None
    is_admin = session.services.world.accounts.is_admin(session.user.account)
    if room not in session.user.rooms and not is_admin:
        not_on_channel(session, channel)
        return None
    return room


def not_in_channel(session: Refusing, nick: str, room: Room) -> None:
    """Tell that another user is not in a channel."""
    words = "They aren't on that channel"
    session.reply(Numeric.USERNOTINCHANNEL, nick, names.channel(room.id), words)


def no_such_channel(session: IrcSession, channel: str) -> None:
    """Tell that a channel does not exist for the user."""
    session.reply(Numeric.NOSUCHCHANNEL, channel, "No such channel")


def not_on_channel(session: IrcSession, channel: str) -> None:
    """Tell that the user is not in a channel."""
    session.reply(Numeric.NOTONCHANNEL, channel, "You're not on that channel")
