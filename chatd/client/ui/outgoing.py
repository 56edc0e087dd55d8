"""The user's messages on a terminal: those that wait to be sent, and those not accepted yet.

A message that waits is shown as it waits. One that the server refuses comes back into the input.
"""

from __future__ import annotations

from typing import Final

from chatd.client.model.effects import Send
from chatd.client.model.phase import Phase
from chatd.client.model.session import ChatSession
from chatd.client.model.waiting import MAX_WAITING, WaitingMessages
from chatd.client.ui.frontend import Action, Line, Restore
from chatd.core.bidi import isolate
from chatd.core.events import Event
from chatd.protocol.command import Request
from chatd.protocol.received import Error, Receipt, Reply

_MAX_UNACCEPTED: Final = 100


class Outgoing:
    """Sends the messages of `session`; `_unaccepted` are the texts by the tags of the requests."""

    def __init__(self, session: ChatSession) -> None:
        self._session = session
        self._waiting = WaitingMessages()
        self._unaccepted: dict[str, str] = {}

    def disconnected(self) -> None:
        """Note that the connection is lost: the outbox knows which messages are in doubt."""
        self._unaccepted.clear()

    def say(self, request: Request, room: str) -> list[Action]:
        """Return the actions for a message to the current room, which may have to wait."""
        message = request.arguments["text"]
        if self._session.phase is Phase.ONLINE and not self._waiting:
            return self._sent(self._session.send(request))
        if not self._waiting.add(room, message):
            words = f"Not sent: {MAX_WAITING} messages are waiting already."
            return [Line(words, failed=True), Restore(message)]
        name = self._session.state.name
        words = f"{isolate(name)}: {isolate(message)} (waiting)"
        return [Line(words, name=name, talk=True, own=True)]

    def refused(self, event: Event | Reply) -> list[Action]:
        """Return the text of a message that the server refuses, for the input."""
        if not isinstance(event, Receipt | Error):
            return []
        tag = event.tag
        if isinstance(event, Error) and event.code == "too-long" and tag is None:
            # The server read no more of it than its length.
            tag = max(self._unaccepted, key=lambda each: len(self._unaccepted[each]), default=None)
        message = self._unaccepted.pop(tag or "", None)
        if message is None or not isinstance(event, Error) or event.code == "not-stored":
            return []
        length = len(message.encode(errors="replace"))
        told = event.code == "too-long"  # the server names its limit, but not the length
        return [*([Line(f"Your message has {length} bytes.")] if told else []), Restore(message)]

    def send_waiting(self) -> list[Action]:
        """Return the messages that waited, once the user is back in the rooms."""
        if self._session.phase is not Phase.ONLINE or not self._waiting:
            return []
        actions: list[Action] = []
        for room, message in self._waiting.take():
            if room in self._session.state.rooms:
                request = Request("say", {"text": message, "chatroom_id": room})
                actions += self._sent(self._session.send(request))
            else:
                actions.append(_not_sent(room, message))
        count = sum(isinstance(action, Send) for action in actions)
        noun = "message that was" if count == 1 else "messages that were"
        return [*actions, *([Line(f"Sent {count} {noun} waiting.")] if count else [])]

    def drop_waiting(self) -> list[Action]:
        """Return the lines about messages that are not sent any more."""
        return [_not_sent(room, message) for room, message in self._waiting.take()]

    def _sent(self, send: Send) -> list[Action]:
        """Remember the text of a message until the server has accepted it."""
        message = send.request.arguments.get("text")
        if send.request.tag is not None and message is not None:
            self._unaccepted[send.request.tag] = message
            if len(self._unaccepted) > _MAX_UNACCEPTED:
                del self._unaccepted[next(iter(self._unaccepted))]
        return [send]


def _not_sent(room: str, message: str) -> Line:
    words = isolate(message).replace("\n", "\n  ")
    return Line(f"Not sent to chatroom {isolate(room)}: {words}", failed=True)
