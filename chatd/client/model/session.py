"""One's presence on a server, over however many connections: name, rooms, what was read and sent.

Pure, and the same for every way of talking: what the server tells goes in, requests and what is to
be told come out. It takes back name and rooms after a lost connection (comeback.py), sees that of
each room all is told once and in order (bookmarks.py), and that nothing one said is lost without a
word (outbox.py). It puts nothing into words.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatd.client.model.rejoin import TAG, Comeback
from chatd.client.model.state import Whereabouts
from chatd.client.model.sync import NOT_NOW, READING_TAGS, STORE_PAUSE, Reading
from chatd.client.model.sync import Step as ReadingStep
from chatd.client.model.updates import News, Turn
from chatd.client.ui.effects import Ask, AskLater, StayAway
from chatd.core.events import Event, Joined, Left, Message, RoomClosed, RoomEvent
from chatd.protocol.commands import Request
from chatd.protocol.received import Disconnect, Error, History, Ok, Receipt, Reply

Step = ReadingStep | StayAway


class Presence:
    """`where` is what is known of one's place; `is_connected` whether there is a connection.

    `comeback` is the way back, until one is back.
    """

    def __init__(self) -> None:
        self.where = Whereabouts()
        self.is_connected = False
        self.comeback: Comeback | None = None
        self._reading = Reading()
        self._session: str | None = None
        self._returning = False

    @property
    def coming_back(self) -> bool:
        """Whether the way back has begun, and goes on without the person."""
        if not self.is_connected:
            return False
        on_the_way = self.comeback is not None and not self.comeback.must_log_in
        return on_the_way or self._reading.is_catching_up

    def send(self, request: Request) -> Ask:
        """Return what asks for something that the person wants."""
        return self._reading.send(request)

    def go_elsewhere(self) -> None:
        """Take note that the person joins a room himself: he has chosen another way back."""
        self.comeback = None

    def forget(self) -> None:
        """Take note that the server is left for good."""
        self.is_connected = self._returning = False
        self.comeback = self._session = None
        self.where = Whereabouts()
        self._reading.forget()

    # -- the connection

    def connected(self, session: str | None) -> list[Step]:
        """Take note that there is a connection; `session` is its secret."""
        self.is_connected = True
        self._session = session
        if self.comeback is None:
            return []
        self._returning = True
        return [Turn.CONNECTED_AGAIN, *self._next_step(), *self._end()]

    def not_connected(self) -> None:
        """Take note that there is no connection, and that none is tried for."""
        self.is_connected = False
        self.comeback = None

    def lost(self, *, coming_back: bool) -> list[Step]:
        """Take note that the connection has ended; `coming_back` if another is tried for."""
        self.is_connected = self._returning = False
        where, before = self.where, self.comeback
        rooms, current, account = tuple(where.rooms), where.current, where.account
        if before is not None:
            rooms, current = (*rooms, *before.rooms), before.current or current
            account = before.account if before.must_log_in else account
        self._reading.lose()
        where.leave_all()
        if not coming_back:
            self.comeback = None
            return []
        self.comeback = Comeback(where.name, rooms, current, self._secrets(), account)
        return [Turn.LOST]

    def _secrets(self) -> list[str]:
        """Return the secrets of the sessions that may have one's name."""
        comeback = self.comeback
        unanswered = list(comeback.secrets) if comeback is not None else []
        if self._session is None or (comeback is not None and comeback.must_log_in):
            return unanswered
        return [*unanswered, self._session]

    # -- the server

    def received(self, event: Event | Reply) -> list[Step]:
        """Take in something the server tells."""
        return [*self._received(event), *self._end()]

    def try_again(self) -> list[Step]:
        """Go on where one had to wait: some time has passed."""
        if not self.is_connected:
            return []
        is_time = self.comeback is not None and self.comeback.waits
        step = self._next_step() if is_time else []
        return [*step, *self._reading.try_again(), *self._end()]

    def _received(self, event: Event | Reply) -> Sequence[Step]:
        match event:
            case History() | Error() if (event.tag or "").startswith(READING_TAGS):
                return self._reading.answered(event, self.where.name)
            case Ok(command="format"):
                self._session = text_or_none(event.data.get("session"))
                return []
            case Ok() | Error() if event.tag == TAG and self.comeback is not None:
                return self._came_back(event, self.comeback)
            case Receipt():
                self._reading.stored(event.room, event.id, event.tag)
                return []
            case Error():
                self._note_refusal(event)
            case Message() if not self._reading.is_new(event):
                return []
        return self._news(event)

    def _news(self, event: Event | Reply) -> list[Step]:
        news = News(event, len(self.where.rooms))
        room = event.room if isinstance(event, RoomEvent) else None
        told: list[Step] = [] if self._reading.holds(news, room) else [news]
        is_own = self.where.is_own(event)
        self.where.note(event)
        match event:
            case Ok():
                told += self._note_reply(event)
            case Joined() if is_own:
                told += self._reading.joined(event.room, None)
            case Left() if is_own:
                self._reading.put_out(event.room)
            case RoomClosed():
                self._reading.put_out(event.room)
            case Disconnect(retry=False):
                told.append(StayAway())
        return told

    def _note_reply(self, reply: Ok) -> Sequence[Step]:
        room, last = text_or_none(reply.data.get("room")), reply.data.get("last")
        match reply.command:
            case "join" | "enter" if room is not None:
                return self._reading.joined(room, last if isinstance(last, int) else None)
            case "quit" if room is not None:
                return self._reading.quit(room)
            case "logout":
                self.comeback = None
                self._reading.forget()
            case "login" | "register":
                return self._logged_in()
            case "secret" if reply.tag is not None:
                self._reading.outbox.answered(reply.tag)
        return []

    def _note_refusal(self, refusal: Error) -> None:
        room, number = text_or_none(refusal.data.get("room")), refusal.data.get("id")
        if refusal.code == "not-stored" and room is not None and isinstance(number, int):
            self._reading.stored(room, number, refusal.tag)
        elif refusal.code == "too-long":
            self._reading.outbox.too_long()
        elif refusal.tag is not None:
            self._reading.outbox.answered(refusal.tag)

    # -- the way back

    def _came_back(self, answer: Ok | Error, comeback: Comeback) -> list[Step]:
        if isinstance(answer, Error):
            if answer.code in NOT_NOW:
                return self._wait_for_store(comeback)
            if answer.code == "name-in-use" and answer.command == "join":
                return self._wait_for_name(answer, comeback)
        elif answer.command == "resume":
            comeback.named()
        comeback.answered(answer.command)
        is_shown = answer.command != "resume" or isinstance(answer, Ok)
        return [*(self._news(answer) if is_shown else []), *self._next_step()]

    def _wait_for_store(self, comeback: Comeback) -> list[Step]:
        return [*_wait(comeback, Turn.STORE_AWAY), AskLater(STORE_PAUSE)]

    def _wait_for_name(self, answer: Error, comeback: Comeback) -> list[Step]:
        seconds = comeback.pause()
        if seconds is None:
            self.comeback = None
            return self._news(answer)
        return [*_wait(comeback, Turn.NAME_IN_USE), AskLater(seconds)]

    def _next_step(self) -> list[Step]:
        if self.comeback is None:
            return []
        self.comeback.waits = False
        request = self.comeback.request(self.where)
        if request is not None:
            return [Ask(request)]
        if self.comeback.must_log_in:
            self.where.account = None
            return [Turn.LOG_IN_AGAIN]
        self.comeback = None
        return []

    def _logged_in(self) -> list[Step]:
        """Go on with the way back that waited for this; as somebody else one has none."""
        if self.comeback is None or self.comeback.account != self.where.account:
            self.comeback = None
            return []
        self.comeback.named()
        return self._next_step()

    def _end(self) -> list[Step]:
        """Return what is to be told once one is back in all rooms, and knows all that was said."""
        if not self.is_connected or self.comeback is not None or self.coming_back:
            return []
        told: list[Step] = [*self._reading.undelivered()]
        if self._returning:
            self._returning = False
            told.append(Turn.BACK)
        return told


def _wait(comeback: Comeback, turn: Turn) -> list[Turn]:
    """Take note that one has to wait; return what is to be told, which is told once."""
    is_news = not comeback.has_waited
    comeback.waits = comeback.has_waited = True
    return [turn] if is_news else []


def text_or_none(value: object) -> str | None:
    """Return `value`, which a server has sent, if it is a text."""
    return value if isinstance(value, str) else None
