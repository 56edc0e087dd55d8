"""The SQL for the settings and access lists of rooms: jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, literal, select, update

from chatd.core.lookalikes import name_keys, room_key
from chatd.core.records import NO_SETTINGS, AccessKind, RoomAccess, RoomSettings
from chatd.storage.schema import accounts, room_access, room_settings, rooms

_entry = room_access.c
_entries = select(
    _entry.room,
    _entry.kind,
    _entry.name,
    _entry.account,
    _entry.origin,
    _entry.until,
    _entry.author,
    _entry.created,
    _entry.reason,
)
_PRIVATE: Final = RoomSettings(invite_only=True, unlisted=True)
_settings = [room_settings.c[field.name] for field in fields(RoomSettings)]


def all_settings(connection: Connection) -> dict[str, RoomSettings]:
    """Return the settings of the rooms in which one was changed, by the keys of the rooms."""
    found = connection.execute(select(room_settings.c.room, *_settings))
    return {key: RoomSettings(*settings) for key, *settings in found}


def all_access(connection: Connection) -> Mapping[str, Sequence[RoomAccess]]:
    """Return the access lists that are not empty, by the keys of the rooms."""
    lists: defaultdict[str, list[RoomAccess]] = defaultdict(list)
    for key, kind, *rest in connection.execute(_entries.order_by(_entry.id)):
        lists[key].append(RoomAccess(AccessKind(kind), *rest))
    return {key: tuple(entries) for key, entries in lists.items()}


def set_settings(
    connection: Connection, room_id: str, changes: Mapping[str, str | float | bool | int]
) -> None:
    """Set some settings of a room, unless it was closed."""
    key = room_key(room_id)
    if not _lock_active(connection, key):
        return
    changed = update(room_settings).where(room_settings.c.room == key).values(changes)
    if not connection.execute(changed).rowcount:
        connection.execute(insert(room_settings), {"room": key, **asdict(NO_SETTINGS), **changes})


def add_access(connection: Connection, room_id: str, entry: RoomAccess) -> None:
    """Add an entry to an access list, unless the room was closed or the account removed."""
    key = room_key(room_id)
    if not _lock_active(connection, key):
        return
    connection.execute(delete(room_access).where(_same(key, entry)))
    row = {
        "room": key,
        "kind": entry.kind.value,
        "name": entry.name,
        "guest": _guest(entry),
        "origin": entry.origin,
        "until": entry.until,
        "author": entry.by,
        "created": entry.created,
        "reason": entry.reason,
    }
    if entry.account is None:
        connection.execute(insert(room_access), row)
        return
    values: list[ColumnElement[Any]] = [literal(row[name], _entry[name].type) for name in row]
    account = select(accounts.c.id, *values).where(accounts.c.id == entry.account)
    connection.execute(insert(room_access).from_select(["account", *row], account))


def remove_access(connection: Connection, room_id: str, entry: RoomAccess) -> None:
    """Remove the entry of the same kind and subject from an access list."""
    connection.execute(delete(room_access).where(_same(room_key(room_id), entry)))


def remove_access_before(connection: Connection, time: float) -> None:
    """Remove all entries that have ended before a time."""
    connection.execute(delete(room_access).where(_entry.until < time))


def end(connection: Connection, key: str) -> None:
    """Remove the access list of a room, and its settings, but for that it was private."""
    of_room = room_settings.c.room == key
    private = room_settings.c.invite_only & room_settings.c.unlisted
    connection.execute(delete(room_access).where(_entry.room == key))
    connection.execute(delete(room_settings).where(of_room, ~private))
    connection.execute(update(room_settings).where(of_room).values(asdict(_PRIVATE)))


def reset(connection: Connection, key: str) -> None:
    """Remove the access list and the settings of a room."""
    connection.execute(delete(room_access).where(_entry.room == key))
    connection.execute(delete(room_settings).where(room_settings.c.room == key))


def ended_private(connection: Connection) -> tuple[tuple[str, int | None], ...]:
    """Return the key and the owner of each room that was private when it was closed."""
    found = select(rooms.c.key, rooms.c.owner).where(rooms.c.key == room_settings.c.room)
    rows = connection.execute(found.where(~rooms.c.active).order_by(rooms.c.key))
    return tuple((key, owner) for key, owner in rows)


def _lock_active(connection: Connection, key: str) -> bool:
    """Return whether a room is active; no other server closes it until the transaction ends."""
    found = select(rooms.c.key).where(rooms.c.key == key, rooms.c.active)
    return connection.execute(found.with_for_update()).first() is not None


def _same(key: str, entry: RoomAccess) -> ColumnElement[bool]:
    of_kind = and_(_entry.room == key, _entry.kind == entry.kind.value)
    if entry.account is None:
        return and_(of_kind, _entry.guest == _guest(entry))
    return and_(of_kind, _entry.account == entry.account)


def _guest(entry: RoomAccess) -> str | None:
    return name_keys(entry.name).folded if entry.account is None else None
