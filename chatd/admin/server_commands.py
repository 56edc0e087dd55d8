"""The administrator's commands on the server as a whole."""

from __future__ import annotations

from collections.abc import Mapping

from chatd.admin.answer import Answer, done
from chatd.admin.calls import Call, cancelled, counted


async def trace(call: Call) -> Answer:
    """Begin or end to log frames."""
    trace = call.arguments["trace"]
    call.context.set_trace(trace == "on")
    return done(f"Trace is {trace}.", trace=trace == "on")


async def stats(call: Call) -> Answer:
    """Show what the server counts."""
    queues = [session.send_queue.queued for session in call.context.sessions]
    figures: dict[str, int | None] = {
        "uptime_seconds": int(call.context.seconds() - call.context.started_at),
        "connections": len(queues),
        "rooms": sum(1 for _ in call.context.chat.rooms()),
        "messages": call.context.bus.messages,
        "messages_not_stored": call.context.writer.pending,
        "bytes_sent": call.context.fanout.bytes_sent,
        "bytes_queued": sum(queues),
        "bytes_queued_max": max(queues, default=0),
        "store_bytes": call.context.store_size.size,
    }
    return Answer(_stats_lines(figures), data=figures)


def _stats_lines(figures: Mapping[str, int | None]) -> list[str]:
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
