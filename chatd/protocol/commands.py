"""The commands of clients and of the console: one table with their parameters and words.

Parsing, usage, help, completion, JSON and the masks of the trace all read it. The sentences of the
lab's commands are the lab's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple

from chatd.core.errors import ChatError, ErrorCode

MASK: Final = "…"
PASSWORD_MASK: Final = "********"  # noqa: S105 -- shown instead of a password

_NO_ARGUMENTS: Final[Mapping[str, str]] = MappingProxyType({})

_MAX_DIGITS: Final = 15
"""A number with more digits is not exact in every language that reads JSON."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a command; the last one that can be typed takes the rest of the line.

    The trace shows `mask` in place of the value. `choices` are all the values allowed. The value of
    a `number` is a whole number, that of a `word` has no blanks if it is typed. A parameter that is
    `json_only` cannot be typed.
    """

    name: str
    optional: bool = False
    mask: str | None = None
    choices: tuple[str, ...] = ()
    number: bool = False
    word: bool = False
    json_only: bool = False

    def allows(self, value: str | None) -> bool:
        """Tell whether `value` is allowed; None if there is no value."""
        if value is None:
            return self.optional
        if self.number:
            return value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        return not self.choices or value in self.choices

    def allows_typed(self, value: str | None) -> bool:
        """Tell whether `value` is allowed where it is typed."""
        if self.word and value is not None and len(value.split()) > 1:
            return False
        return self.allows(value)


@dataclass(frozen=True)
class Command:
    """A command: its name, its parameters, and a sentence for help.

    `syntax` is the usage where it differs from what the parameters give. A command that is
    `json_only` cannot be typed. `cost` is how many frames it counts for the rate of a client: more
    than 1 where the server hashes a password, writes to the store or sends much. `aliases` are
    other names for it where it is typed.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    syntax: str = ""
    json_only: bool = False
    cost: int = 1
    aliases: tuple[str, ...] = ()

    @cached_property
    def typed(self) -> tuple[Parameter, ...]:
        """The parameters that can be typed."""
        return tuple(p for p in self.parameters if not p.json_only)

    @cached_property
    def usage(self) -> str:
        """The command as it is typed: `start <chatroom_id> <chatroom_name>`, for example."""
        shown = (f"[{p.name}]" if p.optional else f"<{p.name}>" for p in self.typed)
        return self.syntax or " ".join((self.name, *shown))

    @property
    def help_line(self) -> str:
        """The line of help on this command."""
        return f"`{self.usage}`: {self.summary}"

    def usage_error(self) -> ChatError:
        """Return the error for missing or wrong parameters."""
        return ChatError(ErrorCode.USAGE, usage=self.usage)

    def split(self, words: str) -> dict[str, str]:
        """Return the parameters in `words`, by name; the last one takes the rest.

        An optional number that others follow is left out where a word is there that is not all
        digits: it belongs to the next parameter.
        """
        values: dict[str, str] = {}
        rest = words.strip()
        for parameter in self.typed:
            if not rest:
                break
            if parameter is self.typed[-1]:
                values[parameter.name] = rest
                break
            word, *after = rest.split(None, 1)
            if parameter.optional and parameter.number and not word.isdecimal():
                continue
            values[parameter.name], rest = word, after[0] if after else ""
        return values

    def mask(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Return `arguments` as the trace shows them: confidential and unknown ones are masked."""
        masks = {p.name: p.mask for p in self.parameters}
        shown = {name: masks.get(name, MASK) for name in arguments}
        return {
            name: value if shown[name] is None else shown[name] for name, value in arguments.items()
        }

    def check(self, arguments: dict[str, str]) -> dict[str, str]:
        """Return `arguments`; raise `ChatError` if one is missing or not allowed."""
        if not all(p.allows(arguments.get(p.name)) for p in self.parameters):
            raise self.usage_error()
        return arguments

    def check_typed(self, arguments: dict[str, str]) -> dict[str, str]:
        """Return typed `arguments`; raise `ChatError` if one is missing or not allowed."""
        if not all(p.allows_typed(arguments.get(p.name)) for p in self.parameters):
            raise self.usage_error()
        return arguments


class Request(NamedTuple):
    """A request of a client: a command, its arguments, and a tag that the reply repeats.

    A NamedTuple is made in half the time of a frozen dataclass, and every message in JSON is one.
    """

    command: str
    arguments: Mapping[str, str] = _NO_ARGUMENTS
    tag: str | None = None


def help_text(commands: Iterable[Command]) -> str:
    """Return the help on `commands`: a line for each that can be typed."""
    return "".join(f"{command.help_line}\n" for command in commands if not command.json_only)


def _table(*commands: Command) -> dict[str, Command]:
    return {command.name: command for command in commands}


_ROOM = Parameter("chatroom_id")
_CURRENT_ROOM = Parameter("chatroom_id", optional=True)
_ROOM_NAME = Parameter("chatroom_name")
# Optional for a user who has a name already; only the chat knows whether it is missing.
_HELD_NAME = Parameter("chatter_name", optional=True)
_CHATTER = Parameter("chatter_name")
_USERNAME = Parameter("username", word=True)
_MINUTES = Parameter("minutes", optional=True, number=True)
_REASON = Parameter("reason", optional=True)
SUBJECT: Final = Parameter("name_or_address")


def _password(name: str = "password") -> Parameter:
    return Parameter(name, mask=PASSWORD_MASK, word=True)


CLIENT_COMMANDS: Final = _table(
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
        (_ROOM, _HELD_NAME),
        syntax="join <chatroom_id> <chatter_name>",
    ),
    Command(
        "enter",
        "Join the specified chat room; start it first if it does not exist.",
        (_ROOM, _HELD_NAME),
        syntax="enter <chatroom_id> <chatter_name>",
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
        (Parameter("text"), Parameter("chatroom_id", optional=True, json_only=True)),
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
            Parameter("chatroom_id", optional=True, json_only=True),
            Parameter("since", optional=True, number=True, json_only=True),
        ),
        cost=2,  # and more if it is long
    ),
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
        (Parameter("text"), Parameter("chatroom_id", optional=True, json_only=True)),
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

CONSOLE_COMMANDS: Final = _table(
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
