"""The screen that is a terminal, with a terminal in memory."""

import asyncio
import io
import re

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from twisted.internet.task import Clock

from chatd.client.app import Client
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.terminal import TerminalScreen
from chatd.core.events import Message, RoomClosed
from chatd.protocol.received import Ok, RoomList


def _marked(escape):
    """Leave of the terminal's own escapes those that mean a name's colour, as a mark."""
    return "*" if ";38;5;" in escape[0] else ""


@pytest.fixture
def sit():
    """Return what runs a client without a server on a terminal; it returns what was printed there."""

    def sit(keys, *events, frontend=None):
        with create_pipe_input() as typed:
            paper = io.StringIO()
            terminal = Vt100_Output(
                paper, lambda: Size(24, 80), term="xterm-256color", enable_cpr=False
            )
            screen = TerminalScreen(typed, terminal)
            client = Client(
                frontend or CommandMode(),
                screen,
                Clock(),
                lambda _: None,
                lambda: 0.0,
                exit_timeout=2.0,
            )
            typed.send_text(keys)

            async def frontend():
                for event in events:
                    client.event_received(event)
                await asyncio.wait_for(screen.converse(client), 10)

            asyncio.run(frontend())
            return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", _marked, paper.getvalue())

    return sit


def test_typed_and_shown(sit):
    """There is a prompt; what is typed is done; the end is said."""
    shown = sit("`list\r`exit\r")
    assert "😄 :> " in shown
    assert "Not connected." in shown
    assert shown.rstrip().endswith("quitting...")


def test_what_arrives(sit):
    """What arrives is printed, in colours."""
    shown = sit("`exit\r", Message("1", 1, "Bob", "hi there", 0.0))
    assert "] *Bob: hi there\r\n" in shown


@pytest.mark.parametrize("keys", ["\x04", "\x03", "half a line\x03\x03", "half a line\x03\x04"])
def test_ended_by_a_key(sit, keys):
    """Ctrl-D ends the client, and Ctrl-C, which first clears the line."""
    assert sit(keys).rstrip().endswith("quitting...")


def test_completes(sit):
    """Tab completes commands."""
    assert "Server: Usage: `connect <host> <port>" in sit("`conn\t\r`exit\r")


def test_several_lines_keep_their_order(sit):
    """Lines are printed in the order in which they came."""
    shown = sit("`exit\r", *(Message("1", n, "Bob", f"line {n};", 0.0) for n in range(50)))
    places = [shown.index(f"line {n};") for n in range(50)]
    assert places == sorted(places)


def test_stop():
    """Who stops the screen from outside has the terminal back, as if a key had ended it."""
    with create_pipe_input() as typed:
        paper = io.StringIO()
        screen = TerminalScreen(typed, Vt100_Output(paper, lambda: Size(24, 80), enable_cpr=False))
        client = Client(
            CommandMode(), screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0
        )

        async def frontend():
            conversing = asyncio.ensure_future(screen.converse(client))
            while "😄" not in paper.getvalue():
                await asyncio.sleep(0)
            screen.stop()
            screen.stop()
            await asyncio.wait_for(conversing, 10)

        asyncio.run(frontend())
        assert "quitting..." in paper.getvalue()


def test_commands_pasted_together(sit):
    """Each is one; a message may have several lines."""
    paste = "\x1b[200~{}\x1b[201~\r"
    shown = sit(paste.format("`connect\n`disconnect") + "`exit\r")
    assert "Usage: `connect" in shown
    assert "Not connected." in shown
    assert sit(paste.format("one\ntwo") + "`exit\r").count("Not connected.") == 1


@pytest.fixture
def guided():
    """Return the guided talk of somebody who is in a room."""
    frontend = GuidedMode()
    frontend.connected("secret")
    for line in ("2", "prachi", "password"):
        frontend.typed(line)
    frontend.handle(Ok("login", "Welcome back, prachi.", None, {"name": "prachi"}))
    frontend.handle(Ok("enter", "…", None, {"room": "1", "name": "prachi", "last": 0}))
    frontend.handle(RoomList(()))
    return frontend


def test_guided(sit, guided):
    """The prompt is one's name and the time, and stays below what arrives; so do one's own lines."""
    shown = sit("hi all\r\x04", Message("1", 1, "Bob", "hi there", 0.0), frontend=guided)
    assert re.search(r"\*Bob> \[\d\d:\d\d:\d\d\] hi there\r\n", shown)
    assert re.search(r"prachi> \[\d\d:\d\d:\d\d\] ?hi all", shown)
    assert "quitting" not in shown


def test_prompt_follows_what_happens(sit, guided):
    """Who is put out of the room is asked for another, though he was typing; there is no hurry."""
    guided.handle(RoomClosed("1", 0.0))
    shown = sit("room2\r\x04", RoomList(()), frontend=guided)
    assert "Join a Chat Room or Create New:" in shown
    assert guided.prompt is None
