"""The message of the day: what the server says to everybody who comes, from a file of the operator's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from chatd.core.sanitize import sanitize

MAX_BYTES: Final = 8192
"""How long the file may be: everybody gets all of it."""


def read(path: str) -> str:
    """Return the words in a file, safe to print; raise `OSError` or `ValueError` if they cannot be had."""
    with Path(path).open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    return sanitize(data.decode(errors="replace")).strip("\n")
