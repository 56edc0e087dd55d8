"""Writing to a descriptor that others share, such as standard output; used by all programs of chatd.

Somebody else who has the same terminal or pipe may have made it non-blocking; then a plain write
sends a part, or nothing, and what is left is lost.
"""

from __future__ import annotations

import os
import select


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however long the reader takes; raise `OSError` if it cannot be."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
