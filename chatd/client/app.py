"""The client: it carries out the actions of a frontend, with a connection and a screen.

It knows neither terminals nor pipes: a screen shows lines, and gives the input to `typed`. The
client is over when `ended` fires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatd.client.connection import Connection
from chatd.client.endpoints import EndpointFor
from chatd.client.model.effects import RetryAfter, Send, StopReconnecting, TellReadAfter
from chatd.client.model.pending import PendingReplies
from chatd.client.ui.frontend import Action, Address, Connect, Exit, Frontend, Hangup, Line, Restore
from chatd.core.events import Event
from chatd.core.sanitize import sanitize
from chatd.protocol.command import Request
from chatd.protocol.jsonio import encode_request
from chatd.protocol.received import Reply
from chatd.waiters import Waiters


class Screen(Protocol):
    """The output of the client."""

    def show(self, line: Line) -> None:
        """Show a line."""

    def show_error(self, words: str) -> None:
        """Show what is wrong with a connection or with the input."""

    def restore(self, text: str) -> None:
        """Put a text that was not sent into the input again, if the screen has an input."""


class Client:
    """One user at one screen.

    `exit_timeout`: at the end the client waits for replies until the server has sent nothing for so
    many seconds. `complete`: as far as is known, everything that the user asked for was done and
    answered. `failed`: the client ended as there was no server. Once it is `leaving`, it shows what
    arrives and does nothing else.
    """

    def __init__(
        self,
        frontend: Frontend,
        screen: Screen,
        clock: IReactorTime,
        endpoint_for: EndpointFor,
        chance: Callable[[], float],
        *,
        exit_timeout: float,
    ) -> None:
        self.frontend = frontend
        self.complete = True
        self.failed = False
        self.leaving = False
        self.ended: Deferred[None] = Deferred()
        self._screen = screen
        self._clock = clock
        self._endpoint_for = endpoint_for
        self._chance = chance
        self._connection: Connection | None = None
        self._timers: list[IDelayedCall] = []
        self._idle_timer = IdleTimer(clock, exit_timeout, self._server_is_silent)
        self._pending = PendingReplies()
        self._drained: Waiters[bool] = Waiters()
        self._settled: Waiters[None] = Waiters()
        self._prompted: Waiters[None] = Waiters()
        self._banners: set[str] = set()
        self._last_line: Line | None = None

    # -- what the screen calls

    def start(self, address: Address) -> None:
        """Connect to the first server."""
        self.perform(self.frontend.start(address))

    def typed(self, line: str) -> None:
        """Handle a line of the input, unless the client is leaving."""
        if not self.leaving:
            self.perform(self.frontend.entered(line))

    def noticed(self) -> None:
        """Note that the user presses a key."""
        if not self.leaving:
            self.perform(self.frontend.noticed())

    def perform(self, actions: list[Action]) -> None:
        """Carry out actions, up to an `Exit` if there is one."""
        for action in actions:
            self._perform(action)
            if isinstance(action, Exit):
                break
        self._fire_settled()
        self._fire_prompted()

    def show_error(self, words: str) -> None:
        """Show what prevents a part of what the user asked for."""
        self.complete = False
        self._screen.show_error(words)

    @property
    def unanswered(self) -> int:
        """The number of requests since the last one that is known to be served."""
        return self._pending.unanswered

    @property
    def is_settled(self) -> bool:
        """Whether the session is connected and in its rooms, or no connection is being made."""
        connecting = self._connection is not None and not self._connection.is_up
        return not (connecting or self.frontend.is_rejoining)

    def settled(self) -> Deferred[None]:
        """Return a Deferred that fires when the client is settled."""
        waiting = self._settled.wait()
        self._fire_settled()
        return waiting

    def prompted(self) -> Deferred[None]:
        """Return a Deferred that fires when there is a prompt, or at the end."""
        waiting = self._prompted.wait()
        self._fire_prompted()
        return waiting

    def drained(self) -> Deferred[bool]:
        """Return a Deferred that fires when no reply is pending: False if the server is silent."""
        if self._connection is None or not self._connection.is_up or self.leaving:
            return succeed(True)
        if not self.unanswered:
            return succeed(True)
        self._connection.send(encode_request(self._pending.ping()))
        self._idle_timer.start()
        return self._drained.wait()

    def leave(self, last_line: Line | None = None) -> None:
        """Leave the server; after its last reply show `last_line` and end."""
        if self.leaving:
            return
        self.leaving = True
        self._last_line = last_line
        if self._connection is None or not self._connection.is_up:
            self._end()
            return
        self._connection.stop_reconnecting()
        self._send(Request("exit"))
        self._idle_timer.start()

    def stop(self) -> None:
        """End at once, without the pending replies."""
        if not self.ended.called:
            self.leaving = True
            self.complete = False
            self._end()

    # -- what the connection calls

    def connected(self, token: str | None, about: Mapping[str, object]) -> None:
        """Handle a new connection."""
        self._banners.clear()
        self.perform(self.frontend.connected(token, about))

    def retrying(self, reason: str, seconds: float) -> None:
        """Handle a failed attempt, or a lost connection, before the next attempt."""
        if not self.leaving:
            self.perform(self.frontend.retrying(reason, seconds))

    def connect_failed(self, reason: str | None) -> None:
        """Handle a connection that cannot be made."""
        words = self.frontend.explained(reason)
        if words:
            self._screen.show_error(words)
        self._hang_up()
        self.perform(self.frontend.not_connected())

    def disconnected(self, *, reconnecting: bool) -> None:
        """Handle a lost connection."""
        self._cancel_timers()
        self._stop_waiting()
        if self.leaving:
            self._end()
            return
        if not reconnecting:
            self._hang_up()
        self.perform(self.frontend.disconnected(reconnecting=reconnecting))

    def protocol_error(self, reason: str) -> None:
        """Handle a server that sends what the client cannot handle: leave it."""
        self.show_error(sanitize(f"Cannot go on with {self.frontend.server}: {reason}."))
        self.disconnected(reconnecting=False)

    def event_received(self, event: Event | Reply) -> None:
        """Handle an event or a reply of the server."""
        self._idle_timer.reset()
        if self._pending.received(event):
            self._all_served()
        if not self._pending.is_pong(event):
            self.perform(self.frontend.handle(event))

    def banner_received(self, text: str) -> None:
        """Show the words of a server that admits nobody: once, however often they come."""
        if text not in self._banners:
            self._banners.add(text)
            self.perform(self.frontend.banner(text))

    # -- actions

    def _perform(self, action: Action) -> None:
        match action:
            case Line():
                self.complete = self.complete and not action.failed
                self._screen.show(action)
            case _ if self.leaving:
                pass
            case Restore():
                self._screen.restore(action.text)
            case Send():
                self._send(action.request)
            case RetryAfter() | TellReadAfter():
                self._timers.append(self._clock.callLater(action.seconds, self._later, action))
            case Connect():
                self._connect(action)
            case Hangup():
                self._hang_up()
            case StopReconnecting() if self._connection is not None:
                self._connection.stop_reconnecting()
            case Exit():
                self.failed = self.failed or action.failed
                self.leave(action.last_line)

    def _connect(self, action: Connect) -> None:
        self._hang_up()
        self._banners.clear()
        try:
            endpoint = self._endpoint_for(action.address)
        except ValueError:  # UnicodeError too: the text cannot be a host
            self.connect_failed("unknown host")
            return
        self._connection = Connection(
            endpoint, self._clock, self, self._chance, retry_first=action.retry_first
        )
        self._connection.open()

    def _send(self, request: Request) -> None:
        if self._connection is not None and self._connection.is_up:
            self._pending.sent(request)
            self._connection.send(encode_request(request))

    def _later(self, action: RetryAfter | TellReadAfter) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        is_retry = isinstance(action, RetryAfter)
        self.perform(self.frontend.retry() if is_retry else self.frontend.tell_read())

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if connection.is_up:
                connection.send(encode_request(Request("exit")))
            connection.close()
        self._cancel_timers()
        self._stop_waiting()

    def _end(self) -> None:
        self._hang_up()
        if self._last_line is not None:
            self._screen.show(self._last_line)
        self.ended.callback(None)
        self._fire_prompted()

    def _cancel_timers(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            if timer.active():
                timer.cancel()

    # -- waiting for replies

    def _server_is_silent(self) -> None:
        if self.leaving:
            self._end()
        else:
            self._drained.fire(False)

    def _all_served(self) -> None:
        if not self.leaving:  # then the timer waits for the reply to `exit`
            self._idle_timer.stop()
        self._drained.fire(True)

    def _stop_waiting(self) -> None:
        """Note that no reply comes any more."""
        self.complete = self.complete and not self._pending.has_pending
        self._pending.reset()
        self._idle_timer.stop()
        self._drained.fire(True)

    def _fire_settled(self) -> None:
        if self.is_settled:
            self._settled.fire(None)

    def _fire_prompted(self) -> None:
        if self.frontend.prompt is not None or self.ended.called:
            self._prompted.fire(None)


class IdleTimer:
    """Calls `on_idle` when nothing happened for so many `seconds`, while it runs."""

    def __init__(self, clock: IReactorTime, seconds: float, on_idle: Callable[[], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._on_idle = on_idle
        self._timer: IDelayedCall | None = None

    def start(self) -> None:
        """Start, or start again."""
        self.stop()
        self._timer = self._clock.callLater(self._seconds, self._fire)

    def reset(self) -> None:
        """Note that something happened."""
        if self._timer is not None:
            self._timer.reset(self._seconds)

    def stop(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._on_idle()
