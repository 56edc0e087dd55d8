"""What was read in all of one's rooms and what was sent to them: all is told once, and in order.

Pure. Presence tells what happens to the rooms; what comes back is what is to be told or asked. A
bookmark for each room knows what is missing there, the outbox what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chatd.client.model.bookmarks import AT_A_TIME, Bookmark
from chatd.client.model.outbox import Outbox
from chatd.client.model.updates import Happening, Missed, News, Turn, Undelivered
from chatd.client.ui.effects import Ask, AskLater
from chatd.core.events import Message
from chatd.protocol.commands import Request
from chatd.protocol.received import Error, History

Step = Happening | Ask | AskLater

_MISSED: Final = "missed:"
_NEWEST: Final = "newest:"

READING_TAGS: Final = (_MISSED, _NEWEST)
"""What the tags begin with of requests for what was missed in a room, and for what is newest there."""

STORE_PAUSE: Final = 5.0
"""How many seconds to wait for a server whose store is away."""

NOT_NOW: Final = frozenset({"unavailable", "busy"})
"""The codes of refusals that do not last."""


class Reading:
    """The bookmarks of the rooms one is in, or is to come back to, and the outbox.

    `_headed` is the room of which something missed was told last, and nothing else since.
    """

    def __init__(self) -> None:
        self.outbox = Outbox()
        self._bookmarks: dict[str, Bookmark] = {}
        self._headed: str | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether something is held back until what was missed before it is known."""
        return any(one.holds and not one.is_away for one in self._bookmarks.values())

    def send(self, request: Request) -> Ask:
        """Return what asks for something that the person wants."""
        read = {room: one.newest for room, one in self._bookmarks.items()}
        return Ask(self.outbox.for_room_count(request, read))

    def lose(self) -> None:
        """Take note that the connection is lost."""
        self._headed = None
        self.outbox.lose()
        self._bookmarks = {room: one for room, one in self._bookmarks.items() if not one.is_over}
        for bookmark in self._bookmarks.values():
            bookmark.lose()

    def forget(self) -> None:
        """Forget all rooms, and what was sent."""
        self.outbox.forget()
        self._bookmarks.clear()

    def undelivered(self) -> list[Undelivered]:
        """Return what has come nowhere, once the history of all rooms is known."""
        if any(one.cursor is not None for one in self._bookmarks.values()):
            return []
        return [Undelivered(text) for text in self.outbox.give_up()]

    # -- what comes live

    def is_new(self, said: Message) -> bool:
        """Tell whether a message is to be shown (or held): not if it was, or if it will be."""
        bookmark = self._bookmarks.get(said.room)
        if bookmark is not None:
            return bookmark.said(said.id)
        self._bookmarks[said.room] = Bookmark(said.id)
        return True

    def holds(self, news: News, room: str | None) -> bool:
        """Tell whether something that happened in a room is held back; it is told later, then."""
        bookmark = self._bookmarks.get(room or "")
        if bookmark is None or not bookmark.holds:
            self._headed = None
            return False
        bookmark.hold(news)
        return True

    def stored(self, room: str, message_id: int, tag: str | None) -> None:
        """Take note of the place of a message of one's own in a room."""
        self.outbox.stored(room, message_id, tag)
        if room in self._bookmarks:
            self._bookmarks[room].stored(message_id)

    # -- coming and going

    def joined(self, room: str, last: int | None) -> Sequence[Step]:
        """Take note that one is in a room; `last` is its newest message, if that is known."""
        bookmark = self._bookmarks.get(room)
        if bookmark is not None and bookmark.is_away:
            after = self.outbox.after(room, bookmark.first)
            bookmark.rejoin(last, bookmark.read if after is None else after)
            bookmark.is_over = False
            return self._go_on(room, bookmark)
        if bookmark is not None and bookmark.cursor is not None:
            bookmark.stay(last)  # the history that was asked for is on its way
            return []
        if last is None:
            self._bookmarks.pop(room, None)
            return [Ask(Request("history", {"chatroom_id": room, "limit": "1"}, _NEWEST + room))]
        self._bookmarks[room] = Bookmark(last)
        return []

    def quit(self, room: str) -> Sequence[Step]:
        """Take note that one has left a room: nothing of it is missing."""
        bookmark = self._bookmarks.pop(room, None)
        return self._release(bookmark) if bookmark is not None else []

    def put_out(self, room: str) -> None:
        """Take note that one was put out of a room: what is on its way from there still comes."""
        bookmark = self._bookmarks.get(room)
        if bookmark is not None and bookmark.holds:
            bookmark.is_over = True
        else:
            self._bookmarks.pop(room, None)

    # -- what was missed

    def answered(self, answer: History | Error, own_name: str) -> Sequence[Step]:
        """Return what to tell, and ask next, after the answer to what was asked here."""
        question, _, room = (answer.tag or "").partition(":")
        if question + ":" == _MISSED:
            return self._missed_came(answer, room, own_name)
        self._newest_came(answer, room)
        return []

    def try_again(self) -> list[Ask]:
        """Return what asks again for what could not be had."""
        return [self._ask(room, one) for room, one in self._bookmarks.items() if one.waits]

    def _newest_came(self, answer: History | Error, room: str) -> None:
        """Take note of the newest message of a room that one was brought into."""
        if isinstance(answer, History):
            newest = max((said.id for said in answer.messages), default=0)
            self._bookmarks.setdefault(room, Bookmark(newest))

    def _missed_came(self, answer: History | Error, room: str, own_name: str) -> Sequence[Step]:
        bookmark = self._bookmarks.get(room)
        if bookmark is None or bookmark.cursor is None:
            return []
        if isinstance(answer, History):
            missed = self._missed(bookmark, answer, own_name)
            return [*missed, *self._go_on(room, bookmark)]
        if answer.code in NOT_NOW:
            is_news = not bookmark.is_late
            bookmark.postpone()
            released: list[Step] = [Turn.STORE_AWAY, *self._release(bookmark)] if is_news else []
            return [*released, AskLater(STORE_PAUSE)]
        bookmark.give_up()
        return self._go_on(room, bookmark)

    def _missed(self, bookmark: Bookmark, history: History, own_name: str) -> list[Missed]:
        # What one has said since one is back is not what was in doubt before.
        old = (said for said in history.messages if said.id <= bookmark.upto)
        own = (said for said in old if said.sender == own_name)
        found = {said.id for said in own if self.outbox.find(history.room, said)}
        missed = tuple(said for said in bookmark.fill(history.messages) if said.id not in found)
        if not missed:
            return []
        is_first, self._headed = self._headed != history.room, history.room
        return [Missed(history.room, missed, is_first)]

    def _go_on(self, room: str, bookmark: Bookmark) -> Sequence[Step]:
        if bookmark.cursor is not None:
            return [self._ask(room, bookmark)]
        bookmark.is_late = False
        if bookmark.is_over:
            del self._bookmarks[room]
        return self._release(bookmark)

    def _release(self, bookmark: Bookmark) -> list[News]:
        held = bookmark.release()
        if held:
            self._headed = None
        return held

    def _ask(self, room: str, bookmark: Bookmark) -> Ask:
        bookmark.waits = False
        since = {"since": str(bookmark.cursor), "limit": str(AT_A_TIME)}
        return Ask(Request("history", {"chatroom_id": room, **since}, _MISSED + room))
