"""The peer's faults: every refusal of the chat, its code for programs and its words for people.

A `ChatError` is raised where a rule is broken and turned into one answer in one place, the session
(or the console). All of them are made here, so that this page is the list of them; docs/protocol.md
shows the same list to those who write clients.
"""

from __future__ import annotations

from typing import Final

ROOM_EXISTS: Final = "room-exists"


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
