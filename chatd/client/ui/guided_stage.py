"""The questions of guided mode, in their order."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from chatd.client.ui.frontend import Prompt


class Stage(Enum):
    """The question that the user answers next."""

    MENU = auto()
    USERNAME = auto()
    PASSWORD = auto()
    CHAT = auto()  # a room, and then messages


PROMPTS: Final = {
    Stage.MENU: Prompt("Command: "),
    Stage.USERNAME: Prompt("Enter username: "),
    Stage.PASSWORD: Prompt("Enter password: ", hidden=True),
    Stage.CHAT: Prompt("Join a Chat Room or Create New: "),
}

CHOICES: Final = {"1": "register", "2": "login", "register": "register", "login": "login"}
"""The answers at the menu, and the commands that they stand for."""
