"""MONITOR: the list of the names that a client watches (IRCv3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from chatd.protocol.irc import names
from chatd.protocol.irc.line import MAX_BODY, Line
from chatd.protocol.irc.lists import joined_parts
from chatd.protocol.irc.numerics import Numeric
from chatd.server.irc.settings import MAX_MONITORED

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession

_NAMES_PER_COST: Final = 10
"""How many names count as much as a query more: each has to be compared with others."""


def monitor(session: IrcSession, request: Line) -> None:
    """Watch names or watch them no more, list them, or tell which of their users are here."""
    watched, command = session.irc.monitor, request.params[0].upper()
    targets = _targets(request.params[1:])
    session.extra_cost += len(targets) // _NAMES_PER_COST
    if command in {"+", "-"} and not targets:
        session.need_more_params("MONITOR")
    elif command == "+":
        _add(session, targets)
    elif command == "-":
        for target in targets:
            watched.remove(session, target)
    elif command == "C":
        watched.clear(session)
    elif command == "L":
        _send(session, Numeric.MONLIST, watched.names(session))
        session.reply(Numeric.ENDOFMONLIST, "End of MONITOR list")
    elif command == "S":
        _send_status(session, watched.names(session))


def _targets(params: list[str]) -> list[str]:
    targets = params[0].split(",") if params else []
    return list(dict.fromkeys(target for target in targets if target and " " not in target))


def _add(session: IrcSession, targets: list[str]) -> None:
    """Watch names until the list is full, and tell which of their users are here."""
    watched, added = session.irc.monitor, 0
    while added < len(targets) and watched.add(session, targets[added], MAX_MONITORED):
        added += 1
    _send_status(session, targets[:added])
    if added < len(targets):
        limit, refused = str(MAX_MONITORED), ",".join(targets[added:])
        session.reply(Numeric.MONLISTFULL, limit, refused, "Monitor list is full")


def _send_status(session: IrcSession, targets: Iterable[str]) -> None:
    """Tell which of some names are those of users who are here."""
    here, missing = [], []
    for target in targets:
        user = session.services.chat.find_user(target)
        if user is None:
            missing.append(target)
        else:
            here.append(names.source_of(user.ref))
    _send(session, Numeric.MONONLINE, here)
    _send(session, Numeric.MONOFFLINE, missing)


def _send(session: IrcSession, numeric: Numeric, targets: Iterable[str]) -> None:
    """Send a list of names, in several lines if need be."""
    size = MAX_BODY - len(f":{session.irc.name} {numeric} {session.nick} :".encode())
    for part in joined_parts(targets, ",", size):
        session.reply(numeric, part)
