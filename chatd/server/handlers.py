"""What clients can ask for: a function for each command of theirs.

Plain functions of a session and a request; each returns its answer, or a coroutine of it where it may
have to wait, or None. They know the words of the answers (spec section 4) and no rules: those are
the chat's and the people's, which raise `ChatError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chatd.core import errors
from chatd.core.events import Reason
from chatd.core.rooms import Chatter, Room
from chatd.protocol.commands import CLIENT_COMMANDS, Request, help_text
from chatd.protocol.replies import Answer, History, Reply, RoomList
from chatd.server.session import Commands, Session

_HELP: Final = f"\n{help_text(CLIENT_COMMANDS.values())}"

_HISTORY_LENGTH: Final = 20
"""How many messages are shown to who does not say how many."""


def _help(_: Session, request: Request) -> Answer:
    return Reply("help", _HELP, request.tag)


# -- rooms


async def _start(session: Session, request: Request) -> Answer:
    arguments, sessions = request.arguments, session.sessions
    room = await sessions.chat.start(
        arguments["chatroom_id"], arguments["chatroom_name"], sessions.now(), session.chatter
    )
    return Reply("start", f"Chatroom {room.id} started!", request.tag, {"room": room.id})


def _list(session: Session, request: Request) -> Answer:
    return RoomList.of(session.sessions.chat.rooms(), request.tag)


async def _join(session: Session, request: Request) -> Answer | None:
    room = await session.sessions.chat.join(*_place_and_name(session, request))
    return _joined(session, request, room)


async def _enter(session: Session, request: Request) -> Answer | None:
    room = await session.sessions.chat.enter(*_place_and_name(session, request))
    return _joined(session, request, room)


def _place_and_name(session: Session, request: Request) -> tuple[Chatter, str, str | None, float]:
    arguments = request.arguments
    name = arguments.get("chatter_name")
    return session.chatter, arguments["chatroom_id"], name, session.sessions.now()


def _joined(session: Session, request: Request, room: Room) -> Answer | None:
    data = {"room": room.id, "name": session.chatter.name, "last": room.count}
    session.answer(Reply(request.command, f"You join @chatroom {room.id}", request.tag, data))
    messages = tuple(session.sessions.history.tail(room)) if session.is_person else ()
    return History(room.id, messages) if messages else None


def _quit(session: Session, request: Request) -> Answer:
    chat = session.sessions.chat
    chat.own_room(session.chatter)  # who is in no room at all is told so first
    room = chat.own_room(session.chatter, request.arguments.get("chatroom_id"))
    chat.leave(session.chatter, room, Reason.QUIT, session.sessions.now())
    text = f"You quitted from chatroom {room.name}@{room.id}"
    return Reply("quit", text, request.tag, {"room": room.id})


def _switch(session: Session, request: Request) -> Answer:
    room = session.sessions.chat.switch(session.chatter, request.arguments["chatroom_id"])
    text = f"You are now in chatroom {room.name}@{room.id}"
    return Reply("switch", text, request.tag, {"room": room.id})


# -- talking


def _say(session: Session, request: Request) -> None:
    arguments = request.arguments
    session.say([arguments["text"]], arguments.get("chatroom_id"), request.tag)


def _broadcast(session: Session, request: Request) -> None:
    session.say([request.arguments["message"]], request.arguments["chatroom_id"], request.tag)


def _secret(session: Session, request: Request) -> Answer:
    name, text = request.arguments["chatter_name"], request.arguments["message"]
    sessions = session.sessions
    other = sessions.chat.whisper(session.chatter, name, text, sessions.now())
    return Reply("secret", f"Secret sent to {other.name}.", request.tag, {"name": other.name})


async def _history(session: Session, request: Request) -> Answer:
    arguments = request.arguments
    since = arguments.get("since")
    room, messages = await session.sessions.chat.history(
        session.chatter,
        arguments.get("chatroom_id"),
        None if since is None else int(since),
        int(arguments.get("limit", _HISTORY_LENGTH)),
    )
    return History(room.id, tuple(messages), request.tag)


# -- who one is


async def _register(session: Session, request: Request) -> Answer:
    sessions = session.sessions
    name = await sessions.people.register(session.chatter, *_credentials(request), sessions.now())
    return Reply("register", "Registered successfully.", request.tag, {"name": name})


async def _login(session: Session, request: Request) -> Answer:
    sessions = session.sessions
    with _failures_noted(session):
        name = await sessions.people.login(session.chatter, *_credentials(request), sessions.now())
    return Reply("login", f"Welcome back, {name}.", request.tag, {"name": name})


def _credentials(request: Request) -> tuple[str, str]:
    return request.arguments["username"], request.arguments["password"]


async def _password(session: Session, request: Request) -> Answer:
    sessions, arguments = session.sessions, request.arguments
    with _failures_noted(session):
        await sessions.people.change_password(
            session.chatter, arguments["old_password"], arguments["new_password"]
        )
    return Reply("password", "Password changed.", request.tag)


async def _logout(session: Session, request: Request) -> Answer:
    sessions = session.sessions
    name = await sessions.people.logout(session.chatter, sessions.now())
    return Reply("logout", f"Bye, {name}", request.tag, {"name": name})


async def _resume(session: Session, request: Request) -> Answer:
    sessions, chatter = session.sessions, session.chatter
    name = await sessions.people.resume(chatter, request.arguments["session"], sessions.now())
    data = {"name": name, "account": chatter.account}
    return Reply("resume", f"Welcome back, {name}.", request.tag, data)


@contextmanager
def _failures_noted(session: Session) -> Iterator[None]:
    """Note in the log that a password was wrong."""
    try:
        yield
    except errors.ChatError as error:
        if error.code == errors.WRONG_PASSWORD:
            session.sessions.journal.login_failed(session.address)
        raise


# -- the connection


async def _format(session: Session, request: Request) -> Answer:
    wanted = request.arguments["format"]
    data = {"format": wanted}
    if wanted == "json":
        data["session"] = await session.sessions.people.secret(session.chatter)
    session.speak(json=wanted == "json")
    return Reply("format", f"You now speak {wanted}.", request.tag, data)


async def _exit(session: Session, request: Request) -> None:
    sessions = session.sessions
    await sessions.people.leave(session.chatter, sessions.now())
    await sessions.recorder.reported(session.chatter)
    session.answer(Reply("exit", "Goodbye!", request.tag))
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
