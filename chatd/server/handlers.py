"""The handlers: a function for each command of clients in `chatd.protocol.commands`.

A handler takes a session and a request and returns the result as data, or a coroutine of it where
it may have to wait, or None. It knows neither words nor rules: the codecs have the words, `Chat`
and the accounts have the rules and raise `ChatError`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from chatd import __version__
from chatd.protocol.codec import CODECS
from chatd.protocol.command import Request
from chatd.protocol.people_replies import OthersHere
from chatd.protocol.replies import (
    MAX_MEMBERS,
    EnteredRoom,
    FormatSet,
    Goodbye,
    Help,
    History,
    JoinedRoom,
    LeftRoom,
    LoggedIn,
    LoggedOut,
    NameChanged,
    PasswordChanged,
    Pong,
    Registered,
    Reply,
    Resumed,
    RoomStarted,
    RoomSwitched,
)
from chatd.server import message_handlers, people_handlers, room_handlers, session_handlers
from chatd.server.roomlists import MAX_ROOMS
from chatd.server.session_handlers import log_failed_logins, rooms_of, welcome

if TYPE_CHECKING:  # nativesession.py imports the handlers
    from chatd.server.nativesession import NativeSession as Session

Handler = Callable[["Session", Request], Reply | Coroutine[Any, Any, Reply | None] | None]


def _ping(_: Session, __: Request) -> Reply:
    return Pong()


def _help(_: Session, __: Request) -> Reply:
    return Help()


# -- rooms


async def _start(session: Session, request: Request) -> Reply:
    services, arguments = session.services, request.arguments
    room = await services.chat.create_room(
        arguments["chatroom_id"], arguments["chatroom_name"], services.now(), session
    )
    return RoomStarted(room.id)


def _list(session: Session, request: Request) -> Reply:
    room_lists, arguments = session.services.room_lists, request.arguments
    if "chatroom_id" in arguments:
        return room_lists.room(session.user, arguments["chatroom_id"])
    limit = int(arguments.get("limit", MAX_ROOMS))
    return room_lists.page(session.user, arguments.get("since"), limit)


async def _join(session: Session, request: Request) -> Reply | None:
    services, arguments = session.services, request.arguments
    name = arguments.get("chatter_name")
    is_join = request.command == "join"
    join = services.chat.join if is_join else services.chat.join_or_create
    # A further word that was typed is the key or belongs to the name: the chat knows.
    key = arguments.get("key")
    key, surplus = (None, key) if session.is_text else (key, None)
    room_id, marks = arguments["chatroom_id"], services.read_marks
    if not session.is_text:  # now, as nothing must come between the join and the reply
        await marks.load(session.user, room_id)
    room = await join(session, room_id, name, services.now(), key, surplus)
    result = JoinedRoom if is_join else EnteredRoom
    members = () if session.is_text else tuple(u.name for u in islice(room.members, MAX_MEMBERS))
    count, topic = len(room.members), room.settings.topic
    read = marks.of(session.user, room) or None
    reply = result(room.id, session.user.name, room.last_id, room.name, members, count, topic, read)
    session.reply(reply, request)
    if not (services.replays and session.is_text):
        return None
    messages = tuple(services.messages.recent(room))
    ignored = session.user.ignored
    if ignored is not None:  # nothing is shown if all are ignored
        messages = tuple(m for m in messages if not ignored.has(m.sender, m.account, m.time))
    if messages:
        session.reply(History(room.id, messages), request)
    return OthersHere.of(room.members, session.user)


async def _quit(session: Session, request: Request) -> Reply:
    services = session.services
    session.room()  # a user in no room reads that, whatever room the request names
    room = session.room(request.arguments.get("chatroom_id"))
    await services.chat.leave(session, room, services.now())
    return LeftRoom(room.id, room.name)


def _switch(session: Session, request: Request) -> Reply:
    room = session.current_room = session.room(request.arguments["chatroom_id"])
    return RoomSwitched(room.id, room.name)


# -- accounts


async def _register(session: Session, request: Request) -> None:
    services = session.services
    name = await services.accounts.register(session, *_credentials(request), services.now())
    welcome(session, request, Registered(name, rooms_of(session)))


async def _login(session: Session, request: Request) -> None:
    services = session.services
    with log_failed_logins(session):
        name = await services.accounts.login(session, *_credentials(request), services.now())
    welcome(session, request, LoggedIn(name, rooms_of(session)))


def _credentials(request: Request) -> tuple[str, str]:
    return request.arguments["username"], request.arguments["password"]


async def _password(session: Session, request: Request) -> Reply:
    services, arguments = session.services, request.arguments
    with log_failed_logins(session):
        await services.accounts.change_password(
            session, arguments["old_password"], arguments["new_password"], services.now()
        )
    return PasswordChanged()


async def _rename(session: Session, request: Request) -> Reply:
    services = session.services
    return NameChanged(
        await services.chat.rename(session, request.arguments["new_name"], services.now())
    )


async def _logout(session: Session, _: Request) -> Reply:
    services = session.services
    return LoggedOut(await services.accounts.logout(session, services.now()))


async def _resume(session: Session, request: Request) -> None:
    services = session.services
    name = await services.accounts.resume(session, request.arguments["session"], services.now())
    account = None if session.user.account is None else name
    token = await services.accounts.issue_resume_token(session)
    welcome(session, request, Resumed(name, account, rooms_of(session), token))


# -- the connection


async def _format(session: Session, request: Request) -> Reply:
    services, wanted = session.services, request.arguments["format"]
    token = await services.accounts.issue_resume_token(session) if wanted == "json" else None
    session.set_codec(CODECS[wanted](session.base_codec.framing, services.show_addresses))
    rooms, users = services.chat.counts(session.user)
    return FormatSet(
        wanted, token, f"chatd {__version__}", rooms, users, services.text_limits.max_bytes
    )


async def _admin(session: Session, request: Request) -> Reply:
    return await session.services.run_admin(session.user, request.arguments["line"])


async def _exit(session: Session, request: Request) -> None:
    services = session.services
    await services.accounts.sign_off(session, services.now())
    await services.writer.receipts_sent(session)
    session.reply(Goodbye(), request)
    session.close()


HANDLERS: Final[Mapping[str, Handler]] = {
    "help": _help,
    "ping": _ping,
    "start": _start,
    "list": _list,
    "join": _join,
    "enter": _join,
    "quit": _quit,
    "switch": _switch,
    "say": message_handlers.say,
    "me": message_handlers.me,
    "broadcast": message_handlers.broadcast,
    "secret": people_handlers.secret,
    "who": people_handlers.who,
    "away": people_handlers.away,
    "ignore": people_handlers.ignore,
    "unignore": people_handlers.unignore,
    "history": message_handlers.history,
    "search": message_handlers.search,
    "delete": message_handlers.delete,
    "read": message_handlers.read,
    **room_handlers.HANDLERS,
    "register": _register,
    "login": _login,
    "password": _password,
    "sessions": session_handlers.sessions,
    "revoke": session_handlers.revoke,
    "remember": session_handlers.remember,
    "recall": session_handlers.recall,
    "rename": _rename,
    "logout": _logout,
    "resume": _resume,
    "format": _format,
    "admin": _admin,
    "exit": _exit,
}
"""The handler of each command; parameters and usage are in `chatd.protocol.commands`."""
