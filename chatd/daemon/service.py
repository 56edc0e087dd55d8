"""The service: it starts the server, whose parts are in parts.py, and stops it in order.

Start: ports, store, consoles, all before the reactor runs.
Stop: accept no more clients, tell consoles and clients why, send what is queued for them and close
their connections, meanwhile write what is still to be stored, close the store.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from chatd.admin import unixsocket
from chatd.admin.stdio import StandardOutputLog, open_console
from chatd.auth.hashing import Argon2Hashing, Hashing
from chatd.config import Config
from chatd.core.errors import StoreUnavailableError
from chatd.core.store import IStore
from chatd.daemon.logfile import Log
from chatd.daemon.parts import ServerParts
from chatd.daemon.periodic import PeriodicTasks
from chatd.daemon.startup import StartError, read_motd, read_room, start_errors
from chatd.oplog.entry import SharedLog
from chatd.oplog.local import LocalLog
from chatd.server.listeners import ListenError, ListeningPort
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.storage.factory import create_store


class ChatService(ServerParts, Service):
    """The whole server.

    `log` is the log of the process, None where it is not chatd's.
    `hashing` and `store` replace those that `config` asks for. `wall_time` returns the seconds
    since the epoch, for timestamps; `reactor` measures durations. Servers that are given one
    `shared_log` and one store act as one; each has a name, `node`. `stopping` is set by
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
        node: str = LocalLog.node,
        shared_log: SharedLog | None = None,
    ) -> None:
        self.log = log
        self.stopping = False
        with start_errors():
            self.ports = [ListeningPort("--listen", text, reactor) for text in config.listen]
            self.irc_ports = [
                ListeningPort("--irc", text, reactor, asks_certificate=True)
                for text in config.irc.listen
            ]
            self.metrics_port = (
                ListeningPort("--metrics", config.metrics, reactor) if config.metrics else None
            )
            store = store or create_store(config.store, reactor)
        self._rooms = [read_room(room_id, name) for room_id, name in config.rooms]
        self._admin_port: IListeningPort | None = None
        hashing = hashing or Argon2Hashing(reactor)
        super().__init__(config, reactor, store, hashing, wall_time, node, shared_log)

    # -- what the process calls

    def privilegedStartService(self) -> None:
        """Open the ports, before twistd changes its user; raise `StartError` if one cannot open."""
        with start_errors():
            for port in self.ports:
                port.listen(self.factory)
            for port in self.irc_ports:
                port.listen(self.irc_factory)
            if self.metrics_port is not None:
                self.metrics_port.listen(self._metrics_site())

    def startService(self) -> None:
        """Open the store and the admin socket; raise `StartError` if one of them cannot open.

        twistd calls this in the process that stays, as its user: the files that it makes here
        belong to that user.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._load_motd()
        rooms = [replace(room, created=self._wall_time()) for room in self._rooms]
        with start_errors():
            snapshot = self.store.open(rooms, shared=self._shared_log is not None)
        self.world.load(snapshot, self._wall_time(), self.oplog.seconds())
        self.oplog.start()
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
        for port in (*self.ports, *self.irc_ports):
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
        ports = [*self.ports, *self.irc_ports]
        return ports if self.metrics_port is None else [*ports, self.metrics_port]

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
        applied = Deferred.fromCoroutine(self.oplog.settled())
        applied.addTimeout(FINISH_SECONDS, self._reactor, lambda *_: None)
        await applied
        await self.writer.close()
        await DeferredList([sessions_closed, consoles_closed])
        for tasks in self._periodic:
            tasks.stop()
        self.hashing.stop()
        with suppress(StoreUnavailableError):
            await self.read_marks.write()
        # Without the last ids, the next start continues each room behind its reserved ids.
        with suppress(StoreUnavailableError):
            is_alone = self._shared_log is None  # other servers give further ids
            rooms = self.world.rooms if is_alone else ()
            await self.store.close({room.id: room.last_id for room in rooms})
