"""Command mode on a terminal: more words and more help than a pipe gets.

On a pipe the client uses `CommandMode` itself, whose output is for programs too.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from chatd.client.model.effects import (
    ConnectionStatus,
    Send,
    Update,
)
from chatd.client.model.phase import Phase
from chatd.client.model.startup import NO_STARTUP, Startup
from chatd.client.ui.advice import advice, known_room, leave_first
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.commands import LINE_COMMANDS, Question, question
from chatd.client.ui.echo import echo
from chatd.client.ui.frontend import (
    NOT_CONNECTED,
    RECENT_MESSAGES,
    Action,
    Address,
    Connect,
    Line,
    Restore,
)
from chatd.client.ui.helptext import help_on, overview
from chatd.client.ui.hints import JOIN_FIRST, greeting, hint, liveliest
from chatd.client.ui.oldlines import in_local_time, old_lines
from chatd.client.ui.outgoing import Outgoing
from chatd.client.ui.overview import MEMBERS, Overview
from chatd.client.ui.presence import Presence
from chatd.client.ui.received import sanitized
from chatd.client.ui.remember import Remembering, is_reply
from chatd.client.ui.statusline import Status
from chatd.client.ui.typed import Confirm, Refused, Run, Say, understand
from chatd.core.bidi import isolate
from chatd.core.errors import ChatError, ErrorCode
from chatd.core.events import Event
from chatd.core.names import user_name
from chatd.core.sanitize import sanitize
from chatd.protocol.command import Request
from chatd.protocol.error_text import error_text
from chatd.protocol.received import Error, Reply, RoomList

_HINT: Final = "hint"
_ASK_FOR_ROOMS: Final = Send(Request("list", tag=_HINT))
"""Is sent after the first requests, so that the hint knows what they changed."""


_LEAVING: Final = frozenset({"connect", "disconnect", "exit", "logout"})
"""The commands after which nothing is sent to the rooms of before."""


class TerminalMode(CommandMode):
    """The frontend of a user who types commands on a terminal.

    `seconds` returns a time that only grows. `about` is what the server says of itself;
    `_retry_at` is the time of the next attempt to connect, None while no attempt is to come.
    """

    def __init__(
        self,
        startup: Startup = NO_STARTUP,
        remembering: Remembering | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(startup, RECENT_MESSAGES)
        self._seconds = seconds
        self._overview = Overview(self.session)
        self._remembering = remembering
        self.about: Mapping[str, object] = MappingProxyType({})
        self._retry_at: float | None = None
        self._said_reason = ""
        self._to_confirm: str | None = None
        self._outgoing = Outgoing(self.session)
        self._presence = Presence(self.session, seconds)

    @property
    def status(self) -> Status:
        """The content of the line below the input."""
        retry_in = None if self._retry_at is None else self._retry_at - self._seconds()
        return self._overview.status(str(self.server or ""), retry_in)

    # -- the connection

    def _connect_to(self, address: Address) -> list[Action]:
        self._said_reason = ""
        self._retry_at = self._seconds()
        return [Connect(address, retry_first=True)]

    def connected(
        self, token: str | None = None, about: Mapping[str, object] = MappingProxyType({})
    ) -> list[Action]:
        """Return the actions for a new connection: the way back, or a request for the rooms."""
        self.about = about
        self._retry_at = None
        self._said_reason = ""
        is_return = self.session.has_rooms_to_rejoin
        self._asked_to_connect = False  # the line on connecting says it
        actions = [*super().connected(token, about), *self._outgoing.send_waiting()]
        if is_return:
            return actions
        rooms = [_ASK_FOR_ROOMS] if self._startup is None else []
        return [Line(greeting(self.server, about)), *actions, *rooms]

    def _enter_rooms(self, reply: Event | Reply) -> list[Action]:
        is_logging_in = self._startup is not None
        actions = super()._enter_rooms(reply)
        return [*actions, _ASK_FOR_ROOMS] if is_logging_in and self._startup is None else actions

    def explained(self, reason: str | None) -> str | None:
        """Return the words about a connection that cannot be made."""
        return f"{self.server}: {reason or 'connection refused'}."

    def retrying(self, reason: str, seconds: float) -> list[Action]:
        """Return the line about a lost connection or a failed attempt: once for each reason."""
        self._retry_at = self._seconds() + seconds
        reason = f"{self.server}: {reason}." if reason else "Connection lost."
        if reason == self._said_reason:
            return []
        self._said_reason = reason
        return [Line(f"{reason} Trying again in {math.ceil(seconds)} s.")]

    def not_connected(self) -> list[Action]:
        """Return the actions for a connection that cannot be made, and is not tried again."""
        self._retry_at = None
        return [*self._outgoing.drop_waiting(), *super().not_connected()]

    def disconnected(self, *, reconnecting: bool) -> list[Action]:
        """Return the actions for a lost connection."""
        self._said_reason = ""
        self._outgoing.disconnected()
        dropped = [] if reconnecting else self._outgoing.drop_waiting()
        return [*dropped, *super().disconnected(reconnecting=reconnecting)]

    def handle(self, event: Event | Reply) -> list[Action]:
        """Return the actions for an event or a reply of the server, whose text is not trusted."""
        if isinstance(event, RoomList | Error) and event.tag == _HINT:
            return self._hint(event)
        if isinstance(event, RoomList | Error) and (event.tag or "").startswith(MEMBERS):
            return [*self._overview.answered(sanitized(event))]
        actions = super().handle(event)
        return [
            *([] if is_reply(event) else actions),
            *advice(event, self.state),
            *self._remember(event),
            *self._outgoing.refused(event),
            *self._outgoing.send_waiting(),
            *self._overview.update(),
            *self._presence.seen(),
        ]

    def _remember(self, event: Event | Reply) -> list[Action]:
        """Keep the login for the next start, if the user wants it."""
        if self._remembering is None:
            return []
        requests = self._remembering.received(event, self.state, self.server)
        if self.session.phase is Phase.ONLINE:
            self._remembering.update(self.state, self.server)
        return [*requests]

    def retry(self) -> list[Action]:
        """Return the actions that follow a `RetryAfter`."""
        return [*super().retry(), *self._outgoing.send_waiting()]

    def _hint(self, reply: RoomList | Error) -> list[Action]:
        if isinstance(reply, RoomList):
            rooms = sanitized(liveliest(reply))
            assert isinstance(rooms, RoomList)
            self.state.update(replace(rooms, tag=None))
        return [] if self.state.rooms else [Line(hint(self.state, self._name))]

    # -- input

    def noticed(self) -> list[Action]:
        """Return the actions for a key that the user presses: what is shown is read now."""
        return [*self._presence.noticed()]

    def typed(self, line: str) -> list[Action]:
        """Return the actions for commands or a message; what is not sent may stay in the input."""
        if self._question is not None:
            return self._typed(line)
        confirmed, self._to_confirm = self._to_confirm, None
        understood = understand(line, confirmed, self._limit)
        match understood:
            case Run():
                return [action for each in understood.lines for action in self._typed(each)]
            case Say():
                message = sanitize(understood.text).rstrip("\n")
                return self._request(Request("say", {"text": message}))
            case Confirm():
                self._to_confirm = line
                return [Line(understood.words)]
            case Refused():
                restored = [Restore(line)] if understood.restores else []
                return [Line(understood.words, failed=True), *restored]

    def entered(self, line: str) -> list[Action]:
        """Return the actions for a line, after its echo; the answer to a question has none."""
        noticed = self.noticed()
        if self._question is not None:
            return [*noticed, *self.typed(line)]
        room = self.session.destination
        actions = self.typed(line)
        echoed = echo(self.default_prompt.text, line, actions, room, self.state)
        return [*noticed, *echoed, *actions]

    def on_interrupt(self) -> list[Action]:
        """Return the actions for Ctrl-C or Ctrl-D: a question is dropped, else the client ends."""
        dropped = self._outgoing.drop_waiting() if self._question is None else []
        return [*self.tell_read(), *dropped, *super().on_interrupt()]

    @property
    def _limit(self) -> int | None:
        """How many bytes a message may have, if the server has said it."""
        limit = self.about.get("max_message")
        return limit if isinstance(limit, int) and limit > 0 else None

    def _typed(self, line: str) -> list[Action]:
        asked = question(sanitize(line), twice=True) if self._question is None else None
        refusal = self._refusal(asked) if asked is not None else None
        if refusal is not None:
            is_in_room = self.state.current is not None and self.state.account is None
            advised = [leave_first(self.state)] if is_in_room else []
            return [Line(refusal, name="Server", failed=True), *advised]
        self._question = asked or self._question
        return [] if asked is not None else super()._typed(line)

    def _refusal(self, asked: Question) -> str | None:
        """Return why a command is refused before its password is asked for, if it is."""
        if not self.session.is_connected:
            return f"Not connected: `{asked.command} was not sent."
        error = self._register_error(asked) if asked.command == "register" else None
        return f"Server: {error_text(error)}" if error is not None else None

    def _register_error(self, asked: Question) -> ChatError | None:
        """Return the error that the server would answer to `register`, as far as it is known."""
        try:
            user_name(asked.arguments.get("username", ""))
        except ChatError as error:
            return error
        if self.state.account is not None:
            return ChatError(ErrorCode.LOGGED_IN, name=isolate(self.state.account))
        if self.state.current is not None:
            return ChatError(ErrorCode.ALREADY_IN_ROOM, room=isolate(self.state.current))
        return None

    def _answer(self, asked: Question, line: str) -> list[Action]:
        try:
            return super()._answer(asked, line)
        except ValueError as error:
            self._question = None
            return [Line(str(error), failed=True)]

    def _request(self, request: Request) -> list[Action]:
        if request.command == "say":
            return self._say(request)
        is_local = request.command in self._local_commands
        if not is_local and not self.session.is_connected:
            return [Line(f"Not connected: `{request.command} was not sent.", failed=True)]
        dropped = self._outgoing.drop_waiting() if request.command in _LEAVING else []
        read = self.tell_read() if request.command in {*_LEAVING, "quit"} else []
        room = known_room(request, self.state)
        if room is not None:
            request = Request("switch", {"chatroom_id": room})
        actions = super()._request(request)
        return [*read, *dropped, *actions]

    def _help(self, request: Request) -> list[Action]:
        subject = request.arguments.get("subject")
        words = overview(LINE_COMMANDS) if subject is None else help_on(subject, LINE_COMMANDS)
        return [Line(words, stamped=False)]

    def _say(self, request: Request) -> list[Action]:
        message = request.arguments["text"]
        room = self.session.destination
        if room is None:
            if not self.session.is_connected:
                return [NOT_CONNECTED, Restore(message)]
            return [
                Line(JOIN_FIRST, name="Server", failed=True),
                Line(hint(self.state, self._name)),
            ]
        if not message.strip():
            return []
        return self._outgoing.say(request, room)

    # -- output

    def _render(self, update: Update) -> list[Action]:
        if update is ConnectionStatus.LOST:  # `retrying` says it, with the pause
            return []
        if update is ConnectionStatus.LOG_IN_AGAIN and self._remembering is not None:
            request = self._remembering.recall(self.server)
            if request is not None:
                return [Send(request)]
        update = in_local_time(update)
        old = old_lines(update, self.state.name)
        return self._overview.shown(update, super()._render(update) if old is None else [*old])
