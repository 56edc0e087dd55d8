"""Writing to a descriptor that other processes share, such as standard output.

Another process may have made the terminal or pipe non-blocking. Then a plain write writes a part of
the data, or nothing, and the rest would be lost. All programs of chatd use this module.
"""

from __future__ import annotations

import os
import select


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, and wait for a slow reader; raise `OSError` if the write fails."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
