"""The options that the service reads as it starts, and the error of a start that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chatd.core import names
from chatd.core.errors import ChatError, StoreError
from chatd.core.records import RoomRecord
from chatd.core.sanitize import sanitize
from chatd.protocol.error_text import error_text
from chatd.server.listeners import ListenError

MAX_MOTD_BYTES: Final = 8192
"""The longest message of the day, in bytes: each client is sent all of it."""


class StartError(Exception):
    """The server cannot start as the options ask; the message is one line for the operator."""


@contextmanager
def start_errors() -> Iterator[None]:
    """Raise a `ListenError` or `StoreError` of the block as a `StartError`."""
    try:
        yield
    except ListenError as error:
        raise StartError(str(error)) from error
    except StoreError as error:
        raise StartError(f"--store: {error}") from error


def read_room(room_id: str, name: str) -> RoomRecord:
    """Return the room that `--room` asks for; raise `StartError` if its id or name is invalid."""
    try:
        return RoomRecord(names.room_id(room_id), names.room_name(name), permanent=True)
    except ChatError as error:
        raise StartError(f"--room {room_id}: {error_text(error)}") from error


def read_motd(path: str) -> str:
    """Return the message of the day in a file, safe to print; or raise `StartError`.

    A file is refused if it cannot be read, is longer than `MAX_MOTD_BYTES` or is not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_MOTD_BYTES + 1)
    except OSError as error:
        raise StartError(f"--motd {path}: {error.strerror}") from error
    if len(data) > MAX_MOTD_BYTES:
        raise StartError(f"--motd {path}: it has more than {MAX_MOTD_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StartError(f"--motd {path}: line {line} is not UTF-8") from error
    return sanitize(text).strip("\n")
