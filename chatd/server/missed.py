"""The invitations and private messages that an account has missed, for its first session."""

from __future__ import annotations

from chatd.core.room_events import Invited
from chatd.server.session import Session


def send_missed(session: Session) -> None:
    """Send what the account of a session that has logged in has missed; nothing to a guest."""
    services, user = session.services, session.user
    if user.account is None:
        return
    if user.sessions[0] == session.key:  # otherwise the sessions that were there have read it
        invitations = services.world.invitations.unused(user.account, services.log.seconds())
        for room, entry in invitations:
            by = services.world.find_account(entry.by)
            account = None if by is None else by.id
            invited = Invited(room.id, room.name, entry.by, entry.created, account, user.name)
            services.fanout.answer(session, invited)
    services.private_messages.logged_in(user.account)
    services.kept_messages.welcome(session)
