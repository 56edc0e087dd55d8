"""The client: carries out what a way of talking wants done, with a link to the server and a screen.

Knows neither terminals nor pipes: a screen shows lines, and gives what is typed to `typed`. It is
over when `ended` fires.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatd.client.actions import (
    NOT_CONNECTED,
    Action,
    Address,
    Ask,
    AskLater,
    Connect,
    Disconnect,
    Exit,
    Line,
    StayAway,
)
from chatd.client.connection import Link
from chatd.client.endpoints import EndpointFor
from chatd.client.talk import Talk
from chatd.core.events import Event
from chatd.wire.answers import Answer, Refusal, Reply
from chatd.wire.commands import Request
from chatd.wire.json import encode_request

_CAUGHT_UP: Final = "caught up"


class Screen(Protocol):
    """Where lines go."""

    def show(self, line: Line) -> None:
        """Show a line."""

    def trouble(self, words: str) -> None:
        """Show what is wrong with a connection."""


class Client:
    """One person at one screen, who talks in one way.

    `patience`: for how many seconds the answers still due are waited for. `complete` is whether all
    was carried out that was asked for, `failed` whether it ended for want of a server;
    `unanswered` counts the requests since the server was last asked whether it had answered all.
    """

    def __init__(
        self,
        talk: Talk,
        screen: Screen,
        clock: IReactorTime,
        endpoint_for: EndpointFor,
        chance: Callable[[], float],
        *,
        patience: float,
    ) -> None:
        self.talk = talk
        self.complete = True
        self.failed = False
        self.unanswered = 0
        self.leaving = False
        self.ended: Deferred[None] = Deferred()
        self._screen = screen
        self._clock = clock
        self._endpoint_for = endpoint_for
        self._chance = chance
        self._patience = patience
        self._link: Link | None = None
        self._timers: list[IDelayedCall] = []
        self._catching_up: list[Deferred[None]] = []
        self._settling: list[Deferred[None]] = []
        self._prompting: list[Deferred[None]] = []
        self._last_line: Line | None = None
        self._awaits_goodbye = False

    # -- what the screen calls

    def start(self, address: Address) -> None:
        """Connect to the first server."""
        self.perform(self.talk.start(address))

    def typed(self, line: str) -> None:
        """Do what was typed."""
        self.perform(self.talk.typed(line))

    def perform(self, actions: list[Action]) -> None:
        """Do what is to be done."""
        for action in actions:
            self._perform(action)
        self._tell_settled()
        self._tell_prompted()

    @property
    def is_settled(self) -> bool:
        """Whether there is a connection, and one is back in one's rooms; or none is tried for."""
        connecting = self._link is not None and not self._link.is_up
        return not (connecting or self.talk.coming_back)

    def settled(self) -> Deferred[None]:
        """Fire when that is so."""
        waiting: Deferred[None] = Deferred()
        self._settling.append(waiting)
        self._tell_settled()
        return waiting

    def prompted(self) -> Deferred[None]:
        """Fire when there is something to be typed, or it is over."""
        waiting: Deferred[None] = Deferred()
        self._prompting.append(waiting)
        self._tell_prompted()
        return waiting

    def caught_up(self) -> Deferred[None]:
        """Fire when the server has answered all that it was asked, or does not in time."""
        if not (self._is_up and self.unanswered):
            return succeed(None)
        # Any request would do; this one changes nothing, at the server or here.
        self._ask(Request("help", tag=_CAUGHT_UP))
        self.unanswered = 0
        waiting: Deferred[None] = Deferred()
        waiting.addTimeout(self._patience, self._clock, lambda *_: None)
        self._catching_up.append(waiting)
        return waiting

    def leave(self, last_line: Line | None = None) -> None:
        """Leave the server; once it has said all, show `last_line` and end."""
        if self.leaving:
            return
        self.leaving = True
        self._last_line = last_line
        if self._link is None or not self._link.is_up:
            self._end()
            return
        self._link.stay_away()
        self._awaits_goodbye = True
        self._ask(Request("exit"))
        self._timers.append(self._clock.callLater(self._patience, self._end))

    def stop(self) -> None:
        """End at once, if it has not ended, without what is still due."""
        if not self.ended.called:
            self.leaving = True
            self.complete = False
            self._end()

    # -- what the link tells

    def link_up(self, session: str | None) -> None:
        """Take note that there is a connection."""
        self.perform(self.talk.connected(session))

    def link_failed(self, why: str | None) -> None:
        """Say that there is no connection."""
        if why is not None:
            self._screen.trouble(f"Cannot connect to {self.talk.server}: {why}.")
        self._hang_up()
        self.perform(self.talk.not_connected())

    def link_lost(self, *, coming_back: bool) -> None:
        """Say that the connection is lost, unless that was what was wanted."""
        self._cancel_timers()
        self.unanswered = 0
        self._tell_caught_up()
        if self.leaving:
            self._end()
            return
        if not coming_back:
            self._hang_up()
        self.perform(self.talk.lost(coming_back=coming_back))

    def link_event(self, event: Event | Answer) -> None:
        """Show what the server tells."""
        if isinstance(event, Reply | Refusal) and event.tag == _CAUGHT_UP:
            self._tell_caught_up()
            return
        if isinstance(event, Reply) and event.command == "exit":
            self._awaits_goodbye = False
        self.perform(self.talk.received(event))

    def link_text(self, words: str) -> None:
        """Show what the server says in plain text."""
        self.perform(self.talk.greeted(words))

    # -- within

    @property
    def _is_up(self) -> bool:
        return self._link is not None and self._link.is_up

    def _perform(self, action: Action) -> None:
        match action:
            case Line():
                if action == NOT_CONNECTED:
                    self.complete = False
                self._screen.show(action)
            case Ask():
                self._ask(action.request)
            case AskLater():
                self._timers.append(self._clock.callLater(action.seconds, self._try_again))
            case Connect():
                self._connect(action)
            case Disconnect():
                self._hang_up()
            case StayAway() if self._link is not None:
                self._link.stay_away()
            case Exit():
                self.failed = self.failed or action.failed
                self.leave(action.last_line)

    def _connect(self, action: Connect) -> None:
        self._hang_up()
        try:
            endpoint = self._endpoint_for(action.address)
        except ValueError:  # UnicodeError too: what cannot be a host
            self.link_failed("unknown host")
            return
        self._link = Link(endpoint, self._clock, self, self._chance, faithful=action.faithful)
        self._link.open()

    def _ask(self, request: Request) -> None:
        if self._link is not None and self._link.is_up:
            self.unanswered += 1
            self._link.send(encode_request(request))

    def _try_again(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self.perform(self.talk.try_again())

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            if link.is_up:
                link.send(encode_request(Request("exit")))
            link.close()
        self.unanswered = 0
        self._cancel_timers()
        self._tell_caught_up()

    def _end(self) -> None:
        if self._awaits_goodbye:
            self.complete = False
        self._hang_up()
        if self._last_line is not None:
            self._screen.show(self._last_line)
        self.ended.callback(None)
        self._tell_prompted()

    def _cancel_timers(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            if timer.active():
                timer.cancel()

    def _tell_caught_up(self) -> None:
        waiting, self._catching_up = self._catching_up, []
        for one in waiting:
            one.callback(None)

    def _tell_settled(self) -> None:
        if not self.is_settled:
            return
        waiting, self._settling = self._settling, []
        for one in waiting:
            one.callback(None)

    def _tell_prompted(self) -> None:
        if self.talk.prompt is None and not self.ended.called:
            return
        waiting, self._prompting = self._prompting, []
        for one in waiting:
            one.callback(None)
