"""Rooms and what is said in them, in SQL: what `SqlStore` has done in one transaction each.

Rooms go by their keys here. What differs between databases is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Delete,
    Select,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from chatd.core.events import Message
from chatd.core.names import room_key
from chatd.core.records import RoomRecord, ids_to_reserve
from chatd.storage.bounds import within
from chatd.storage.chunks import unpack
from chatd.storage.schema import chunks, rooms

PAGE: Final = 4
MAX_IN_PAGE: Final = 64
"""How many chunks are read at once, so that few are read in vain: each time twice as many."""

PRUNE_DEPTH: Final = 16
"""How many chunks of a room, the oldest, are looked at to find those too old."""

PRUNE_LENGTH: Final = 1000
"""How many chunks, the oldest, of a room may be removed at once.

As many are what a transaction removes; a room's are not divided, so it may be some more.
"""

_oldest_chunks = chunks.alias("oldest")

# -- rooms


def add_missing_rooms(connection: Connection, records: Sequence[RoomRecord]) -> None:
    """Start those of the rooms that are not there."""
    live = set(connection.scalars(select(rooms.c.key).where(rooms.c.live)))
    for record in records:
        if (key := room_key(record.id)) not in live:
            live.add(key)
            _start(connection, record)


def reserve_for_all(connection: Connection) -> list[RoomRecord]:
    """Return all rooms, in their order, and reserve ids beyond their counts."""
    wanted = select(rooms.c.id, rooms.c.name, rooms.c.reserved)
    found = connection.execute(wanted.where(rooms.c.live).order_by(rooms.c.position))
    records = [RoomRecord(*row) for row in found]
    set_reserved(connection, {room.id: room.count + ids_to_reserve(room.count) for room in records})
    return records


def add_room(connection: Connection, room_id: str, name: str) -> int:
    """Start a room and reserve ids beyond its count; return its count."""
    count = _start(connection, RoomRecord(room_id, name))
    set_reserved(connection, {room_id: count + ids_to_reserve(count)})
    return count


def remove_room(connection: Connection, room_id: str, count: int) -> None:
    """End a room; its history is out of sight, be it as long as it may."""
    key = room_key(room_id)
    ended = {"live": False, "reserved": count, "cleared": count}
    connection.execute(update(rooms).where(rooms.c.key == key).values(ended))
    connection.execute(_delete_oldest(key))


def set_reserved(connection: Connection, reserved: Mapping[str, int]) -> None:
    """Set up to which id no later start may begin."""
    _update_reserved(connection, reserved, rooms.c.key == bindparam("room"))


def raise_reserved(connection: Connection, reserved: Mapping[str, int]) -> None:
    """Do the same, but where it is higher already, leave it.

    Somebody speaks there, so the room is there, even if it was to be ended and the one who wanted
    that did not hear any more that it was.
    """
    lower = rooms.c.reserved < bindparam("count")
    where = and_(rooms.c.key == bindparam("room"), lower)
    _update_reserved(connection, reserved, where, live=True)


def _update_reserved(
    connection: Connection, reserved: Mapping[str, int], where: Any, **values: bool
) -> None:
    changed = [{"room": room_key(room_id), "count": count} for room_id, count in reserved.items()]
    if changed:
        statement = update(rooms).where(where).values(reserved=bindparam("count"), **values)
        connection.execute(statement, changed)


def _start(connection: Connection, record: RoomRecord) -> int:
    """Put a room last in the order; return its count, which is at least that of its record."""
    key = room_key(record.id)
    last = connection.scalar(select(func.max(rooms.c.position))) or 0
    stored: int | None = connection.scalar(select(rooms.c.reserved).where(rooms.c.key == key))
    started = {"id": record.id, "name": record.name, "position": last + 1, "live": True}
    if stored is None:
        row = {"key": key, "reserved": record.count, "cleared": 0, **started}
        connection.execute(rooms.insert(), row)
        return record.count
    count = max(stored, record.count)
    started["reserved"] = count
    connection.execute(update(rooms).where(rooms.c.key == key).values(started))
    return count


# -- history


def history(
    connection: Connection, room_id: str, since: int | None, limit: int, size: int
) -> list[Message]:
    """Return the first messages after an id, or, if None, the last; oldest first."""
    found = select(rooms.c.id, rooms.c.cleared)
    room = connection.execute(found.where(rooms.c.key == room_key(room_id), rooms.c.live)).first()
    if room is None:
        return []
    after = room.cleared if since is None else max(since, room.cleared)
    wanted = select(chunks.c.last, chunks.c.body).where(
        chunks.c.room == room_key(room_id), chunks.c.last > after
    )
    if since is None:
        read = (
            said
            for body in _backwards(connection, wanted)
            for said in reversed(list(unpack(room.id, body)))
        )
    else:
        read = (said for body in _forwards(connection, wanted) for said in unpack(room.id, body))
    some = within(islice((said for said in read if said.id > after), limit), size)
    return some[::-1] if since is None else some


def _forwards(connection: Connection, wanted: Select[Any]) -> Iterator[str]:
    wanted = wanted.order_by(chunks.c.last)
    return _pages(connection, wanted, lambda last: wanted.where(chunks.c.last > last))


def _backwards(connection: Connection, wanted: Select[Any]) -> Iterator[str]:
    wanted = wanted.order_by(chunks.c.last.desc())
    return _pages(connection, wanted, lambda last: wanted.where(chunks.c.last < last))


def _pages(
    connection: Connection, wanted: Select[Any], beyond: Callable[[int], Select[Any]]
) -> Iterator[str]:
    """Return the bodies of chunks; `beyond` leads to those that come after one."""
    length = PAGE
    while page := connection.execute(wanted.limit(length)).all():
        for row in page:
            yield row.body
        wanted = beyond(page[-1].last)
        length = min(2 * length, MAX_IN_PAGE)


# -- removing what is old


def rooms_to_prune(connection: Connection, before: float) -> Sequence[str]:
    """Return the rooms, also ended ones, with messages that are to go."""
    looked_at = _oldest(rooms.c.key, PRUNE_DEPTH).correlate(rooms).subquery()
    is_to_go = or_(looked_at.c.said_before <= before, looked_at.c.last <= rooms.c.cleared)
    old = select(looked_at.c.last).where(is_to_go).correlate(rooms)
    return connection.scalars(select(rooms.c.key).where(old.exists())).all()


def prune(connection: Connection, keys: Collection[str], before: float) -> None:
    """Remove from these rooms, one after the other, what is to go, until it is enough for once."""
    cleared = select(rooms.c.cleared).where(rooms.c.key == chunks.c.room)
    is_to_go = or_(
        chunks.c.said_before <= before,
        chunks.c.last <= cleared.correlate(chunks).scalar_subquery(),
    )
    removed = 0
    for key in keys:
        removed += connection.execute(_delete_oldest(key).where(is_to_go)).rowcount
        if removed >= PRUNE_LENGTH:
            break


def _delete_oldest(key: str) -> Delete:
    oldest = _oldest(key, PRUNE_LENGTH).with_only_columns(_oldest_chunks.c.last)
    return delete(chunks).where(chunks.c.room == key, chunks.c.last.in_(oldest))


def _oldest(key: Any, depth: int) -> Select[Any]:
    """Return the oldest chunks of a room; by their ids, as there is no index on the time."""
    wanted = select(_oldest_chunks.c.last, _oldest_chunks.c.said_before)
    of_room = wanted.where(_oldest_chunks.c.room == key)
    return of_room.order_by(_oldest_chunks.c.last).limit(depth)
