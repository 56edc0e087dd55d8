"""The SQL for single messages: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, update

from chatd.core.events import Message
from chatd.core.lookalikes import room_key
from chatd.storage import index_sql
from chatd.storage.chunks import SPAN, end_of_span, in_order, take_within, unpack, without_text
from chatd.storage.schema import chunks, rooms

MAX_ID: Final = 2**62
"""An id that no message reaches."""

PAGE: Final = 4
MAX_PAGE: Final = 64
"""How many chunks the first query reads, and at most a later one.

Each query reads twice as many as the one before, so that few chunks are read in vain.
"""


def history(
    connection: Connection,
    room_id: str,
    since: int | None,
    limit: int,
    size: int,
    before: int | None,
) -> list[Message]:
    """Return the first messages after the id `since`, or the last ones if it is None.

    With `before`, only those with lower ids.
    """
    key = room_key(room_id)
    room = _find_room(connection, key)
    if room is None:
        return []
    spelled_id, deleted_through = room
    after = deleted_through if since is None else max(since, deleted_through)
    wanted = select(chunks.c.last, chunks.c.body).where(chunks.c.room == key, chunks.c.last > after)
    end = MAX_ID if before is None else before
    wanted = wanted.where(chunks.c.last < end_of_span(end - 1))
    newest_first = since is None
    pages = _newest_first(connection, wanted) if newest_first else _oldest_first(connection, wanted)
    unpacked = (
        (min(last, end - 1), [said for said in unpack(spelled_id, body) if said.id < end])
        for last, body in pages
    )
    found_messages = in_order(unpacked, after, newest_first=newest_first)
    messages = take_within(islice(found_messages, limit), size)
    return messages[::-1] if newest_first else messages


def id_at(connection: Connection, room_id: str, time: float) -> int | None:
    """Return the id of the first message whose time is `time` or later, None if none is.

    The chunks are in the order of their ids and of their times, so the queries halve the ids in
    question until a span is left, which is read.
    """
    key = room_key(room_id)
    room = _find_room(connection, key)
    if room is None:
        return None
    _, deleted_through = room
    newest = connection.scalar(select(func.max(chunks.c.last)).where(chunks.c.room == key))
    # All messages with ids below `low` are from before the time.
    low, high = deleted_through + 1, newest or 0
    while high - low >= SPAN:
        middle = (low + high) // 2
        wanted = select(chunks.c.last, chunks.c.ends_before)
        wanted = wanted.where(chunks.c.room == key, chunks.c.last >= middle)
        chunk = connection.execute(wanted.order_by(chunks.c.last).limit(1)).first()
        if chunk is None or _ends_at_or_after(connection, key, *chunk, time):
            high = middle - 1
        else:
            low = chunk.last + 1
    wanted = select(chunks.c.last, chunks.c.body).where(chunks.c.room == key, chunks.c.last >= low)
    pages = _oldest_first(connection, wanted)
    said = in_order(((last, unpack(key, body)) for last, body in pages), low - 1)
    return next((each.id for each in said if each.time >= time), None)


def delete_message(connection: Connection, room_id: str, message_id: int) -> bool:
    """Delete the text of a message; return False if no reader could read the message.

    The chunk keeps its key, so that it is not added again.
    """
    key = room_key(room_id)
    is_readable = rooms.c.active & (rooms.c.deleted_through < message_id)
    room = select(rooms.c.key).where(rooms.c.key == key, is_readable)
    if connection.execute(room).first() is None:
        return False
    of_room = chunks.c.room == key
    is_near = chunks.c.last.between(message_id, end_of_span(message_id) - 1)
    wanted = select(chunks.c.last, chunks.c.body).where(of_room, is_near)
    for last, body in connection.execute(wanted.order_by(chunks.c.last).with_for_update()).all():
        changed = without_text(body, message_id)
        if changed is not None:
            same = update(chunks).where(of_room, chunks.c.last == last)
            connection.execute(same.values(body=changed))
            index_sql.rebuild(connection, key, message_id)
            return True
    return False


def _find_room(connection: Connection, key: str) -> tuple[str, int] | None:
    """Return the id of the active room with a key, and the id through which it was deleted."""
    found = select(rooms.c.id, rooms.c.deleted_through)
    room = connection.execute(found.where(rooms.c.key == key, rooms.c.active)).first()
    return None if room is None else (room.id, room.deleted_through)


def _ends_at_or_after(
    connection: Connection, key: str, last: int, ends_before: int, time: float
) -> bool:
    """Tell whether the last message of a chunk was sent at a time or later."""
    if not ends_before - 1 < time < ends_before:
        return time < ends_before
    # The message is of the same second: its body has the exact time.
    same = select(chunks.c.body).where(chunks.c.room == key, chunks.c.last == last)
    body = connection.scalar(same)
    # The chunk may have been removed since it was found, as may all before it.
    return body is not None and [*unpack(key, body)][-1].time >= time


def _oldest_first(connection: Connection, wanted: Select[Any]) -> Iterator[tuple[int, str]]:
    wanted = wanted.order_by(chunks.c.last)
    return _pages(connection, wanted, lambda last: wanted.where(chunks.c.last > last))


def _newest_first(connection: Connection, wanted: Select[Any]) -> Iterator[tuple[int, str]]:
    wanted = wanted.order_by(chunks.c.last.desc())
    return _pages(connection, wanted, lambda last: wanted.where(chunks.c.last < last))


def _pages(
    connection: Connection, wanted: Select[Any], beyond: Callable[[int], Select[Any]]
) -> Iterator[tuple[int, str]]:
    """Yield the last ids and bodies of chunks; `beyond(last)` selects those after a chunk."""
    length = PAGE
    while page := connection.execute(wanted.limit(length)).all():
        yield from ((row.last, row.body) for row in page)
        wanted = beyond(page[-1].last)
        length = min(2 * length, MAX_PAGE)
