"""The words of errors, one table for all codes."""

from __future__ import annotations

from typing import Final

from chatd.core.errors import ChatError, ErrorCode, NameFlaw
from chatd.protocol.moderation_text import room_label
from chatd.protocol.replies import ErrorReply

_ERROR_TEXTS: Final = {
    ErrorCode.ACCOUNT_NAME: "Your name is that of your account.",
    ErrorCode.ALREADY_IN_ROOM: "You must quit your current chatroom {room} first.",
    ErrorCode.BAD_ADDRESS: "{address} is not an address; write 203.0.113.9 or 203.0.113.0/24.",
    ErrorCode.BAD_JSON: "Not a request in JSON: {reason}.",
    ErrorCode.BAD_KEY: "A key has 1 to {limit} characters and no blanks, and is not - or off.",
    ErrorCode.BAD_NAME: "Name {name} is not allowed.",
    ErrorCode.BAD_PASSWORD: "Password must have {least} to 1024 bytes.",
    ErrorCode.BAD_ROOM_ID: "Chatroom id {room} is not allowed.",
    ErrorCode.BANNED: "You were banned by the Administrator!",
    ErrorCode.BANNED_FROM_ROOM: "You are banned from chatroom {room_name}@{room}.",
    ErrorCode.BUSY: "Busy, try again.",
    ErrorCode.CONSOLE_ONLY: "`{command} is for the console and chatd-admin alone.",
    ErrorCode.CREATION_FORBIDDEN: "You may not start chatrooms.",
    ErrorCode.CREATION_LIMIT: ("You made too many chatrooms or accounts, try again in an hour."),
    ErrorCode.INVITE_ONLY: "Chatroom {room_name}@{room} is for invited chatters alone.",
    ErrorCode.IS_ADMIN: "{name} is an administrator.",
    ErrorCode.IN_NO_ROOM: "Join a room first!",
    ErrorCode.KEY_IN_USE: "The certificate is that of another account.",
    ErrorCode.LOCAL_ADDRESS: "{address} is this machine, which all users may share; ban a name.",
    ErrorCode.LOGGED_IN: "You are logged in as {name}, logout first.",
    ErrorCode.LOGIN_FIRST: "Login first!",
    ErrorCode.MEMBER_ALREADY: "{name} is in chatroom {room_name}@{room} already.",
    ErrorCode.MODERATED: (
        "Chatroom {room_name}@{room} is moderated: only operators and voices talk."
    ),
    ErrorCode.MUTED: "You may not talk in chatroom {room_name}@{room}.",
    ErrorCode.NAME_IN_USE: "Name {name} is already in use!",
    ErrorCode.NAME_NEEDS_LOGIN: "Name {name} is registered, login first!",
    ErrorCode.NETWORK_TOO_LARGE: "{network} is too large, ban a network of /{limit} at most.",
    ErrorCode.NOTHING_TO_FIND: "Type a word to search for, such as `search tea.",
    ErrorCode.NOT_ADMIN: "You are not an administrator.",
    ErrorCode.NOT_BANNED: "{subject} is not banned.",
    ErrorCode.NOT_IGNORED: "You do not ignore {name}.",
    ErrorCode.NOT_MUTED: "{name} is not muted in chatroom {room}.",
    ErrorCode.NOT_IN_ROOM: "Join chatroom {room} first!",
    ErrorCode.NOT_OPERATOR: "You are not an operator of chatroom {room_name}@{room}.",
    ErrorCode.NOT_OWNER: "You are not the owner of chatroom {room_name}@{room}.",
    ErrorCode.NOT_OWN_MESSAGE: "Message {id} is not yours.",
    ErrorCode.NOT_STORED: "Your message could not be stored.",
    ErrorCode.NO_SUCH_ACCOUNT: "Account {name} NOT found!",
    ErrorCode.NO_SUCH_KEY: "Your account has no such certificate.",
    ErrorCode.NO_SUCH_MESSAGE: "Message {id} NOT found!",
    ErrorCode.NO_SUCH_NUMBER: "You have no such session or token, type `sessions.",
    ErrorCode.NO_SUCH_ROLE: "{name} has not the role {role} in chatroom {room}.",
    ErrorCode.NO_SUCH_ROOM: "Chatroom {room} NOT exist!",
    ErrorCode.NO_SUCH_SESSION: "There is no such session, join or login again.",
    ErrorCode.NO_SUCH_USER: "Chatter {name} NOT found!",
    ErrorCode.OUTRANKED: "You may not do that to {name}.",
    ErrorCode.OWN_NAME: "That is your own name.",
    ErrorCode.OWN_SESSION: "That is this session, type `exit to end it.",
    ErrorCode.REASON_TOO_LONG: "Reason too long (at most {limit} bytes).",
    ErrorCode.REGISTRATION_CLOSED: (
        "Registration is closed. Ask the administrator for an account."
    ),
    ErrorCode.ROOM_EXISTS: "Chatroom {room} exists!",
    ErrorCode.ROOM_FULL: "Chatroom {room_name}@{room} is full (at most {limit}).",
    ErrorCode.SESSION_CLOSED: "You are no longer here.",
    ErrorCode.TOO_LONG: "Message too long (at most {limit} bytes).",
    ErrorCode.TOO_MANY_ENTRIES: (
        "Chatroom {room_name}@{room} has too many entries (at most {limit}), see `bans."
    ),
    ErrorCode.TOO_MANY_IGNORED: "You may ignore at most {limit} users.",
    ErrorCode.TOO_MANY_KEPT: "{name} cannot be sent more.",
    ErrorCode.TOO_MANY_KEYS: "An account has at most {limit} certificates.",
    ErrorCode.TOO_MANY_LINES: "Too many lines (at most {limit}).",
    ErrorCode.TOO_MANY_OWN_ROOMS: "You may own at most {limit} chatrooms.",
    ErrorCode.TOO_MANY_ROOMS: "Too many chatrooms (at most {limit}).",
    ErrorCode.TOPIC_TOO_LONG: "Topic too long (at most {limit} bytes).",
    ErrorCode.UNAVAILABLE: "The server cannot reach its store now, try again later.",
    ErrorCode.UNKNOWN_COMMAND: "Unknown command `{command}. Type `help for usage.",
    ErrorCode.USAGE: "Usage: `{usage}",
    ErrorCode.WRONG_KEY: (
        "Chatroom {room_name}@{room} needs its key: `join {room} <chatter_name> <key>."
    ),
    ErrorCode.WRONG_PASSWORD: "Wrong username or password.",
    ErrorCode.WRONG_TOKEN: "The token is not valid any more, login again.",
}


