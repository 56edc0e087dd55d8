"""Whether the user is at the terminal: what is shown meanwhile counts as read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chatd.client.model.effects import TellReadAfter
from chatd.client.model.session import ChatSession

PRESENT_SECONDS: Final = 60.0
"""For so many seconds after a key the user counts as present."""


class Presence:
    """Tells `session` what the user sees; `seconds` returns a time that only grows.

    A user who has just started the client is present.
    """

    def __init__(self, session: ChatSession, seconds: Callable[[], float]) -> None:
        self._session = session
        self._seconds = seconds
        self._last = seconds()

    def seen(self) -> list[TellReadAfter]:
        """Return what follows if the user is present, and so sees what is shown."""
        is_here = self._seconds() - self._last < PRESENT_SECONDS
        return self._session.seen() if is_here else []

    def noticed(self) -> list[TellReadAfter]:
        """Return what follows as the user presses a key."""
        self._last = self._seconds()
        return self.seen()
