"""How many rooms an account may own. The hourly limit of guests is in ratelimit.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chatd.core.errors import ChatError, ErrorCode
from chatd.core.ports import Directory


class RoomQuota:
    """Lets each account own `limit` of the rooms in `directory`; 0 is no limit."""

    def __init__(self, directory: Directory, limit: int) -> None:
        self._directory = directory
        self._limit = limit
        # By account: how many rooms it is creating now.
        self._creations: Counter[int] = Counter()

    @contextmanager
    def consume(self, account: int) -> Iterator[None]:
        """Count a room of an account that the block creates.

        Raise `ChatError` if it is one too many. Rooms that are being created count, so that several
        sessions cannot pass the limit.
        """
        owned = sum(room.owner == account for room in self._directory.rooms())
        if self._limit and owned + self._creations[account] >= self._limit:
            raise ChatError(ErrorCode.TOO_MANY_OWN_ROOMS, limit=self._limit)
        self._creations[account] += 1
        try:
            yield
        finally:
            self._creations[account] -= 1
            if not self._creations[account]:
                del self._creations[account]
