"""The SQL for rooms and messages: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
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

from chatd.core.lookalikes import room_key
from chatd.core.records import (
    NO_SETTINGS,
    RoomRecord,
    RoomUsage,
    ids_to_reserve,
    is_only_reserved,
)
from chatd.storage import index_sql, read_marks_sql, room_settings_sql
from chatd.storage.chunks import RS, US
from chatd.storage.schema import chunks, pruning, rooms

PRUNE_DEPTH: Final = 16
"""How many of a room's oldest chunks are searched for those that are to be removed."""

PRUNE_LENGTH: Final = 1000
"""How many of a room's oldest chunks are removed in one statement at most.

A transaction removes about as many, too: it ends with the room in which it reaches this number.
"""

TRIM_SIZE: Final = 512 * 1024
"""About how many bytes of a room's oldest chunks are removed at once because it has too many."""

_oldest_chunks = chunks.alias("oldest")

# -- rooms


def add_missing_rooms(connection: Connection, records: Sequence[RoomRecord]) -> None:
    """Add those rooms that do not exist."""
    active = set(connection.scalars(select(rooms.c.key).where(rooms.c.active)))
    for record in records:
        if (key := room_key(record.id)) not in active:
            active.add(key)
            _activate(connection, record)
        elif record.permanent:
            connection.execute(update(rooms).where(rooms.c.key == key).values(permanent=True))


def load_rooms(connection: Connection) -> list[RoomRecord]:
    """Return all rooms, in their order, and reserve ids beyond their last ids."""
    newest = select(chunks.c.ends_before).where(chunks.c.room == rooms.c.key)
    last_time = newest.order_by(chunks.c.last.desc()).limit(1).scalar_subquery()
    stored = select(chunks.c.last).where(
        chunks.c.room == rooms.c.key, chunks.c.last > rooms.c.deleted_through
    )
    wanted = select(rooms, last_time.label("last_time"), stored.exists().label("has_messages"))
    found = connection.execute(wanted.where(rooms.c.active).order_by(rooms.c.position))
    settings = room_settings_sql.all_settings(connection)
    access = room_settings_sql.all_access(connection)
    records = [
        RoomRecord(
            row.id,
            row.name,
            row.reserved_through,
            row.last_time or 0.0,
            row.owner,
            row.permanent,
            row.created,
            row.has_messages or not is_only_reserved(row.deleted_through, row.reserved_through),
            settings.get(row.key, NO_SETTINGS),
            access.get(row.key, ()),
        )
        for row in found
    ]
    reserved = {room.id: room.last_id + ids_to_reserve(room.last_id) for room in records}
    set_reserved(connection, reserved)
    return records


def add_room(connection: Connection, record: RoomRecord) -> int:
    """Add a room and reserve ids beyond its last id; return its last id."""
    last_id = _activate(connection, record)
    set_reserved(connection, {record.id: last_id + ids_to_reserve(last_id)})
    return last_id


def remove_room(connection: Connection, room_id: str, last_id: int) -> None:
    """Remove a room; no reader sees its messages any more, however long its history is."""
    key = room_key(room_id)
    removed = {"active": False, "reserved_through": last_id, "deleted_through": last_id}
    connection.execute(update(rooms).where(rooms.c.key == key).values(removed))
    room_settings_sql.end(connection, key)
    read_marks_sql.remove_all(connection, key)
    deleted = connection.scalars(_delete_oldest(key).returning(chunks.c.last)).all()
    index_sql.mark_stale(connection, key, deleted)


def set_reserved(connection: Connection, reserved: Mapping[str, int]) -> None:
    """Set the ids through which ids are reserved, by the ids of the rooms."""
    _update_reserved(connection, reserved, rooms.c.key == bindparam("room"))


def raise_reserved(
    connection: Connection, reserved: Mapping[str, int], *, is_shared: bool = False
) -> None:
    """Do the same, except where more ids are reserved already.

    Also makes the rooms active: they have new messages, so they exist. A room may be inactive here
    if its removal was committed but reported as failed, because the connection broke. But if the
    store `is_shared`, another server has removed the room, which the messages are older than.
    """
    is_lower = rooms.c.reserved_through < bindparam("last_id")
    where = and_(rooms.c.key == bindparam("room"), is_lower)
    if is_shared:
        _update_reserved(connection, reserved, and_(where, rooms.c.active))
    else:
        _update_reserved(connection, reserved, where, active=True)


def _update_reserved(
    connection: Connection, reserved: Mapping[str, int], where: Any, **values: bool
) -> None:
    rows = [{"room": room_key(room_id), "last_id": last} for room_id, last in reserved.items()]
    if rows:
        changed = update(rooms).where(where)
        connection.execute(changed.values(reserved_through=bindparam("last_id"), **values), rows)


def _activate(connection: Connection, record: RoomRecord) -> int:
    """Put a room last in the order; return its last id, which is at least that of its record."""
    key = room_key(record.id)
    last_position = connection.scalar(select(func.max(rooms.c.position))) or 0
    stored: int | None = connection.scalar(
        select(rooms.c.reserved_through).where(rooms.c.key == key)
    )
    values = {
        "id": record.id,
        "name": record.name,
        "position": last_position + 1,
        "active": True,
        "reserved_through": max(stored or 0, record.last_id),
        "owner": record.owner,
        "permanent": record.permanent,
        "created": record.created,
    }
    if stored is None:
        connection.execute(rooms.insert(), {"key": key, "deleted_through": 0, **values})
    else:
        connection.execute(update(rooms).where(rooms.c.key == key).values(values))
        # A server that shares the store may have added some while the room was closed.
        room_settings_sql.reset(connection, key)
        read_marks_sql.remove_all(connection, key)
    return max(stored or 0, record.last_id)


