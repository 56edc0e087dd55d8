"""The job of `SqlStore` that reads what a server keeps in memory."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from chatd.core.records import RoomRecord, Snapshot
from chatd.storage import accounts_sql, ignores_sql, room_settings_sql, rooms_sql


def load(connection: Connection, rooms: Sequence[RoomRecord]) -> Snapshot:
    """Add those of `rooms` that are missing; return all of the content, and reserve ids."""
    rooms_sql.add_missing_rooms(connection, rooms)
    return Snapshot(
        rooms_sql.load_rooms(connection),
        accounts_sql.account_refs(connection),
        accounts_sql.all_bans(connection),
        rooms_sql.pruned_at(connection),
        accounts_sql.admins(connection),
        ignores_sql.all_pairs(connection),
        room_settings_sql.ended_private(connection),
    )
