"""Stub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatd.protocol.irc.line import Line

if TYPE_CHECKING:  # session.py imports this module
    from chatd.server.irc.session import IrcSession


def oper(session: IrcSession, request: Line) -> None:
    """Stub."""


def kill(session: IrcSession, request: Line) -> None:
    """Stub."""


def sajoin(session: IrcSession, request: Line) -> None:
    """Stub."""


def wallops(session: IrcSession, request: Line) -> None:
    """Stub."""


def admin(session: IrcSession, request: Line) -> None:
    """Stub."""
