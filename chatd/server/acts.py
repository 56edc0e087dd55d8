"""Acts of administrators in rooms: those by way of a session are kept in the audit."""

from __future__ import annotations

from chatd.core.records import Actor, ActorKind, AuditEntry
from chatd.core.rooms import Room
from chatd.server.session import Session


def note_act(
    session: Session,
    room: Room,
    act: str,
    subject: str = "",
    minutes: int | None = None,
    reason: str = "",
) -> None:
    """Keep an act in a room in the audit, if the user of the session is an administrator.

    `act`, `subject`, `minutes` and `reason` are as in `AuditEntry`.
    """
    services, user = session.services, session.user
    if services.world.accounts.is_admin(user.account):
        actor = Actor(ActorKind.ACCOUNT, user.name)
        services.audit(AuditEntry(services.now(), actor, act, subject, room.id, minutes, reason))
