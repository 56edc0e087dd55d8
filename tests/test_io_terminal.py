"""The modes of a terminal."""

import os
import pty
import termios

import pytest

from chatd.io import in_foreground, quiet_mode


@pytest.fixture
def terminal():
    """Return a terminal that controls no process."""
    screen, program_side = pty.openpty()
    yield program_side
    os.close(screen)
    os.close(program_side)


@pytest.mark.parametrize("signals", [True, False])
def test_quiet_mode(terminal, signals, monkeypatch):
    """Nothing is echoed nor edited until the mode is restored; Ctrl-C may be a signal."""
    monkeypatch.setattr("chatd.io.in_foreground", lambda _: True)
    before = termios.tcgetattr(terminal)
    with quiet_mode(terminal, signals=signals):
        flags = termios.tcgetattr(terminal)[3]
        assert not flags & (termios.ECHO | termios.ICANON)
        assert bool(flags & termios.ISIG) == signals
    assert termios.tcgetattr(terminal) == before


def test_quiet_mode_of_a_pipe():
    """A pipe is left as it is."""
    reading, writing = os.pipe()
    with quiet_mode(reading, signals=False):
        pass
    os.close(reading)
    os.close(writing)


def test_a_terminal_of_another_process(terminal):
    """A process may not use a terminal that does not control it."""
    assert not in_foreground(terminal)
