"""Cuts the bytes that a client sends into frames that end in NUL, or in a newline.

The first bytes decide which of both, and nothing can be sent to the client before. Bytes are fed as
they come; frames are peeked at and consumed a few at a time, so that the server can stop in the
middle of a flood. The memory that a client can take is bounded: `limit` bytes for a frame that has
not ended, and one read for the rest if the caller stops reading while `buffered` is large.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

_TLS_HANDSHAKE: Final = b"\x16\x03"
_HTTP_ENDING: Final = re.compile(rb"HTTP/1\.\d\r?\Z")
# How many bytes of a first line that is too long are kept, to see whether it ends in HTTP/1.x.
_HTTP_ENDING_LENGTH: Final = 16

_BYTE_ORDER_MARK: Final = "\ufeff".encode()

_IAC: Final = b"\xff"
_WITH_OPTION: Final = rb"[\xfb-\xfe]"
_SUBNEGOTIATION: Final = rb"\xfa(?:[^\xff]+|\xff[^\xf0])*+"
_NEGOTIATION: Final = re.compile(
    rb"\xff(?:(\xff)"  # 0xFF itself, escaped
    rb"|(%(option)b.|[^\xfa-\xff])|%(sub)b\xff\xf0"
    rb"|(%(option)b?\Z|%(sub)b(\xff?)\Z))" % {b"option": _WITH_OPTION, b"sub": _SUBNEGOTIATION},
    re.DOTALL,
)
_ARE_YOU_THERE: Final = b"\xf6"
_WILL, _WONT, _DO, _DONT = (bytes([code]) for code in range(0xFB, 0xFF))
_TIMING_MARK: Final = b"\x06"


class UnknownProtocolError(Exception):
    """The client speaks TLS or HTTP: its connection is closed without an answer."""


class Framing(Enum):
    """The end of frames, in both directions; the end of a line replaces newlines, too."""

    NUL = b"\0"
    LF = b"\n"
    CRLF = b"\r\n"

    def encode(self, frames: str) -> bytes:
        """Return frames as bytes; a NUL separates each of them from the next one."""
        end = self._value_  # `value` without the call of a property
        encoded = frames.encode()
        if end == b"\0":
            return encoded + end
        if end == b"\r\n":
            encoded = encoded.replace(b"\n", end)
        return encoded.replace(b"\0", end) + end


class FrameReceiver:
    r"""Buffers the bytes of one client and cuts them into frames without their ends.

    `limit` is the longest frame in bytes and may be changed at any time. `framing` is None until
    the first bytes have decided it; before that, no frame can be peeked at. The buffer holds the
    bytes as they came and `peek` cuts a few frames at a time, so that a flood of tiny frames takes
    no more memory than its bytes. For example, with NUL framing:

        fed              peek(2)     buffered afterwards
        b"a\0b\0c\0d"  [a, b]      7 bytes, of which b"c\0d" is not cut
        consume(1)       [b]         5 bytes
        consume(1)       [c]         3 bytes: `d` has not ended
        consume(1)       []          1 byte

    `oversized` is true if the next frame was longer than the limit: `peek` then returns no frame,
    and `consume(1)` goes on to the frame after it.

    With `lines_only` nothing is decided: frames are lines, which end in CRLF or LF, and nothing in
    them is taken for telnet.
    """

    def __init__(self, limit: int, *, lines_only: bool = False) -> None:
        self.limit = limit
        self.framing = Framing.CRLF if lines_only else None
        self.oversized = False
        self._delimiter = b"\n" if lines_only else None
        self._telnet = None if lines_only else _TelnetFilter()
        self._buffer = b""
        self._frames: list[bytes] = []  # cut from the buffer and not yet consumed
        self._skipping = False  # the next bytes belong to a frame that was too long

    @property
    def buffered(self) -> int:
        """How many bytes are held: frames that are not consumed, and the unfinished frame."""
        if not self._frames:
            return len(self._buffer)
        return len(self._buffer) + sum(map(len, self._frames)) + len(self._frames)

    @property
    def has_frames(self) -> bool:
        """Whether there are whole frames that are not consumed."""
        if self._frames:
            return True
        return self._delimiter is not None and self._delimiter in self._buffer

    def feed(self, data: bytes) -> bytes:
        """Append bytes that were read; return the answers to telnet's requests among them.

        The answers are bytes to send as they are, and nearly always none. Raise
        `UnknownProtocolError` for TLS and HTTP.
        """
        answers = b""
        if self._delimiter is None:
            data = self._buffer + data
            self._buffer = b""
            self._delimiter = self._decide(data)
            if self._delimiter is None:
                self._buffer = data
                self._drop_oversized()
                return b""
            if self._delimiter == b"\0":
                data = data.removeprefix(_BYTE_ORDER_MARK)
        if self._delimiter == b"\n" and self._telnet is not None:
            data, answers = self._telnet.strip(data)
            if self.framing is None and b"\n" in data:
                data = (self._buffer + data).removeprefix(_BYTE_ORDER_MARK)
                self._buffer = b""
                line_end = data.index(b"\n")
                self.framing = Framing.CRLF if data[:line_end].endswith(b"\r") else Framing.LF
        if self._skipping:
            _, end, data = data.partition(self._delimiter)
            self._skipping = not end
        self._buffer += data
        if self.framing is None:
            self._drop_oversized()
        return answers

    def peek(self, count: int) -> list[bytes]:
        """Return the next whole frames, at most `count`, without consuming them."""
        frames = self._frames
        if frames or not self._buffer or self.oversized:
            return frames if len(frames) <= count else frames[:count]
        buffer, delimiter = self._buffer, self._delimiter
        if delimiter is None or delimiter not in buffer:
            self._drop_oversized()
            return []
        frames = buffer.split(delimiter, count)
        self._buffer = frames.pop()
        if delimiter == b"\n":
            frames = [frame.removesuffix(b"\r") for frame in frames]
        if len(buffer) > self.limit:  # else no frame can be too long
            frames = self._up_to_oversized(frames)
        self._frames = frames
        return frames

    def consume(self, count: int) -> bool:
        """Drop the first `count` of the frames that `peek` returned, or the oversized frame.

        Return whether anything is still held.
        """
        if self.oversized:
            self.oversized = False
        else:
            del self._frames[:count]
        return bool(self._frames or self._buffer)

    def clear(self) -> None:
        """Drop all bytes and frames that are held."""
        self._buffer = b""
        self._frames = []
        self.oversized = False

    def _decide(self, data: bytes) -> bytes | None:
        """Return the delimiter that the first bytes ask for, or None if they do not decide yet."""
        if not self._skipping:
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

    def _up_to_oversized(self, frames: list[bytes]) -> list[bytes]:
        """Return the frames before the first that is too long; the others go back to the buffer.

        If the first of all is too long, it is dropped and `oversized` is set.
        """
        for index, frame in enumerate(frames):
            if len(frame) > self.limit:
                self.oversized = index == 0
                uncut = frames[index or 1 :]
                # A carriage return that was cut off comes back, so that cutting again removes no
                # other.
                end = b"\0" if self._delimiter == b"\0" else b"\r\n"
                self._buffer = end.join((*uncut, self._buffer))
                return frames[:index]
        return frames

    def _drop_oversized(self) -> None:
        """Drop the unfinished frame if it is too long already, and skip the rest of it."""
        # A carriage return may be the first half of the line's end.
        unfinished = self._buffer
        if self.framing is not Framing.NUL:
            unfinished = unfinished.removesuffix(b"\r")
        if len(unfinished) > self.limit:
            # While the framing is not known, a first line that ends in HTTP/1.x must be recognised.
            self._buffer = self._buffer[-_HTTP_ENDING_LENGTH:] if self._delimiter is None else b""
            self._skipping = self.oversized = True


class _TelnetFilter:
    r"""Removes telnet's commands (RFC 854) from lines, wherever the reads cut them.

    The server supports no option, so it refuses each: DO is answered with WONT, WILL with DONT. Two
    requests get the answer that they ask for: a timing mark (RFC 860), which `telnet` waits for
    after Ctrl-C before it shows any more output, and "are you there". An end of line that is sent
    as a carriage return alone, `\r\0`, becomes `\r\n`.

    One regular expression goes over each read: a loop over bytes would be slow for a client that
    sends nothing but commands. Equal requests in one read get one answer, so that the answers take
    little room.
    """

    def __init__(self) -> None:
        # The start of an unfinished command: IAC, IAC WILL, IAC SB or IAC SB IAC.
        self._unfinished = b""
        self._ended_in_return = False

    def strip(self, data: bytes) -> tuple[bytes, bytes]:
        """Return `data` without commands, and the answers to these.

        A command may go on in the next `data`.
        """
        answers = b""
        if self._unfinished or _IAC in data:
            # Five parts a match: text, escaped 0xFF, command, unfinished command, and the IAC that
            # it ends in.
            parts = _NEGOTIATION.split(self._unfinished + data)
            unfinished, ends_in_iac = parts[-3:-1]
            self._unfinished = (
                b"" if unfinished is None else _IAC + unfinished[:1] + (ends_in_iac or b"")
            )
            answers = b"".join(map(_answer, dict.fromkeys(filter(None, parts[2::5]))))
            del parts[2::5], parts[2::4], parts[2::3]
            data = b"".join(filter(None, parts))
        return self._with_line_ends(data), answers

    def _with_line_ends(self, data: bytes) -> bytes:
        if self._ended_in_return and data.startswith(b"\0"):
            data = b"\n" + data[1:]
        if data:
            self._ended_in_return = data.endswith(b"\r")
        return data.replace(b"\r\0", b"\r\n") if b"\0" in data else data


def _answer(command: bytes) -> bytes:
    """Return the answer to a command of telnet, given without its IAC; mostly none."""
    if command == _ARE_YOU_THERE:
        return b"[Yes]\r\n"
    if command == _DO + _TIMING_MARK:
        return _IAC + _WILL + _TIMING_MARK
    if command[:1] == _DO:
        return _IAC + _WONT + command[1:]
    if command[:1] == _WILL:
        return _IAC + _DONT + command[1:]
    return b""
