"""The modes of a terminal. Shared by the server and `chatd-admin`, so it imports neither."""

from __future__ import annotations

import atexit
import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def in_foreground(descriptor: int) -> bool:
    """Return whether this process may use the terminal.

    A background process that reads the terminal or changes its mode is stopped by the kernel.
    """
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def quiet_mode(descriptor: int, *, signals: bool) -> Iterator[None]:
    """Turn off echo and the kernel's line editing; restore the mode at the end or at exit.

    What is typed between two prompts then waits, unseen, for the next prompt. Ctrl-C waits, too,
    unless `signals` is set: then it sends SIGINT.
    """
    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:  # no terminal
        yield
        return
    mode = [*before]
    mode[tty.IFLAG] &= ~(termios.IXON | termios.ICRNL)
    mode[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    if not signals:
        mode[tty.LFLAG] &= ~termios.ISIG

    def restore() -> None:
        if in_foreground(descriptor):
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(descriptor, termios.TCSANOW, before)

    # The editor of the server runs in a thread, which the interpreter does not unwind at exit.
    atexit.register(restore)
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
        yield
    finally:
        atexit.unregister(restore)
        restore()
