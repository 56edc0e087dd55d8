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


_CHANNEL_NUMERICS: Final = {
    ErrorCode.BANNED_FROM_ROOM: Numeric.BANNEDFROMCHAN,
    ErrorCode.INVITE_ONLY: Numeric.INVITEONLYCHAN,
    ErrorCode.WRONG_KEY: Numeric.BADCHANNELKEY,
    ErrorCode.ROOM_FULL: Numeric.CHANNELISFULL,
    ErrorCode.NO_SUCH_ROOM: Numeric.NOSUCHCHANNEL,
    ErrorCode.BAD_ROOM_ID: Numeric.NOSUCHCHANNEL,
    ErrorCode.NOT_IN_ROOM: Numeric.NOTONCHANNEL,
    ErrorCode.NOT_OPERATOR: Numeric.CHANOPRIVSNEEDED,
    ErrorCode.NOT_OWNER: Numeric.CHANOPRIVSNEEDED,
    ErrorCode.OUTRANKED: Numeric.CHANOPRIVSNEEDED,
    ErrorCode.LOGIN_FIRST: Numeric.NEEDREGGEDNICK,
    ErrorCode.CREATION_FORBIDDEN: Numeric.NOSUCHCHANNEL,
    ErrorCode.CREATION_LIMIT: Numeric.UNAVAILRESOURCE,
    ErrorCode.TOO_MANY_OWN_ROOMS: Numeric.TOOMANYCHANNELS,
    ErrorCode.TOO_MANY_ROOMS: Numeric.TOOMANYCHANNELS,
    ErrorCode.ALREADY_IN_ROOM: Numeric.TOOMANYCHANNELS,
    ErrorCode.UNAVAILABLE: Numeric.UNAVAILRESOURCE,
    ErrorCode.MUTED: Numeric.CANNOTSENDTOCHAN,
    ErrorCode.MODERATED: Numeric.CANNOTSENDTOCHAN,
    ErrorCode.TOO_MANY_ENTRIES: Numeric.BANLISTFULL,
}
"""The numerics whose parameter is a channel: that of the line, or of the error."""

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
    if code in _CHANNEL_NUMERICS and (request.command != "NICK"):
        session.reply(_CHANNEL_NUMERICS[code], channel or subject, text)
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
