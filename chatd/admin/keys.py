"""What comes from a terminal: the keys that edit a line, and the terminal's sizes between the keys.

Knows no terminal and no console. Bytes are cut into keys and sizes here, insults makes single keys
of the former, and those that edit a line are looked up here again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from chatd.admin.lineedit import LineBuffer

# By insults' names, by the sequences of some terminals that it does not know, and by control keys.
_KEYS_OF_EDITS: Final = {
    LineBuffer.left: (b"[LEFT_ARROW]", b"\x1b[OD", b"\x02"),
    LineBuffer.right: (b"[RIGHT_ARROW]", b"\x1b[OC", b"\x06"),
    LineBuffer.home: (b"[HOME]", b"\x1b[OH", b"\x1b[7~", b"\x01"),
    LineBuffer.end: (b"[END]", b"\x1b[OF", b"\x1b[8~", b"\x05"),
    LineBuffer.older: (b"[UP_ARROW]", b"\x1b[OA", b"\x10"),
    LineBuffer.newer: (b"[DOWN_ARROW]", b"\x1b[OB", b"\x0e"),
    LineBuffer.backspace: (b"\x7f", b"\x08"),
    LineBuffer.delete: (b"[DELETE]",),
    LineBuffer.delete_to_end: (b"\x0b",),
    LineBuffer.delete_to_start: (b"\x15",),
    LineBuffer.delete_word: (b"\x17",),
}
EDITS: Final = {key: edit for edit, keys in _KEYS_OF_EDITS.items() for key in keys}
"""What a key does to the line, if it is one that edits."""

_SIZE: Final = re.compile(rb"\0([0-9]{1,5}) [0-9]{1,5}\n")
_UNFINISHED_SIZE: Final = re.compile(rb"\0(?:[0-9]{1,5}(?: [0-9]{0,5})?)?\Z")
# A second ESC is that of the sequence behind it; insults would take the two together for a key.
_ESCAPES: Final = re.compile(rb"\x1b+")


class InputParser:
    """Tells keys from sizes, however they are cut into reads."""

    def __init__(self) -> None:
        self._unfinished = b""

    def split(self, data: bytes) -> Iterator[bytes | int]:
        """Yield what is in `data`, in its order: bytes of keys, and how many columns there are now.

        Columns and rows come behind a NUL.
        """
        data = self._unfinished + data
        unfinished = _UNFINISHED_SIZE.search(data)
        self._unfinished = unfinished[0] if unfinished else b""
        keys, *sizes_and_keys = _SIZE.split(data.removesuffix(self._unfinished))
        yield _ESCAPES.sub(b"\x1b", keys)
        for columns, more_keys in zip(sizes_and_keys[::2], sizes_and_keys[1::2], strict=True):
            yield int(columns)
            yield _ESCAPES.sub(b"\x1b", more_keys)
