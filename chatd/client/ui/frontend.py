"""A way of talking with a server: what the client calls, and what all ways have in common.

Pure: knows no connection and no screen. Each method takes one thing that has happened and returns
what is to be done about it, as actions. What the server tells goes to one's `Presence`; what that
tells is put into lines by each way itself: conversation.py (commands), guided.py (questions).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from chatd.client.model.session import Presence, Step
from chatd.client.model.state import Whereabouts
from chatd.client.model.updates import Happening
from chatd.client.ui.effects import Action, Address, Ask, AskLater, Connect, Line, Prompt, StayAway
from chatd.core.events import Event
from chatd.core.sanitize import sanitize
from chatd.protocol.received import Reply


class Talk(ABC):
    """One person's talk, over however many connections; `server` is the one last connected to."""

    def __init__(self) -> None:
        self.presence = Presence()
        self.server: Address | None = None

    @property
    def where(self) -> Whereabouts:
        """What is known of the person's place."""
        return self.presence.where

    @property
    def coming_back(self) -> bool:
        """Whether the way back into the rooms has begun and not ended."""
        return self.presence.coming_back

    # -- the person

    @property
    @abstractmethod
    def prompt(self) -> Prompt | None:
        """What stands before what is typed next; None while an answer of the server decides that."""

    @abstractmethod
    def typed(self, line: str) -> list[Action]:
        """Return what to do about what was typed."""

    @abstractmethod
    def interrupted(self) -> list[Action]:
        """Return what to do about who wants to get out, or has no more to say."""

    def start(self, address: Address) -> list[Action]:
        """Return what to do to be connected to the server at `address`."""
        self.server = address
        return [Connect(address)]

    # -- the connection

    def connected(self, session: str | None = None) -> list[Action]:
        """Return what to do now that there is a connection; `session` is its secret."""
        return self._on_terminate(self.presence.connected(session))

    @abstractmethod
    def not_connected(self) -> list[Action]:
        """Return what to do now that there is no connection and none is tried for."""

    @abstractmethod
    def lost(self, *, coming_back: bool) -> list[Action]:
        """Return what to do about a connection that has ended; `coming_back` if another is tried for."""

    # -- the server

    def greeted(self, words: str) -> list[Action]:
        """Return what to do about the words of a server that lets nobody in."""
        return [Line(sanitize(words))]

    def received(self, event: Event | Reply) -> list[Action]:
        """Return what to do about something the server tells."""
        return self._on_terminate(self.presence.received(event))

    def try_again(self) -> list[Action]:
        """Go on where one had to wait: some time has passed."""
        return self._on_terminate(self.presence.try_again())

    # -- within

    def _on_terminate(self, steps: Iterable[Step]) -> list[Action]:
        actions: list[Action] = []
        for step in steps:
            actions += [step] if isinstance(step, Ask | AskLater | StayAway) else self._tell(step)
        return actions

    @abstractmethod
    def _tell(self, happening: Happening) -> list[Action]:
        """Return what to do about something that has happened."""
