"""The user's session on a server, over as many connections as it takes.

It has no input or output and is the same for every frontend: what the server sends goes in,
requests and updates come out. After a lost connection it takes back name and rooms (rejoin.py),
sees that the user reads every message once and in order (sync.py), and reports messages that may be
lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.client.model.effects import (
    ConnectionStatus,
    Effect,
    Incoming,
    RetryAfter,
    Send,
    StopReconnecting,
    TellReadAfter,
)
from chatd.client.model.ignored import without_ignored
from chatd.client.model.keys import RoomKeys
from chatd.client.model.phase import CONNECTED, NEXT, Phase
from chatd.client.model.reading import Reading
from chatd.client.model.rejoin import TAG, Rejoin
from chatd.client.model.state import ClientState, rooms_of
from chatd.client.model.sync import NOT_NOW, STORE_PAUSE, SYNC_TAGS, HistorySync
from chatd.client.model.values import int_or_none, str_or_none
from chatd.core.events import Event, Joined, Left, Message, RoomClosed, RoomEvent
from chatd.core.room_events import ReadUpTo
from chatd.protocol.command import Request
from chatd.protocol.received import Disconnect, Error, History, Ok, Receipt, Reply, RoomList

_FURTHER_ROOMS: Final = "rooms"
"""The tag of requests for further pages of a list of rooms."""

_MAX_ROOMS: Final = 10_000
"""How many rooms the client asks for at most: a server is not trusted."""


class ChatSession:
    """`state` is what is known of the user; `phase` says how far the session is.

    `reading` is what is read of the rooms. `recent` is how many messages from before the joining of
    a room are reported (`Recent`).
    `_token` resumes the session, `_rejoin` is the way back until it is complete, and `_returning`
    is set from the new connection until the user is told that they are back.
    """

    def __init__(self, recent: int = 0) -> None:
        self.state = ClientState()
        self.phase = Phase.OFFLINE
        self._recent = recent
        self._sync = HistorySync(recent)
        self._keys = RoomKeys()
        self.reading = Reading(looks=recent > 0)
        self._token: str | None = None
        self._rejoin: Rejoin | None = None
        self._returning = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self.phase in CONNECTED

    @property
    def is_rejoining(self) -> bool:
        """Whether the session returns to its rooms without the user's help."""
        return self.phase in {Phase.RESUMING, Phase.REJOINING, Phase.CATCHING_UP}

    @property
    def has_rooms_to_rejoin(self) -> bool:
        """Whether the way back to the rooms is not complete."""
        return self._rejoin is not None

    @property
    def destination(self) -> str | None:
        """The room that messages go to: on the way back the one that was the current one."""
        awaited = self._rejoin.current if self._rejoin is not None else None
        return awaited or self.state.current

    def send(self, request: Request) -> Send:
        """Return the effect that sends a request of the user."""
        self._keys.sent(request)
        return self._sync.send(request)

    def cancel_rejoin(self) -> None:
        """Stop the way back: the user joins a room of their own choice."""
        self._rejoin = None
        if self.is_connected:
            self._update_phase()

    def reset(self) -> None:
        """Forget everything: the user leaves the server for good."""
        self._enter(Phase.OFFLINE)
        self._rejoin = self._token = None
        self._returning = False
        self.state, self._keys = ClientState(), RoomKeys()
        self._sync.reset()
        self.reading = Reading(looks=self._recent > 0)

    def seen(self) -> list[TellReadAfter]:
        """Note that the user sees the current room; the server is told in a while."""
        room = self.state.current
        if self.phase is not Phase.ONLINE or self.state.account is None or room is None:
            return []
        shown = self._sync.shown(room)
        return [] if shown is None else self.reading.seen(room, shown)

    # -- the connection

    def connected(self, token: str | None) -> list[Effect]:
        """Start, or begin to return, on a new connection; `token` resumes the new session."""
        self._token = token
        if self._rejoin is None:
            self._enter(Phase.ONLINE)
            return []
        self._returning = True
        self._enter(self._rejoin_phase(self._rejoin))
        return [ConnectionStatus.CONNECTED_AGAIN, *self._next_request(), *self._finish()]

    def not_connected(self) -> None:
        """Note that there is no connection, and that the client makes none."""
        self._enter(Phase.OFFLINE)
        self._rejoin = None

    def disconnected(self, *, reconnecting: bool) -> list[Effect]:
        """Note that the connection is lost; `reconnecting`: the client makes another."""
        self._returning = False
        self._enter(Phase.CONNECTING if reconnecting else Phase.OFFLINE)
        state, before = self.state, self._rejoin
        rooms, current, account = tuple(state.rooms), state.current, state.account
        if before is not None:
            rooms, current = (*rooms, *before.rooms), before.current or current
            account = before.account if before.must_log_in else account
        self._sync.disconnected()
        self._keys.disconnected()
        self.reading.disconnected()
        state.leave_all()
        if not reconnecting:
            self._rejoin = None
            return []
        self._rejoin = Rejoin(state.name, rooms, current, self._tokens(), account, self._keys)
        return [ConnectionStatus.LOST]

    def _tokens(self) -> list[str]:
        """Return the resume tokens of the sessions that may hold the user's name."""
        unused = list(self._rejoin.tokens) if self._rejoin is not None else []
        if self._token is None or (self._rejoin is not None and self._rejoin.must_log_in):
            return unused
        return [*unused, self._token]

    # -- the server

    def handle(self, event: Event | Reply) -> list[Effect]:
        """Return what follows from an event or a reply of the server."""
        self._keys.received(event)
        return without_ignored([*self._handle(event), *self._finish()])

    def retry(self) -> list[Effect]:
        """Go on after a `RetryAfter`."""
        if not self.is_connected:
            return []
        is_waiting = self._rejoin is not None and self._rejoin.is_waiting
        request = self._next_request() if is_waiting else []
        return [*request, *self._sync.retry(), *self._finish()]

    def _handle(self, event: Event | Reply) -> Sequence[Effect]:  # noqa: PLR0911 -- a table
        match event:
            case History() | Error() if (event.tag or "").startswith(SYNC_TAGS):
                return self._sync.replied(event, self.state.name)
            case RoomList() | Error() if event.tag == _FURTHER_ROOMS:
                return self._further_rooms(event)
            case Ok(command="format"):
                self._token = str_or_none(event.data.get("session"))
                return []
            case Ok() | Error() if event.tag == TAG:
                return self._rejoin_replied(event, self._rejoin)
            case Ok() | Error() if self.reading.is_reply(event):
                self.reading.replied(event, self.state)
                return []
            case ReadUpTo():
                self.reading.told(event.room, event.id)
                return [Incoming(event, len(self.state.rooms))]
            case Receipt():
                self._sync.stored(event.room, event.id, event.tag)
                return []
            case Error():
                self._note_error(event)
            case Message() if not self._sync.is_new(event):
                return []
        return self._show(event)

    def _further_rooms(self, event: RoomList | Error) -> list[Effect]:
        """Note a further page of a list of rooms, which is for completion alone."""
        if isinstance(event, Error):  # the room that the page before ended with is gone
            return []
        self.state.update(event)
        return self._ask_for_further_rooms(event)

    def _ask_for_further_rooms(self, page: RoomList) -> list[Effect]:
        if not (page.more and page.rooms) or len(self.state.known_rooms) >= _MAX_ROOMS:
            return []
        return [Send(Request("list", {"since": page.rooms[-1].id}, _FURTHER_ROOMS))]

    def _show(self, event: Event | Reply) -> list[Effect]:
        is_own, count_before = self.state.is_own(event), len(self.state.rooms)
        self.state.update(event)
        # A room that the user joins or leaves counts in the line that says so.
        incoming = Incoming(event, max(count_before, len(self.state.rooms)))
        room = event.room if isinstance(event, RoomEvent) else None
        effects: list[Effect] = [] if self._sync.buffers(incoming, room) else [incoming]
        match event:
            case Ok():
                effects += self._note_reply(event)
            case RoomList(tag=None):
                effects += self._ask_for_further_rooms(event)
            case Joined() if is_own:
                effects += self._sync.joined(event.room, None)
            case Left() if is_own:
                effects += self._sync.removed(event.room)
            case RoomClosed():
                effects += self._sync.removed(event.room)
            case Disconnect(retry=False):
                effects.append(StopReconnecting())
        return effects

    def _note_reply(self, reply: Ok) -> Sequence[Effect]:
        room = str_or_none(reply.data.get("room"))
        match reply.command:
            case "join" | "enter" if room is not None:
                self.reading.joined(room, reply)
                return self._sync.joined(room, int_or_none(reply.data.get("last")))
            case "quit" if room is not None:
                self.reading.left(room)
                return self._sync.left(room)
            case "logout":
                self._rejoin = None
                self._sync.reset()
            case "resume":
                self._token = str_or_none(reply.data.get("session")) or self._token
                return self._in_rooms(reply)
            case "login" | "register" | "recall":
                return [*self._in_rooms(reply), *self._logged_in()]
            case "secret" if reply.tag is not None:
                self._sync.outbox.replied(reply.tag)
        return []

    def _in_rooms(self, reply: Ok) -> list[Effect]:
        """Note the rooms that the account's other sessions are in, and so this one."""
        rooms = [*rooms_of(reply)]
        missed = (effect for room in rooms for effect in self._sync.joined(room, None))
        return [*self.reading.look(rooms), *missed]

    def _note_error(self, error: Error) -> None:
        room, number = str_or_none(error.data.get("room")), error.data.get("id")
        if error.code == "not-stored" and room is not None and isinstance(number, int):
            self._sync.stored(room, number, error.tag)
        elif error.tag is not None:
            self._sync.outbox.replied(error.tag)
        elif error.code == "too-long":
            self._sync.outbox.too_long()

    # -- the way back

    def _rejoin_replied(self, reply: Ok | Error, rejoin: Rejoin | None) -> list[Effect]:
        is_shown = reply.command != "resume" or isinstance(reply, Ok)
        if rejoin is None:  # the user has joined a room of their own choice meanwhile
            return self._show(reply) if is_shown else []
        if isinstance(reply, Error):
            if reply.code in NOT_NOW:
                return [*_wait(rejoin, ConnectionStatus.STORE_AWAY), RetryAfter(STORE_PAUSE)]
            if reply.code == "name-in-use" and reply.command == "join":
                return self._wait_for_name(reply, rejoin)
        elif reply.command == "resume":
            rejoin.name_restored()
        rejoin.replied(reply.command)
        shown = self._show(reply) if is_shown else []
        return [*shown, *self._next_request()]

    def _wait_for_name(self, error: Error, rejoin: Rejoin) -> list[Effect]:
        seconds = rejoin.next_pause()
        if seconds is None:
            self._rejoin = None
            return self._show(error)
        return [*_wait(rejoin, ConnectionStatus.NAME_IN_USE), RetryAfter(seconds)]

    def _next_request(self) -> list[Effect]:
        if self._rejoin is None:
            return []
        self._rejoin.is_waiting = False
        request = self._rejoin.request(self.state)
        if request is not None:
            return [Send(request)]
        if self._rejoin.must_log_in:
            self.state.account = None
            return [ConnectionStatus.LOG_IN_AGAIN]
        self._rejoin = None
        return []

    def _logged_in(self) -> list[Effect]:
        """Go on with the way back that waited for the login; another account has none."""
        if self._rejoin is None or self._rejoin.account != self.state.account:
            self._rejoin = None
            return []
        self._rejoin.name_restored()
        return self._next_request()

    # -- phases

    def _finish(self) -> list[Effect]:
        """Update the phase; return what the user is told once all rooms are up to date."""
        if self.is_connected:
            self._update_phase()
        if self.phase is not Phase.ONLINE:
            return []
        effects: list[Effect] = [*self._sync.unconfirmed()]
        if self._returning:
            self._returning = False
            effects.append(ConnectionStatus.BACK)
        return effects

    def _update_phase(self) -> None:
        if self._rejoin is not None:
            self._enter(self._rejoin_phase(self._rejoin))
        else:
            self._enter(Phase.CATCHING_UP if self._sync.is_catching_up else Phase.ONLINE)

    def _rejoin_phase(self, rejoin: Rejoin) -> Phase:
        if rejoin.tokens:
            return Phase.RESUMING
        return Phase.AWAITING_LOGIN if rejoin.must_log_in else Phase.REJOINING

    def _enter(self, phase: Phase) -> None:
        assert phase is self.phase or phase in NEXT[self.phase], f"{self.phase} -> {phase}"
        self.phase = phase


def _wait(rejoin: Rejoin, status: ConnectionStatus) -> list[ConnectionStatus]:
    """Note that the way back waits; return what the user is told, which is told once."""
    is_new = not rejoin.was_announced
    rejoin.is_waiting = rejoin.was_announced = True
    return [status] if is_new else []
