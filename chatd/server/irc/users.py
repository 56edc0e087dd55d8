"""AWAY, SETNAME, ISON, USERHOST: what users tell about themselves, and who is here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, Line
from chatd.protocol.irc.lists import joined_parts
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.away import PRE_AWAY, away_answer, away_message, set_away
from chatd.server.irc.texts import shown_about

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_MAX_USERHOSTS: Final = 5


async def away(session: IrcSession, request: Line) -> None:
    """Be away with a message, or present again.

    Before the welcome this is for clients with draft/pre-away, and takes effect with it.
    """
    text = away_message(request.params[0]) if request.params else ""
    registration = session.registration
    if registration is None:
        await set_away(session, text)
    elif session.has(PRE_AWAY):
        registration.away = text
    else:
        session.reply(Numeric.NOTREGISTERED, "AWAY", "You have not registered")
        return
    session.reply(*away_answer(text))


async def setname(session: IrcSession, request: Line) -> None:
    """Change the real name."""
    about, user, services = shown_about(request.params[0]), session.user, session.services
    if not about:
        session.fail("SETNAME", "INVALID_REALNAME", "The real name is not valid.")
        return
    await services.presence.set_profile(session, user.profile._replace(about=about), services.now())
    if session.has(caps.SETNAME):
        tags = session.base_codec.messages.tags(services.now(), user.name, user.account)
        session.send_line(session.source, "SETNAME", about, tags=tags)


def ison(session: IrcSession, request: Line) -> None:
    """Tell which of some names are those of users who are here."""
    asked = dict.fromkeys(" ".join(request.params).split())
    users = map(session.services.chat.find_user, asked)
    here = dict.fromkeys(user.name for user in users if user is not None)
    _reply(session, Numeric.ISON, here)


def userhost(session: IrcSession, request: Line) -> None:
    """Tell of up to five users whether they are away, and their sources, which have no address."""
    is_admin = session.services.world.accounts.is_admin
    shown = []
    for name in request.params[:_MAX_USERHOSTS]:
        user = session.services.chat.find_user(name)
        if user is not None:
            admin = "*" if is_admin(user.account) else ""
            sign = "+" if user.away is None else "-"
            source = names.source_of(user.ref).partition("!")[2]
            shown.append(f"{user.name}{admin}={sign}{source}")
    _reply(session, Numeric.USERHOST, shown)


def _reply(session: IrcSession, numeric: Numeric, words: Iterable[str]) -> None:
    """Send as many words as one line holds: clients expect no other line."""
    size = MAX_BODY - len(f":{session.irc.name} {numeric} {session.nick} :".encode())
    part = next(joined_parts(words, " ", size), "")
    session.response.add(f":{session.irc.name} {numeric} {session.nick} :{part}\r\n")
