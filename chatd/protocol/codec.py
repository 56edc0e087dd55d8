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

from chatd.core.events import Event, PrivateMessage, RoomEvent
from chatd.core.sanitize import decode_frames, sanitize
from chatd.protocol import json_encoder, jsonio, text
from chatd.protocol.commands import CLIENT_COMMANDS, MASK, PASSWORD_MASK, Request
from chatd.protocol.framing import Framing
from chatd.protocol.replies import Ok, Reply


class Codec(Protocol):
    """What a connection speaks."""

    @property
    def framing(self) -> Framing:
        """How its frames end."""

    @property
    def is_text(self) -> bool:
        """Whether people read it, who are told less than programs."""

    def encode(self, event: Event | Reply) -> bytes:
        """Return `event` as bytes: one frame, or more."""

    def trace(self, event: Event | Reply) -> tuple[str, ...]:
        """Return what the trace shows of `event`, a text for each frame."""

    def messages(self, frames: Sequence[bytes]) -> list[str]:
        """Return what is said to the current room in those of `frames` that come before a request."""

    def decode(self, frame: bytes) -> Request:
        """Return the request in a frame; raise `ChatError` if it is none."""

    def describe_frame(self, frame: bytes) -> str:
        """Return what the trace shows of a frame received."""

    def for_room_count(self, in_rooms: int) -> Codec:
        """Return this dialect as spoken to who is in so many rooms."""


@dataclass(frozen=True, eq=False, slots=True)
class TextCodec:
    """The words of spec section 4. `room_tags`: lines of a room start with its id, `[2] `."""

    framing: Framing
    show_addresses: bool
    room_tags: bool = False
    is_text: ClassVar[bool] = True

    def encode(self, event: Event | Reply) -> bytes:
        """Return `event` as one frame, or a burst as one for each message."""
        return self.framing.wrap(self._words(event))

    def trace(self, event: Event | Reply) -> tuple[str, ...]:
        """Return the words; those of an answer without its `Server: ` (spec section 6)."""
        words = self._words(_redacted(event))
        if not isinstance(event, RoomEvent):
            words = words.removeprefix("Server: ")
        return tuple(words.split("\0"))

    def messages(self, frames: Sequence[bytes]) -> list[str]:
        """Return what is said in the frames before the first command."""
        texts = decode_frames(frames)
        if text.COMMAND_PREFIX in "".join(texts):
            return list(takewhile(lambda words: not words.startswith(text.COMMAND_PREFIX), texts))
        return texts

    def decode(self, frame: bytes) -> Request:
        """Return the command in a frame; raise `ChatError` if it is none."""
        return text.decode(sanitize(frame.decode(errors="replace")), CLIENT_COMMANDS)

    def describe_frame(self, frame: bytes) -> str:
        """Return the frame, secrets masked."""
        return text.mask(sanitize(frame.decode(errors="replace")), CLIENT_COMMANDS)

    def for_room_count(self, in_rooms: int) -> Codec:
        """Return the dialect with room tags for who is in more than one room."""
        return text_codec(self.framing, self.show_addresses, in_rooms > 1)

    def _words(self, event: Event | Reply) -> str:
        return text.render(event, show_addresses=self.show_addresses, room_tags=self.room_tags)


@dataclass(frozen=True, eq=False, slots=True)
class JsonCodec:
    """The objects of spec section 7."""

    framing: Framing
    show_addresses: bool
    is_text: ClassVar[bool] = False

    def encode(self, event: Event | Reply) -> bytes:
        """Return `event` as the frames that tell of it."""
        frames = json_encoder.encode(event, show_addresses=self.show_addresses)
        return self.framing.wrap("\0".join(frames))

    def trace(self, event: Event | Reply) -> tuple[str, ...]:
        """Return the objects, secrets masked."""
        return json_encoder.encode(_redacted(event), show_addresses=self.show_addresses)

    def messages(self, frames: Sequence[bytes]) -> list[str]:  # noqa: ARG002 -- to say is a request
        """Return nothing."""
        return []

    def decode(self, frame: bytes) -> Request:
        """Return the request in a frame; raise `ChatError` if it is none."""
        return jsonio.decode_request(frame.decode(errors="replace"), CLIENT_COMMANDS)

    def describe_frame(self, frame: bytes) -> str:
        """Return the frame, secrets masked."""
        return jsonio.mask(frame.decode(errors="replace"), CLIENT_COMMANDS)

    def for_room_count(self, in_rooms: int) -> Codec:  # noqa: ARG002 -- every event names its room
        """Return the same dialect."""
        return self


@cache
def text_codec(framing: Framing, show_addresses: bool, room_tags: bool = False) -> Codec:
    """Return the one object for text."""
    return TextCodec(framing, show_addresses, room_tags)


@cache
def json_codec(framing: Framing, show_addresses: bool) -> Codec:
    """Return the one object for JSON."""
    return JsonCodec(framing, show_addresses)


def _redacted(event: Event | Reply) -> Event | Reply:
    match event:
        case PrivateMessage():
            return replace(event, text=MASK)
        case Ok(data={"session": _}):
            return replace(event, data={**event.data, "session": PASSWORD_MASK})
        case _:
            return event
