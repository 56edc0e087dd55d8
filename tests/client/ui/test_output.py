"""The terminal on standard output, in memory."""

import asyncio
import io

import pytest
from prompt_toolkit.application import get_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from twisted.internet.task import Clock

from chatd.client.app import Client
from chatd.client.ui.guided_terminal import GuidedTerminalMode
from chatd.client.ui.output import DumbOutput, TerminalOutput, terminal_session
from chatd.client.ui.terminal import TerminalScreen
from chatd.client.ui.terminal_mode import TerminalMode


@pytest.fixture
def run():
    """Return a function that runs a client until some words are printed; it returns the output."""

    def run(frontend, words):
        with create_pipe_input() as typed:
            written = io.StringIO()
            output = TerminalOutput(written, lambda: Size(24, 80), term="xterm")
            screen = TerminalScreen(typed, output)
            client = Client(
                frontend, screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0
            )

            async def converse():
                conversing = asyncio.ensure_future(screen.converse(client))
                while words not in written.getvalue():
                    await asyncio.sleep(0)
                screen.stop()
                await conversing

            asyncio.run(asyncio.wait_for(converse(), 10))
            return written.getvalue()

    return run


def test_status_line(run):
    """The status line is shown without the terminal being asked where its cursor is."""
    shown = run(TerminalMode(), "no room")
    assert shown.index("😄") < shown.index("no room")
    assert "\x1b[6n" not in shown


def test_no_status_line(run):
    """Guided mode has none."""
    frontend = GuidedTerminalMode()
    frontend.connected()
    assert "no room" not in run(frontend, "Command")


def test_dumb_output():
    """A dumb terminal gets text, and no escape sequences."""
    written = io.StringIO()
    output = DumbOutput(written, lambda: Size(24, 80), term="dumb")
    output.show_cursor()
    output.write("hello")
    output.flush()
    assert written.getvalue() == "hello"


def test_terminal_session(monkeypatch):
    """A screen that is made for a dumb terminal has its output."""
    monkeypatch.setenv("TERM", "dumb")
    with terminal_session():
        assert isinstance(get_app_session().output, DumbOutput)
    monkeypatch.setenv("TERM", "xterm")
    before = get_app_session()
    with terminal_session():
        assert get_app_session() is before
