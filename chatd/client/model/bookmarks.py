"""How far one has read in a room, and what is missing: never the same message twice, and none lost.

Pure. Messages have ids that go up, with gaps perhaps. All up to `read` was shown, save what lies in
a gap: while one is away there is a gap without an end, and the answer to a join, or the first message
that comes live, ends it. It is closed with the room's history, a piece at a time; meanwhile what
happens in the room is held back, so that all is shown in the room's order. Only if the history
cannot be had for a while is it released before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatd.client.model.updates import News
from chatd.core.events import Message

AT_A_TIME: Final = 500
"""How many messages are asked for at once."""


@dataclass(slots=True)
class _Gap:
    """Messages with ids above `after`, up to `upto`, were not shown."""

    after: int
    upto: float

    def __contains__(self, message_id: int) -> bool:
        return self.after < message_id <= self.upto


class Bookmark:
    """One's place in one room.

    `first` is where one began to read, `upto` what was newest as one came back. `cursor` is up to
    which id history was had, None if none is needed. `is_away`: not in the room since the connection
    was lost; `is_late`: the history could not be had at once; `waits`: nor is it asked for now;
    `is_over`: to be forgotten once all is shown.
    """

    def __init__(self, read: int) -> None:
        self.first = read
        self.read = read
        self.cursor: int | None = None
        self.is_away = self.is_late = self.waits = self.is_over = False
        self.upto: float = math.inf
        self._gaps: list[_Gap] = []
        self._own: set[int] = set()
        self._held: list[News] = []

    @property
    def holds(self) -> bool:
        """Whether what happens in the room is held back."""
        return self.is_away or (self.cursor is not None and not self.is_late)

    @property
    def newest(self) -> int:
        """The highest id that is known, be it read or not."""
        last = [int(self.upto)] if self.upto < math.inf and not self.is_away else []
        return max([self.read, *last, *self._held_ids(), *self._own])

    def hold(self, news: News) -> None:
        """Keep something that happened until what came before it is shown."""
        self._held.append(news)

    def said(self, message_id: int) -> bool:
        """Take note of a message that came live; return whether it is to be shown (or held)."""
        if message_id <= max(self.read, *self._held_ids(), -1):
            return False
        if self._gaps and self._gaps[-1].upto == math.inf:
            self._end_gap(message_id - 1)
        if self._lacks(message_id):
            return False
        if not self.holds:
            self.read = message_id
        return True

    def stored(self, message_id: int) -> None:
        """Take note of a message of one's own: it needs not be shown."""
        self._own.add(message_id)
        if not self.holds:
            self._settle()

    def lose(self) -> None:
        """Take note that the connection is lost: from here on, all is missed."""
        self.is_away = True
        self.is_late = self.waits = False
        self.cursor = None
        self._held.clear()
        if self._gaps and self._gaps[-1].upto > self.read:
            self._gaps[-1].upto = math.inf
        else:
            self._gaps.append(_Gap(self.read, math.inf))

    def rejoin(self, last: int | None, after: int) -> None:
        """Take note that one is in the room again, in which `last` is the newest message.

        History is needed above `after` at least, if there is some.
        """
        self.is_away = False
        self.upto = math.inf if last is None else last
        if self.upto < self.read:  # a server that keeps nothing has begun to count anew
            self.read, after, self._gaps = 0, 0, [_Gap(0, math.inf)]
            self._own.clear()
        if last is not None and self._gaps and self._gaps[-1].upto == math.inf:
            self._end_gap(last)
        self.cursor = min([after, self.read, *(gap.after for gap in self._gaps)])
        self._stop_at_end()

    def stay(self, last: int | None) -> None:
        """Take note that one is in the room again before all was shown; `last` is the newest message.

        What was said since one was put out is not one's business.
        """
        self.is_over = False
        if last is not None:
            self.read = max(self.read, last)

    def fill(self, messages: Sequence[Message]) -> list[Message]:
        """Take in history above `cursor`; return what of it is to be shown."""
        if self.cursor is None:
            return []
        missed = [said for said in messages if self._lacks(said.id) and said.id not in self._own]
        newest = max((said.id for said in messages), default=self.cursor)
        self.read = max([self.read, *(said.id for said in missed)])
        self.cursor = newest if newest > self.cursor else None
        self._stop_at_end()
        return missed

    def postpone(self) -> None:
        """Go on without the history: it cannot be had now."""
        self.is_late = self.waits = True

    def give_up(self) -> None:
        """Do without what is missing: one is in the room no more."""
        self.cursor = None
        self._gaps.clear()

    def release(self) -> list[News]:
        """Return what was held back; to be called when nothing is any more."""
        held = self._held
        self.read = max(self.read, *self._held_ids(), -1)
        self._held = []
        if self.upto < math.inf:
            self.read = max(self.read, int(self.upto))
        self._settle()
        return held

    # -- within

    def _held_ids(self) -> list[int]:
        return [news.event.id for news in self._held if isinstance(news.event, Message)]

    def _lacks(self, message_id: int) -> bool:
        return any(message_id in gap for gap in self._gaps)

    def _settle(self) -> None:
        """Count messages of one's own as read, and forget those that no history can bring."""
        self.read = max([self.read, *self._own])
        self._own = {one for one in self._own if self._lacks(one)}

    def _end_gap(self, upto: int) -> None:
        self._gaps[-1].upto = upto
        self._fill_gaps(-1)

    def _fill_gaps(self, upto: int) -> None:
        for gap in self._gaps:
            gap.after = max(gap.after, upto)
        self._gaps = [gap for gap in self._gaps if gap.after < gap.upto]

    def _stop_at_end(self) -> None:
        if self.cursor is None or self.cursor >= self.upto:
            self.cursor = None
            self._gaps.clear()
        else:
            self._fill_gaps(self.cursor)
