"""The SQL for read marks: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete, select, text

from chatd.core.lookalikes import room_key
from chatd.core.records import ReadMark
from chatd.storage.schema import read_marks

_RAISE: Final = text("""
    INSERT INTO read_marks (account, room, last)
    SELECT accounts.id, rooms.key, CAST(:last AS BIGINT)
    FROM accounts, rooms
    WHERE accounts.id = :account AND rooms.key = :room AND rooms.active
    ON CONFLICT (account, room) DO UPDATE SET last = excluded.last
    WHERE read_marks.last < excluded.last
""")

_mark = read_marks.c


def raise_marks(connection: Connection, marks: Sequence[ReadMark]) -> None:
    """Note how far accounts have read rooms, except where they had read further."""
    rows = [
        {"account": mark.account, "room": room_key(mark.room), "last": mark.id} for mark in marks
    ]
    # In one order on all servers, so that no two wait for each other.
    rows.sort(key=lambda row: (row["account"], row["room"]))
    if rows:
        connection.execute(_RAISE, rows)


def mark(connection: Connection, account: int, room_id: str) -> int:
    """Return the id through which an account has read a room, or 0."""
    found = select(_mark.last).where(_mark.account == account, _mark.room == room_key(room_id))
    return connection.scalar(found) or 0


def remove_all(connection: Connection, key: str) -> None:
    """Remove the marks in a room."""
    connection.execute(delete(read_marks).where(_mark.room == key))
