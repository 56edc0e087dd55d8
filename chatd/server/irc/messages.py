"""PRIVMSG, NOTICE, TAGMSG: messages to channels and to users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import MessageKind, PrivateMessage, TagMessage
from chatd.core.privatemessages import KeptFor
from chatd.core.rooms import Room
from chatd.core.sanitize import sanitize
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.error_replies import error_reply
from chatd.protocol.irc.line import MAX_BODY, Line, tag
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.irc.splitting import ACTION_END, ACTION_START, without_formatting
from chatd.server.irc.batches import take_line
from chatd.server.irc.settings import MAX_TARGETS, RELAYED_TAGS

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_ENDS_OF_LINES: Final = dict.fromkeys(map(ord, "\x85\u2028\u2029"), " ")
_CTCP: Final = "\x01"


async def privmsg(session: IrcSession, request: Line) -> None:
    """Send a message."""
    await _send_all(session, request, MessageKind.TEXT)


async def notice(session: IrcSession, request: Line) -> None:
    """Send a notice; errors are not told, so that two programs never answer each other."""
    await _send_all(session, request, MessageKind.NOTICE)


async def _send_all(session: IrcSession, request: Line, kind: MessageKind) -> None:
    if "batch" in request.tags and session.has(caps.MULTILINE):
        take_line(session, request, kind)
        return
    is_notice = kind is MessageKind.NOTICE
    if len(request.params) < 2 or not request.params[1]:  # noqa: PLR2004 -- a target and a text
        if not is_notice and not request.params:
            session.reply(Numeric.NORECIPIENT, "No recipient given (PRIVMSG)")
        elif not is_notice:
            session.reply(Numeric.NOTEXTTOSEND, "No text to send")
        return
    targets, text = _targets(request.params[0]), request.params[1]
    if len(targets) > MAX_TARGETS:
        if not is_notice:
            session.reply(Numeric.TOOMANYTARGETS, targets[MAX_TARGETS], "Too many targets")
        return
    session.extra_cost += max(len(targets) - 1, 0)
    tags = client_tags(session, request.tags)
    for target in targets:
        try:
            await send(session, target, text, kind, tags)
        except ChatError as error:
            if not is_notice:
                error_reply(session, error, Line("PRIVMSG", [target]))


def _targets(text: str) -> list[str]:
    """Return the targets of a message, each once."""
    return list(dict.fromkeys(target for target in text.split(",") if target))


async def send(session: IrcSession, target: str, text: str, kind: MessageKind, tags: str) -> None:
    """Send a line to a channel or a user; raise `ChatError` if the chat refuses it.

    A line that would be too long for others, with the source of the user in it, is refused. It has
    no ends of lines in it: those that Unicode knows beside the newline become blanks.
    """
    text = text.translate(_ENDS_OF_LINES)
    command = "NOTICE" if kind is MessageKind.NOTICE else "PRIVMSG"
    if len(f":{session.source} {command} {target} :{text}".encode()) > MAX_BODY:
        _tell_sender(session, kind, Numeric.INPUTTOOLONG, "Input line was too long")
    else:
        await deliver(session, target, text, kind, tags)


async def deliver(
    session: IrcSession,
    target: str,
    text: str,
    kind: MessageKind,
    tags: str,
    cuts: tuple[int, ...] = (),
) -> None:
    """Send a message of any length, as `send` does.

    `cuts` are the places at which the client has cut its lines.
    """
    shown = plain(text, kind)
    if shown is None:
        return
    if shown[0] != text:
        cuts = ()
    text = shown[0]
    if target.startswith(names.CHANNEL_PREFIX):
        room = session.find_room(target)
        if room is None:
            _tell_sender(session, kind, Numeric.NOSUCHCHANNEL, target, "No such channel")
        elif room not in session.user.rooms:
            channel = names.channel(room.id)
            _tell_sender(session, kind, Numeric.CANNOTSENDTOCHAN, channel, "Cannot send to channel")
        else:
            session.say(room, [text], kind=shown[1], tags=tags, cuts=cuts)
    else:
        await _send_privately(session, target, text, shown[1], tags)


def _tell_sender(session: IrcSession, kind: MessageKind, numeric: Numeric, *params: str) -> None:
    """Answer a message with a numeric, unless it is a notice, which is never answered."""
    if kind is not MessageKind.NOTICE:
        session.reply(numeric, *params)


def plain(text: str, kind: MessageKind) -> tuple[str, MessageKind] | None:
    """Return a text without formatting, and its kind; None for a CTCP, of which ACTION is relayed.

    A program on the other side would answer to another one; files are not sent by way of a chat.
    """
    if text.startswith(_CTCP):
        if not text.startswith(ACTION_START):
            return None
        text, kind = text.removeprefix(ACTION_START).removesuffix(ACTION_END), MessageKind.ACTION
    text = sanitize(without_formatting(text))
    return (text, kind) if text.strip() else None


def cannot_send(session: IrcSession, room: Room) -> None:
    """Tell that the user may not talk in a room."""
    words = "Cannot send to channel"
    session.reply(Numeric.CANNOTSENDTOCHAN, names.channel(room.id), words)


async def _send_privately(
    session: IrcSession, target: str, text: str, kind: MessageKind, tags: str
) -> None:
    services, now = session.services, session.services.now()
    sent = await services.private_messages.send(session, target, text, now, kind, tags)
    if isinstance(sent, KeptFor):
        words = "is not here; the message will be delivered at the next login"
        _tell_sender(session, kind, Numeric.AWAY, sent.name, words)
        user = session.user
        message = PrivateMessage(
            user.name,
            text,
            now,
            account=user.account,
            kind=kind,
            reader=sent.name,
            profile=user.profile,
        )
    else:
        message = sent.message
    if session.has(caps.ECHO_MESSAGE):
        session.send_event(message)
    recipient = services.chat.find_user(sent.name)
    away = None if recipient is None else recipient.away
    if away is not None and kind is not MessageKind.NOTICE:
        session.reply(Numeric.AWAY, sent.name, away.text)


# -- tags


async def tagmsg(session: IrcSession, request: Line) -> None:
    """Send tags without a message, such as that the user is typing."""
    if not request.params:
        session.reply(Numeric.NORECIPIENT, "No recipient given (TAGMSG)")
        return
    tags = client_tags(session, request.tags)
    if not tags:
        return
    targets = _targets(request.params[0])[:MAX_TARGETS]
    session.extra_cost += max(len(targets) - 1, 0)
    for target in targets:
        try:
            await _send_tags(session, target, tags)
        except ChatError as error:
            error_reply(session, error, Line("TAGMSG", [target]))


async def _send_tags(session: IrcSession, target: str, tags: str) -> None:
    services, now = session.services, session.services.now()
    room = None
    if target.startswith(names.CHANNEL_PREFIX):
        room = session.find_room(target)
        if room is None:
            raise ChatError(ErrorCode.NO_SUCH_ROOM, room=target.removeprefix("#"))
        if room not in session.user.rooms:
            cannot_send(session, room)
            return
    sent = await services.chat.send_tags(session, room, target, tags, now)
    if session.has(caps.ECHO_MESSAGE):
        user = session.user
        room_id, reader = (None, sent) if room is None else (room.id, "")
        echo = TagMessage(room_id, user.name, tags, now, user.account, user.profile, reader)
        session.send_event(echo)


def client_tags(session: IrcSession, tags: Mapping[str, str]) -> str:
    """Return those tags of a client that others read, as they are sent."""
    if not session.has(caps.MESSAGE_TAGS):
        return ""
    return ";".join(_relayed(tags))


def _relayed(tags: Mapping[str, str]) -> Iterator[str]:
    for name, value in tags.items():
        if name.startswith("+") and name[1:] in RELAYED_TAGS:
            yield tag(name, sanitize(value).replace("\n", " "))
