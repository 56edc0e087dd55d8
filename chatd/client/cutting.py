"""Cutting what is read into lines or frames. Pure."""

from __future__ import annotations


class Cutter:
    """Cuts at each `end` what comes in pieces of any length; `pending` is the length of what is not ended.

    The pieces are put together once, so that a long line takes no longer than many short ones.
    """

    def __init__(self, end: bytes) -> None:
        self.pending = 0
        self._end = end
        self._pieces: list[bytes] = []

    @property
    def rest(self) -> bytes:
        """What is not ended."""
        return b"".join(self._pieces)

    def feed(self, data: bytes) -> list[bytes]:
        """Take in a piece; return what it ends, without the ends."""
        piece, *later = data.split(self._end)
        self._pieces.append(piece)
        self.pending += len(piece)
        if not later:
            return []
        ended = [self.rest, *later[:-1]]
        self._pieces, self.pending = [later[-1]], len(later[-1])
        return ended
