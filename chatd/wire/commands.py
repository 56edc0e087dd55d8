"""The one table of commands: for clients and for the console, with their parameters and words.

Parsing, usage, help, completion, JSON and what the trace may show all read it. The sentences of
the lab's commands are the lab's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from chatd.core import errors

HIDDEN: Final = "…"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A word of a command; the last one takes the rest of the line.

    `mask` is what the trace shows in its place; `choices` are all the words it may be.
    """

    name: str
    optional: bool = False
    mask: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, parameters, and what help says of it.

    `usage` is derived unless given; `json_only` ones cannot be typed.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    usage: str = ""
    json_only: bool = False

    def __post_init__(self) -> None:
        if not self.usage:
            shown = (f"[{p.name}]" if p.optional else f"<{p.name}>" for p in self.parameters)
            object.__setattr__(self, "usage", " ".join((self.name, *shown)))

    @property
    def help_line(self) -> str:
        """The line of help on this command."""
        return f"`{self.usage}`: {self.summary}"

    def usage_error(self) -> errors.ChatError:
        """Return what is said to who gave too few or wrong words."""
        return errors.usage(self.usage)

    def split(self, words: str) -> dict[str, str]:
        """Return the parameters in `words`, by name; the last takes the rest."""
        values = words.split(None, len(self.parameters) - 1) if self.parameters else []
        if values:
            values[-1] = values[-1].rstrip()
        return dict(zip((p.name for p in self.parameters), values, strict=False))

    def mask(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Return `arguments` with those masked that are nobody else's business."""
        masks = {p.name: p.mask for p in self.parameters if p.mask is not None}
        return {name: masks.get(name, value) for name, value in arguments.items()}

    def check(self, arguments: dict[str, str]) -> dict[str, str]:
        """Return `arguments`; raise `ChatError` if one is missing or not of its choices."""
        for parameter in self.parameters:
            value = arguments.get(parameter.name)
            if value is None:
                if not parameter.optional:
                    raise self.usage_error()
            elif parameter.choices and value not in parameter.choices:
                raise self.usage_error()
        return arguments


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: a command, its arguments, and the tag that comes back with the answer."""

    command: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None


def help_text(commands: Iterable[Command]) -> str:
    """Return the help on `commands`: a line each."""
    return "".join(f"{command.help_line}\n" for command in commands if not command.json_only)


def _table(*commands: Command) -> dict[str, Command]:
    return {command.name: command for command in commands}


_ROOM = Parameter("chatroom_id")
_CURRENT_ROOM = Parameter("chatroom_id", optional=True)
_ROOM_NAME = Parameter("chatroom_name")
# Who has a name may leave it out: whether it is missing, the chat knows.
_HELD_NAME = Parameter("chatter_name", optional=True)
_CHATTER = Parameter("chatter_name")

CLIENT_COMMANDS: Final = _table(
    Command("help", "Show usage of all commands."),
    Command("start", "Start a new chat room with the given ID and name.", (_ROOM, _ROOM_NAME)),
    Command("list", "List all active chat rooms with their IDs, names, and chatters."),
    Command(
        "join",
        "Join the specified chat room. Each message must be prefixed with the chatter's name.",
        (_ROOM, _HELD_NAME),
        usage="join <chatroom_id> <chatter_name>",
    ),
    Command(
        "enter",
        "Join the specified chat room; start it first if it does not exist.",
        (_ROOM, _HELD_NAME),
        usage="enter <chatroom_id> <chatter_name>",
    ),
    Command("quit", "Quit the current chat room.", (_CURRENT_ROOM,), usage="quit"),
    Command("switch", "Make another of your chat rooms the current one.", (_ROOM,)),
    Command(
        "broadcast",
        "Send a message to one of your chat rooms.",
        (_ROOM, Parameter("message")),
    ),
    Command(
        "secret",
        "Send a message to one chatter alone.",
        (_CHATTER, Parameter("message", mask=HIDDEN)),
    ),
    Command(
        "say",
        "Send a message to a chat room, the current one if none is given.",
        (Parameter("text"), _CURRENT_ROOM),
        json_only=True,
    ),
    Command(
        "format",
        "Speak JSON, one object a frame, or text again.",
        (Parameter("format", choices=("json", "text")),),
        usage="format <json|text>",
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
    Command("kick", "Kick the specified chatter out of the given chat room.", (_CHATTER, _ROOM)),
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
        "Show every connection: address, name, rooms, seconds connected, bytes queued.",
    ),
    Command(
        "trace",
        "Print every frame received and sent, or stop it.",
        (Parameter("trace", choices=("on", "off")),),
        usage="trace <on|off>",
    ),
    Command("stats", "Show uptime, connections, rooms, messages, bytes and queue sizes."),
    Command("quit", "Clean all chat rooms and end all chatter connections. Quit the server."),
)

SHUTDOWN_LINES: Final = (
    "Administrator: notify clients about shutting down server...",
    "System: please terminate the console",
    "Administrator: Shutting down server console...",
    "System: Shutting down server...",
)
"""What `quit` prints at every console that is open."""
