"""Cuts what a peer sends into frames: ended by NUL, or lines (spec section 2).

The first bytes decide which; until then nothing may be sent. Bytes are fed in as they come and
frames are taken out a few at a time, so that whoever takes them can stop in the middle of a flood.
What a peer makes us hold is bounded: by `limit` for a frame that has not ended, and by what
one read brings for the rest, if the reader stops feeding while `waiting` is large.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

_TLS_HANDSHAKE: Final = b"\x16\x03"
_HTTP_ENDING: Final = re.compile(rb"HTTP/1\.\d\r?\Z")
# How much of a first line that is too long is kept, to see whether it ends in HTTP/1.x.
_HTTP_ENDING_LENGTH: Final = 16

_IAC: Final = b"\xff"
_WITH_OPTION: Final = rb"[\xfb-\xfe]"
_SUBNEGOTIATION: Final = rb"\xfa(?:[^\xff]+|\xff[^\xf0])*+"
_NEGOTIATION: Final = re.compile(
    rb"\xff(?:(\xff)"  # 0xFF itself, escaped
    rb"|%(option)b.|%(sub)b\xff\xf0|[^\xfa-\xff]"
    rb"|(%(option)b?\Z|%(sub)b(\xff?)\Z))" % {b"option": _WITH_OPTION, b"sub": _SUBNEGOTIATION},
    re.DOTALL,
)


class UnknownProtocolError(Exception):
    """The peer speaks TLS or HTTP: it is to be closed without an answer."""


class Framing(Enum):
    """How frames end, in both directions; for lines that is what stands for every newline, too."""

    NUL = b"\0"
    LF = b"\n"
    CRLF = b"\r\n"

    def join(self, texts: Sequence[str]) -> bytes:
        """Return texts as frames, one after another."""
        end = self._value_  # `value` without the call of a property
        if end == b"\0":
            return "\0".join(texts).encode() + end
        encoded = "\n".join(texts).encode()
        return (encoded if end == b"\n" else encoded.replace(b"\n", end)) + end


@dataclass(frozen=True, slots=True)
class TooLong:
    """Stands for a frame that was dropped because it was longer than `limit` bytes."""

    limit: int


class FrameReceiver:
    """Takes in bytes, gives out frames without their ends.

    What waits is held as it came, and cut when it is taken: many small frames take no more memory than
    their bytes. `limit` is the longest frame in bytes, and may be changed at any time; `framing` is None
    until the first bytes have decided it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.framing: Framing | None = None
        self._delimiter: bytes | None = None
        self._telnet = _TelnetFilter()
        self._held = b""
        # Of a frame that is too long we wait for the end; `_owed` is what is still to be said of it.
        self._dropping = False
        self._owed: TooLong | None = None

    @property
    def buffered(self) -> int:
        """How many bytes are held: frames not yet taken, and the one that has not ended."""
        return len(self._held)

    @property
    def has_frames(self) -> bool:
        """Whether there are whole frames not yet taken."""
        return self._delimiter is not None and self._delimiter in self._held

    def feed(self, data: bytes) -> None:
        """Take in what was read; raise `NotChatError` if the first bytes are no chat."""
        if self._delimiter is None:
            data = self._held + data
            self._held = b""
            self._delimiter = self._decide(data)
            if self._delimiter is None:
                self._held = data
                return
        if self._delimiter == b"\n":
            data = self._telnet.strip(data)
            if self.framing is None and b"\n" in data:
                line = self._held + data[: data.index(b"\n")]
                self.framing = Framing.CRLF if line.endswith(b"\r") else Framing.LF
        if self._dropping:
            _, end, data = data.partition(self._delimiter)
            self._dropping = not end
        self._held += data

    def next_frames(self, most: int) -> list[bytes] | TooLong:
        """Return the next whole frames, `most` of them at most, or that the next was too long."""
        if self._owed is not None and self.framing is not None:
            owed, self._owed = self._owed, None
            return owed
        held, delimiter = self._held, self._delimiter
        if not held:
            return []  # as after most reads, once what they brought is served
        if delimiter is None or delimiter not in held:
            return self._drop_what_is_too_long()
        frames = held.split(delimiter, most)
        self._held = frames.pop()
        if delimiter == b"\n":
            frames = [frame.removesuffix(b"\r") for frame in frames]
        if len(held) <= self.limit:
            return frames  # so little altogether that none can be too long
        return self._up_to_too_long(frames)

    def put_back(self, frames: Sequence[bytes]) -> None:
        """Take frames back that were given out last, to give them out again."""
        if frames:
            assert self._delimiter is not None, "frames have been given out"
            self._held = self._delimiter.join((*frames, self._held))

    def clear(self) -> None:
        """Forget all that waits."""
        self._held = b""

    def _decide(self, data: bytes) -> bytes | None:
        """Return the delimiter that the first bytes ask for, or None if they do not tell yet."""
        if not self._dropping:
            if data.startswith(b"\xff"):
                return b"\n"
            if data.startswith(_TLS_HANDSHAKE):
                raise UnknownProtocolError("TLS")
        first_line, newline, _ = data.partition(b"\n")
        if newline and b"\0" not in first_line and _HTTP_ENDING.search(first_line):
            raise UnknownProtocolError("HTTP")
        if b"\0" in data:
            self.framing = Framing.NUL
            return b"\0"
        return b"\n" if newline else None

    def _up_to_too_long(self, frames: list[bytes]) -> list[bytes] | TooLong:
        """Return the frames before the first that is too long, or that it is the first of all."""
        for at, frame in enumerate(frames):
            if len(frame) > self.limit:
                self.put_back(frames[at:] if at else frames[1:])
                return frames[:at] or TooLong(self.limit)
        return frames

    def _drop_what_is_too_long(self) -> list[bytes] | TooLong:
        """Forget the frame that has not ended, if it is too long; say so, if it can be said now."""
        # The rest of a line's end may be on its way.
        begun = self._held if self.framing is Framing.NUL else self._held.removesuffix(b"\r")
        if len(begun) <= self.limit:
            return []
        # While the framing is not known nothing can be said, and HTTP must still be recognised.
        self._held = self._held[-_HTTP_ENDING_LENGTH:] if self._delimiter is None else b""
        self._dropping = True
        if self.framing is not None:
            return TooLong(self.limit)
        self._owed = TooLong(self.limit)
        return []


class _TelnetFilter:
    """Takes telnet's negotiation (RFC 854) out of lines, wherever the reads may cut it.

    By one search for all there is: who sends nothing but negotiation must not cost a step a byte.
    """

    def __init__(self) -> None:
        self._command = b""  # the negotiation that has begun: IAC, IAC WILL, IAC SB or IAC SB IAC

    def strip(self, data: bytes) -> bytes:
        """Return `data` without negotiation; the rest of one that has not ended is taken out next time."""
        if not self._command and _IAC not in data:
            return data
        # Text, and of the negotiation behind it what is text, what has begun, and what of that ends in IAC.
        parts = _NEGOTIATION.split(self._command + data)
        begun, ends_in_iac = parts[-3:-1]
        self._command = b"" if begun is None else _IAC + begun[:1] + (ends_in_iac or b"")
        del parts[2::4], parts[2::3]
        return b"".join(filter(None, parts))
