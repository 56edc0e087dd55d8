"""The service: it builds the server from a `Config`, and starts and stops it in order.

The only module that knows every class. Start: ports, store, consoles, all before the reactor runs.
Stop: accept no more clients, tell consoles and clients why, send what is queued for them and close
their connections, meanwhile write what is still to be stored, close the store.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from chatd.admin import unixsocket
from chatd.admin.accounts import execute_for
from chatd.admin.audit import AuditLog
from chatd.admin.calls import AdminContext
from chatd.admin.console import Consoles
from chatd.admin.stdio import StandardOutputLog, open_console
from chatd.auth.hashing import Argon2Hashing, Hashing
from chatd.auth.passwords import Passwords
from chatd.auth.remembered import RememberedTokens
from chatd.clock import steady_time
from chatd.config import Config
from chatd.core.accounts import AccountService
from chatd.core.admins import Admins
from chatd.core.chat import Chat
from chatd.core.errors import StoreUnavailableError
from chatd.core.expiry import RoomExpiry
from chatd.core.ignores import Ignores
from chatd.core.moderation import Moderation
from chatd.core.mutes import Mutes
from chatd.core.ports import IStore
from chatd.core.presence import Presence
from chatd.core.ratelimit import CountCreation, CreationLimit
from chatd.core.sessions import SessionService
from chatd.daemon.logfile import Log
from chatd.daemon.maintenance import maintenance
from chatd.daemon.periodic import HOUR, PeriodicTasks
from chatd.daemon.startup import StartError, read_motd, read_room, start_errors
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.server.context import ServerContext
from chatd.server.directory import Directory
from chatd.server.eventlog import Counters, EventLog
from chatd.server.limits import Admission
from chatd.server.listeners import ListenError, ListeningPort
from chatd.server.native import ChatFactory
from chatd.server.resume import ResumeTokens
from chatd.server.roomlists import RoomLists
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.server.services import Services
from chatd.server.session_registry import SessionRegistry
from chatd.server.usage import SNAPSHOT_SECONDS, RecentUsage
from chatd.storage.factory import create_store
from chatd.storage.history import History
from chatd.storage.retention import Retention
from chatd.storage.space import StoreSize
from chatd.storage.writer import HistoryWriter


class ChatService(Service):
    """The whole server.

    `log` is the log of the process, None where it is not chatd's.
    `hashing` and `store` replace those that `config` asks for. `wall_time` returns the seconds
    since the epoch, for timestamps; `reactor` measures durations. `stopping` is set by
    `request_stop`.
    """

    def __init__(
        self,
        config: Config,
        reactor: Any,
        log: Log | None = None,
        *,
        hashing: Hashing | None = None,
        store: IStore | None = None,
        wall_time: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.log = log
        self.stopping = False
        self.motd = ""
        self._reactor = reactor
        self._wall_time = wall_time
        with start_errors():
            self.ports = [ListeningPort("--listen", text, reactor) for text in config.listen]
            self.metrics_port = (
                ListeningPort("--metrics", config.metrics, reactor) if config.metrics else None
            )
            self.store: IStore = store or create_store(config.store, reactor)
        self._rooms = [read_room(room_id, name) for room_id, name in config.rooms]
        self.hashing = hashing or Argon2Hashing(reactor)
        self._periodic: list[PeriodicTasks] = []
        self._admin_port: IListeningPort | None = None
        self._build_rooms()
        self._build_accounts()
        self._build_sessions()
        self._build_consoles()

    # -- building: each object is made after those that it is given

    def _build_rooms(self) -> None:
        """Build the rooms, and what each of their messages goes through."""
        config, reactor = self.config, self._reactor
        self.event_log = EventLog(reactor)
        self.counters = Counters()
        self.fanout = Fanout(reactor)
        self.store_size = StoreSize(self.store)
        self.writer = HistoryWriter(self.store, reactor, self.fanout.send, self.event_log)
        self.retention = Retention(
            self.store, reactor, self._wall_time, self.event_log, config.keep
        )
        self.history = History(self.store, self.writer, self.retention, replay=config.replay)
        # History keeps recent messages in memory for --replay alone.
        on_messages = (self.writer, self.history) if config.replay else (self.writer,)
        self.room_expiry = RoomExpiry()
        self.router = Router(self.fanout)
        self.directory = Directory(self.store, reactor, config.max_rooms)
        self.room_lists = RoomLists(self.directory, reactor)
        on_events = (self.event_log, self.room_lists, self.room_expiry)
        self.bus = LocalBus(self.fanout, self.router, on_messages, on_events)
        self.chat = Chat(
            self.directory,
            self.bus,
            self.router,
            self.history,
            config.rules,
            self._creation_counter(),
            config.limits.message,
        )
        self.moderation = Moderation(self.directory, self.router, self.chat, config.rules)

    def _build_accounts(self) -> None:
        """Build accounts, logins and resume tokens; they disconnect users from `chat`."""
        reactor = self._reactor
        passwords = Passwords(self.store, self.hashing, reactor)
        now = steady_time(reactor, self._wall_time)
        self.resume_tokens = ResumeTokens(self.store, now, secrets.token_urlsafe)
        self.remembered = RememberedTokens(
            self.store, passwords.attempts, now, secrets.token_urlsafe
        )
        self.admins = Admins(self.store, self.directory)
        self.ignores = Ignores(self.directory, self.router, self.store)
        self.accounts = AccountService(
            self.directory,
            passwords,
            self.resume_tokens,
            self.router,
            self.chat,
            self.config.limits.sessions_per_account,
            self._creation_counter(),
            self.ignores,
            self.config.registrants,
        )
        self._periodic.append(
            PeriodicTasks(
                reactor,
                HOUR,
                self.resume_tokens.refresh,
                self.remembered.purge,
                self.directory.purge_bans,
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

    def _creation_counter(self) -> CountCreation:
        limit, clock = CreationLimit(), self._reactor
        return lambda address: limit.consume(address, clock.seconds())

    def _build_sessions(self) -> None:
        """Build the registry of sessions, and the factory of their connections."""
        config, reactor = self.config, self._reactor
        services = Services(
            chat=self.chat,
            presence=Presence(self.chat),
            ignores=self.ignores,
            accounts=self.accounts,
            sessions=SessionService(self.accounts, self.remembered, self.directory, self.router),
            moderation=self.moderation,
            room_lists=self.room_lists,
            writer=self.writer,
            fanout=self.fanout,
            router=self.router,
            event_log=self.event_log,
            counters=self.counters,
            now=self._wall_time,
            seconds=reactor.seconds,
            run_admin=lambda user, line: execute_for(self.consoles.context, user, line),
            motd=lambda: self.motd,
            show_addresses=not config.hide_addresses,
        )
        self.sessions = SessionRegistry(services)
        self.admission = Admission(config.limits)
        self.factory = ChatFactory(
            ServerContext(self.sessions, reactor, config.limits, self.admission)
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
            mutes=Mutes(self.directory, self.chat, self.bus, reactor.seconds),
            sessions=self.sessions,
            fanout=self.fanout,
            writer=self.writer,
            audit=AuditLog(self.store, self.event_log),
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

    # -- what the process calls

    def privilegedStartService(self) -> None:
        """Open the ports, before twistd changes its user; raise `StartError` if one cannot open."""
        with start_errors():
            for port in self.ports:
                port.listen(self.factory)
            if self.metrics_port is not None:
                self.metrics_port.listen(self._metrics_site())

    def startService(self) -> None:
        """Open the store and the admin socket; raise `StartError` if one of them cannot open.

        twistd calls this in the process that stays, as its user: the files that it makes here
        belong to that user.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._load_motd()
        with start_errors():
            snapshot = self.store.open(self._rooms)
        self.directory.load(snapshot, self._wall_time())
        self.admins.load(snapshot.admins)
        self.ignores.load(snapshot.ignores)
        self.retention.start(snapshot.pruned_at)
        self.hashing.start()
        for tasks in self._periodic:
            tasks.start()
        if self.config.trace:
            self.set_trace(True)
        if self.config.admin:
            self._open_admin_socket(self.config.admin)

    def announce(self) -> None:
        """Log where the server listens, and open the console on standard input.

        An operator or a script that reads these lines finds every port open, and may stop the
        server from then on.
        """
        for port in self.ports:
            self.event_log.listening(*port.describe())
        if self.config.console:
            # sys.stdout leads into the log by now.
            log = None if self.log is None else self.log.stdout
            if log is None:
                log = StandardOutputLog(sys.__stdout__)
                log.start()
            open_console(self._reactor, self.consoles, log)

    def reload(self) -> None:
        """Read the message of the day and the certificates again; log those that cannot be read."""
        certificates = [port.reload_certificate for port in self._listening_ports()]
        for load in (self._load_motd, *certificates):
            try:
                load()
            except (StartError, ListenError) as error:
                self.event_log.reload_failed(str(error))

    def set_trace(self, on: bool) -> None:
        """Log each frame from now on, or no more; others may not read a log with frames."""
        if on and self.log is not None:
            self.log.make_private()
        self.fanout.trace = self.event_log.sent if on else None

    def request_stop(self) -> None:
        """Stop the reactor, which then calls `stopService`."""
        if not self.stopping:
            self.stopping = True
            self._reactor.stop()

    def stopService(self) -> Deferred[None]:
        """Stop in order; the Deferred fires when everything is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    # -- start

    def _load_motd(self) -> None:
        if self.config.motd:
            self.motd = read_motd(self.config.motd)

    def _listening_ports(self) -> list[ListeningPort]:
        return self.ports if self.metrics_port is None else [*self.ports, self.metrics_port]

    def _metrics_site(self) -> IProtocolFactory:
        from chatd.daemon import metrics  # noqa: PLC0415 -- HTTP takes a third of a second to load

        collector = metrics.ServerMetrics(
            chat=self.chat,
            sessions=self.sessions,
            bus=self.bus,
            fanout=self.fanout,
            writer=self.writer,
            counters=self.counters,
            lost_log_lines=int if self.log is None else self.log.lost_lines,
            store_size=self.store_size,
        )
        site, health = metrics.metrics_site(
            collector, self._check_store, self.admission, self._reactor
        )
        self._periodic.append(PeriodicTasks(self._reactor, metrics.CHECK_SECONDS, health.update))
        return site

    async def _check_store(self) -> None:
        """Run a transaction that changes nothing; raise `StoreUnavailableError` if it fails."""
        await self.store.touch_resume_tokens((), 0.0, 0.0)

    def _open_admin_socket(self, path: str) -> None:
        try:
            self._admin_port = unixsocket.listen(self._reactor, path, self.admin_factory)
        except (OSError, CannotListenError) as error:
            why = error.socketError if isinstance(error, CannotListenError) else error
            raise StartError(f"cannot open the admin socket {path}: {why}") from error

    # -- stop

    async def _stop(self) -> None:
        # Twisted closes ports in the next turn of the reactor. A client that came in until then
        # would not be told that the server stops.
        closing = [port.stop() for port in self._listening_ports()]
        if self._admin_port is not None:
            closing.append(maybeDeferred(self._admin_port.stopListening))
        await DeferredList(closing)
        self.consoles.shut_down()
        consoles_closed = self.admin_factory.shut_down()
        consoles_closed.addTimeout(FINISH_SECONDS, self._reactor, lambda *_: None)
        self.fanout.flush()
        sessions_closed = self.sessions.shut_down()
        # No messages come any more: clients that do not read and a store that hangs are waited
        # for at the same time.
        await self.writer.close()
        await DeferredList([sessions_closed, consoles_closed])
        for tasks in self._periodic:
            tasks.stop()
        self.hashing.stop()
        # Without the last ids, the next start continues each room behind its reserved ids.
        with suppress(StoreUnavailableError):
            await self.store.close({room.id: room.last_id for room in self.directory.rooms()})
