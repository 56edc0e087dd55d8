"""Command mode on a terminal: more words and more help than a pipe gets.

On a pipe the client uses `CommandMode` itself, whose output is for programs too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from chatd.client.model.effects import ConnectionStatus, Send, Update
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.frontend import Action, Address, Connect, Line
from chatd.client.ui.hints import JOIN_FIRST, greeting, hint, liveliest
from chatd.client.ui.received import sanitized
from chatd.core.events import Event
from chatd.protocol.commands import Request
from chatd.protocol.received import Error, Reply, RoomList

_GREETING: Final = "greeting"
"""The tag of the request for rooms on connecting; the line on connecting waits for its reply."""


class TerminalMode(CommandMode):
    """The frontend of a user who types commands on a terminal.

    `about` is what the server says of itself; `retry_seconds` is the pause before the next attempt
    to connect, counted from the last failure, None while no attempt is to come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.about: Mapping[str, object] = MappingProxyType({})
        self.retry_seconds: float | None = None
        self._said_reason = ""

    # -- the connection

    def start(self, address: Address) -> list[Action]:
        """Return the actions that connect to the server at `address`, and try again if need be."""
        self.server = address
        self._said_reason = ""
        return [Connect(address, retry_first=True)]

    def connected(
        self, token: str | None = None, about: Mapping[str, object] = MappingProxyType({})
    ) -> list[Action]:
        """Return the actions for a new connection: the way back, or a request for the rooms."""
        self.about = about
        self.retry_seconds = None
        self._said_reason = ""
        is_return = self.session.has_rooms_to_rejoin
        self._asked_to_connect = False  # the line on connecting says it
        actions = super().connected(token, about)
        return actions if is_return else [*actions, Send(Request("list", tag=_GREETING))]

    def explained(self, reason: str | None) -> str | None:
        """Return the words about a connection that cannot be made."""
        return f"{self.server}: {reason or 'connection refused'}."

    def retrying(self, reason: str, seconds: float) -> list[Action]:
        """Return the line about a lost connection or a failed attempt: once for each reason."""
        self.retry_seconds = seconds
        reason = f"{self.server}: {reason}." if reason else "Connection lost."
        if reason == self._said_reason:
            return []
        self._said_reason = reason
        return [Line(f"{reason} Trying again in {math.ceil(seconds)} s.")]

    def not_connected(self) -> list[Action]:
        """Return the actions for a connection that cannot be made, and is not tried again."""
        self.retry_seconds = None
        return super().not_connected()

    def disconnected(self, *, reconnecting: bool) -> list[Action]:
        """Return the actions for a lost connection."""
        self._said_reason = ""
        return super().disconnected(reconnecting=reconnecting)

    def handle(self, event: Event | Reply) -> list[Action]:
        """Return the actions for an event or a reply of the server, whose text is not trusted."""
        if isinstance(event, RoomList | Error) and event.tag == _GREETING:
            return self._greet(event)
        return super().handle(event)

    def _greet(self, reply: RoomList | Error) -> list[Action]:
        if isinstance(reply, RoomList):
            rooms = sanitized(liveliest(reply))
            assert isinstance(rooms, RoomList)
            self.state.update(replace(rooms, tag=None))
        line = Line(greeting(self.server, self.about))
        return [line] if self.state.rooms else [line, Line(hint(self.state))]

    # -- input

    def _request(self, request: Request) -> list[Action]:
        if request.command == "say" and self.session.is_connected and not self._is_in_room:
            return [
                Line(JOIN_FIRST, name="Server", failed=True),
                Line(hint(self.state)),
            ]
        return super()._request(request)

    @property
    def _is_in_room(self) -> bool:
        return bool(self.state.rooms) or self.session.has_rooms_to_rejoin

    # -- output

    def _render(self, update: Update) -> list[Action]:
        if update is ConnectionStatus.LOST:  # `retrying` says it, with the pause
            return []
        return super()._render(update)
