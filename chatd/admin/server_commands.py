"""The administrator's commands on the server as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chatd.admin.answer import Answer, done, reply_line
from chatd.admin.audit import entries_answer
from chatd.admin.calls import Call, cancelled, counted, usage
from chatd.core.records import MAX_AUDIT_ENTRIES
from chatd.protocol.console_commands import CONSOLE_COMMANDS
from chatd.server.byterate import FRAME_BYTES
from chatd.server.limitedlog import address_fields
from chatd.server.session import Session
from chatd.server.usage import UsageTotals

_AUDIT_LENGTH: Final = 20
"""How many entries `audit` shows if it is not told."""

TOP_LENGTH: Final = 20
"""How many sessions `top` lists at most."""


async def audit(call: Call) -> Answer:
    """Show what administrators did."""
    limit = int(call.arguments.get("count", _AUDIT_LENGTH))
    if limit == 0:
        return usage(CONSOLE_COMMANDS["audit"])
    entries = await call.context.audit.last(min(limit, MAX_AUDIT_ENTRIES))
    return entries_answer(entries)


async def trace(call: Call) -> Answer:
    """Begin or end to log frames."""
    trace = call.arguments["trace"]
    call.context.set_trace(trace == "on")
    return done(f"Trace is {trace}.", trace=trace == "on")


async def top(call: Call) -> Answer:
    """List the sessions that sent most in the last minute, at most `TOP_LENGTH`."""
    last_minute = call.context.recent_usage.last_minute
    usages = {session: last_minute(session.usage) for session in call.context.sessions}
    active = [session for session, usage in usages.items() if any(usage)]
    active.sort(key=lambda session: _cost(usages[session]), reverse=True)
    shown = [(session, usages[session]) for session in active[:TOP_LENGTH]]
    lines = [_top_line(session, usage) for session, usage in shown]
    data = [_top_data(session, usage) for session, usage in shown]
    nothing = reply_line("Nobody has sent anything in the last minute.")
    return Answer(lines or [nothing], data=data)


def _cost(usage: UsageTotals) -> int:
    """Return the bytes of a usage, with those that a message counts for --byte-rate."""
    return usage.bytes + FRAME_BYTES * usage.messages


def _top_line(session: Session, usage: UsageTotals) -> str:
    return (
        f"{session.address} name={session.user.name or '-'} messages={usage.messages} "
        f"bytes={usage.bytes} throttled={usage.throttled_seconds:.1f}s"
    )


def _top_data(session: Session, usage: UsageTotals) -> object:
    return {
        **address_fields(session.address),
        "name": session.user.name,
        "messages": usage.messages,
        "bytes": usage.bytes,
        "throttled_seconds": usage.throttled_seconds,
    }


async def stats(call: Call) -> Answer:
    """Show what the server counts."""
    queues = [session.send_queue.queued for session in call.context.sessions]
    now = call.context.seconds()
    throttled = call.context.sessions.services.counters.throttled
    figures: dict[str, float | None] = {
        "uptime_seconds": int(now - call.context.started_at),
        "connections": len(queues),
        "rooms": sum(1 for _ in call.context.chat.rooms()),
        "messages": call.context.bus.messages,
        "messages_not_stored": call.context.writer.pending,
        "bytes_sent": call.context.fanout.bytes_sent,
        "bytes_queued": sum(queues),
        "bytes_queued_max": max(queues, default=0),
        "store_bytes": call.context.store_size.size,
        "throttled_connections": throttled.connections,
        "throttled_waits": throttled.waits,
        "throttled_seconds": throttled.seconds(now),
    }
    return Answer(_stats_lines(figures), data=figures)


def _stats_lines(figures: Mapping[str, float | None]) -> list[str]:
    size = figures["store_bytes"]
    return [
        f"uptime: {figures['uptime_seconds']} s",
        f"connections: {figures['connections']}",
        f"rooms: {figures['rooms']}",
        f"messages: {figures['messages']}",
        f"messages not stored yet: {figures['messages_not_stored']}",
        f"bytes sent: {figures['bytes_sent']}",
        (
            f"bytes queued: {figures['bytes_queued']}, "
            f"at most {figures['bytes_queued_max']} for one connection"
        ),
        (
            f"throttled: {counted(int(figures['throttled_connections'] or 0), 'connection')} now, "
            f"{figures['throttled_waits']} waits, {figures['throttled_seconds']:.1f} s in all"
        ),
        *(() if size is None else (f"bytes of the store: {size}",)),
    ]


async def leave(_: Call) -> Answer:
    """Tell how to leave the server's own console; a console that is attached leaves by itself."""
    text = "`quit` stops the server. Ctrl-D closes this console, and the server goes on."
    return done(text)


async def stop(call: Call) -> Answer:
    """Stop the server."""
    users = {session.user for session in call.context.sessions}
    if not await call.confirm(f"Stop the server for {counted(len(users), 'user')}? [y/N] "):
        return cancelled()
    call.context.stopping = True
    call.context.stop()
    return Answer()
