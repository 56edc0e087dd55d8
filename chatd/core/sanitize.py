"""Text that is safe to print (spec section 3).

`sanitize` is for everything that a client sends, before another part reads it; `escape_line` is for
everything that goes into the log, where an event is one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_C0_C1 = [*range(0x20), *range(0x7F, 0xA0)]
_BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_NEWLINES = [0x85, 0x2028, 0x2029]
_SURROGATES = range(0xD800, 0xE000)
_KEPT = {ord("\n"), ord("\t")}

_CLEAN: dict[int, str | None] = {
    **dict.fromkeys(_SURROGATES, "\ufffd"),
    **{code: None for code in _C0_C1 + _BIDI if code not in _KEPT},
    **dict.fromkeys(_NEWLINES, "\n"),
}
# Most text needs no change, and this search is ten times as fast as the translation.
_UNCLEAN = re.compile("[" + "".join(re.escape(chr(code)) for code in _CLEAN) + "]")
_UNCLEAN_ASCII = bytes(code for code in _CLEAN if code < 0x80)  # noqa: PLR2004 -- ASCII's end

UNPRINTABLE: Final = (*_C0_C1, *_BIDI, *_NEWLINES, *_SURROGATES)
"""The code points that control a terminal, end a line or cannot be encoded."""

_ESCAPED: dict[int, str] = {
    code: chr(code).encode("unicode_escape").decode("ascii") for code in UNPRINTABLE
}


def sanitize(text: str) -> str:
    r"""Return `text` without control characters and bidirectional overrides.

    Halves of surrogate pairs, which cannot be encoded, become U+FFFD. Newline and tab stay;
    `\r\n`, U+0085, U+2028 and U+2029 become newline.
    """
    # Most texts are printable, and no character that is removed is.
    if text.isprintable() or _UNCLEAN.search(text) is None:
        return text
    return text.replace("\r\n", "\n").translate(_CLEAN)


def decode_frames(frames: Sequence[bytes], joined: bytes) -> list[str]:
    """Return the texts of `frames`, sanitized; bytes that are no UTF-8 become U+FFFD.

    `joined` is all frames with a NUL between them, which callers have already.
    """
    # One look at all frames, if they are plain ASCII, takes a fraction of the time. NUL is among
    # the characters that are removed: if no more go than those between the frames, the frames
    # have none. Example: b"a\0b" loses one byte, and there are two frames.
    if joined.isascii() and len(joined.translate(None, _UNCLEAN_ASCII)) > len(joined) - len(frames):
        return joined.decode().split("\0")
    return [sanitize(frame.decode(errors="replace")) for frame in frames]


def escape_line(text: str) -> str:
    """Return `text` as one printable line, with escapes for the characters `UNPRINTABLE`."""
    return text.translate(_ESCAPED)
