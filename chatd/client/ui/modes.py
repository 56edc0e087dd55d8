"""The modes of the terminal that is typed at, where no line editor is at work."""

from __future__ import annotations

import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from chatd.client.ui.effects import Prompt


@contextmanager
def quiet(descriptor: int) -> Iterator[None]:
    """Leave what is typed to who reads next, key by key, unseen; Ctrl-C is a signal as ever."""
    before = _mode_of(descriptor)
    if before is None:
        yield
        return
    mode = [*before]
    mode[tty.IFLAG] &= ~(termios.IXON | termios.ICRNL)
    mode[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    mode[tty.CC] = [*mode[tty.CC]]
    mode[tty.CC][termios.VMIN], mode[tty.CC][termios.VTIME] = 1, 0
    _set_mode(descriptor, mode)
    try:
        yield
    finally:
        _set_mode(descriptor, before)


class Echo:
    """The echo of a terminal that is typed at while the output goes elsewhere.

    It is off while a prompt hides what is typed; that prompt is written to `errors`, as it is
    nowhere else to be seen in time. Where `descriptor` is no terminal, nothing is done.
    """

    def __init__(self, descriptor: int | None, errors: TextIO | None) -> None:
        self._descriptor = descriptor
        self._errors = errors
        self._before = _mode_of(descriptor) if descriptor is not None else None

    def follow(self, prompt: Prompt | None) -> None:
        """Hide what is typed next, or show it."""
        if self._descriptor is None or self._before is None:
            return
        if prompt is None or not prompt.hidden:
            self.restore()
            return
        mode = [*self._before]
        mode[tty.LFLAG] = mode[tty.LFLAG] & ~termios.ECHO | termios.ECHONL
        _set_mode(self._descriptor, mode)
        if self._errors is not None:
            self._errors.write(prompt.text)
            self._errors.flush()

    def restore(self) -> None:
        """Make the terminal what it was."""
        if self._descriptor is not None and self._before is not None:
            _set_mode(self._descriptor, self._before)


def _mode_of(descriptor: int) -> list[Any] | None:
    """Return the mode of a terminal; None for what is none."""
    try:
        return termios.tcgetattr(descriptor)
    except termios.error:
        return None


def _set_mode(descriptor: int, mode: list[Any]) -> None:
    with suppress(termios.error):  # it may be gone
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
