"""The parts of the server, built from a `Config`: the only module that knows every class."""

from __future__ import annotations

import secrets
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from chatd.admin import unixsocket
from chatd.admin.accounts import execute_for
from chatd.admin.audit import AuditLog
from chatd.admin.calls import AdminContext
from chatd.admin.console import Consoles
from chatd.auth.hashing import Hashing
from chatd.auth.passwords import Passwords
from chatd.auth.remembered import RememberedTokens
from chatd.clock import steady_time
from chatd.config import Config
from chatd.core.accountkeys import AccountKeys
from chatd.core.accounts import AccountService
from chatd.core.admins import Admins
from chatd.core.chat import Chat
from chatd.core.errors import ChatError
from chatd.core.expiry import RoomExpiry
from chatd.core.ignores import Ignores
from chatd.core.messages import MessageService
from chatd.core.moderation import Moderation
from chatd.core.ports import ILog
from chatd.core.presence import Presence
from chatd.core.privatemessages import PrivateMessages
from chatd.core.ratelimit import CountCreation, CreationLimit
from chatd.core.readmarks import WRITE_SECONDS, ReadMarks
from chatd.core.roommoderation import RoomModeration
from chatd.core.roomsettings import SettingsService
from chatd.core.sessions import SessionService
from chatd.core.store import IStore
from chatd.core.textlimits import TextLimits
from chatd.core.world.effects import (
    BanAdded,
    InvitationChanged,
    KeptMessagesDue,
    NameChanged,
    RoomRead,
    RoomSettled,
    StoredUpTo,
    TokenRevoked,
    UserChanged,
)
from chatd.core.world.world import World
from chatd.daemon.maintenance import maintenance
from chatd.daemon.periodic import HOUR, PeriodicTasks
from chatd.fanout.bus import Bus
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.oplog.entry import SharedLog
from chatd.oplog.local import LocalLog
from chatd.oplog.node import NodeLog
from chatd.server.context import ServerContext
from chatd.server.eventlog import Counters, EventLog
from chatd.server.irc.gateway import IrcFactory
from chatd.server.irc.presence import IrcPresence
from chatd.server.irc.settings import settings_of
from chatd.server.keptmessages import RETRY_SECONDS, KeptMessages
from chatd.server.limits import Admission
from chatd.server.native import ChatFactory
from chatd.server.resume import ResumeTokens
from chatd.server.roomlists import RoomLists
from chatd.server.services import Services
from chatd.server.session_registry import SessionRegistry
from chatd.server.storedaccess import StoredAccess
from chatd.server.storedbans import StoredBans
from chatd.server.storedrooms import StoredRooms
from chatd.server.usage import SNAPSHOT_SECONDS, RecentUsage
from chatd.storage.history import History
from chatd.storage.retention import Retention
from chatd.storage.scribe import Scribe
from chatd.storage.space import StoreSize
from chatd.storage.writer import HistoryWriter


