"""The errors of requests that the chat refuses: codes with parameters.

A rule that is broken raises a `ChatError`; the session or the console turns it into one reply, in
one place. The texts for users are in `chatd.protocol.text`, one table for all codes;
docs/protocol.md lists the codes for authors of clients.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """The reason of an error; the value is the `code` that a JSON client reads (spec section 7).

    The comment names the parameters that `ChatError` carries beside the code.
    """

    ACCOUNT_NAME = "account-name"
    ALREADY_IN_ROOM = "in-a-room"  # room: the current room, which the user must leave first
    BAD_ADDRESS = "bad-address"  # address
    BAD_JSON = "bad-json"  # reason
    BAD_KEY = "bad-key"  # limit, in characters
    BAD_NAME = "bad-name"  # name: of a user or of a room; reason, and suggestion if there is one
    BAD_PASSWORD = "bad-password"  # noqa: S105 -- a code; least: how many bytes it must have
    BAD_ROOM_ID = "bad-room-id"  # room, reason, and suggestion if there is one
    BANNED = "banned"
    BANNED_FROM_ROOM = "banned-from-room"  # room and room_name
    BUSY = "busy"
    CONSOLE_ONLY = "console-only"  # command
    CREATION_FORBIDDEN = "may-not-start"
    CREATION_LIMIT = "too-many"
    IS_ADMIN = "is-admin"  # name
    INVITE_ONLY = "invite-only"  # room and room_name
    IN_NO_ROOM = "in-no-room"
    KEY_IN_USE = "key-in-use"
    LOCAL_ADDRESS = "local-address"  # address
    LOGGED_IN = "logged-in"  # name
    LOGIN_FIRST = "login-first"
    MEMBER_ALREADY = "member-already"  # name, room, room_name
    MODERATED = "moderated"  # room and room_name
    MUTED = "muted"  # room and room_name
    NAME_IN_USE = "name-in-use"  # name
    NAME_NEEDS_LOGIN = "name-registered"  # name
    NETWORK_TOO_LARGE = "network-too-large"  # network, and limit: the shortest prefix
    NOT_ADMIN = "not-admin"
    NOT_BANNED = "not-banned"  # subject
    NOT_IGNORED = "not-ignored"  # name
    NOT_MUTED = "not-muted"  # name, room
    NOT_IN_ROOM = "not-in-room"  # room
    NOT_OPERATOR = "not-operator"  # room and room_name
    NOT_OWNER = "not-owner"  # room and room_name
    NOT_OWN_MESSAGE = "not-own-message"  # room, id
    NOT_STORED = "not-stored"
    NOTHING_TO_FIND = "nothing-to-find"
    NO_SUCH_ACCOUNT = "no-such-account"  # name
    NO_SUCH_KEY = "no-such-key"
    NO_SUCH_MESSAGE = "no-such-message"  # room, id; without id: the user said none
    NO_SUCH_NUMBER = "no-such-number"
    NO_SUCH_ROLE = "no-such-role"  # name, role, room
    NO_SUCH_ROOM = "no-such-room"  # room, and suggestion (an id) with its name if one is near
    NO_SUCH_SESSION = "no-such-session"
    NO_SUCH_USER = "no-such-chatter"  # name, and room where only its members count
    OWN_NAME = "own-name"
    OWN_SESSION = "own-session"
    OUTRANKED = "outranked"  # name
    REASON_TOO_LONG = "reason-too-long"  # limit, in bytes
    REGISTRATION_CLOSED = "registration-closed"
    ROOM_EXISTS = "room-exists"  # room
    ROOM_FULL = "room-full"  # room, room_name, limit
    SESSION_CLOSED = "gone"
    TOO_LONG = "too-long"  # limit, in bytes
    TOO_MANY_ENTRIES = "too-many-entries"  # room, room_name, limit
    TOO_MANY_IGNORED = "too-many-ignored"  # limit
    TOO_MANY_KEPT = "too-many-kept"  # name
    TOO_MANY_KEYS = "too-many-keys"  # limit
    TOO_MANY_LINES = "too-many-lines"  # limit
    TOO_MANY_OWN_ROOMS = "too-many-own-rooms"  # limit
    TOO_MANY_ROOMS = "too-many-rooms"  # limit
    TOPIC_TOO_LONG = "topic-too-long"  # limit, in bytes
    UNAVAILABLE = "unavailable"
    UNKNOWN_COMMAND = "unknown-command"  # command, and suggestion if one is near
    USAGE = "usage"  # usage: the command and its parameters, which the session knows
    WRONG_KEY = "wrong-key"  # room and room_name
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 -- a code
    WRONG_TOKEN = "wrong-token"  # noqa: S105 -- a code


class NameFlaw(StrEnum):
    """Why a name or an id is not allowed; the value is the `reason` that a JSON client reads."""

    LENGTH = "length"  # it is empty, or has too many characters
    BLANK = "blank"
    CHARACTER = "character"  # a character that names cannot have
    START = "start"  # a character that names cannot begin with
    NO_LETTER = "no-letter"  # neither a letter nor a digit
    DIGITS = "digits"  # digits alone
    ADDRESS = "address"  # it reads as an address of a network
    MARKS = "marks"  # too many marks on a letter, or a mark without a letter
    SCRIPTS = "scripts"  # letters of several scripts that are not written together
    RESERVED = "reserved"  # it is, or looks like, the name of the server or of a service
    COLON = "colon"  # the name of a room reads as the name of a user with a message


class ChatError(Exception):
    """A request that the chat refuses: a code, and the parameters that its text names."""

    def __init__(self, code: ErrorCode, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


class BannedError(ChatError):
    """A user takes a name that is banned, for a `reason` or ""; the session ends the connection."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(ErrorCode.BANNED)
        self.reason = reason


class StoreUnavailableError(ChatError):
    """The store cannot be reached or written to now; `reason` is for the log."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(ErrorCode.UNAVAILABLE)
        self.reason = reason


class StoreError(Exception):
    """The store cannot be opened; the message is the one line that the operator reads."""
