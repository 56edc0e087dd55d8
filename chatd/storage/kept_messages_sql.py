"""The SQL for private messages that are kept: the jobs of `SqlStore`, one transaction each.

No statement here depends on the kind of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, and_, delete, insert, select

from chatd.core.records import KeptMessage
from chatd.storage.schema import accounts, kept_messages

_kept = kept_messages.c
_columns = (_kept.id, _kept.sender, _kept.account, _kept.text, _kept.time, _kept.origin)


def keep(
    connection: Connection, recipient: int, message: KeptMessage, per_sender: int, in_all: int
) -> bool:
    """Keep a message for an account, unless too many are kept; return whether it is kept."""
    account = select(accounts.c.id).where(accounts.c.id == recipient)
    # Of several servers, one after the other counts the messages that are there.
    if connection.execute(account.with_for_update(key_share=True)).first() is None:
        return False
    is_of_sender = and_(
        _kept.account.is_not_distinct_from(message.account),
        _kept.origin.is_not_distinct_from(message.origin),
    )
    is_repeated = and_(
        _kept.sender == message.sender, _kept.text == message.text, _kept.time == message.time
    )
    query = select(is_of_sender, is_of_sender & is_repeated).where(_kept.recipient == recipient)
    there = connection.execute(query).all()
    if any(repeated for _, repeated in there):
        return True
    of_sender = sum(of_sender for of_sender, _ in there)
    if len(there) >= in_all or of_sender >= per_sender:
        return False
    row = {
        "recipient": recipient,
        "sender": message.sender,
        "account": message.account,
        "text": message.text,
        "time": message.time,
        "origin": message.origin,
    }
    connection.execute(insert(kept_messages), row)
    return True


def of_recipient(connection: Connection, recipient: int) -> Sequence[KeptMessage]:
    """Return the messages that are kept for an account, the oldest first."""
    found = select(*_columns).where(_kept.recipient == recipient).order_by(_kept.id)
    return [KeptMessage(*row) for row in connection.execute(found)]


def remove(connection: Connection, ids: Collection[int]) -> None:
    """Remove some messages."""
    connection.execute(delete(kept_messages).where(_kept.id.in_(ids)))


def remove_before(connection: Connection, time: float) -> None:
    """Remove all messages from before a time."""
    connection.execute(delete(kept_messages).where(_kept.time < time))
