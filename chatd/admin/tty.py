"""A terminal whose keys come as they are typed, and which is put back as it was whatever happens.

Knows the terminal alone, neither Twisted nor the console: the server and `chatd-admin` share it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import termios
from typing import Final

_INPUT_FLAGS: Final = 0
_LOCAL_FLAGS: Final = 3


def in_foreground(descriptor: int) -> bool:
    """Tell whether the terminal is ours to touch: in the background that would stop the process."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


class RawMode:
    """No echo, no editing, no signals from keys: from `enter` to `leave`, or to the exit."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)

    def enter(self) -> None:
        """Let keys come as they are typed."""
        mode = termios.tcgetattr(self._descriptor)
        mode[_INPUT_FLAGS] &= ~(termios.IXON | termios.ICRNL)
        mode[_LOCAL_FLAGS] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
        atexit.register(self.leave)
        termios.tcsetattr(self._descriptor, termios.TCSANOW, mode)

    def leave(self) -> None:
        """Put the terminal back as it was."""
        atexit.unregister(self.leave)
        if in_foreground(self._descriptor):
            with contextlib.suppress(termios.error):  # the terminal has gone
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)
