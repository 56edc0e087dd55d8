"""The modes of a terminal, while no line editor controls it."""

import asyncio
import io
import os
import termios
import tty

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.output.vt100 import Vt100_Output
from twisted.internet.task import Clock

from chatd.client.app import Client
from chatd.client.ui.frontend import Prompt
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.terminal import TerminalScreen
from chatd.client.ui.tty import Echo, no_echo

PASSWORD = Prompt("Enter password: ", hidden=True)


@pytest.fixture
def pty():
    """Return both ends of a terminal: the keyboard's, and the program's."""
    master, slave = os.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def flags(descriptor):
    """Return the local modes of a terminal."""
    return termios.tcgetattr(descriptor)[tty.LFLAG]


def test_no_echo(pty):
    """Keys have no echo and Ctrl-C is a signal; afterwards the mode is as before."""
    _, slave = pty
    before = termios.tcgetattr(slave)
    with no_echo(slave):
        assert flags(slave) & termios.ISIG
        assert not flags(slave) & (termios.ECHO | termios.ICANON)
    assert termios.tcgetattr(slave) == before


def test_no_echo_on_a_pipe():
    """Nothing happens where there is no terminal."""
    reading, writing = os.pipe()
    with no_echo(reading):
        os.write(writing, b"x")
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.close(writing)


def test_ctrl_c_while_a_reply_is_awaited(pty):
    """Ctrl-C is a signal while guided mode waits for a reply."""
    master, slave = pty
    frontend = GuidedMode()
    frontend.connected("secret")
    with os.fdopen(os.dup(slave)) as keys:
        output = Vt100_Output(io.StringIO(), lambda: Size(24, 80), enable_cpr=False)
        screen = TerminalScreen(Vt100Input(keys), output)
        client = Client(frontend, screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0)
        os.write(master, b"1\rprachi\rpassword\rhasty\r")

        async def converse():
            conversing = asyncio.ensure_future(screen.converse(client))
            async with asyncio.timeout(5):
                while frontend.prompt is not None or not flags(slave) & termios.ISIG:
                    await asyncio.sleep(0)
                flags_of_the_wait = flags(slave)
                client.leave()
                await conversing
            return flags_of_the_wait

        assert not asyncio.run(converse()) & (termios.ECHO | termios.ICANON)


def test_echo(pty):
    """While a prompt hides the input the terminal has no echo, and the prompt is written."""
    _, slave = pty
    before, errors = termios.tcgetattr(slave), io.StringIO()
    echo = Echo(slave, errors)
    echo.update(PASSWORD)
    assert not flags(slave) & termios.ECHO
    assert flags(slave) & termios.ICANON
    assert errors.getvalue() == "Enter password: "
    echo.update(Prompt("Command: "))
    assert termios.tcgetattr(slave) == before
    echo.update(PASSWORD)
    echo.restore()
    assert termios.tcgetattr(slave) == before


def test_echo_on_a_pipe():
    """Nothing is written where there is no terminal."""
    reading, writing = os.pipe()
    errors = io.StringIO()
    Echo(reading, errors).update(PASSWORD)
    Echo(None, None).update(PASSWORD)
    assert errors.getvalue() == ""
    os.close(reading)
    os.close(writing)
