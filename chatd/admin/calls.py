"""The parts of the server and the arguments that a command of the administrator is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chatd.admin.answer import Answer, failure, reply_line
from chatd.admin.audit import AuditLog
from chatd.core.accounts import AccountService
from chatd.core.admins import Admins
from chatd.core.chat import Chat
from chatd.core.errors import ErrorCode
from chatd.core.events import ADMINISTRATOR
from chatd.core.messages import MessageService
from chatd.core.moderation import Moderation
from chatd.core.ports import History
from chatd.core.records import Actor, ActorKind
from chatd.core.roommoderation import RoomModeration, one_line
from chatd.core.store import IStore
from chatd.core.world.operations import By
from chatd.fanout.bus import Bus
from chatd.fanout.fanout import Fanout
from chatd.protocol.command import Command
from chatd.server.session_registry import SessionRegistry
from chatd.server.usage import RecentUsage
from chatd.storage.space import StoreSize
from chatd.storage.writer import HistoryWriter

Prompt = Callable[[str], Awaitable[str | None]]
"""Asks the administrator for an answer that is not shown; returns None if they cancel."""

Confirm = Callable[[str], Awaitable[bool]]
"""Asks the administrator whether to go on, where a person reads the question."""


@dataclass
class AdminContext:
    """The parts of the server that the administrator's commands use.

    `set_trace` begins or ends to log frames. `now` returns seconds since the epoch, `seconds` those
    of the clock that measures durations, by which the server was started at `started_at`. `stop`
    begins to stop the server. `stopping` is set by `quit`; after that no command is executed.
    """

    chat: Chat
    accounts: AccountService
    admins: Admins
    moderation: Moderation
    room_moderation: RoomModeration
    messages: MessageService
    sessions: SessionRegistry
    fanout: Fanout
    writer: HistoryWriter
    audit: AuditLog
    store: IStore
    store_size: StoreSize
    history: History
    recent_usage: RecentUsage
    bus: Bus
    set_trace: Callable[[bool], None]
    now: Callable[[], float]
    seconds: Callable[[], float]
    started_at: float
    stop: Callable[[], None]
    stopping: bool = False


@dataclass(frozen=True)
class Call:
    """One command that `actor` typed: the `arguments` by the names of its parameters."""

    context: AdminContext
    arguments: Mapping[str, str]
    prompt: Prompt
    confirm: Confirm
    actor: Actor

    @property
    def now(self) -> float:
        """The time in seconds since the epoch."""
        return self.context.now()

    @property
    def author(self) -> str:
        """The name under which users read who acts: that of an account, or `Administrator`."""
        return self.actor.name if self.actor.kind is ActorKind.ACCOUNT else ADMINISTRATOR

    @property
    def by(self) -> By:
        """The administrator, for whom no rule of rooms holds."""
        return By(None, self.author)

    @property
    def reason(self) -> str:
        """The reason that was given, on one line, or ""; raises `ChatError` if it is too long."""
        return one_line(self.arguments.get("reason", ""))


def usage(command: Command) -> Answer:
    """Return the answer to a command with wrong arguments."""
    lines = ["Unknown commands.", command.help_line]
    return failure(ErrorCode.USAGE, command.help_line, lines)


def cancelled() -> Answer:
    """Return the answer to a command that the administrator cancelled."""
    return failure("cancelled", "Cancelled.", [reply_line("Cancelled.")])


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 user`, `2 users`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
