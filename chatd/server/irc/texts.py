"""The texts that users set for others to read, each on one line that is not too long."""

from __future__ import annotations

from chatd.protocol.irc.splitting import one_line
from chatd.server.irc.settings import MAX_TEXT


def last_words(text: str) -> str:
    """Return the words with which a user leaves, or the reason for what a user does to others."""
    return one_line(text, MAX_TEXT)


def shown_about(text: str) -> str:
    """Return the real name of a user."""
    return one_line(text, MAX_TEXT // 2)
