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
from chatd.protocol.commands import Request
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
from chatd.server import people_handlers, session_handlers
from chatd.server.roomlists import MAX_ROOMS
from chatd.server.session_handlers import log_failed_logins, rooms_of

if TYPE_CHECKING:  # session.py imports the handlers
    from chatd.server.session import Session

Handler = Callable[["Session", Request], Reply | Coroutine[Any, Any, Reply | None] | None]

_HISTORY_LENGTH: Final = 20
"""How many messages `history` returns if the request does not tell."""

_MESSAGES_PER_FRAME: Final = 50
"""How many messages of a history count as one frame more for the rate of the client."""


def _ping(_: Session, __: Request) -> Reply:
    return Pong()


def _help(_: Session, __: Request) -> Reply:
    return Help()


# -- rooms


async def _start(session: Session, request: Request) -> Reply:
    services, arguments = session.services, request.arguments
    room = await services.chat.create_room(
        arguments["chatroom_id"], arguments["chatroom_name"], session.user
    )
    return RoomStarted(room.id)


def _list(session: Session, request: Request) -> Reply:
    room_lists, arguments = session.services.room_lists, request.arguments
    if "chatroom_id" in arguments:
        return room_lists.room(arguments["chatroom_id"])
    return room_lists.page(arguments.get("since"), int(arguments.get("limit", MAX_ROOMS)))


async def _join(session: Session, request: Request) -> Reply | None:
    services, arguments = session.services, request.arguments
    name = arguments.get("chatter_name")
    is_join = request.command == "join"
    join = services.chat.join if is_join else services.chat.join_or_create
    room = await join(session, arguments["chatroom_id"], name, services.now())
    result = JoinedRoom if is_join else EnteredRoom
    members = () if session.is_text else tuple(u.name for u in islice(room.members, MAX_MEMBERS))
    reply = result(room.id, session.user.name, room.last_id, room.name, members, len(room.members))
    session.reply(reply, request)
    if not (services.replays and session.is_text):
        return None
    messages = tuple(services.chat.recent(room))
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


# -- messages


def _say(session: Session, request: Request) -> None:
    arguments = request.arguments
    session.say([arguments["text"]], arguments.get("chatroom_id"), request.tag)


def _broadcast(session: Session, request: Request) -> None:
    session.say([request.arguments["message"]], request.arguments["chatroom_id"], request.tag)


async def _history(session: Session, request: Request) -> Reply:
    arguments = request.arguments
    since = arguments.get("since")
    room = session.room(arguments.get("chatroom_id"))
    messages = await session.services.chat.history(
        session,
        room,
        None if since is None else int(since),
        int(arguments.get("limit", _HISTORY_LENGTH)),
    )
    session.extra_cost += len(messages) // _MESSAGES_PER_FRAME
    return History(room.id, tuple(messages))


# -- accounts


async def _register(session: Session, request: Request) -> Reply:
    services = session.services
    name = await services.accounts.register(session, *_credentials(request), services.now())
    return Registered(name, rooms_of(session))


async def _login(session: Session, request: Request) -> Reply:
    services = session.services
    with log_failed_logins(session):
        name = await services.accounts.login(session, *_credentials(request), services.now())
    return LoggedIn(name, rooms_of(session))


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


async def _resume(session: Session, request: Request) -> Reply:
    services = session.services
    name = await services.accounts.resume(session, request.arguments["session"], services.now())
    account = None if session.user.account is None else name
    token = await services.accounts.issue_resume_token(session)
    return Resumed(name, account, rooms_of(session), token)


# -- the connection


async def _format(session: Session, request: Request) -> Reply:
    services, wanted = session.services, request.arguments["format"]
    token = await services.accounts.issue_resume_token(session) if wanted == "json" else None
    session.set_codec(CODECS[wanted](session.base_codec.framing, services.show_addresses))
    rooms, users = services.chat.counts()
    return FormatSet(wanted, token, f"chatd {__version__}", rooms, users, services.chat.max_message)


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
    "broadcast": _broadcast,
    "me": people_handlers.me,
    "secret": people_handlers.secret,
    "who": people_handlers.who,
    "away": people_handlers.away,
    "ignore": people_handlers.ignore,
    "unignore": people_handlers.unignore,
    "history": _history,
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
    "say": _say,
    "format": _format,
    "admin": _admin,
    "exit": _exit,
}
"""The handler of each command; parameters and usage are in `chatd.protocol.commands`."""
