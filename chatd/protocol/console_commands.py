"""The commands of the console: one table. The sentences of the lab's commands are the lab's."""

from __future__ import annotations

from typing import Final

from chatd.protocol.command import Command, Parameter, table

_ROOM: Final = Parameter("chatroom_id")
_ROOM_NAME: Final = Parameter("chatroom_name")
_CHATTER: Final = Parameter("chatter_name")
_USERNAME: Final = Parameter("username", word=True)
_MINUTES: Final = Parameter("minutes", optional=True, number=True)
_REASON: Final = Parameter("reason", optional=True)
SUBJECT: Final = Parameter("name_or_address")

CONSOLE_COMMANDS: Final = table(
    Command("help", "Show usage of all commands."),
    Command("list", "List all chat rooms and the chatters in each."),
    Command(
        "end", "Withdraw all chatters from the specified chat room and then end the room.", (_ROOM,)
    ),
    Command("start", "Start a new chat room with the given ID and name.", (_ROOM, _ROOM_NAME)),
    Command(
        "kick",
        "Kick the specified chatter out of the given chat room.",
        (_CHATTER, _ROOM, _REASON),
        syntax="kick <chatter_name> <chatroom_id>",
    ),
    Command(
        "mute",
        "Let a chatter read a chat room but not talk in it, for some minutes or until unmute.",
        (_CHATTER, _ROOM, Parameter("minutes", optional=True, number=True)),
    ),
    Command("unmute", "Let a chatter talk in a chat room again.", (_CHATTER, _ROOM)),
    Command("op", "Make a chatter an operator of a chat room.", (_CHATTER, _ROOM)),
    Command("deop", "Let an operator of a chat room be none any more.", (_CHATTER, _ROOM)),
    Command(
        "group",
        "Bring the specified chatters into the given chat room.",
        (_ROOM, Parameter("list_of_chatters")),
    ),
    Command(
        "say",
        "Say something as the Administrator to all in the given chat room.",
        (_ROOM, Parameter("text")),
    ),
    Command(
        "who",
        "Show every connection: address, name, account, rooms, seconds connected, bytes queued, "
        "messages and bytes sent, seconds idle, seconds throttled.",
    ),
    Command("top", "Show the connections that sent most in the last minute."),
    Command(
        "rooms", "Show every room with its owner, members, messages, bytes and last message's time."
    ),
    Command(
        "history",
        "Show the last messages of a chat room.",
        (_ROOM, Parameter("limit", optional=True, number=True)),
    ),
    Command(
        "ban",
        "Ban a name, an account or an address, for some minutes or for ever.",
        (SUBJECT, _MINUTES, _REASON),
    ),
    Command("unban", "Lift a ban.", (SUBJECT,)),
    Command("bans", "List all bans."),
    Command("accounts", "List all accounts."),
    Command(
        "admin",
        "Make an account an administrator, or let it be none.",
        (_USERNAME, Parameter("admin", choices=("on", "off"))),
        syntax="admin <username> <on|off>",
    ),
    Command("register", "Add an account; its password is asked for.", (_USERNAME,)),
    Command("passwd", "Set the password of an account; it is asked for.", (_USERNAME,)),
    Command("unregister", "Remove an account.", (_USERNAME,)),
    Command(
        "audit",
        "Show the last acts of administrators: time, administrator, act.",
        (Parameter("count", optional=True, number=True),),
    ),
    Command(
        "trace",
        "Print every frame received and sent, or stop it.",
        (Parameter("trace", choices=("on", "off")),),
        syntax="trace <on|off>",
    ),
    Command(
        "stats",
        "Show uptime, connections, rooms, messages, bytes, queue sizes, the store's size and how "
        "many connections are throttled.",
    ),
    Command("exit", "Leave a console that is attached with chatd-admin; the server goes on."),
    Command("quit", "Clean all chat rooms and end all chatter connections. Quit the server."),
)

SHUTDOWN_LINES: Final = (
    "Administrator: notify clients about shutting down server...",
    "System: please terminate the console",
    "Administrator: Shutting down server console...",
    "System: Shutting down server...",
)
"""The lines that `quit` prints at every open console."""
