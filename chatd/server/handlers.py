"""What clients can ask for: a function for each command of theirs.

Plain functions of a session and a request; each returns its answer, or a coroutine of it where it may
have to wait, or None. They know the words of the answers (spec section 4) and no rules: those are
the chat's and the people's, which raise `ChatError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import LeaveReason
from chatd.core.rooms import Room, User
from chatd.protocol.commands import CLIENT_COMMANDS, Request, help_text
from chatd.protocol.replies import History, Ok, Reply, RoomList
from chatd.server.session import Commands, Session

_HELP: Final = f"\n{help_text(CLIENT_COMMANDS.values())}"

_HISTORY_LENGTH: Final = 20
"""How many messages are shown to who does not say how many."""


def _help(_: Session, request: Request) -> Reply:
    return Ok("help", _HELP, request.tag)


# -- rooms


async def _start(session: Session, request: Request) -> Reply:
    arguments, sessions = request.arguments, session.sessions
    room = await sessions.chat.create_room(
        arguments["chatroom_id"], arguments["chatroom_name"], sessions.now(), session.user
    )
    return Ok("start", f"Chatroom {room.id} started!", request.tag, {"room": room.id})


def _list(session: Session, request: Request) -> Reply:
    return RoomList.of(session.sessions.chat.rooms(), request.tag)


async def _join(session: Session, request: Request) -> Reply | None:
    room = await session.sessions.chat.join(*_place_and_name(session, request))
    return _joined(session, request, room)


async def _enter(session: Session, request: Request) -> Reply | None:
    room = await session.sessions.chat.join_or_create(*_place_and_name(session, request))
    return _joined(session, request, room)


def _place_and_name(session: Session, request: Request) -> tuple[User, str, str | None, float]:
    arguments = request.arguments
    name = arguments.get("chatter_name")
    return session.user, arguments["chatroom_id"], name, session.sessions.now()


def _joined(session: Session, request: Request, room: Room) -> Reply | None:
    data = {"room": room.id, "name": session.user.name, "last": room.count}
    session.answer(Ok(request.command, f"You join @chatroom {room.id}", request.tag, data))
    messages = tuple(session.sessions.history.tail(room)) if session.is_text else ()
    return History(room.id, messages) if messages else None


def _quit(session: Session, request: Request) -> Reply:
    chat = session.sessions.chat
    chat.joined_room(session.user)  # who is in no room at all is told so first
    room = chat.joined_room(session.user, request.arguments.get("chatroom_id"))
    chat.leave(session.user, room, LeaveReason.QUIT, session.sessions.now())
    text = f"You quitted from chatroom {room.name}@{room.id}"
    return Ok("quit", text, request.tag, {"room": room.id})


def _switch(session: Session, request: Request) -> Reply:
    room = session.sessions.chat.set_active_room(session.user, request.arguments["chatroom_id"])
    text = f"You are now in chatroom {room.name}@{room.id}"
    return Ok("switch", text, request.tag, {"room": room.id})


# -- talking


def _say(session: Session, request: Request) -> None:
    arguments = request.arguments
    session.say([arguments["text"]], arguments.get("chatroom_id"), request.tag)


def _broadcast(session: Session, request: Request) -> None:
    session.say([request.arguments["message"]], request.arguments["chatroom_id"], request.tag)


def _secret(session: Session, request: Request) -> Reply:
    name, text = request.arguments["chatter_name"], request.arguments["message"]
    sessions = session.sessions
    other = sessions.chat.send_private(session.user, name, text, sessions.now())
    return Ok("secret", f"Secret sent to {other.name}.", request.tag, {"name": other.name})


async def _history(session: Session, request: Request) -> Reply:
    arguments = request.arguments
    since = arguments.get("since")
    room, messages = await session.sessions.chat.history(
        session.user,
        arguments.get("chatroom_id"),
        None if since is None else int(since),
        int(arguments.get("limit", _HISTORY_LENGTH)),
    )
    return History(room.id, tuple(messages), request.tag)


# -- who one is


async def _register(session: Session, request: Request) -> Reply:
    sessions = session.sessions
    name = await sessions.people.register(session.user, *_credentials(request), sessions.now())
    return Ok("register", "Registered successfully.", request.tag, {"name": name})


async def _login(session: Session, request: Request) -> Reply:
    sessions = session.sessions
    with _failures_noted(session):
        name = await sessions.people.login(session.user, *_credentials(request), sessions.now())
    return Ok("login", f"Welcome back, {name}.", request.tag, {"name": name})


def _credentials(request: Request) -> tuple[str, str]:
    return request.arguments["username"], request.arguments["password"]


async def _password(session: Session, request: Request) -> Reply:
    sessions, arguments = session.sessions, request.arguments
    with _failures_noted(session):
        await sessions.people.change_password(
            session.user, arguments["old_password"], arguments["new_password"]
        )
    return Ok("password", "Password changed.", request.tag)


async def _logout(session: Session, request: Request) -> Reply:
    sessions = session.sessions
    name = await sessions.people.logout(session.user, sessions.now())
    return Ok("logout", f"Bye, {name}", request.tag, {"name": name})


async def _resume(session: Session, request: Request) -> Reply:
    sessions, user = session.sessions, session.user
    name = await sessions.people.resume(user, request.arguments["session"], sessions.now())
    data = {"name": name, "account": user.account}
    return Ok("resume", f"Welcome back, {name}.", request.tag, data)


@contextmanager
def _failures_noted(session: Session) -> Iterator[None]:
    """Note in the log that a password was wrong."""
    try:
        yield
    except ChatError as error:
        if error.code == ErrorCode.WRONG_PASSWORD:
            session.sessions.counters.login_failed()
            session.sessions.event_log.login_failed(session.address)
        raise


# -- the connection


async def _format(session: Session, request: Request) -> Reply:
    wanted = request.arguments["format"]
    data = {"format": wanted}
    if wanted == "json":
        data["session"] = await session.sessions.people.secret(session.user)
    session.speak(json=wanted == "json")
    return Ok("format", f"You now speak {wanted}.", request.tag, data)


async def _exit(session: Session, request: Request) -> None:
    sessions = session.sessions
    await sessions.people.leave(session.user, sessions.now())
    await sessions.writer.reported(session.user)
    session.answer(Ok("exit", "Goodbye!", request.tag))
    session.close()


COMMANDS: Final[Commands] = {
    "help": _help,
    "start": _start,
    "list": _list,
    "join": _join,
    "enter": _enter,
    "quit": _quit,
    "switch": _switch,
    "broadcast": _broadcast,
    "secret": _secret,
    "history": _history,
    "register": _register,
    "login": _login,
    "password": _password,
    "logout": _logout,
    "resume": _resume,
    "say": _say,
    "format": _format,
    "exit": _exit,
}
"""What carries out each command; their parameters and words are in wire/commands.py."""
