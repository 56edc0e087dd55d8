"""Text that is safe to print (spec section 3).

`clean` is for all that a peer sends, before anything else sees it; `escape` for all that goes
into the log, where an event is one line. Neither knows what the text is about.
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
# Most text is clean, and this search is ten times as fast as translating it.
_UNCLEAN = re.compile("[" + "".join(re.escape(chr(code)) for code in _CLEAN) + "]")
_UNCLEAN_ASCII = bytes(code for code in _CLEAN if code < 0x80)  # noqa: PLR2004 -- ASCII's end

UNPRINTABLE: Final = (*_C0_C1, *_BIDI, *_NEWLINES, *_SURROGATES)
"""The code points that do something to a terminal or to a reader of lines, or cannot be encoded."""

_ESCAPED: dict[int, str] = {
    code: chr(code).encode("unicode_escape").decode("ascii") for code in UNPRINTABLE
}


def sanitize(text: str) -> str:
    r"""Return `text` without control characters and bidirectional overrides.

    What cannot be encoded (halves of surrogate pairs) becomes U+FFFD. Newline and tab stay; `\r\n`, U+0085, U+2028 and U+2029 become newline.
    """
    # Most is plain, and nothing that is taken out is printable.
    if text.isprintable() or _UNCLEAN.search(text) is None:
        return text
    return text.replace("\r\n", "\n").translate(_CLEAN)


def decode_frames(frames: Sequence[bytes]) -> list[str]:
    """Return what is in `frames`, clean; bytes that are no UTF-8 become U+FFFD."""
    # To look at all at once, if it is plain ASCII, takes a fraction of the time. NUL is unclean: if
    # no more is taken out than those between the frames, the frames hold none.
    whole = b"\0".join(frames)
    if whole.isascii() and len(whole.translate(None, _UNCLEAN_ASCII)) > len(whole) - len(frames):
        return whole.decode().split("\0")
    return [sanitize(frame.decode(errors="replace")) for frame in frames]


def escape(text: str) -> str:
    """Return `text` as one printable line: what `clean` would remove or keep apart is shown as escapes."""
    return text.translate(_ESCAPED)
