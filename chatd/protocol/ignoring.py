"""The codec of a session that ignores somebody: another codec, less the messages of these users.

JSON has their messages with a mark, for programs that show them otherwise; no other codec has any.
None has their invitations and the private messages that were kept.
Sessions that ignore nobody share the codecs of `chatd.protocol.codec`, at no cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chatd.core.events import Event, Message, MessageBatch, PrivateMessage, TagMessage
from chatd.core.ignorelist import IgnoreList
from chatd.core.room_events import Invited
from chatd.protocol.codec import EventCodec
from chatd.protocol.replies import History, Reply
from chatd.protocol.room_replies import Found


def ignoring_codec(codec: EventCodec, ignored: IgnoreList) -> EventCodec:
    """Return `codec` less the messages of ignored users: one object for each codec and list."""
    found: EventCodec | None = ignored.codecs.get(codec)
    if found is None:
        found = ignored.codecs[codec] = IgnoringCodec(codec, ignored)
    return found


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class IgnoringCodec:
    """The codec `inner` less the messages of the users in `ignored`, or with them marked."""

    inner: EventCodec
    ignored: IgnoreList

    @property
    def is_text(self) -> bool:
        """Whether people read it."""
        return self.inner.is_text

    @property
    def marks_ignored(self) -> bool:
        """Whether messages of ignored users are sent with a mark."""
        return self.inner.marks_ignored

    def encode(self, event: Event | Reply) -> bytes:
        """Return the frames for an event or a reply, b"" for one that is ignored."""
        return b"".join(map(self.inner.encode, self._shown(event)))

    def describe(self, event: Event | Reply) -> list[str]:
        """Return what the trace shows of an event."""
        return [text for shown in self._shown(event) for text in self.inner.describe(shown)]

    def for_room_count(self, in_rooms: int) -> EventCodec:
        """Return the codec for a user who is in that many rooms."""
        return ignoring_codec(self.inner.for_room_count(in_rooms), self.ignored)

    def _shown(self, event: Event | Reply) -> Sequence[Event | Reply]:  # noqa: PLR0911 -- a table
        match event:
            case MessageBatch() if self._is_ignored(event):
                if not self.marks_ignored:
                    return ()
                return [message._replace(is_ignored=True) for message in event.messages()]
            case TagMessage() if self.ignored.has(event.sender, event.account, event.time):
                return ()
            case Invited() if self.ignored.has(event.by, event.account, event.time):
                return ()
            case PrivateMessage(is_kept=True) if self._is_ignored(event):
                return ()
            case PrivateMessage(recipient=None) if self._is_ignored(event):
                return (replace(event, is_ignored=True),) if self.marks_ignored else ()
            case History():
                return (replace(event, messages=self._history(event.messages)),)
            case Found():  # text needs the last one's id for the next page
                return (replace(event, messages=self._marked(event.messages)),)
            case _:
                return (event,)

    def _history(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        if not self.marks_ignored:
            return tuple(said for said in messages if not self._is_ignored(said))
        return self._marked(messages)

    def _marked(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        return tuple(said._replace(is_ignored=self._is_ignored(said)) for said in messages)

    def _is_ignored(self, said: MessageBatch | Message | PrivateMessage) -> bool:
        return self.ignored.has(said.sender, said.account, said.time)
