"""The answer to a command of the administrator: lines for people, and data for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from chatd.core.errors import ChatError
from chatd.protocol.error_text import error_text

PREFIX: Final = "Administrator: "
"""The beginning of a line of the console that answers a command in words."""

_LAST_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The latest time that can be shown; a ban may end later."""


@dataclass(frozen=True)
class Answer:
    """The answer to one command: lines that a console prints, and the facts in them.

    `failed` is whether the command was refused or had no effect. `data` is the same answer as a
    value that can be written in JSON; that of a failure has `code`, as in docs/protocol.md, and
    `text`.
    """

    lines: list[str] = field(default_factory=list)
    failed: bool = False
    data: object = None


def done(text: str, **data: object) -> Answer:
    """Return the answer to a command that took effect."""
    return Answer([reply_line(text)], data=data)


def refused(error: ChatError) -> Answer:
    """Return the answer to a command that `error` refuses."""
    text = error_text(error)
    return failure(error.code, text, [reply_line(text)])


def failure(code: str, text: str, lines: list[str]) -> Answer:
    """Return the answer to a command that failed; `lines` are what a console prints."""
    return Answer(lines, failed=True, data={"code": code, "text": text})


def reply_line(text: str) -> str:
    """Return the line of a reply."""
    return f"{PREFIX}{text}"


def shown_time(seconds: float) -> str:
    """Return a time since the epoch as the console prints it."""
    return f"{_datetime(seconds):%Y-%m-%d %H:%M:%S} UTC"


def json_time(seconds: float) -> str:
    """Return a time since the epoch as it is in `data`: `2026-11-20T14:51:16Z`."""
    return f"{_datetime(seconds):%Y-%m-%dT%H:%M:%SZ}"


def _datetime(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(seconds, _LAST_TIME.timestamp()), UTC)
