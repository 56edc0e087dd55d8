"""The handlers of the commands about other users, as in `chatd.server.handlers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.core.privatemessages import KeptFor
from chatd.protocol.command import Request
from chatd.protocol.people_replies import AwaySet, Ignored, MemberList, Unignored
from chatd.protocol.replies import Reply, SecretSent
from chatd.protocol.room_replies import SecretKept

if TYPE_CHECKING:  # nativesession.py imports the handlers
    from chatd.server.nativesession import NativeSession as Session


async def secret(session: Session, request: Request) -> Reply:
    """Send a private message, or keep it; a reply has the away message of its recipient, once."""
    services, arguments = session.services, request.arguments
    sent = await services.private_messages.send(
        session, arguments["chatter_name"], arguments["message"], services.now()
    )
    if isinstance(sent, KeptFor):
        return SecretKept(sent.name)
    return SecretSent(sent.name, sent.away)


def who(session: Session, request: Request) -> Reply:
    """Return the members of a room, or of all rooms of the user."""
    room_id = request.arguments.get("chatroom_id")
    return MemberList.of(session.services.presence.members(session.user, room_id))


async def away(session: Session, request: Request) -> Reply:
    """Let the user be away, or back."""
    await session.services.presence.set_away(
        session, request.arguments.get("message"), session.services.now()
    )
    current = session.user.away
    return AwaySet(None if current is None else current.text)


async def ignore(session: Session, request: Request) -> Reply:
    """Ignore a user, or list those that are ignored."""
    ignores, name = session.services.ignores, request.arguments.get("chatter_name")
    if name is None:
        return Ignored(ignores.names(session.user))
    return Ignored((await ignores.add(session, name),))


async def unignore(session: Session, request: Request) -> Reply:
    """Ignore a user no more."""
    name = request.arguments["chatter_name"]
    return Unignored(await session.services.ignores.remove(session, name))
