"""Command mode on a terminal: more words and more help than a pipe gets.

On a pipe the client uses `CommandMode` itself, whose output is for programs too.
"""

from __future__ import annotations

from chatd.client.ui.command_mode import CommandMode


class TerminalMode(CommandMode):
    """The frontend of a user who types commands on a terminal."""
