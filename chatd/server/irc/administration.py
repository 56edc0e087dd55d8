"""The acts of administrators by IRC: KILL, SAJOIN, WALLOPS and the commands of the console.

An administrator is an account with that right: OPER, which would be a second way, is refused to
all. As in the other protocols, nobody acts on another administrator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.records import Actor, ActorKind, AuditEntry
from chatd.protocol.irc import names
from chatd.protocol.irc.line import Line, line
from chatd.protocol.irc.numerics import Numeric
from chatd.protocol.irc.splitting import one_line
from chatd.server.irc.membership import no_such_channel
from chatd.server.irc.settings import MAX_TEXT, VERSION
from chatd.server.irc.texts import last_words

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


def oper(session: IrcSession, _: Line) -> None:
    """Refuse the rights of an administrator for a password: they come with the account."""
    session.reply(Numeric.NOOPERHOST, "Log in to the account of an administrator")


async def kill(session: IrcSession, request: Line) -> None:
    """End all sessions of a user; those who share a room with the user read who did it, and why."""
    if not _may_administer(session):
        return
    nick, reason = request.params[0], last_words(request.params[1])
    services, admin_ = session.services, session.user.name
    user = services.chat.find_user(nick)
    if user is None:
        raise ChatError(ErrorCode.NO_SUCH_USER, name=nick)
    is_admin = services.world.accounts.is_admin(user.account)
    if is_admin and user is not session.user:
        raise ChatError(ErrorCode.IS_ADMIN, name=user.name)
    now, actor = services.now(), Actor(ActorKind.ACCOUNT, admin_)
    name = await services.moderation.end_user(nick, admin_, reason, now)
    services.audit(AuditEntry(now, actor, "kill", name, "", None, reason))


async def sajoin(session: IrcSession, request: Line) -> None:
    """Make a user a member of a channel."""
    if not _may_administer(session):
        return
    nick, channel = request.params[:2]
    room = session.find_room(channel)
    if room is None:
        no_such_channel(session, channel)
        return
    services, shown = session.services, names.channel(room.id)
    await services.run_admin(session.user, f"group {room.id} {nick}")
    user = services.chat.find_user(nick)
    if user is None:
        session.reply(Numeric.NOSUCHNICK, nick, "No such nick")
    elif room in user.rooms:
        session.notice(f"{user.name} is in {shown} now")
    else:
        session.fail("SAJOIN", "CANNOT_MOVE", nick, shown, f"{nick} cannot join {shown}")


def wallops(session: IrcSession, request: Line) -> None:
    """Send a text to all IRC clients of administrators."""
    if not _may_administer(session):
        return
    world, text = session.services.world, one_line(request.params[0], MAX_TEXT)
    shown = line(session.source, "WALLOPS", text)
    for account in world.accounts.admins:
        user = world.user_of(account)
        for origin in () if user is None else user.origins:
            if isinstance(origin, type(session)):
                origin.send_unasked(shown)


async def admin(session: IrcSession, request: Line) -> None:
    """Execute a command of the console; without one, tell who administers the server."""
    irc = session.irc
    if not request.params or request.params == [irc.name]:
        session.reply(Numeric.ADMINME, irc.name, "Administrative info")
        session.reply(Numeric.ADMINLOC1, f"{irc.network}, {VERSION}")
        session.reply(Numeric.ADMINLOC2, "Administrators are accounts that the operator has named")
        session.reply(Numeric.ADMINEMAIL, "They type /quote ADMIN help")
    elif _may_administer(session):
        await _run(session, " ".join(request.params))


async def _run(session: IrcSession, command: str) -> None:
    answer = await session.services.run_admin(session.user, command)
    for text in answer.lines:
        session.notice(text)


def _may_administer(session: IrcSession) -> bool:
    """Tell whether the user is an administrator; others are told that they may not."""
    if session.services.world.accounts.is_admin(session.user.account):
        return True
    words = "Permission Denied: you are no administrator"
    session.reply(Numeric.NOPRIVILEGES, words)
    return False
