"""The modes of a terminal, where no line editor is at work."""

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
    """Return both ends of a terminal: where keys are pressed, and where they are read."""
    master, slave = os.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def flags(descriptor):
    """Return the flags that say what is made of the keys."""
    return termios.tcgetattr(descriptor)[tty.LFLAG]


def test_quiet(pty):
    """Keys are not shown, and Ctrl-C is a signal; afterwards all is as before."""
    _, slave = pty
    before = termios.tcgetattr(slave)
    with no_echo(slave):
        assert flags(slave) & termios.ISIG
        assert not flags(slave) & (termios.ECHO | termios.ICANON)
    assert termios.tcgetattr(slave) == before


def test_quiet_pipe():
    """Where there is no terminal there is nothing to do."""
    sync, writing = os.pipe()
    with no_echo(sync):
        os.write(writing, b"x")
    assert os.read(sync, 1) == b"x"
    os.close(sync)
    os.close(writing)


def test_ctrl_c_while_an_answer_is_awaited(pty):
    """A server that never answers is got rid of by a signal, which the keys can make then."""
    master, slave = pty
    frontend = GuidedMode()
    frontend.connected("secret")
    with os.fdopen(os.dup(slave)) as keys:
        paper = Vt100_Output(io.StringIO(), lambda: Size(24, 80), enable_cpr=False)
        screen = TerminalScreen(Vt100Input(keys), paper)
        client = Client(frontend, screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0)
        os.write(master, b"1\rprachi\rpassword\rhasty\r")

        async def converse():
            conversing = asyncio.ensure_future(screen.converse(client))
            async with asyncio.timeout(5):
                while frontend.prompt is not None or not flags(slave) & termios.ISIG:
                    await asyncio.sleep(0)
                meanwhile = flags(slave)
                client.leave()
                await conversing
            return meanwhile

        assert not asyncio.run(converse()) & (termios.ECHO | termios.ICANON)


def test_echo(pty):
    """While a prompt hides what is typed the terminal does not show it, and the prompt is told."""
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


def test_no_echo():
    """Where there is no terminal, nothing is told."""
    sync, writing = os.pipe()
    errors = io.StringIO()
    Echo(sync, errors).update(PASSWORD)
    Echo(None, None).update(PASSWORD)
    assert errors.getvalue() == ""
    os.close(sync)
    os.close(writing)