class ServerParts(ABC):
    """All objects of the server, which `ChatService` starts and stops."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        store: IStore,
        hashing: Hashing,
        wall_time: Callable[[], float],
        node: str,
        shared_log: SharedLog | None,
    ) -> None:
        self.config = config
        self.motd = ""
        self.store = store
        self.hashing = hashing
        self._reactor = reactor
        self._wall_time = wall_time
        self._node = node
        self._shared_log = shared_log
        self._periodic: list[PeriodicTasks] = []
        self._build_rooms()
        self._build_room_services()
        self._build_private_messages()
        self._build_accounts()
        self._build_sessions()
        self._build_consoles()

    @abstractmethod
    def set_trace(self, on: bool) -> None:
        """Log each frame from now on, or no more."""

    @abstractmethod
    def request_stop(self) -> None:
        """Stop the server."""

    # -- building: each object is made after those that it is given

    def _build_rooms(self) -> None:
        """Build the rooms, and the parts that each of their messages passes."""
        config, reactor = self.config, self._reactor
        self.event_log = EventLog(reactor)
        self.audit = AuditLog(self.store, self.event_log)
        self.text_limits = TextLimits(config.limits.message)
        self.counters = Counters()
        self.fanout = Fanout(reactor)
        self.store_size = StoreSize(self.store)
        self.router = Router(self.fanout, self._node, reactor)
        self.world = World(self.router.user_of)
        scribe = None if self._shared_log is None else Scribe(self.store, reactor)
        self.writer = HistoryWriter(scribe or self.store, reactor, self.fanout.send, self.event_log)
        self.retention = Retention(
            self.store, reactor, self._wall_time, self.event_log, config.keep
        )
        self.history = History(self.store, self.writer, self.retention, replay=config.replay)
        # History keeps recent messages in memory for --replay alone.
        parts = (scribe, self.writer, self.history if config.replay else None)
        on_messages = [part for part in parts if part is not None]
        self.room_expiry = RoomExpiry()
        self.room_lists = RoomLists(self.world, reactor)
        on_events = (self.event_log, self.room_lists, self.room_expiry)
        self.bus = Bus(self.fanout, self.router, on_messages, on_events)
        self.oplog = self._make_log(scribe)
        stored_rooms = StoredRooms(
            self.oplog, self.store, config.max_rooms, config.rules.rooms_per_account
        )
        self.bus.handle({RoomSettled: stored_rooms.on_settled})
        self.chat = Chat(
            self.world,
            self.oplog,
            stored_rooms,
            self.history,
            config.rules,
            self._creation_counter(),
            self.text_limits,
        )
        self.stored_bans = StoredBans(self.world, self.oplog, self.store)
        self.moderation = Moderation(
            self.world, self.oplog, self.stored_bans, self.router, config.rules
        )

    def _build_room_services(self) -> None:
        """Build what members and operators do in rooms beside talking."""
        world, oplog = self.world, self.oplog
        self.stored_access = StoredAccess(world, oplog, self.store)
        self.bus.handle({InvitationChanged: self.stored_access.on_invitation})
        self.room_moderation = RoomModeration(world, oplog, self.stored_access)
        self.room_settings = SettingsService(world, oplog, self.stored_access)
        self.messages = MessageService(world, oplog, self.history, self.store)
        self.read_marks = ReadMarks(world, oplog, self.store)
        self.bus.handle({RoomRead: self.read_marks.on_read})
        self._periodic.append(PeriodicTasks(self._reactor, WRITE_SECONDS, self.read_marks.write))

    def _build_private_messages(self) -> None:
        """Build the parts that send private messages, keep them, and deliver those later."""
        world, store, reactor = self.world, self.store, self._reactor
        self.private_messages = PrivateMessages(
            world, self.oplog, store, self.text_limits, self.config.keep_secrets
        )
        self.kept_messages = KeptMessages(world, store, self.router, self.fanout, reactor)
        self.bus.handle({KeptMessagesDue: self.kept_messages.on_due})
        self._periodic.append(PeriodicTasks(reactor, RETRY_SECONDS, self.kept_messages.retry))

    def _build_accounts(self) -> None:
        """Build accounts, logins and resume tokens; they disconnect users from `chat`."""
        reactor = self._reactor
        passwords = Passwords(self.store, self.hashing, reactor, self.config.min_password)
        now = steady_time(reactor, self._wall_time)
        self.resume_tokens = ResumeTokens(
            self.world, self.oplog, self.store, now, secrets.token_urlsafe
        )
        self.bus.handle({TokenRevoked: self.resume_tokens.on_revoked})
        self.remembered = RememberedTokens(
            self.store, passwords.attempts, now, secrets.token_urlsafe
        )
        self.admins = Admins(self.world, self.oplog, self.store)
        self.accounts = AccountService(
            self.world,
            self.oplog,
            passwords,
            self.resume_tokens,
            self.router,
            self.config.limits.sessions_per_account,
            self._creation_counter(),
            self.config.registrants,
        )
        self._periodic.append(
            PeriodicTasks(
                reactor,
                HOUR,
                self.resume_tokens.refresh,
                self.remembered.purge,
                self.stored_bans.purge,
                lambda: self.stored_access.purge(now()),
                lambda: self.private_messages.purge(now()),
                self.retention.prune,
            )
        )
        self._periodic += maintenance(
            self.chat,
            self.room_expiry,
            self.store,
            self.store_size,
            self.event_log,
            reactor,
            self._wall_time,
            self.config.room_history,
        )

    def _make_log(self, scribe: Scribe | None) -> ILog:
        """Return the log of a server alone, or that of one that has a scribe."""
        if self._shared_log is None or scribe is None:
            return LocalLog(self.world, self.bus, self._reactor.seconds)
        seconds = steady_time(self._reactor, self._wall_time)
        scribe.log = log = NodeLog(
            self._node, self._shared_log, self.world, self.bus, self._reactor, seconds, self._refuse
        )
        self.bus.handle({StoredUpTo: scribe.on_stored})
        return log

    def _refuse(self, recipient: Any, error: ChatError, tag: str | None) -> None:
        """Tell a session that its messages are refused."""
        recipient.refuse_messages(error, tag)

    def _creation_counter(self) -> CountCreation:
        limit, clock = CreationLimit(), self._reactor
        return lambda address: limit.consume(address, clock.seconds())

    def _build_sessions(self) -> None:
        """Build the registry of sessions, and the factory of their connections."""
        config, reactor = self.config, self._reactor
        services = Services(
            world=self.world,
            log=self.oplog,
            chat=self.chat,
            presence=Presence(self.world, self.oplog),
            ignores=Ignores(self.world, self.oplog, self.store),
            accounts=self.accounts,
            account_keys=AccountKeys(self.store),
            sessions=SessionService(self.accounts, self.remembered, self.world),
            moderation=self.moderation,
            room_moderation=self.room_moderation,
            room_settings=self.room_settings,
            messages=self.messages,
            read_marks=self.read_marks,
            private_messages=self.private_messages,
            kept_messages=self.kept_messages,
            text_limits=self.text_limits,
            room_lists=self.room_lists,
            writer=self.writer,
            fanout=self.fanout,
            router=self.router,
            event_log=self.event_log,
            counters=self.counters,
            now=self._wall_time,
            seconds=reactor.seconds,
            audit=self.audit.add,
            run_admin=lambda user, line: execute_for(self.consoles.context, user, line),
            motd=lambda: self.motd,
            show_addresses=not config.hide_addresses,
            replays=config.replay > 0,
            room_creators=config.rules.room_creators,
        )
        self.sessions = SessionRegistry(services)
        self.bus.handle({BanAdded: self.sessions.on_ban_added})
        self.admission = Admission(config.limits)
        server = ServerContext(self.sessions, reactor, config.limits, self.admission)
        self.factory = ChatFactory(server)
        irc = settings_of(config, self._wall_time(), socket.getfqdn())
        self.irc_factory = IrcFactory(server, irc)
        presence = IrcPresence(irc, self.world, self._wall_time)
        self.bus.handle(
            {NameChanged: presence.on_name_changed, UserChanged: presence.on_user_changed}
        )

    def _build_consoles(self) -> None:
        """Build the administrator's consoles."""
        reactor = self._reactor
        recent_usage = RecentUsage(
            lambda: (session.usage for session in self.sessions), reactor.seconds
        )
        self._periodic.append(PeriodicTasks(reactor, SNAPSHOT_SECONDS, recent_usage.update))
        context = AdminContext(
            chat=self.chat,
            accounts=self.accounts,
            admins=self.admins,
            moderation=self.moderation,
            room_moderation=self.room_moderation,
            messages=self.messages,
            sessions=self.sessions,
            fanout=self.fanout,
            writer=self.writer,
            audit=self.audit,
            store=self.store,
            store_size=self.store_size,
            history=self.history,
            recent_usage=recent_usage,
            bus=self.bus,
            set_trace=self.set_trace,
            now=self._wall_time,
            seconds=reactor.seconds,
            started_at=reactor.seconds(),
            stop=self.request_stop,
        )
        self.consoles = Consoles(context)
        self.admin_factory = unixsocket.ConsoleFactory(self.consoles)
