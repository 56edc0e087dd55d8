"""Guided mode on a terminal: it asks before it creates a room, shows old messages, gives advice.

On a pipe the client uses `GuidedMode` itself, whose output is for programs too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from chatd.client.ui.frontend import RECENT_MESSAGES, Action, Exit, Line, Prompt
from chatd.client.ui.guided_input import GUIDED_COMMANDS
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.guided_text import info, plain
from chatd.client.ui.helptext import help_on, overview
from chatd.client.ui.presence import Presence
from chatd.client.ui.render import topic_words
from chatd.core.bidi import isolate
from chatd.core.events import Event
from chatd.core.sanitize import sanitize
from chatd.core.suggest import nearest
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Ok, Reply

_ADVICE: Final = {
    "wrong-password": "Press 2 to try again, or 1 if you have no account yet.",
    "name-in-use": "Press 2 if the name is yours, or press 1 and take another one.",
    "bad-name": "Press 1 and take another name, such as ann or ann_b.",
    "bad-password": "Press 1 and take a longer one.",
    "registration-closed": "Press 2 if you have an account.",
    "bad-room-id": "The id of a room is one word, such as tea or team_a.",
    "in-a-room": "Type LEAVE first.",
    "may-not-start": "Join one of the rooms above, or type LIST to see them again.",
    "no-such-room": "Type LIST to see the rooms.",
    "wrong-key": "Ask a member of the room for its key; Enter alone leads to another room.",
    "invite-only": "Ask an operator of the room to invite you, or join another room.",
    "room-full": "Try again later, or join another room.",
    "banned-from-room": "Join another room.",
    "no-such-chatter": "Type LIST in a room to see who is there.",
}
"""Advice after a refusal, by its code."""


class GuidedTerminalMode(GuidedMode):
    """The frontend of a user who answers questions on a terminal.

    `seconds` returns a time that only grows. `_doubtful` is a room that does not exist, and the
    near one that does, while the user is asked which one is meant.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(now, RECENT_MESSAGES)
        self._presence = Presence(self.session, seconds)
        self._doubtful: tuple[str, str] | None = None

    @property
    def prompt(self) -> Prompt | None:
        """The prompt of the next line; None while a reply is awaited."""
        if self._doubtful is None:
            return super().prompt
        room, near = (isolate(sanitize(each)) for each in self._doubtful)
        return Prompt(f"There is no room {room}, but {near}. Create {room}? [y/N] ")

    def typed(self, line: str) -> list[Action]:
        """Return the actions for an answer, a command, or a message to the room."""
        if self._doubtful is None:
            return super().typed(line)
        (room, _), self._doubtful = self._doubtful, None
        match line.strip().casefold():
            case "y" | "yes":
                return super()._choose_room(room)
            case "" | "n" | "no":
                return []
            case _:  # the name of a room, or a command
                return super().typed(line)

    def noticed(self) -> list[Action]:
        """Return the actions for a key that the user presses: what is shown is read now."""
        return [*self._presence.noticed()]

    def entered(self, line: str) -> list[Action]:
        """Return the actions for a line that the user typed."""
        return [*self.noticed(), *self.typed(line)]

    def handle(self, event: Event | Reply) -> list[Action]:
        """Return the actions for an event or a reply of the server, whose text is not trusted."""
        return [*super().handle(event), *self._presence.seen()]

    def disconnected(self, *, reconnecting: bool) -> list[Action]:
        """Return the actions for a lost connection."""
        self._doubtful = None
        return super().disconnected(reconnecting=reconnecting)

    def not_connected(self) -> list[Action]:
        """Return the actions for a connection that cannot be made: the client ends."""
        advice = plain("Is the server running there? Another one: chatd-client --guided HOST PORT")
        *lines, end = super().not_connected()
        assert isinstance(end, Exit)
        return [*lines, advice, end]

    def _choose_room(self, words: str) -> list[Action]:
        near = None if words in self.state.known_rooms else nearest(words, self.state.known_rooms)
        if near is None:
            return super()._choose_room(words)
        self._doubtful = words, near
        return []

    def _welcome(self, reply: Ok, room: str) -> list[Action]:
        topic, name = (str(reply.data.get(each) or "") for each in ("topic", "room_name"))
        shown = [info(topic_words(room, topic, name))] if topic else []
        return [*super()._welcome(reply, room), *shown]

    def _help(self, request: Request) -> Line:
        subject = request.arguments.get("subject")
        commands = GUIDED_COMMANDS
        return plain(overview(commands) if subject is None else help_on(subject, commands))

    def _refused(self, error: Error) -> list[Action]:
        words, *actions = super()._refused(error)
        advice = _ADVICE.get(error.code)
        return [words, *([info(advice)] if advice else []), *actions]