_FLAW_TEXTS: Final = {
    NameFlaw.LENGTH: "1 to {limit} characters",
    NameFlaw.BLANK: "no blanks",
    NameFlaw.CHARACTER: "it has a character that is not allowed there",
    NameFlaw.START: "it begins with a character that is not allowed there",
    NameFlaw.NO_LETTER: "it needs a letter or a digit",
    NameFlaw.DIGITS: "it needs a letter",
    NameFlaw.ADDRESS: "it reads as an address",
    NameFlaw.MARKS: "too many marks on a letter",
    NameFlaw.SCRIPTS: "it mixes letters of several scripts",
    NameFlaw.RESERVED: "it is reserved, or looks like a reserved name",
    NameFlaw.COLON: "it reads as the name of a user with a message",
}


def error_text(error: ChatError | ErrorReply) -> str:
    """Return the words of an error, without `Server: ` (spec section 4)."""
    if error.code is ErrorCode.NO_SUCH_USER and "room" in error.params:
        return "Chatter {name} NOT found in chatroom {room}!".format_map(error.params)
    if error.code is ErrorCode.NO_SUCH_MESSAGE and "id" not in error.params:
        return "None of the last messages in chatroom {room} is yours.".format_map(error.params)
    if error.code is ErrorCode.UNKNOWN_COMMAND and "suggestion" in error.params:
        return "Unknown command `{command}. Did you mean `{suggestion}?".format_map(error.params)
    if error.code is ErrorCode.NO_SUCH_ROOM and "suggestion" in error.params:
        near = room_label(str(error.params["name"]), str(error.params["suggestion"]))
        return f"Chatroom {error.params['room']} NOT exist! Did you mean {near}?"
    words = _ERROR_TEXTS[error.code].format_map(error.params)
    return _with_flaw(words, error) if error.code is ErrorCode.BAD_NAME else words


def _with_flaw(words: str, error: ChatError | ErrorReply) -> str:
    """Return the words about a name that is not allowed, with the reason."""
    reason = _FLAW_TEXTS[NameFlaw(str(error.params["reason"]))].format_map(error.params)
    advice = ", try {suggestion}".format_map(error.params) if "suggestion" in error.params else ""
    return f"{words[:-1]}: {reason}{advice}."
