"""Codecs: how events and replies become bytes, and frames become requests.

All sessions with the same codec share one object, so that an event is encoded once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from typing import ClassVar, Final, Protocol

from chatd.core.errors import ErrorCode
from chatd.core.events import Event, PrivateMessage, RoomEvent
from chatd.core.sanitize import decode_frames, sanitize
from chatd.protocol import json_encoder, jsonio, text
from chatd.protocol.command import MASK, PASSWORD_MASK, Request
from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.protocol.framing import Framing
from chatd.protocol.replies import ErrorReply, FormatSet, Reply, Resumed, RoomList
from chatd.protocol.session_replies import Remembered

_COMMAND_PREFIX: Final = text.COMMAND_PREFIX.encode()
_COMMAND_BYTE: Final = ord(text.COMMAND_PREFIX)


class Prepared:
    """Frames that were made for one session, so that no codec has to know them: a base class."""

    __slots__ = ()

    def encode(self) -> bytes:
        """Return the frames."""
        raise NotImplementedError

    def describe(self) -> list[str]:
        """Return what the trace shows: a text for each frame, secrets masked."""
        raise NotImplementedError


class EventCodec(Protocol):
    """The bytes of what a session is sent."""

    @property
    def is_text(self) -> bool:
        """Whether people read it: they get no receipts, and history as they join."""

    @property
    def marks_ignored(self) -> bool:
        """Whether messages of ignored users are sent with a mark, for programs."""

    def encode(self, event: Event | Reply) -> bytes:
        """Return the frames for an event or a reply, b"" if the session is told nothing of it."""

    def describe(self, event: Event | Reply) -> list[str]:
        """Return what the trace shows of an event: a text for each frame, secrets masked."""

    def for_room_count(self, in_rooms: int) -> EventCodec:
        """Return the codec for a user who is in that many rooms."""


class Codec(EventCodec, Protocol):
    """The language of a session, in both directions."""

    @property
    def framing(self) -> Framing:
        """The ending of frames, in both directions."""

    def leading_messages(self, frames: Sequence[bytes]) -> list[str]:
        """Return the texts of those `frames` that are messages, up to the first command."""

    def decode(self, frame: bytes) -> Request:
        """Return the request in a frame; raise `ChatError` if there is none."""

    def describe_frame(self, frame: bytes) -> str:
        """Return what the trace shows of a frame received, secrets masked."""


@dataclass(frozen=True, eq=False, slots=True)
class TextCodec:
    """The words of spec section 4. With `room_tags`, frames of a room start with its id: `[2] `."""

    framing: Framing
    show_addresses: bool
    room_tags: bool = False
    is_text: ClassVar[bool] = True
    marks_ignored: ClassVar[bool] = False

    def encode(self, event: Event | Reply) -> bytes:
        """Return the words as frames, b"" for an event without words."""
        if type(event) is RoomList and self in event.encoded:
            return event.encoded[self]
        words = text.encode(event, self.show_addresses, self.room_tags)
        frames = self.framing.encode(words) if words else b""
        if type(event) is RoomList:
            event.encoded[self] = frames
        return frames

    def describe(self, event: Event | Reply) -> list[str]:
        """Return the words; those of a reply without its `Server: ` (spec section 6)."""
        words = text.encode(_masked(event), self.show_addresses, self.room_tags)
        frames = words.split("\0") if words else []
        if isinstance(event, RoomEvent):
            return frames
        return [frame.removeprefix("Server: ") for frame in frames]

    def leading_messages(self, frames: Sequence[bytes]) -> list[str]:
        """Return the texts before the first frame that starts with a backtick."""
        joined = b"\0".join(frames)
        if _COMMAND_BYTE not in joined:  # an integer is found faster than bytes
            return decode_frames(frames, joined)
        # Not decoded here: a command, and the frames behind it, which will be passed again.
        frames = list(takewhile(lambda frame: not frame.startswith(_COMMAND_PREFIX), frames))
        texts = decode_frames(frames, b"\0".join(frames)) if frames else []
        # A control character in front of the backtick, as in "\1`list", is gone only now.
        return list(takewhile(lambda words: not words.startswith(text.COMMAND_PREFIX), texts))

    def decode(self, frame: bytes) -> Request:
        """Return the command in a frame; raise `ChatError` if there is none."""
        return text.decode(sanitize(frame.decode(errors="replace")), CLIENT_COMMANDS)

    def describe_frame(self, frame: bytes) -> str:
        """Return the frame, secrets masked."""
        return text.mask(sanitize(frame.decode(errors="replace")), CLIENT_COMMANDS)

    def for_room_count(self, in_rooms: int) -> Codec:
        """Return the codec with room tags for a user who is in more than one room."""
        if in_rooms > 1:
            return text_codec(self.framing, self.show_addresses, True)
        return text_codec(self.framing, self.show_addresses)


@dataclass(frozen=True, eq=False, slots=True)
class JsonCodec:
    """The objects of spec section 7."""

    framing: Framing
    show_addresses: bool
    is_text: ClassVar[bool] = False
    marks_ignored: ClassVar[bool] = True

    def encode(self, event: Event | Reply) -> bytes:
        """Return the objects as frames."""
        if type(event) is not RoomList:
            return self._encode(event)
        if event.tag is None:
            if self not in event.encoded:
                event.encoded[self] = self._encode(event)
            return event.encoded[self]
        tag = f'"command":"list","tag":{jsonio.quote(event.tag)}'.encode()
        return self.encode(replace(event, tag=None)).replace(b'"command":"list"', tag, 1)

    def _encode(self, event: Event | Reply) -> bytes:
        frames = json_encoder.encode(event, show_addresses=self.show_addresses)
        return self.framing.encode("\0".join(frames)) if frames else b""

    def describe(self, event: Event | Reply) -> list[str]:
        """Return the objects, secrets masked."""
        return json_encoder.encode(_masked(event), show_addresses=self.show_addresses)

    def leading_messages(self, frames: Sequence[bytes]) -> list[str]:  # noqa: ARG002 -- `say` is a request
        """Return nothing: every frame is a request."""
        return []

    def decode(self, frame: bytes) -> Request:
        """Return the request in a frame; raise `ChatError` if there is none."""
        return jsonio.decode_request(frame.decode(errors="replace"), CLIENT_COMMANDS)

    def describe_frame(self, frame: bytes) -> str:
        """Return the frame, secrets masked."""
        return jsonio.mask(frame.decode(errors="replace"), CLIENT_COMMANDS)

    def for_room_count(self, in_rooms: int) -> Codec:  # noqa: ARG002 -- every event names its room
        """Return the same codec."""
        return self


@cache
def text_codec(framing: Framing, show_addresses: bool, room_tags: bool = False) -> Codec:
    """Return the one object for text."""
    return TextCodec(framing, show_addresses, room_tags)


@cache
def json_codec(framing: Framing, show_addresses: bool) -> Codec:
    """Return the one object for JSON."""
    return JsonCodec(framing, show_addresses)


CODECS: Final[Mapping[str, Callable[[Framing, bool], Codec]]] = {
    "json": json_codec,
    "text": text_codec,
}
"""The codecs that a client can choose, by the parameter of `format`."""


def _masked(event: Event | Reply) -> Event | Reply:
    match event:
        case PrivateMessage():
            return replace(event, text=MASK)
        case FormatSet(session=str()) | Resumed(session=str()):
            return replace(event, session=PASSWORD_MASK)
        case Remembered():
            return replace(event, token=PASSWORD_MASK)
        case ErrorReply(code=ErrorCode.BAD_NAME, command="join" | "enter"):
            # A key that was typed for a room without one is taken for a part of the name.
            params = dict.fromkeys(event.params.keys() & {"name", "suggestion"}, PASSWORD_MASK)
            return replace(event, params={**event.params, **params})
        case _:
            return event
