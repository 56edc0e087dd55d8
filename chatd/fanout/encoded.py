"""Tapes: the events of a turn in one dialect, end to end, from which everybody's share is cut.

Pure; what is on a tape it does not know. `order` is the place of each event in the turn's one count
of events, which grows, so that a place is found by bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class EncodedBuffer:
    """Events in one dialect, end to end: `order[i]` is the turn's count of event i, `ends[i + 1]` its end."""

    __slots__ = ("_whole", "chunks", "ends", "sequence")

    def __init__(self, sequence: list[int]) -> None:
        self.sequence = sequence
        self.ends = [0]
        self.chunks: list[bytes] = []
        self._whole: bytes | None = None

    def extend(self, encoded: list[bytes]) -> None:
        """Add the next events."""
        end = self.ends[-1]
        for piece in encoded:
            end += len(piece)
            self.ends.append(end)
        self.chunks += encoded
        self._whole = None

    def whole(self) -> bytes:
        """Return all events: the same object as long as none is added."""
        if self._whole is None:
            self._whole = b"".join(self.chunks)
        return self._whole

    def slice_for(self, cursor: int, own_events: Sequence[int]) -> bytes:
        """Return the events from `since` on but for those at `holes`: slices, not a loop over events."""
        sequence, ends = self.sequence, self.ends
        start = bisect_left(sequence, cursor)
        view = memoryview(self.whole())
        chunks = []
        for hole in own_events:
            at = bisect_left(sequence, hole, start)
            if at < len(sequence) and sequence[at] == hole:
                chunks.append(view[ends[start] : ends[at]])
                start = at + 1
        chunks.append(view[ends[start] :])
        return b"".join(chunks)


def merge(encoded_buffers: Sequence[EncodedBuffer], cursor: int = 0) -> EncodedBuffer:
    """Return one tape with the events of several from `since` on, in the order they happened."""
    if len(encoded_buffers) == 1:
        return encoded_buffers[0]
    places = sorted(
        (encoded.sequence[at], which, at)
        for which, encoded in enumerate(encoded_buffers)
        for at in range(bisect_left(encoded.sequence, cursor), len(encoded.sequence))
    )
    whole = EncodedBuffer([count for count, _, _ in places])
    whole.extend([encoded_buffers[which].chunks[at] for _, which, at in places])
    return whole
