"""BATCH: a client sends a message of several lines (IRCv3 draft/multiline)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from chatd.core.errors import ChatError
from chatd.core.events import MessageKind
from chatd.protocol.irc import capabilities as caps
from chatd.protocol.irc.error_replies import error_reply
from chatd.protocol.irc.line import Line
from chatd.server.irc.batches import LINES_PER_COST, IncomingBatch, refuse
from chatd.server.irc.messages import client_tags, deliver

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


def batch(session: IrcSession, request: Line) -> Coroutine[Any, Any, None] | None:
    """Begin a message of several lines, or end and send it."""
    sign, reference = request.params[0][:1], request.params[0][1:]
    if sign == "+" and reference:
        _begin(session, request, reference)
    elif sign == "-" and session.batch is not None and session.batch.reference == reference:
        return _end(session, session.batch)
    else:
        refuse(session, "MULTILINE_INVALID", "The batch is not open")
    return None


def _begin(session: IrcSession, request: Line, reference: str) -> None:
    if session.batch is not None and not session.batch.is_refused:
        refuse(session, "MULTILINE_INVALID", "Another batch is open")
    elif not session.has(caps.MULTILINE):
        refuse(session, "MULTILINE_INVALID", f"You did not request {caps.MULTILINE}")
        return
    elif len(request.params) < 3 or request.params[1] != caps.MULTILINE:  # noqa: PLR2004 -- reference, type, target
        session.batch = None
        refuse(session, "MULTILINE_INVALID", f"A batch has the type {caps.MULTILINE}, and a target")
    else:
        label, tags = session.response.label, client_tags(session, request.tags)
        session.batch = IncomingBatch(reference, request.params[2], tags, label)
        session.response.label = None  # the response comes at the end
        return
    session.batch = IncomingBatch(reference, is_refused=True)


async def _end(session: IrcSession, ended: IncomingBatch) -> None:
    if ended.is_refused:
        session.batch = None
        return
    if ended.kind is None or not ended.text.strip():
        refuse(session, "MULTILINE_INVALID", "The batch has no text")
        session.batch = None
        return
    session.batch = None
    session.response.label = ended.label
    session.extra_cost += ended.lines // LINES_PER_COST - 1
    try:
        await deliver(session, ended.target, ended.text, ended.kind, ended.tags, tuple(ended.cuts))
    except ChatError as error:
        if ended.kind is not MessageKind.NOTICE:
            error_reply(session, error, Line("PRIVMSG", [ended.target]))
