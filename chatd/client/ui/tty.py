"""The modes of the terminal, while no line editor controls it."""

from __future__ import annotations

import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from chatd.client.ui.frontend import Prompt


@contextmanager
def no_echo(descriptor: int) -> Iterator[None]:
    """Keep typed keys unseen for the next reader; Ctrl-C is a signal as always."""
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
    """The echo of a terminal that the user types at while the output goes elsewhere.

    The echo is off while a prompt hides the input; that prompt is written to `errors`, as the user
    sees it nowhere else. Nothing happens where `descriptor` is no terminal.
    """

    def __init__(self, descriptor: int | None, errors: TextIO | None) -> None:
        self._descriptor = descriptor
        self._errors = errors
        self._before = _mode_of(descriptor) if descriptor is not None else None

    def update(self, prompt: Prompt | None) -> None:
        """Hide or show the input, as the next prompt says."""
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
        """Restore the mode that the terminal had at the start."""
        if self._descriptor is not None and self._before is not None:
            _set_mode(self._descriptor, self._before)


def _mode_of(descriptor: int) -> list[Any] | None:
    """Return the mode of a terminal; None if the descriptor is none."""
    try:
        return termios.tcgetattr(descriptor)
    except termios.error:
        return None


def _set_mode(descriptor: int, mode: list[Any]) -> None:
    with suppress(termios.error):  # the terminal may be gone
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
