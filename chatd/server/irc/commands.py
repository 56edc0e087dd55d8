"""The table of the commands of IRC: handler, parameters, cost, and the rate that counts them."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chatd.core.names import SERVICES
from chatd.protocol.command import MASK, PASSWORD_MASK
from chatd.protocol.irc.casemapping import folded
from chatd.protocol.irc.line import MAX_BODY, Line, parse
from chatd.protocol.irc.names import CHANNEL_PREFIX
from chatd.server.irc import (
    accounts,
    administration,
    certificates,
    channels,
    history,
    membership,
    messages,
    modes,
    multiline,
    readmarks,
    redaction,
    registration,
    sasl,
    serverinfo,
    users,
    watching,
    who,
    whois,
)

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

Handler = Callable[["IrcSession", Line], Coroutine[Any, Any, None] | None]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its handler, and how many parameters it needs at least.

    It may come `before_registration`. A query counts for the rate of queries, with its `cost`.
    """

    handler: Handler
    min_params: int = 0
    before_registration: bool = False
    is_query: bool = False
    cost: int = 1


def _query(handler: Handler, min_params: int = 0, **more: Any) -> Command:
    return Command(handler, min_params, is_query=True, **more)


COMMANDS: Final[Mapping[str, Command]] = {
    "CAP": _query(registration.cap, 1, before_registration=True),
    "PASS": Command(registration.password, 1, before_registration=True),
    "NICK": Command(registration.nick, 0, before_registration=True),
    "USER": Command(registration.user, 4, before_registration=True),
    "AUTHENTICATE": Command(sasl.authenticate, 1, before_registration=True),
    "PING": _query(serverinfo.ping, 0, before_registration=True),
    "PONG": _query(serverinfo.pong, 0, before_registration=True),
    "QUIT": Command(registration.quit_, 0, before_registration=True),
    "REGISTER": Command(accounts.register, 3, before_registration=True),
    "VERIFY": Command(accounts.verify, 2, before_registration=True),
    "CERT": Command(certificates.cert, 1),
    "JOIN": Command(membership.join, 1),
    "PART": Command(membership.part, 1),
    "KICK": Command(membership.kick, 2),
    "INVITE": Command(membership.invite, 0),
    "TOPIC": Command(channels.topic, 1),
    "NAMES": _query(channels.names_, 0),
    "LIST": _query(channels.list_, 0),
    "MODE": Command(modes.mode, 1),
    "PRIVMSG": Command(messages.privmsg),
    "NOTICE": Command(messages.notice),
    "TAGMSG": Command(messages.tagmsg),
    "BATCH": Command(multiline.batch, 1),
    "REDACT": Command(redaction.redact, 2),
    "CHATHISTORY": _query(history.chathistory, 1),
    "MARKREAD": _query(readmarks.markread, 0),
    "AWAY": Command(users.away, before_registration=True),
    "SETNAME": Command(users.setname, 1),
    "ISON": _query(users.ison, 1),
    "USERHOST": _query(users.userhost, 1),
    "WHO": _query(who.who, 0),
    "WHOIS": _query(whois.whois, 0),
    "WHOWAS": _query(whois.whowas, 0),
    "MONITOR": _query(watching.monitor, 1),
    "MOTD": _query(serverinfo.motd),
    "LUSERS": _query(serverinfo.lusers),
    "VERSION": _query(serverinfo.version),
    "TIME": _query(serverinfo.time),
    "INFO": _query(serverinfo.info),
    "HELP": _query(serverinfo.help_),
    "HELPOP": _query(serverinfo.help_),
    "LINKS": _query(serverinfo.links),
    "OPER": Command(administration.oper, 2),
    "KILL": Command(administration.kill, 2),
    "SAJOIN": Command(administration.sajoin, 2),
    "WALLOPS": Command(administration.wallops, 1),
    "ADMIN": Command(administration.admin, 0),
}
"""The commands."""

_COMMAND: Final = re.compile("[A-Z0-9]{1,20}")
_SERVICES: Final = {folded(name) for name in SERVICES}


def is_query(frame: bytes) -> bool:
    """Tell whether a line counts for the rate of queries; it may be a line of any kind."""
    if frame.startswith(b"PRIVMSG "):  # most lines need not be parsed for this
        return False
    if frame.startswith(b"@"):
        frame = frame.partition(b" ")[2]
    line = parse(frame[:MAX_BODY].decode(errors="replace"))
    if line is None:
        return False
    if line.command == "MODE":
        return len(line.params) < 2 or line.params[1:] in (["b"], ["+b"])  # noqa: PLR2004 -- a query names no change
    command = COMMANDS.get(line.command)
    return command is not None and command.is_query


def masked(text: str) -> str:
    """Return a line as the trace shows it: without passwords, keys and private messages."""
    line = parse(text)
    if line is None:
        return MASK if text.strip(" ") else text
    if line.command not in COMMANDS:  # it may be one of a service, such as NickServ
        return " ".join((shown_command(line), *([MASK] if line.params else [])))
    params = line.params
    match line.command, params:
        case "PASS" | "AUTHENTICATE" | "OPER", [_, *_]:
            shown = [PASSWORD_MASK]
        case (("REGISTER" | "JOIN"), [first, _, *_]):
            shown = [first, PASSWORD_MASK]
        case "MODE", [_, _, _, *_]:
            shown = _without_key(params)
        case "PRIVMSG" | "NOTICE" | "TAGMSG", [targets, *_] if not _are_channels(targets):
            is_service = any(folded(each) in _SERVICES for each in targets.split(","))
            shown = [targets, PASSWORD_MASK if is_service else MASK]
        case "ADMIN", [_, *_] if len(words := " ".join(params).split()) > 1:
            shown = [words[0], MASK]
        case _:
            return text
    return " ".join((line.command, *shown))


def shown_command(line: Line) -> str:
    """Return the command of a line, masked if it is none, so that it may be a text, or a password.

    A tab behind PASS makes the password a part of the command.
    """
    return line.command if _COMMAND.fullmatch(line.command) else MASK


def _are_channels(targets: str) -> bool:
    return all(each.startswith(CHANNEL_PREFIX) for each in targets.split(","))


def _without_key(params: list[str]) -> list[str]:
    """Return the parameters of MODE up to the change of a key, if there is one."""
    for index, param in enumerate(params[1:], 2):
        if "k" in param and (index == 2 or param.startswith(("+", "-"))):  # noqa: PLR2004 -- the change
            return [*params[:index], PASSWORD_MASK]
    return params
