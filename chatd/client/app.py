"""The client: carries out what a way of talking wants done, with a link to the server and a screen.

Knows neither terminals nor pipes: a screen shows lines, and gives what is typed to `typed`. It is
over when `ended` fires.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chatd.client.connection import Link
from chatd.client.endpoints import EndpointFor
from chatd.client.model.pending import Due
from chatd.client.ui.effects import (
    Action,
    Address,
    Ask,
    AskLater,
    Connect,
    Exit,
    Hangup,
    Line,
    StayAway,
)
from chatd.client.ui.frontend import Talk
from chatd.client.waiting import Patience, Waiting
from chatd.core.events import Event
from chatd.core.sanitize import sanitize
from chatd.protocol.commands import Request
from chatd.protocol.jsonio import encode_request
from chatd.protocol.received import Reply


class Screen(Protocol):
    """Where lines go."""

    def show(self, line: Line) -> None:
        """Show a line."""

    def trouble(self, words: str) -> None:
        """Show what is wrong with a connection."""


class Client:
    """One person at one screen, who talks in one way.

    `patience`: for how many seconds the answers still due are waited for, since the server last told
    anything. `complete` is whether, for all one knows, all was carried out and answered that was
    asked for; `failed` whether it ended for want of a server. Once it is `leaving`, what comes is
    shown, and nothing else is done any more.
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
        self.leaving = False
        self.ended: Deferred[None] = Deferred()
        self._screen = screen
        self._clock = clock
        self._endpoint_for = endpoint_for
        self._chance = chance
        self._link: Link | None = None
        self._timers: list[IDelayedCall] = []
        self._patience = Patience(clock, patience, self._too_late)
        self._due = Due()
        self._catching_up: Waiting[bool] = Waiting()
        self._settling: Waiting[None] = Waiting()
        self._prompting: Waiting[None] = Waiting()
        self._greetings: set[str] = set()
        self._last_line: Line | None = None

    # -- what the screen calls

    def start(self, address: Address) -> None:
        """Connect to the first server."""
        self.perform(self.talk.start(address))

    def typed(self, line: str) -> None:
        """Do what was typed, unless it comes after the end that was asked for."""
        if not self.leaving:
            self.perform(self.talk.typed(line))

    def perform(self, actions: list[Action]) -> None:
        """Do what is to be done, up to the end if that is asked for."""
        for action in actions:
            self._perform(action)
            if isinstance(action, Exit):
                break
        self._tell_settled()
        self._tell_prompted()

    def trouble(self, words: str) -> None:
        """Show what keeps from being done what was asked for."""
        self.complete = False
        self._screen.trouble(words)

    @property
    def unanswered(self) -> int:
        """How many requests there are since the last that is known to be answered."""
        return self._due.unanswered

    @property
    def is_settled(self) -> bool:
        """Whether there is a connection, and one is back in one's rooms; or none is tried for."""
        connecting = self._link is not None and not self._link.is_up
        return not (connecting or self.talk.coming_back)

    def settled(self) -> Deferred[None]:
        """Fire when that is so."""
        waiting = self._settling.wait()
        self._tell_settled()
        return waiting

    def prompted(self) -> Deferred[None]:
        """Fire when there is something to be typed, or it is over."""
        waiting = self._prompting.wait()
        self._tell_prompted()
        return waiting

    def drained(self) -> Deferred[bool]:
        """Fire when the server owes no answer, or False if it keeps silent for too long."""
        if self._link is None or not self._link.is_up or self.leaving or not self.unanswered:
            return succeed(True)
        self._link.send(encode_request(self._due.probe()))
        self._patience.begin()
        return self._catching_up.wait()

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
        self._ask(Request("exit"))
        self._patience.begin()

    def stop(self) -> None:
        """End at once, if it has not ended, without what is still due."""
        if not self.ended.called:
            self.leaving = True
            self.complete = False
            self._end()

    # -- what the link tells

    def link_up(self, session: str | None) -> None:
        """Take note that there is a connection."""
        self._greetings.clear()
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
        self._wait_no_more()
        if self.leaving:
            self._end()
            return
        if not coming_back:
            self._hang_up()
        self.perform(self.talk.lost(coming_back=coming_back))

    def link_broken(self, why: str) -> None:
        """Say that what the server sends cannot be dealt with, and leave it alone."""
        self.trouble(sanitize(f"Cannot go on with {self.talk.server}: {why}."))
        self.link_lost(coming_back=False)

    def link_event(self, event: Event | Reply) -> None:
        """Show what the server tells."""
        self._patience.renew()
        if self._due.came(event):
            self._caught_up()
        if not self._due.is_probed(event):
            self.perform(self.talk.received(event))

    def link_text(self, words: str) -> None:
        """Show why the server lets nobody in: once, however often it is tried for in vain."""
        if words not in self._greetings:
            self._greetings.add(words)
            self.perform(self.talk.greeted(words))

    # -- within

    def _perform(self, action: Action) -> None:
        match action:
            case Line():
                self.complete = self.complete and not action.failed
                self._screen.show(action)
            case _ if self.leaving:
                pass
            case Ask():
                self._ask(action.request)
            case AskLater():
                self._timers.append(self._clock.callLater(action.seconds, self._try_again))
            case Connect():
                self._connect(action)
            case Hangup():
                self._hang_up()
            case StayAway() if self._link is not None:
                self._link.stay_away()
            case Exit():
                self.failed = self.failed or action.failed
                self.leave(action.last_line)

    def _connect(self, action: Connect) -> None:
        self._hang_up()
        self._greetings.clear()
        try:
            endpoint = self._endpoint_for(action.address)
        except ValueError:  # UnicodeError too: what cannot be a host
            self.link_failed("unknown host")
            return
        self._link = Link(endpoint, self._clock, self, self._chance, faithful=action.faithful)
        self._link.open()

    def _ask(self, request: Request) -> None:
        if self._link is not None and self._link.is_up:
            self._due.asked(request)
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
        self._cancel_timers()
        self._wait_no_more()

    def _end(self) -> None:
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

    # -- waiting for answers

    def _too_late(self) -> None:
        if self.leaving:
            self._end()
        else:
            self._catching_up.tell(False)

    def _caught_up(self) -> None:
        if not self.leaving:  # one is still patient, then, with the last answer of all
            self._patience.end()
        self._catching_up.tell(True)

    def _wait_no_more(self) -> None:
        """Take note that there is nobody who could answer."""
        self.complete = self.complete and not self._due.is_owed
        self._due.forget()
        self._patience.end()
        self._catching_up.tell(True)

    # -- telling who waits

    def _tell_settled(self) -> None:
        if self.is_settled:
            self._settling.tell(None)

    def _tell_prompted(self) -> None:
        if self.talk.prompt is not None or self.ended.called:
            self._prompting.tell(None)
