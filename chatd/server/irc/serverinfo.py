"""PING, MOTD, LUSERS, VERSION, TIME, INFO, HELP, LINKS: what a client asks about the server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from chatd.protocol.irc.line import Line
from chatd.protocol.irc.lists import joined_parts
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.helptext import HELP, INTRODUCTION
from chatd.server.irc.settings import VERSION

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_TOKENS_PER_LINE: Final = 13
"""How many tokens of 005 a line has: it has 15 parameters at most."""

_INDEX: Final = "*"
"""The subject of the list of all commands."""

_INDEX_WIDTH: Final = 72

_INFO: Final = (
    "chatd, a chat server: rooms for IRC clients, nc, programs and its own line client.",
    "Rooms, accounts and history are the same for all of them.",
)


def ping(session: IrcSession, request: Line) -> None:
    """Answer a PING."""
    if not request.params:
        session.reply(Numeric.NOORIGIN, "No origin specified")
    else:
        session.send_line("", "PONG", session.irc.name, request.params[0])


def pong(_: IrcSession, __: Line) -> None:
    """Take the answer to a PING of the server: the client is there."""


def motd(session: IrcSession, _: Line) -> None:
    """Send the message of the day."""
    send_motd(session)


def send_motd(session: IrcSession) -> None:
    """Send the message of the day, or tell that there is none."""
    text = session.services.motd()
    if not text:
        session.reply(Numeric.NOMOTD, "There is no message of the day")
        return
    session.reply(Numeric.MOTDSTART, f"- {session.irc.name} Message of the day -")
    for each in text.splitlines():
        session.reply(Numeric.MOTD, f"- {each}")
    session.reply(Numeric.ENDOFMOTD, "End of /MOTD command")


def lusers(session: IrcSession, _: Line) -> None:
    """Tell how many users and channels there are."""
    send_lusers(session)


def send_lusers(session: IrcSession) -> None:
    """Send the number of all users, and that of the channels that are listed for this one."""
    services = session.services
    world, (rooms, _) = services.world, services.chat.counts(session.user)
    users = world.names.present
    admins = sum(world.user_of(admin) is not None for admin in world.accounts.admins)
    most = session.irc.usage.most_users(users)
    text = f"There are {users} users and 0 invisible on 1 servers"
    session.reply(Numeric.LUSERCLIENT, text)
    session.reply(Numeric.LUSEROP, str(admins), "operators online")
    session.reply(Numeric.LUSERCHANNELS, str(rooms), "channels formed")
    session.reply(Numeric.LUSERME, f"I have {users} clients and 0 servers")
    now, top = str(users), str(most)
    session.reply(Numeric.LOCALUSERS, now, top, f"Current local users {now}, max {top}")
    session.reply(Numeric.GLOBALUSERS, now, top, f"Current global users {now}, max {top}")


def version(session: IrcSession, _: Line) -> None:
    """Tell the version of the server, and the rules of 005 again."""
    session.reply(Numeric.VERSION, VERSION, session.irc.name, "IRC with history, accounts, search")
    send_isupport(session)


def send_isupport(session: IrcSession) -> None:
    """Send the rules of the server, as tokens that clients read."""
    tokens = session.irc.isupport()
    for start in range(0, len(tokens), _TOKENS_PER_LINE):
        part = tokens[start : start + _TOKENS_PER_LINE]
        session.reply(Numeric.ISUPPORT, *part, "are supported by this server")


def time(session: IrcSession, _: Line) -> None:
    """Tell the time of the server."""
    now = session.services.now()
    session.reply(Numeric.TIME, session.irc.name, time_text(now))


def time_text(seconds: float) -> str:
    """Return a time as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%A %d %B %Y, %H:%M:%S UTC")


def info(session: IrcSession, _: Line) -> None:
    """Tell what the server is."""
    for text in _INFO:
        session.reply(Numeric.INFO, text)
    session.reply(Numeric.ENDOFINFO, "End of /INFO list")


def help_(session: IrcSession, request: Line) -> None:
    """Explain a command, or list all of them."""
    subject = request.params[0] if request.params else _INDEX
    if subject == _INDEX:
        text: Sequence[str] = (*INTRODUCTION, *joined_parts(HELP, " ", _INDEX_WIDTH))
    elif subject.upper() in HELP:
        text = HELP[subject.upper()]
    else:
        session.reply(Numeric.HELPNOTFOUND, subject, "No help available on this topic")
        return
    first, *others = text
    session.reply(Numeric.HELPSTART, subject, first)
    for each in others:
        session.reply(Numeric.HELPTXT, subject, each)
    session.reply(Numeric.ENDOFHELP, subject, "End of /HELP")


def links(session: IrcSession, _: Line) -> None:
    """List the servers of the network: the chat shows itself as one, alone."""
    session.reply(Numeric.ENDOFLINKS, "*", "End of /LINKS list")
