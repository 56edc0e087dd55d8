"""Dialects: what a connection speaks, and what the members of a room are grouped by.

A dialect turns events and answers into bytes and frames into requests. All connections that speak
the same share one object, so that an event is encoded once for them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from typing import ClassVar, Protocol

from chatd.core.events import Event, RoomEvent, Whispered
from chatd.core.sanitize import clean, clean_all
from chatd.protocol import json_encoder, jsonio, text
from chatd.protocol.commands import CLIENT_COMMANDS, HIDDEN, HIDDEN_PASSWORD, Request
from chatd.protocol.framing import Framing
from chatd.protocol.replies import Answer, Reply


class Dialect(Protocol):
    """What a connection speaks."""

    @property
    def framing(self) -> Framing:
        """How its frames end."""

    @property
    def for_people(self) -> bool:
        """Whether people read it, who are told less than programs."""

    def encode(self, event: Event | Answer) -> bytes:
        """Return `event` as bytes: one frame, or more."""

    def trace(self, event: Event | Answer) -> tuple[str, ...]:
        """Return what the trace shows of `event`, a text for each frame."""

    def messages(self, frames: Sequence[bytes]) -> list[str]:
        """Return what is said to the current room in those of `frames` that come before a request."""

    def decode(self, frame: bytes) -> Request:
        """Return the request in a frame; raise `ChatError` if it is none."""

    def trace_frame(self, frame: bytes) -> str:
        """Return what the trace shows of a frame received."""

    def tagged(self, in_rooms: int) -> Dialect:
        """Return this dialect as spoken to who is in so many rooms."""


@dataclass(frozen=True, eq=False, slots=True)
class TextDialect:
    """The words of spec section 4. `room_tags`: lines of a room start with its id, `[2] `."""

    framing: Framing
    show_addresses: bool
    room_tags: bool = False
    for_people: ClassVar[bool] = True

    def encode(self, event: Event | Answer) -> bytes:
        """Return `event` as one frame, or a burst as one for each message."""
        return self.framing.wrap(self._words(event))

    def trace(self, event: Event | Answer) -> tuple[str, ...]:
        """Return the words; those of an answer without its `Server: ` (spec section 6)."""
        words = self._words(_redacted(event))
        if not isinstance(event, RoomEvent):
            words = words.removeprefix("Server: ")
        return tuple(words.split("\0"))

    def messages(self, frames: Sequence[bytes]) -> list[str]:
        """Return what is said in the frames before the first command."""
        texts = clean_all(frames)
        if text.COMMAND_SIGN in "".join(texts):
            return list(takewhile(lambda words: not words.startswith(text.COMMAND_SIGN), texts))
        return texts

    def decode(self, frame: bytes) -> Request:
        """Return the command in a frame; raise `ChatError` if it is none."""
        return text.decode(clean(frame.decode(errors="replace")), CLIENT_COMMANDS)

    def trace_frame(self, frame: bytes) -> str:
        """Return the frame, secrets masked."""
        return text.redact(clean(frame.decode(errors="replace")), CLIENT_COMMANDS)

    def tagged(self, in_rooms: int) -> Dialect:
        """Return the dialect with room tags for who is in more than one room."""
        return text_dialect(self.framing, self.show_addresses, in_rooms > 1)

    def _words(self, event: Event | Answer) -> str:
        return text.render(event, show_addresses=self.show_addresses, room_tags=self.room_tags)


@dataclass(frozen=True, eq=False, slots=True)
class JsonDialect:
    """The objects of spec section 7."""

    framing: Framing
    show_addresses: bool
    for_people: ClassVar[bool] = False

    def encode(self, event: Event | Answer) -> bytes:
        """Return `event` as the frames that tell of it."""
        frames = json_encoder.encode(event, show_addresses=self.show_addresses)
        return self.framing.wrap("\0".join(frames))

    def trace(self, event: Event | Answer) -> tuple[str, ...]:
        """Return the objects, secrets masked."""
        return json_encoder.encode(_redacted(event), show_addresses=self.show_addresses)

    def messages(self, frames: Sequence[bytes]) -> list[str]:  # noqa: ARG002 -- to say is a request
        """Return nothing."""
        return []

    def decode(self, frame: bytes) -> Request:
        """Return the request in a frame; raise `ChatError` if it is none."""
        return jsonio.decode_request(frame.decode(errors="replace"), CLIENT_COMMANDS)

    def trace_frame(self, frame: bytes) -> str:
        """Return the frame, secrets masked."""
        return jsonio.redact(frame.decode(errors="replace"), CLIENT_COMMANDS)

    def tagged(self, in_rooms: int) -> Dialect:  # noqa: ARG002 -- every event names its room
        """Return the same dialect."""
        return self


@cache
def text_dialect(framing: Framing, show_addresses: bool, room_tags: bool = False) -> Dialect:
    """Return the one object for text."""
    return TextDialect(framing, show_addresses, room_tags)


@cache
def json_dialect(framing: Framing, show_addresses: bool) -> Dialect:
    """Return the one object for JSON."""
    return JsonDialect(framing, show_addresses)


def _redacted(event: Event | Answer) -> Event | Answer:
    match event:
        case Whispered():
            return replace(event, text=HIDDEN)
        case Reply(data={"session": _}):
            return replace(event, data={**event.data, "session": HIDDEN_PASSWORD})
        case _:
            return event
