"""Tapes: the events of a turn in one dialect, end to end, from which everybody's share is cut.

Pure; what is on a tape it does not know. `order` is the place of each event in the turn's one count
of events, which grows, so that a place is found by bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Tape:
    """Events in one dialect, end to end: `order[i]` is the turn's count of event i, `ends[i + 1]` its end."""

    __slots__ = ("_whole", "ends", "order", "pieces")

    def __init__(self, order: list[int]) -> None:
        self.order = order
        self.ends = [0]
        self.pieces: list[bytes] = []
        self._whole: bytes | None = None

    def extend(self, encoded: list[bytes]) -> None:
        """Add the next events."""
        end = self.ends[-1]
        for piece in encoded:
            end += len(piece)
            self.ends.append(end)
        self.pieces += encoded
        self._whole = None

    def whole(self) -> bytes:
        """Return all events: the same object as long as none is added."""
        if self._whole is None:
            self._whole = b"".join(self.pieces)
        return self._whole

    def share(self, since: int, holes: Sequence[int]) -> bytes:
        """Return the events from `since` on but for those at `holes`: slices, not a loop over events."""
        order, ends = self.order, self.ends
        start = bisect_left(order, since)
        view = memoryview(self.whole())
        pieces = []
        for hole in holes:
            at = bisect_left(order, hole, start)
            if at < len(order) and order[at] == hole:
                pieces.append(view[ends[start] : ends[at]])
                start = at + 1
        pieces.append(view[ends[start] :])
        return b"".join(pieces)


def merged(tapes: Sequence[Tape], since: int = 0) -> Tape:
    """Return one tape with the events of several from `since` on, in the order they happened."""
    if len(tapes) == 1:
        return tapes[0]
    places = sorted(
        (tape.order[at], which, at)
        for which, tape in enumerate(tapes)
        for at in range(bisect_left(tape.order, since), len(tape.order))
    )
    whole = Tape([count for count, _, _ in places])
    whole.extend([tapes[which].pieces[at] for _, which, at in places])
    return whole
