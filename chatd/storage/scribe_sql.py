"""The SQL for the one server that stores the messages of several: its epoch and its position.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from chatd.storage import index_sql, rooms_sql
from chatd.storage.schema import scribe
from chatd.storage.wordprogress import Reached


def position(connection: Connection) -> int:
    """Return the position that was stored last."""
    stored: int = connection.scalars(select(scribe.c.position)).one()
    return stored


def set_position(connection: Connection, position: int) -> None:
    """Set the position, in the transaction that adds the messages up to it."""
    connection.execute(update(scribe).values(position=position))


def raise_epoch(connection: Connection) -> int:
    """Raise the epoch and return it: nobody else appends from the end of the transaction on."""
    raised = update(scribe).values(epoch=scribe.c.epoch + 1)
    epoch: int = connection.scalars(raised.returning(scribe.c.epoch)).one()
    return epoch


def load(
    connection: Connection,
) -> tuple[int, dict[str, int], dict[str, tuple[Reached, Reached]]]:
    """Return the position, how many bytes the chunks of each room have had, and what is indexed."""
    return position(connection), rooms_sql.written(connection), index_sql.load(connection)