# -- removing old messages


def rooms_to_prune(connection: Connection, before: float) -> Sequence[str]:
    """Return the keys of the rooms, also of closed ones, that have messages to remove."""
    oldest = _oldest(rooms.c.key, PRUNE_DEPTH).correlate(rooms).subquery()
    is_old = or_(oldest.c.ends_before <= before, oldest.c.last <= rooms.c.deleted_through)
    old = select(oldest.c.last).where(is_old).correlate(rooms)
    return connection.scalars(select(rooms.c.key).where(old.exists())).all()


def prune(connection: Connection, keys: Collection[str], before: float) -> int:
    """Remove old messages of these rooms, one room after the other, about `PRUNE_LENGTH` chunks.

    Returns how many messages were removed, without those from before the room was last closed.
    """
    removed = messages = 0
    for key in keys:
        found = select(rooms.c.deleted_through).where(rooms.c.key == key)
        deleted_through = connection.scalars(found).one()
        is_old = or_(chunks.c.ends_before <= before, chunks.c.last <= deleted_through)
        deleted = _delete_oldest(key).where(is_old).returning(chunks.c.last, _messages)
        rows = connection.execute(deleted).all()
        index_sql.mark_stale(connection, key, [last for last, _ in rows])
        removed += len(rows)
        messages += sum(count for last, count in rows if last > deleted_through)
        if removed >= PRUNE_LENGTH:
            break
    return messages


def set_pruned_at(connection: Connection, time: float) -> None:
    """Set when old messages were removed last."""
    connection.execute(update(pruning).values(pruned_at=time))


def pruned_at(connection: Connection) -> float | None:
    """Return when old messages were removed last."""
    return connection.scalar(select(pruning.c.pruned_at))


def _count(separator: str) -> ColumnElement[int]:
    """Return how often a separator is in the body of a chunk."""
    body = chunks.c.body
    return func.length(body) - func.length(func.replace(body, separator, ""))


# A batch has a separator before each text, and two others; one batch more than separators of them.
_messages = _count(US) - 2 * (_count(RS) + 1)


# -- removing what is too much


def written(connection: Connection) -> dict[str, int]:
    """Return how many bytes the chunks of each room have had so far, by the keys of the rooms."""
    newest = select(chunks.c.written).where(chunks.c.room == rooms.c.key)
    newest = newest.order_by(chunks.c.last.desc()).limit(1)
    found = connection.execute(select(rooms.c.key, newest.scalar_subquery())).all()
    return {key: size for key, size in found if size is not None}


def usage(connection: Connection) -> dict[str, RoomUsage]:
    """Return the usage of the active rooms with messages, by their keys.

    The bytes before the end of the oldest chunk are removed ones and its own. Only that chunk's
    body is measured, in characters.
    """

    def end(column: ColumnElement[Any], order: ColumnElement[Any]) -> Any:
        of_room = chunks.c.room == rooms.c.key, chunks.c.last > rooms.c.deleted_through
        return select(column).where(*of_room).order_by(order).limit(1).scalar_subquery()

    oldest, newest = chunks.c.last.asc(), chunks.c.last.desc()
    last_time = end(chunks.c.ends_before - 1, newest)
    removed = end(chunks.c.written - func.length(chunks.c.body), oldest)
    wanted = select(rooms.c.key, end(chunks.c.written, newest), removed, last_time)
    found = connection.execute(wanted.where(rooms.c.active))
    return {
        key: RoomUsage(written - before, float(said_at))
        for key, written, before, said_at in found
        if written is not None
    }


def last_to_trim(connection: Connection, key: str, size: int) -> int | None:
    """Return the id through which to remove messages of a room, None if there is no need.

    The newest chunk is kept, and some `TRIM_SIZE` bytes are removed at once.
    """
    wanted = select(chunks.c.last, chunks.c.written).where(chunks.c.room == key)
    newest = connection.execute(wanted.order_by(chunks.c.last.desc()).limit(1)).first()
    oldest = connection.execute(wanted.order_by(chunks.c.last).limit(1)).first()
    if newest is None or oldest is None or oldest.written > newest.written - size:
        return None
    start = min(newest.written - size, oldest.written + TRIM_SIZE)
    last: int = oldest.last
    for chunk in connection.execute(wanted.order_by(chunks.c.last).limit(PRUNE_LENGTH)):
        if chunk.last < newest.last:
            last = chunk.last
        if chunk.written >= start:
            break
    return last if last < newest.last else None


def remove_through(connection: Connection, key: str, last: int) -> int:
    """Remove the messages of a room through the id `last`, and return how many they were."""
    removed = delete(chunks).where(chunks.c.room == key, chunks.c.last <= last)
    rows = connection.execute(removed.returning(chunks.c.last, _messages)).all()
    index_sql.mark_stale(connection, key, [chunk_last for chunk_last, _ in rows])
    return sum(count for _, count in rows)


def _delete_oldest(key: str) -> Delete:
    oldest = _oldest(key, PRUNE_LENGTH).with_only_columns(_oldest_chunks.c.last)
    return delete(chunks).where(chunks.c.room == key, chunks.c.last.in_(oldest))


def _oldest(key: Any, depth: int) -> Select[Any]:
    """Select the oldest chunks of a room: by their ids, as there is no index on the time."""
    wanted = select(_oldest_chunks.c.last, _oldest_chunks.c.ends_before)
    of_room = wanted.where(_oldest_chunks.c.room == key)
    return of_room.order_by(_oldest_chunks.c.last).limit(depth)
