"""The administrator's commands on people: sessions, bans and accounts."""

from __future__ import annotations

import re
from typing import Final

from chatd.admin.answer import Answer, done, failure, json_time, reply_line, shown_time
from chatd.admin.calls import Call, cancelled, usage
from chatd.core.errors import ErrorCode
from chatd.core.records import Account, Ban, BanKind
from chatd.core.sanitize import sanitize
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.server.limitedlog import address_fields
from chatd.server.session import Session

_TIME: Final = re.compile(r"\d+[a-z]+(?!\S)", re.IGNORECASE)
"""A time with a unit, such as `1h`, in the place of the minutes."""


async def who(call: Call) -> Answer:
    """List the sessions."""
    now = call.context.seconds()
    sessions = list(call.context.sessions)
    lines = [_who_line(session, now) for session in sessions]
    data = [_who_data(session, now) for session in sessions]
    return Answer(lines or [reply_line("Nobody is connected.")], data=data)


def _who_line(session: Session, now: float) -> str:
    user = session.user
    rooms = ",".join(room.id for room in user.rooms)
    account = "-" if user.account is None else user.name
    seconds, used = int(now - session.connected_at), session.usage.now()
    return (
        f"{session.address} name={user.name or '-'} account={account} "
        f"rooms={rooms or '-'} connected={seconds}s queued={session.send_queue.queued}B "
        f"messages={used.messages} bytes={used.bytes} idle={int(now - session.last_active)}s "
        f"throttled={used.throttled_seconds:.1f}s"
    )


def _who_data(session: Session, now: float) -> object:
    user, used = session.user, session.usage.now()
    return {
        **address_fields(session.address),
        "name": user.name,
        "account": None if user.account is None else user.name,
        "rooms": [room.id for room in user.rooms],
        "connected_seconds": int(now - session.connected_at),
        "queued_bytes": session.send_queue.queued,
        "messages": used.messages,
        "bytes": used.bytes,
        "idle_seconds": int(now - session.last_active),
        "throttled_seconds": used.throttled_seconds,
    }


async def ban(call: Call) -> Answer:
    """Ban a name, an address or a network."""
    minutes = int(call.arguments["minutes"]) if "minutes" in call.arguments else None
    if minutes == 0:
        return usage(CONSOLE_COMMANDS["ban"])
    if minutes is None and (time := _TIME.match(call.reason)):
        text = f"{time[0]} is no number of minutes; an hour is 60."
        return failure(ErrorCode.USAGE, text, [reply_line(text)])
    ban, connections = await call.context.moderation.ban(
        call.arguments["name_or_address"],
        minutes,
        call.context.sessions,
        call.now,
        str(call.actor),
        call.reason,
    )
    text = f"{ban.subject} was banned"
    if ban.kind is not BanKind.NAME:
        text += " (1 connection)" if connections == 1 else f" ({connections} connections)"
    return Answer([reply_line(f"{text}.")], data=_ban_data(ban) | {"connections": connections})


async def unban(call: Call) -> Answer:
    """Remove a ban."""
    subject = await call.context.moderation.unban(call.arguments["name_or_address"])
    return done(f"{subject} was unbanned.", subject=subject)


async def bans(call: Call) -> Answer:
    """List the bans."""
    bans = call.context.moderation.bans()
    lines = [_ban_line(ban) for ban in bans] or [reply_line("Nobody is banned.")]
    return Answer(lines, data=[_ban_data(ban) for ban in bans])


def _ban_line(ban: Ban) -> str:
    until = "for ever" if ban.until is None else f"until {shown_time(ban.until)}"
    reason = f": {ban.reason}" if ban.reason else ""
    banned = f"banned {shown_time(ban.created)} by {ban.author}{reason}"
    return f"{ban.subject} ({ban.kind}) {until}, {banned}"


def _ban_data(ban: Ban) -> dict[str, object]:
    return {
        "subject": ban.subject,
        "kind": ban.kind,
        "until": None if ban.until is None else json_time(ban.until),
        "created": json_time(ban.created),
        "author": ban.author,
        "reason": ban.reason or None,
    }


async def accounts(call: Call) -> Answer:
    """List the accounts."""
    accounts = await call.context.accounts.accounts()
    lines = [_account_line(account) for account in accounts]
    data = [
        {
            "name": account.name,
            "registered": json_time(account.registered_at),
            "admin": account.is_admin,
        }
        for account in accounts
    ]
    return Answer(lines or [reply_line("No account exists!")], data=data)


def _account_line(account: Account) -> str:
    admin = " (administrator)" if account.is_admin else ""
    return f"{account.name} registered {shown_time(account.registered_at)}{admin}"


async def admin(call: Call) -> Answer:
    """Make an account an administrator, or let it be none."""
    account = call.context.accounts.require_account(call.arguments["username"])
    is_admin = call.arguments["admin"] == "on"
    await call.context.admins.set(account, is_admin)
    now = "is now an administrator" if is_admin else "is no administrator any more"
    return done(f"{account.name} {now}.", name=account.name, admin=is_admin)


async def register(call: Call) -> Answer:
    """Create an account."""
    password = await call.prompt("Enter password: ")
    if password is None:
        return cancelled()
    # As the codecs do with the password that a client sends.
    name = await call.context.accounts.create(
        call.arguments["username"], sanitize(password), call.now
    )
    return done(f"{name} was registered.", name=name)


async def passwd(call: Call) -> Answer:
    """Set the password of an account."""
    username = call.context.accounts.require_account(call.arguments["username"]).name
    password = await call.prompt("Enter password: ")
    if password is None:
        return cancelled()
    # As the codecs do with the password that a client sends.
    name = await call.context.accounts.set_password(username, sanitize(password), call.now)
    return done(f"Password of {name} changed.", name=name)


async def unregister(call: Call) -> Answer:
    """Remove an account."""
    name = await call.context.accounts.unregister(call.arguments["username"], call.now)
    return done(f"{name} was unregistered.", name=name)
