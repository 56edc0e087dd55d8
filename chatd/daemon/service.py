"""Builds everything from a `Config`, and starts and stops it in order.

The only place that knows every class. Start: ports, store, consoles, all before the reactor runs.
Stop: no new clients, tell consoles and clients why, let them have what is still to be sent and close,
write meanwhile what is still to be stored, close the store.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from chatd.admin import unixsocket
from chatd.admin.commands import AdminContext
from chatd.admin.console import Consoles
from chatd.admin.stdio import StandardOutputLog, open_console
from chatd.auth.accounts import Accounts
from chatd.auth.hashing import Argon2Hashing, Hashing
from chatd.config import Config
from chatd.core import names
from chatd.core.accounts import AccountService
from chatd.core.chat import Chat
from chatd.core.errors import ChatError, StoreError, StoreUnavailableError
from chatd.core.moderation import Moderation
from chatd.core.ports import IStore
from chatd.core.records import RoomRecord
from chatd.daemon import motd
from chatd.daemon.periodic import PeriodicTasks
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.fanout.router import Router
from chatd.protocol.text import error_text
from chatd.server.admission import Admission
from chatd.server.context import ServerContext
from chatd.server.directory import Directory
from chatd.server.eventlog import EventLog
from chatd.server.listeners import ListenError, ListeningPort
from chatd.server.native import ChatFactory
from chatd.server.resume import ResumeTokens
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.server.services import Services
from chatd.server.session_registry import SessionRegistry
from chatd.storage.history import History
from chatd.storage.retention import prune
from chatd.storage.urls import store_for
from chatd.storage.writer import HistoryWriter

_INTERFACE = re.compile(r"(?:^|:)interface=((?:\\.|[^:\\])*)")


class StartError(Exception):
    """What was asked for cannot be; the message is the one line the operator sees."""


class ChatService(Service):
    """The whole server. `log` is set where the log goes to standard output.

    `hashing` and `store` are used in place of those that `config` asks for. That it is listening is
    said last: whoever reads that finds all doors open. `ending`: whether `end` was called.
    """

    def __init__(
        self,
        config: Config,
        reactor: Any,
        log: StandardOutputLog | None = None,
        *,
        hashing: Hashing | None = None,
        store: IStore | None = None,
    ) -> None:
        self._config = config
        self._reactor = reactor
        self.log = log
        with _as_start_error():
            self._ports = [ListeningPort("--listen", text, reactor) for text in config.listen]
            self._metrics = (
                ListeningPort("--metrics", config.metrics, reactor) if config.metrics else None
            )
        self._rooms = [_room_record(room_id, name) for room_id, name in config.rooms]
        self._hashing = hashing or Argon2Hashing(reactor)
        try:
            self.store: IStore = store or store_for(config.store, reactor)
        except StoreError as error:
            raise StartError(f"--store: {error}") from error
        self._build()
        self._admin: IListeningPort | None = None
        self._admin_connections = unixsocket.ConsoleFactory(self.consoles)
        self.ending = False

    def _build(self) -> None:
        """Make all parts, and let each know those it works with."""
        config, reactor, store = self._config, self._reactor, self.store
        self.event_log = EventLog()
        self.fanout = Fanout(reactor)
        self.writer = HistoryWriter(store, reactor, self.fanout.send, self.event_log)
        history = History(store, self.writer, reactor, replay=config.replay, keep_days=config.keep)
        hearers = (self.writer, history) if config.replay else (self.writer,)
        router = Router(self.fanout)
        self.bus = LocalBus(self.fanout, router, hearers, [self.event_log])
        self._directory = Directory(store, config.max_rooms)
        directory, rules = self._directory, config.rules
        self.chat = Chat(directory, self.bus, router, history, rules)
        self.moderation = Moderation(directory, router, self.chat, rules)
        accounts = Accounts(store, self._hashing, reactor)
        resume_tokens = ResumeTokens(store, reactor.seconds, secrets.token_urlsafe)
        most = config.limits.sessions_per_account
        self.accounts = AccountService(directory, accounts, resume_tokens, router, self.chat, most)
        self._motd = ""
        services = Services(
            chat=self.chat,
            accounts=self.accounts,
            moderation=self.moderation,
            history=history,
            writer=self.writer,
            fanout=self.fanout,
            router=router,
            event_log=self.event_log,
            now=reactor.seconds,
            motd=lambda: self._motd,
            show_addresses=not config.hide_addresses,
        )
        self.sessions = SessionRegistry(services)
        self.consoles = Consoles(self._office())
        admission = Admission(config.limits)
        self.factory = ChatFactory(ServerContext(self.sessions, reactor, config.limits, admission))
        self._housekeeping = PeriodicTasks(
            reactor,
            resume_tokens.refresh,
            lambda: self._directory.purge_bans(reactor.seconds()),
            partial(prune, store, reactor, config.keep),
        )

    def _office(self) -> AdminContext:
        reactor = self._reactor
        return AdminContext(
            chat=self.chat,
            accounts=self.accounts,
            moderation=self.moderation,
            sessions=self.sessions,
            fanout=self.fanout,
            writer=self.writer,
            bus=self.bus,
            event_log=self.event_log,
            now=reactor.seconds,
            started_at=reactor.seconds(),
            stop=self.end,
        )

    def end(self) -> None:
        """Begin to end the server: `stopService` follows."""
        if not self.ending:
            self.ending = True
            self._reactor.stop()

    def privilegedStartService(self) -> None:
        """Open the ports, while we may open any; raise `StartError` if one cannot be."""
        with _as_start_error():
            for port in self._ports:
                port.listen(self.factory)
            if self._metrics is not None:
                self._metrics.listen(self._metrics_site())

    def startService(self) -> None:
        """Open the store and the consoles; raise `StartError` if one cannot be."""
        super().startService()  # type: ignore[no-untyped-call]
        # Not before: the process may have gone to the background, and is whose files are to be.
        self._read_motd()
        self._open_store()
        self._hashing.start()
        self._housekeeping.start()
        if self._config.trace:
            self.fanout.trace = self.event_log.sent
        if self._config.admin:
            self._open_admin_socket(self._config.admin)

    def announce(self) -> None:
        """Say where the server listens, and open the console: it may be told to end from now on."""
        for port in self._ports:
            self._announce(port)
        if self._config.console:
            # sys.stdout itself leads into the log by now.
            log = self.log or StandardOutputLog(sys.__stdout__)
            open_console(self._reactor, self.consoles, log)

    def reload(self) -> None:
        """Read again what may have changed on the disk; what cannot be read stays as it was."""
        for read in (self._read_motd, *(port.reload_certificate for port in self._all_listeners())):
            try:
                read()
            except (StartError, ListenError) as error:
                self.event_log.not_reloaded(str(error))

    def stopService(self) -> Deferred[None]:
        """Stop in order; fires when all is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    # -- start

    def _read_motd(self) -> None:
        path = self._config.motd
        if path:
            try:
                self._motd = motd.read(path)
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or error
                raise StartError(f"--motd {path}: {why}") from error

    def _open_store(self) -> None:
        try:
            self._directory.load(self.store.open(self._rooms))
        except StoreError as error:
            raise StartError(f"--store: {error}") from error

    def _all_listeners(self) -> list[ListeningPort]:
        return self._ports if self._metrics is None else [*self._ports, self._metrics]

    def _metrics_site(self) -> IProtocolFactory:
        from chatd.daemon import metrics  # noqa: PLC0415 -- HTTP takes a third of a second to load

        measured = metrics.Metrics(
            chat=self.chat,
            sessions=self.sessions,
            bus=self.bus,
            fanout=self.fanout,
            writer=self.writer,
            event_log=self.event_log,
        )
        # A transaction that changes nothing.
        return metrics.site(
            measured, lambda: self.store.refresh_logins((), 0.0, 0.0), self._reactor
        )

    def _announce(self, port: ListeningPort) -> None:
        host: Any = port.port.getHost()
        if hasattr(host, "port"):
            interface = _INTERFACE.search(port.text)
            shown = re.sub(r"\\(.)", r"\1", interface[1]) if interface else host.host
            self.event_log.listening(shown, host.port)
        else:
            self.event_log.listening(os.fsdecode(getattr(host, "name", None) or port.text))

    def _open_admin_socket(self, path: str) -> None:
        try:
            self._admin = unixsocket.listen(self._reactor, path, self._admin_connections)
        except (OSError, CannotListenError) as error:
            why = error.socketError if isinstance(error, CannotListenError) else error
            raise StartError(f"cannot open the admin socket {path}: {why}") from error

    # -- stop

    async def _stop(self) -> None:
        ports = [port.port for port in self._all_listeners()]
        if self._admin is not None:
            ports.append(self._admin)
        # Twisted closes them in the next turn; who would come until then would be told nothing.
        await DeferredList([maybeDeferred(port.stopListening) for port in ports])
        self.consoles.shut_down()
        told = self._admin_connections.shut_down()
        told.addTimeout(FINISH_SECONDS, self._reactor, lambda *_: None)
        self.fanout.flush()
        gone = self.sessions.shut_down()
        # Nobody says anything more: whoever does not read and a store that hangs are waited for together.
        await self.writer.close()
        await DeferredList([gone, told])
        self._housekeeping.stop()
        self._hashing.stop()
        with suppress(StoreUnavailableError):  # then the rooms go on behind what was reserved
            await self.store.close({room.id: room.last_id for room in self._directory.rooms()})


@contextmanager
def _as_start_error() -> Iterator[None]:
    """Let the operator see why it cannot be listened somewhere."""
    try:
        yield
    except ListenError as error:
        raise StartError(str(error)) from error


def _room_record(room_id: str, name: str) -> RoomRecord:
    """Return the room that `--room` asks for; raise `StartError` if it is none."""
    try:
        return RoomRecord(names.room_id(room_id), names.room_name(name))
    except ChatError as error:
        raise StartError(f"--room {room_id}: {error_text(error)}") from error
