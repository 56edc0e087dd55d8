"""The commands of clients: one table. The sentences of the lab's commands are the lab's."""

from __future__ import annotations

from typing import Final

from chatd.protocol.command import (
    MASK,
    ON_OFF,
    PASSWORD_MASK,
    Command,
    Parameter,
    table,
)

_ROOM = Parameter("chatroom_id")
_CURRENT_ROOM = Parameter("chatroom_id", optional=True)
_ROOM_NAME = Parameter("chatroom_name")
# Optional for a user who has a name already; only the chat knows whether it is missing.
_HELD_NAME = Parameter("chatter_name", optional=True)
_CHATTER = Parameter("chatter_name")
_USERNAME = Parameter("username", word=True)
_MINUTES = Parameter("minutes", optional=True, number=True)
_REASON = Parameter("reason", optional=True)
_KEY: Final = Parameter("key", optional=True, mask=PASSWORD_MASK, word=True)
# Words that are no key belong to the name.
_GIVEN_KEY: Final = Parameter("key", optional=True, mask=PASSWORD_MASK)
_NAME: Final = Parameter("chatter_name", word=True)
_IN_ROOM: Final = Parameter("chatroom_id", optional=True, json_only=True)


def _setting(name: str, summary: str) -> Command:
    """Return the command that turns a setting of a room on or off, or shows it."""
    setting = Parameter(name, optional=True, choices=ON_OFF)
    return Command(name, summary, (setting, _IN_ROOM), syntax=f"{name} [on|off]", cost=2)


def _on_member(
    name: str, summary: str, *parameters: Parameter, aliases: tuple[str, ...] = ()
) -> Command:
    """Return a command of operators on a user in the current room."""
    return Command(name, summary, (_NAME, *parameters, _IN_ROOM), cost=2, aliases=aliases)


def _password(name: str = "password") -> Parameter:
    return Parameter(name, mask=PASSWORD_MASK, word=True)


