"""The peer's faults: every refusal of the chat, its code for programs and its words for people.

A `ChatError` is raised where a rule is broken and turned into one answer in one place, the session
(or the console). All of them are made here, so that this page is the list of them; docs/protocol.md
shows those that clients get to those who write them.
"""

from __future__ import annotations

from typing import Final

ROOM_EXISTS: Final = "room-exists"
WRONG_PASSWORD: Final = "wrong-password"  # noqa: S105 -- a code


class ChatError(Exception):
    """Something the peer asked for and cannot have.

    `code` is for programs (spec section 7), `text` for people (section 4), without `Server: `.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class NameMissingError(ChatError):
    """A chatter who has no name yet did not give one; the door knows the usage to answer with."""

    def __init__(self) -> None:
        super().__init__("usage", "Give a name!")


class BannedError(ChatError):
    """Somebody came under a name that is banned; the door ends his connection."""

    def __init__(self) -> None:
        super().__init__("banned", "You were banned by the Administrator!")


class UnavailableError(ChatError):
    """The store cannot be reached or written to now; `why` is for the log."""

    def __init__(self, why: str = "") -> None:
        super().__init__("unavailable", "The server cannot reach its store now, try again later.")
        self.why = why


class StoreError(Exception):
    """The store cannot be opened; the message is the one line that the operator sees."""


def bad_name(name: str) -> ChatError:
    """Return the refusal of the name of a chatter or of a room."""
    return ChatError("bad-name", f"Name {name} is not allowed.")


def bad_room_id(room_id: str) -> ChatError:
    """Return the refusal of a room's id."""
    return ChatError("bad-room-id", f"Chatroom id {room_id} is not allowed.")


def room_exists(room_id: str) -> ChatError:
    """Return the refusal to start a room that is there already."""
    return ChatError(ROOM_EXISTS, f"Chatroom {room_id} exists!")


def too_many_rooms(limit: int) -> ChatError:
    """Return the refusal to start one room more than the server holds."""
    return ChatError("too-many-rooms", f"Too many chatrooms (at most {limit}).")


def no_such_room(room_id: str) -> ChatError:
    """Return the refusal to do something with a room that does not exist."""
    return ChatError("no-such-room", f"Chatroom {room_id} NOT exist!")


def no_place_free(room_id: str) -> ChatError:
    """Return the refusal to join one room more, or to be renamed while in a room."""
    return ChatError("in-a-room", f"You must quit your current chatroom {room_id} first.")


def name_in_use(name: str) -> ChatError:
    """Return the refusal of a name that someone on this server has."""
    return ChatError("name-in-use", f"Name {name} is already in use!")


def in_no_room() -> ChatError:
    """Return the refusal to speak or to quit outside of all rooms."""
    return ChatError("in-no-room", "Join a room first!")


def not_in_room(room_id: str) -> ChatError:
    """Return the refusal to speak in, quit or switch to a room one is not in."""
    return ChatError("not-in-room", f"Join chatroom {room_id} first!")


def no_such_chatter(name: str) -> ChatError:
    """Return the answer for a name that nobody on this server has."""
    return ChatError("no-such-chatter", f"Chatter {name} NOT found!")


def no_such_chatter_in_room(name: str, room_id: str) -> ChatError:
    """Return the answer for a name that nobody in the room has."""
    return ChatError("no-such-chatter", f"Chatter {name} NOT found in chatroom {room_id}!")


def usage(words: str) -> ChatError:
    """Return the refusal of a command with too few or wrong parameters."""
    return ChatError("usage", f"Usage: `{words}")


def unknown_command(word: str) -> ChatError:
    """Return the refusal of a command that does not exist."""
    return ChatError("unknown-command", f"Unknown command `{word}. Type `help for usage.")


def too_long(limit: int) -> ChatError:
    """Return the answer to a frame of more than `limit` bytes, which was dropped."""
    return ChatError("too-long", f"Message too long (at most {limit} bytes).")


def bad_json(why: str) -> ChatError:
    """Return the refusal of a frame that is no request in JSON."""
    return ChatError("bad-json", f"Not a request in JSON: {why}.")


def gone() -> ChatError:
    """Return the refusal of what came too late: who asked for it is no longer here."""
    return ChatError("gone", "You are no longer here.")


def busy() -> ChatError:
    """Return the refusal of what would take too long, since others wait for the same."""
    return ChatError("busy", "Busy, try again.")


def bad_password() -> ChatError:
    """Return the refusal of a password that is too short or too long."""
    return ChatError("bad-password", "Password must have 8 to 1024 bytes.")


def wrong_password() -> ChatError:
    """Return the answer to a wrong password and to an unknown user: the same."""
    return ChatError(WRONG_PASSWORD, "Wrong username or password.")


def name_registered(name: str) -> ChatError:
    """Return the refusal to a guest of a name that belongs to an account."""
    return ChatError("name-registered", f"Name {name} is registered, login first!")


def login_first() -> ChatError:
    """Return the refusal of what only those can do who are logged in."""
    return ChatError("login-first", "Login first!")


def logged_in(name: str) -> ChatError:
    """Return the refusal to log in twice on one connection."""
    return ChatError("logged-in", f"You are logged in as {name}, logout first.")


def may_not_start() -> ChatError:
    """Return the refusal to start rooms to who may not."""
    return ChatError("may-not-start", "You may not start chatrooms.")


def too_much_made() -> ChatError:
    """Return the refusal of a guest who has made much already."""
    return ChatError("too-many", "You made too many chatrooms or accounts, try again in an hour.")


def no_such_session() -> ChatError:
    """Return the answer to a session secret that is unknown, or too old."""
    return ChatError("no-such-session", "There is no such session, join or login again.")


def not_stored() -> ChatError:
    """Return what is told to who wants to know whether his message was stored: it was not."""
    return ChatError("not-stored", "Your message could not be stored.")


def no_such_account(name: str) -> ChatError:
    """Return the answer for a name that no account has."""
    return ChatError("no-such-account", f"Account {name} NOT found!")


def not_banned(subject: str) -> ChatError:
    """Return the refusal to lift a ban that there is not."""
    return ChatError("not-banned", f"{subject} is not banned.")
