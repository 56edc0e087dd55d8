"""Text that is safe to print (spec section 3).

`sanitize` is for everything that a client sends, before another part reads it; `escape_line` is for
everything that goes into the log, where an event is one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
_UNCLEAN_ASCII = bytes(code for code in _CLEAN if code < 0x80)  # noqa: PLR2004 -- ASCII's end

UNPRINTABLE: Final = (*_C0_C1, *_BIDI, *_NEWLINES, *_SURROGATES)
"""The code points that control a terminal, end a line or cannot be encoded."""


def translator(table: Mapping[int, str | None]) -> Callable[[str], str]:
    """Return a function that does what `text.translate(table)` does, and faster.

    No character of `table` may be printable, in the sense of `str.isprintable`.
    """
    # Most texts are printable. A search takes a tenth of the time of a translation, so only the
    # runs of characters that are in the table are translated.
    run = re.compile("[" + "".join(re.escape(chr(code)) for code in table) + "]+")

    def translate(text: str) -> str:
        if text.isprintable() or run.search(text) is None:
            return text
        return run.sub(lambda found: found[0].translate(table), text)

    return translate


_clean = translator(_CLEAN)
_escape = translator(
    {code: chr(code).encode("unicode_escape").decode("ascii") for code in UNPRINTABLE}
)


def sanitize(text: str) -> str:
    r"""Return `text` without control characters and bidirectional overrides.

    Halves of surrogate pairs, which cannot be encoded, become U+FFFD. Newline and tab stay;
    `\r\n`, U+0085, U+2028 and U+2029 become newline.
    """
    if text.isprintable():  # saves two calls for most texts
        return text
    return _clean(text.replace("\r\n", "\n"))


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
    return _escape(text)