CLIENT_COMMANDS: Final = table(
    Command("help", "Show usage of all commands."),
    Command(
        "start", "Start a new chat room with the given ID and name.", (_ROOM, _ROOM_NAME), cost=3
    ),
    Command(
        "list",
        "List all active chat rooms with their IDs, names, and chatters.",
        (
            Parameter("limit", optional=True, number=True, json_only=True),
            Parameter("chatroom_id", optional=True, json_only=True),
            Parameter("since", optional=True, json_only=True),
        ),
        cost=3,
        aliases=("rooms",),
    ),
    Command(
        "join",
        "Join the specified chat room. Each message must be prefixed with the chatter's name.",
        (_ROOM, _HELD_NAME, _GIVEN_KEY),
        syntax="join <chatroom_id> <chatter_name>",
    ),
    Command(
        "enter",
        "Join the specified chat room; start it first if it does not exist.",
        (_ROOM, _HELD_NAME, _GIVEN_KEY),
        syntax="enter <chatroom_id> <chatter_name> [key]",
        cost=3,
    ),
    Command(
        "quit",
        "Quit the current chat room.",
        (_CURRENT_ROOM,),
        syntax="quit",
        aliases=("leave", "part"),
    ),
    Command("switch", "Make another of your chat rooms the current one.", (_ROOM,)),
    Command(
        "broadcast",
        "Send a message to one of your chat rooms.",
        (_ROOM, Parameter("message")),
    ),
    Command(
        "me",
        "Tell the current chat room what you do.",
        (Parameter("text"), _IN_ROOM),
    ),
    Command(
        "secret",
        "Send a message to one chatter alone.",
        (_CHATTER, Parameter("message", mask=MASK)),
        aliases=("msg", "whisper"),
    ),
    Command(
        "who",
        "Show the members of a chat room, or of all yours, and which of them are away.",
        (_CURRENT_ROOM,),
        cost=3,
        aliases=("users", "names"),
    ),
    Command(
        "ignore",
        "Read nothing of a chatter any more; without a name, list those you ignore.",
        (Parameter("chatter_name", optional=True),),
        cost=2,
    ),
    Command("unignore", "Read a chatter again.", (_CHATTER,), cost=2),
    Command(
        "away",
        "Tell others that you are away; without a message, that you are back.",
        (Parameter("message", optional=True),),
    ),
    Command(
        "history",
        "Show the last messages of the current chat room.",
        (
            Parameter("limit", optional=True, number=True),
            _IN_ROOM,
            Parameter("since", optional=True, number=True, json_only=True),
            Parameter("before", optional=True, number=True, prefix="before "),
        ),
        syntax="history [limit] [before <id>]",
        cost=2,  # and more if it is long
    ),
    Command(
        "search",
        "Show the newest messages of the current chat room that have all of the words.",
        (
            Parameter("words"),
            _IN_ROOM,
            Parameter("before", optional=True, number=True, prefix="#before:"),
        ),
        syntax="search <words> [#before:<id>]",
        cost=4,
    ),
    Command(
        "delete",
        "Delete a message by its id, or your last one.",
        (Parameter("id", optional=True, number=True), _IN_ROOM),
        cost=3,
    ),
    Command(
        "read",
        "Tell your other sessions which messages of a chat room you have read.",
        (Parameter("id", number=True), _IN_ROOM),
        json_only=True,
    ),
    Command(
        "topic",
        "Show the topic of the current chat room, or set it; - removes it.",
        (Parameter("text", optional=True), _IN_ROOM),
        cost=2,
    ),
    _on_member("op", "Make a chatter an operator of the current chat room."),
    _on_member("deop", "Let an operator be none any more."),
    _on_member("voice", "Let a chatter talk in the current chat room while it is moderated."),
    _on_member("devoice", "Take back what voice gave."),
    _on_member("kick", "Remove a chatter from the current chat room.", _REASON),
    _on_member(
        "mute",
        "Let a chatter read the current chat room but not talk in it.",
        Parameter("minutes", optional=True, number=True),
    ),
    _on_member("unmute", "Let a chatter talk again."),
    _on_member(
        "ban",
        "Remove a chatter from the current chat room, and keep them out.",
        _MINUTES,
        _REASON,
    ),
    _on_member("unban", "Let a chatter join the current chat room again."),
    Command("bans", "List the bans and mutes of the current chat room.", (_IN_ROOM,), cost=2),
    _on_member("invite", "Let a chatter join the current chat room once."),
    _setting("private", "Hide the current chat room from all but members and invited chatters."),
    _setting("invite-only", "Let only invited chatters join the current chat room."),
    _setting("unlisted", "Leave the current chat room out of the list."),
    _setting("moderated", "Let only operators and voices talk in the current chat room."),
    _setting("open-topic", "Let all members set the topic of the current chat room."),
    Command(
        "key",
        "Set a word that is needed to join the current chat room, or remove it.",
        (_KEY, _IN_ROOM),
        syntax="key [word|off]",
        cost=2,
    ),
    Command(
        "limit",
        "Set how many members the current chat room has at most, or remove the limit.",
        (Parameter("limit", optional=True, number=True, or_off=True, word=True), _IN_ROOM),
        syntax="limit [number|off]",
        cost=2,
    ),
    Command("end", "End the current chat room, if you are its owner.", (_CURRENT_ROOM,), cost=3),
    Command(
        "register",
        "Register an account, and log in; its name is yours alone.",
        (_USERNAME, _password()),
        cost=4,
    ),
    Command("login", "Log in to your account.", (_USERNAME, _password()), cost=4),
    Command(
        "password",
        "Change the password of your account.",
        (_password("old_password"), _password("new_password")),
        cost=4,
    ),
    Command("sessions", "List your sessions and remembered logins.", cost=2),
    Command(
        "revoke",
        "End a session or a remembered login by its number in the list, or all but this session.",
        (Parameter("number", word=True),),
        syntax="revoke <number|all>",
        cost=3,
    ),
    Command("remember", "Get a token that logs in to your account later.", json_only=True, cost=3),
    Command(
        "recall",
        "Log in by a token.",
        (Parameter("token", mask=PASSWORD_MASK),),
        json_only=True,
        cost=4,
    ),
    Command("rename", "Change your name.", (Parameter("new_name"),), aliases=("nick",)),
    Command("logout", "Quit all your chat rooms, and log out."),
    Command(
        "resume",
        "Take back name and login of a lost connection.",
        (Parameter("session", mask=PASSWORD_MASK),),
        json_only=True,
        cost=2,
    ),
    Command("ping", "Check that the connection works.", json_only=True),
    Command(
        "say",
        "Send a message to the current chat room, whatever it starts with.",
        (Parameter("text"), _IN_ROOM),
    ),
    Command(
        "format",
        "Speak JSON, one object a frame, or text again.",
        (Parameter("format", choices=("json", "text")),),
        syntax="format <json|text>",
    ),
    Command(
        "admin",
        "Run a command of the administrator's console, if you are an administrator.",
        (Parameter("line", mask=MASK),),
        syntax="admin <command>",
        cost=3,
    ),
    Command(
        "exit",
        "Exit the client program. "
        "The server withdraws the client from its joined chat room if it is closed.",
    ),
)
