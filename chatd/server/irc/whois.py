"""WHOIS and WHOWAS: what is told about a user who is here, or was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from chatd.core.profiles import UserRef
from chatd.core.rooms import Origin, User
from chatd.core.world import rights
from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, Line
from chatd.protocol.irc.lists import joined_parts
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.joining import prefix
from chatd.server.irc.serverinfo import time_text

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_MAX_DIGITS: Final = 6
"""How many digits of a count are read."""


def whois(session: IrcSession, request: Line) -> None:
    """Tell about the user whose name is the last parameter; the first may name a server."""
    asked = request.params[-1].partition(",")[0] if request.params else ""
    if not asked:
        session.reply(Numeric.NONICKNAMEGIVEN, "No nickname given")
        return
    user = session.services.chat.find_user(asked)
    if user is None:
        session.reply(Numeric.NOSUCHNICK, asked, "No such nick")
    else:
        _describe(session, user)
    shown = asked if user is None else user.name
    session.reply(Numeric.ENDOFWHOIS, shown, "End of /WHOIS list")


def _describe(session: IrcSession, user: User) -> None:
    accounts, name = session.services.world.accounts, user.name
    session.reply(Numeric.WHOISUSER, name, *_identity(user.ref))
    for channels in _channels(session, user):
        session.reply(Numeric.WHOISCHANNELS, name, channels)
    session.reply(Numeric.WHOISSERVER, name, session.irc.name, f"{session.irc.network} IRC")
    if accounts.is_admin(user.account):
        session.reply(Numeric.WHOISOPERATOR, name, "is an administrator")
    if user.away is not None:
        session.reply(Numeric.AWAY, name, user.away.text)
    if user.account is not None:
        session.reply(Numeric.WHOISACCOUNT, name, name, "is logged in as")
    if user.profile.is_bot:
        session.reply(Numeric.WHOISBOT, name, "is a bot")
    if accounts.is_admin(session.user.account):
        session.reply(Numeric.WHOISACTUALLY, name, _address(user), "is actually using host")
    if user.origins and all(map(_is_encrypted, user.origins)):
        session.reply(Numeric.WHOISSECURE, name, "is using a secure connection")
    if user.origins:
        _send_idle(session, user)


def _identity(user: UserRef) -> tuple[str, str, str, str]:
    """Return what follows the name of a user in WHOIS and WHOWAS."""
    username, host = names.shown_username(user.profile), names.host(user.name, user.account)
    return username, host, "*", user.profile.about or user.name


def _channels(session: IrcSession, user: User) -> Iterator[str]:
    """Yield the channels of a user that are in the list for the client too, line by line."""
    world = session.services.world
    start = f":{session.irc.name} {Numeric.WHOISCHANNELS} {session.nick} {user.name} :"
    size = MAX_BODY - len(start.encode())
    shown = (
        f"{prefix(session, member.role)}{names.channel(room.id)}"
        for room, member in user.rooms.items()
        if rights.lists(world, session.user, room)
    )
    return joined_parts(shown, " ", size)


def _address(user: User) -> str:
    """Return where the oldest session of a user is, so that it can be a parameter."""
    address = user.address or "*"
    host = address if isinstance(address, str) else address[0]
    return f"0{host}" if host.startswith(":") else host


def _is_encrypted(origin: Origin) -> bool:
    # Sessions of other gateways do not know.
    return getattr(origin, "is_tls", False)


def _send_idle(session: IrcSession, user: User) -> None:
    """Tell since when the session that was active last is silent, and connected."""
    services = session.services
    seconds, now = services.seconds(), services.now()
    last: Origin = max(user.origins, key=lambda origin: origin.last_active)
    idle, signed_on = int(seconds - last.last_active), int(now - seconds + last.connected_at)
    words = "seconds idle, signon time"
    session.reply(Numeric.WHOISIDLE, user.name, str(idle), str(signed_on), words)


def whowas(session: IrcSession, request: Line) -> None:
    """Tell about the users who had a name, the last one first; at most as many as are asked for."""
    asked = request.params[0].partition(",")[0] if request.params else ""
    if not asked:
        session.reply(Numeric.NONICKNAMEGIVEN, "No nickname given")
        return
    digits = request.params[1][:_MAX_DIGITS] if len(request.params) > 1 else ""
    count = int(digits) if digits.isascii() and digits.isdigit() else 0
    found = session.irc.whowas.find(asked, count)
    if not found:
        session.reply(Numeric.WASNOSUCHNICK, asked, "There was no such nickname")
    for user in found:
        identity = _identity(UserRef(user.name, user.account, user.profile))
        session.reply(Numeric.WHOWASUSER, user.name, *identity)
        session.reply(Numeric.WHOISSERVER, user.name, session.irc.name, time_text(user.time))
    session.reply(Numeric.ENDOFWHOWAS, asked, "End of WHOWAS")
