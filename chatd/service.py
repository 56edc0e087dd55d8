"""Builds everything from a `Config`, and starts and stops it in order.

The only place that knows every class. Start: rooms, ports, consoles. Stop: no new clients, tell
consoles and clients why, let them have what is still to be sent, close.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import Any, cast

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.python.failure import Failure

from chatd.admin import unixsocket
from chatd.admin.commands import Office
from chatd.admin.console import Consoles
from chatd.admin.stdio import StandardOutputLog, open_console
from chatd.bus import LocalBus
from chatd.core.chat import Chat
from chatd.core.rooms import MemoryRegistry
from chatd.delivery import Delivery
from chatd.front.stream import ChatFactory, Limits
from chatd.journal import Journal
from chatd.session import Sessions

_INTERFACE = re.compile(r"(?:^|:)interface=((?:\\.|[^:\\])*)")


class StartError(Exception):
    """What was asked for cannot be; the message is the one line the operator sees."""


@dataclass(frozen=True)
class Config:
    """What the operator can choose (spec section 1)."""

    listen: tuple[str, ...] = ("tcp:9999:interface=localhost",)
    rooms: tuple[tuple[str, str], ...] = ()
    rooms_per_client: int = 1
    max_rooms: int = 1000
    hide_addresses: bool = False
    trace: bool = False
    console: bool = True
    admin: str = "chatd-admin.sock"
    max_frame: int = 16384
    send_queue: int = 1048576


class ChatService(Service):
    """The whole server. `log` is set where the log goes to standard output.

    That it is listening is said last: whoever reads that finds all doors open.
    """

    def __init__(self, config: Config, reactor: Any, log: StandardOutputLog | None = None) -> None:
        self._config = config
        self._reactor = reactor
        self.log = log
        self.journal = Journal()
        self.delivery = Delivery(reactor)
        self.bus = LocalBus(self.delivery, self.journal)
        registry = MemoryRegistry(config.max_rooms)
        self.chat = Chat(registry, self.bus, rooms_per_client=config.rooms_per_client)
        self.sessions = Sessions(
            self.chat,
            self.delivery,
            self.journal,
            reactor.seconds,
            show_addresses=not config.hide_addresses,
        )
        office = Office(
            chat=self.chat,
            sessions=self.sessions,
            delivery=self.delivery,
            bus=self.bus,
            journal=self.journal,
            now=reactor.seconds,
            started_at=reactor.seconds(),
            stop=self.end,
        )
        self.consoles = Consoles(office)
        limits = Limits(config.max_frame, config.send_queue)
        self.factory = ChatFactory(self.sessions, reactor, limits)
        self._endpoints = [(text, self._endpoint(text)) for text in config.listen]
        self._ports: list[tuple[str, IListeningPort]] = []
        self._admin: IListeningPort | None = None
        self._ending = False
        self._start_rooms()

    def end(self) -> None:
        """Begin to end the server: `stopService` follows."""
        if not self._ending:
            self._ending = True
            self._reactor.stop()

    def privilegedStartService(self) -> None:
        """Open the ports, while we may open any; raise `StartError` if one cannot be."""
        for text, endpoint in self._endpoints:
            self._listen(text, endpoint)

    def startService(self) -> None:
        """Open the consoles; raise `StartError` if the socket cannot be."""
        super().startService()  # type: ignore[no-untyped-call]
        if self._config.trace:
            self.delivery.trace = self.journal.sent
        if self._config.admin:
            self._open_admin_socket(self._config.admin)
        for text, port in self._ports:
            self._announce(text, port)
        if self._config.console:
            # sys.stdout itself leads into the log by now.
            log = self.log or StandardOutputLog(sys.__stdout__)
            open_console(self._reactor, self.consoles, log)

    def stopService(self) -> Deferred[None]:
        """Stop in order; fires when all is closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    # -- start

    def _start_rooms(self) -> None:
        for room_id, name in self._config.rooms:
            failed: list[Failure] = []
            Deferred.fromCoroutine(self.chat.start(room_id, name)).addErrback(failed.append)
            if failed:
                raise StartError(f"--room {room_id}: {failed[0].getErrorMessage()}")

    def _endpoint(self, text: str) -> IStreamServerEndpoint:
        try:
            return cast("IStreamServerEndpoint", serverFromString(self._reactor, text))
        except Exception as error:
            raise StartError(
                f"--listen {text}: this is no endpoint to listen at ({error}); "
                "one is, for instance, tcp:9999:interface=localhost"
            ) from error

    def _listen(self, text: str, endpoint: IStreamServerEndpoint) -> None:
        listening = endpoint.listen(self.factory)
        failed: list[Failure] = []
        listening.addCallbacks(lambda port: self._ports.append((text, port)), failed.append)
        if failed:
            error = failed[0].value
            why = error.socketError if isinstance(error, CannotListenError) else error
            raise StartError(f"cannot listen at {text}: {why}")

    def _announce(self, text: str, port: IListeningPort) -> None:
        host: Any = port.getHost()
        if hasattr(host, "port"):
            interface = _INTERFACE.search(text)
            shown = re.sub(r"\\(.)", r"\1", interface[1]) if interface else host.host
            self.journal.listening(shown, host.port)
        else:
            self.journal.listening(os.fsdecode(getattr(host, "name", None) or text))

    def _open_admin_socket(self, path: str) -> None:
        try:
            self._admin = unixsocket.listen(self._reactor, path, self.consoles)
        except (OSError, CannotListenError) as error:
            why = error.socketError if isinstance(error, CannotListenError) else error
            raise StartError(f"cannot open the admin socket {path}: {why}") from error

    # -- stop

    async def _stop(self) -> None:
        ports = [port for _, port in self._ports]
        if self._admin is not None:
            ports.append(self._admin)
        closed = [maybeDeferred(port.stopListening) for port in ports]
        self.consoles.shut_down()
        self.delivery.flush()
        await self.sessions.shut_down()
        await DeferredList(closed)
