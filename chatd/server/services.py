"""The parts of the server that the sessions of all gateways use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chatd.config import RoomCreators
from chatd.core.accountkeys import AccountKeys
from chatd.core.accounts import AccountService
from chatd.core.chat import Chat
from chatd.core.ignores import Ignores
from chatd.core.messages import MessageService
from chatd.core.moderation import Moderation
from chatd.core.ports import ILog
from chatd.core.presence import Presence
from chatd.core.privatemessages import PrivateMessages
from chatd.core.readmarks import ReadMarks
from chatd.core.records import AuditEntry
from chatd.core.roommoderation import RoomModeration
from chatd.core.rooms import User
from chatd.core.roomsettings import SettingsService
from chatd.core.sessions import SessionService
from chatd.core.textlimits import TextLimits
from chatd.core.world.world import World
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.protocol.replies import AdminAnswer
from chatd.server.eventlog import Counters, EventLog
from chatd.server.keptmessages import KeptMessages
from chatd.server.roomlists import RoomLists
from chatd.storage.writer import HistoryWriter


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the server that sessions and handlers call.

    `now` returns seconds since the epoch, `seconds` those of the clock that measures durations.
    `motd` returns the message of the day, "" for none; each client reads it before its first reply.
    `audit` keeps an act of an administrator; `run_admin` executes a command of the console for a
    user, and raises `ChatError` if that is no administrator. With `show_addresses` clients see
    where others are. With `replays` a session of text that joins a room reads its last messages and
    its members.
    """

    world: World
    log: ILog
    chat: Chat
    presence: Presence
    ignores: Ignores
    accounts: AccountService
    account_keys: AccountKeys
    sessions: SessionService
    moderation: Moderation
    room_moderation: RoomModeration
    room_settings: SettingsService
    messages: MessageService
    read_marks: ReadMarks
    private_messages: PrivateMessages
    kept_messages: KeptMessages
    text_limits: TextLimits
    room_lists: RoomLists
    writer: HistoryWriter
    fanout: Fanout
    router: Router
    event_log: EventLog
    counters: Counters
    now: Callable[[], float]
    seconds: Callable[[], float]
    audit: Callable[[AuditEntry], None]
    run_admin: Callable[[User, str], Awaitable[AdminAnswer]]
    motd: Callable[[], str] = str
    show_addresses: bool = True
    replays: bool = False
    room_creators: RoomCreators = RoomCreators.EVERYONE
