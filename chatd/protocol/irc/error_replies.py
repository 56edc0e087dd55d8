"""The errors of the chat as IRC clients read them: a numeric where there is one, else a FAIL."""

from __future__ import annotations

from typing import Final, Protocol

from chatd.core.errors import ChatError, ErrorCode
from chatd.protocol.error_text import error_text
from chatd.protocol.irc import names
from chatd.protocol.irc.line import Line
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.replies import ErrorReply


class Refusing(Protocol):
    """A session, as far as errors need one."""

    def reply(self, numeric: Numeric, *params: str) -> None:
        """Send a numeric reply."""

    def fail(self, command: str, code: str, *params: str) -> None:
        """Send a FAIL."""


_CANNOT_JOIN: Final = "Cannot join channel"
_NO_CHANNEL: Final = "No such channel"
_CANNOT_SEND: Final = "Cannot send to channel"
_TOO_MANY: Final = "You have joined too many channels"

_CHANNEL_NUMERICS: Final = {
    ErrorCode.BANNED_FROM_ROOM: (Numeric.BANNEDFROMCHAN, f"{_CANNOT_JOIN} (+b)"),
    ErrorCode.INVITE_ONLY: (Numeric.INVITEONLYCHAN, f"{_CANNOT_JOIN} (+i)"),
    ErrorCode.WRONG_KEY: (Numeric.BADCHANNELKEY, f"{_CANNOT_JOIN} (+k)"),
    ErrorCode.ROOM_FULL: (Numeric.CHANNELISFULL, f"{_CANNOT_JOIN} (+l)"),
    ErrorCode.NO_SUCH_ROOM: (Numeric.NOSUCHCHANNEL, _NO_CHANNEL),
    ErrorCode.BAD_ROOM_ID: (Numeric.NOSUCHCHANNEL, _NO_CHANNEL),
    ErrorCode.NOT_IN_ROOM: (Numeric.NOTONCHANNEL, "You're not on that channel"),
    ErrorCode.NOT_OPERATOR: (Numeric.CHANOPRIVSNEEDED, "You're not channel operator"),
    ErrorCode.NOT_OWNER: (Numeric.CHANOPRIVSNEEDED, "You're not channel owner"),
    ErrorCode.OUTRANKED: (Numeric.CHANOPRIVSNEEDED, "You may not do that to {name}."),
    ErrorCode.LOGIN_FIRST: (Numeric.NEEDREGGEDNICK, "You have to log in to an account first"),
    ErrorCode.CREATION_FORBIDDEN: (Numeric.NOSUCHCHANNEL, "You may not start channels"),
    ErrorCode.CREATION_LIMIT: (
        Numeric.UNAVAILRESOURCE,
        "You have started too many channels, try again in an hour",
    ),
    ErrorCode.TOO_MANY_OWN_ROOMS: (Numeric.TOOMANYCHANNELS, "You own too many channels"),
    ErrorCode.TOO_MANY_ROOMS: (Numeric.TOOMANYCHANNELS, _TOO_MANY),
    ErrorCode.ALREADY_IN_ROOM: (Numeric.TOOMANYCHANNELS, _TOO_MANY),
    ErrorCode.UNAVAILABLE: (
        Numeric.UNAVAILRESOURCE,
        "Channel is temporarily unavailable, try again later",
    ),
    ErrorCode.MUTED: (Numeric.CANNOTSENDTOCHAN, f"{_CANNOT_SEND}: you are muted"),
    ErrorCode.MODERATED: (Numeric.CANNOTSENDTOCHAN, f"{_CANNOT_SEND} (+m)"),
    ErrorCode.TOO_MANY_ENTRIES: (Numeric.BANLISTFULL, "The list of the channel is full"),
}
"""The numerics whose parameter is a channel, that of the line, or of the error; and their words."""

_NICK_NUMERICS: Final = {
    ErrorCode.BAD_NAME: Numeric.ERRONEUSNICKNAME,
    ErrorCode.NAME_IN_USE: Numeric.NICKNAMEINUSE,
    ErrorCode.NAME_NEEDS_LOGIN: Numeric.NICKNAMEINUSE,
    ErrorCode.ACCOUNT_NAME: Numeric.NICKNAMEINUSE,
    ErrorCode.NO_SUCH_USER: Numeric.NOSUCHNICK,
    ErrorCode.NO_SUCH_ACCOUNT: Numeric.NOSUCHNICK,
}
"""The numerics whose parameter is a nick."""

_CODES: Final = {
    ErrorCode.UNAVAILABLE: "UNAVAILABLE",
    ErrorCode.TOO_MANY_LINES: "TOO_MANY_LINES",
}


def error_reply(session: Refusing, error: ChatError, request: Line | None) -> None:
    """Tell a client that its line is refused; `request` is None if it was too long."""
    code = error.code
    if code is ErrorCode.SESSION_CLOSED:
        return
    if request is None or (code is ErrorCode.TOO_LONG and request.command == "*"):
        session.reply(Numeric.INPUTTOOLONG, "Input line was too long")
        return
    if code is ErrorCode.USAGE:
        session.reply(Numeric.NEEDMOREPARAMS, request.command, "The parameters are not right")
        return
    text = error_text(ErrorReply(code, error.params))
    subject = request.params[0] if request.params else "*"
    shown = error.params.get("room")
    channel = subject if subject.startswith(names.CHANNEL_PREFIX) else None
    if channel is None and isinstance(shown, str):
        channel = names.channel(shown)
    if code in _CHANNEL_NUMERICS and channel is not None and request.command != "NICK":
        numeric, words = _CHANNEL_NUMERICS[code]
        session.reply(numeric, channel, words.format_map(error.params))
    elif code is ErrorCode.BAD_KEY:
        session.reply(Numeric.INVALIDMODEPARAM, channel or subject, "k", "*", text)
    elif code is ErrorCode.NO_SUCH_USER and channel is not None and shown is not None:
        session.reply(Numeric.USERNOTINCHANNEL, str(error.params.get("name")), channel, text)
    elif code in _NICK_NUMERICS:
        name = error.params.get("name")
        shown_name = subject if request.command == "NICK" else str(name or subject)
        session.reply(_NICK_NUMERICS[code], shown_name, text)
    else:
        session.fail(request.command, _CODES.get(code, code.value.upper().replace("-", "_")), text)
