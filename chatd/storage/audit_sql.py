"""The SQL for the audit: the jobs of `SqlStore`, one transaction each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from chatd.core.records import MAX_AUDIT_ENTRIES, Actor, ActorKind, AuditEntry
from chatd.storage.schema import audit

_entry = audit.c


def add_entry(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry, and remove entries older than the last `MAX_AUDIT_ENTRIES`."""
    kind, name = entry.actor
    row = entry._asdict() | {"via": kind.value, "actor": name}
    added = insert(audit).values(row).returning(_entry.id)
    number = connection.scalars(added).one()
    connection.execute(delete(audit).where(_entry.id <= number - MAX_AUDIT_ENTRIES))


def last_entries(connection: Connection, limit: int) -> Sequence[AuditEntry]:
    """Return the last entries, at most `limit`, the oldest of them first."""
    found = select(
        _entry.via,
        _entry.actor,
        _entry.time,
        _entry.act,
        _entry.subject,
        _entry.room,
        _entry.minutes,
        _entry.reason,
    )
    rows = connection.execute(found.order_by(_entry.id.desc()).limit(limit)).all()
    return [
        AuditEntry(time, Actor(ActorKind(via), actor), *rest)
        for via, actor, time, *rest in reversed(rows)
    ]
