"""The screen that is a terminal, with a terminal in memory."""

import asyncio
import io
import re

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from twisted.internet.task import Clock

from chatd.client.client import Client
from chatd.client.terminal import TerminalScreen
from chatd.core.events import Said


def _marked(escape):
    """Leave of the terminal's own escapes those that mean a name's colour, as a mark."""
    return "*" if ";38;5;" in escape[0] else ""


@pytest.fixture
def sit():
    """Return what runs a client without a server on a terminal; it returns what was printed there."""

    def sit(keys, *events):
        with create_pipe_input() as typed:
            paper = io.StringIO()
            terminal = Vt100_Output(
                paper, lambda: Size(24, 80), term="xterm-256color", enable_cpr=False
            )
            screen = TerminalScreen(typed, terminal)
            client = Client(screen, Clock(), lambda _: None, lambda: 0.0, patience=2.0)
            typed.send_text(keys)

            async def talk():
                for event in events:
                    client.link_event(event)
                await asyncio.wait_for(screen.converse(client), 10)

            asyncio.run(talk())
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
    shown = sit("`exit\r", Said("1", 1, "Bob", "hi there", 0.0))
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
    shown = sit("`exit\r", *(Said("1", n, "Bob", f"line {n};", 0.0) for n in range(50)))
    places = [shown.index(f"line {n};") for n in range(50)]
    assert places == sorted(places)


def test_stop():
    """Who stops the screen from outside has the terminal back, as if a key had ended it."""
    with create_pipe_input() as typed:
        paper = io.StringIO()
        screen = TerminalScreen(typed, Vt100_Output(paper, lambda: Size(24, 80), enable_cpr=False))
        client = Client(screen, Clock(), lambda _: None, lambda: 0.0, patience=2.0)

        async def talk():
            conversing = asyncio.ensure_future(screen.converse(client))
            while "😄" not in paper.getvalue():
                await asyncio.sleep(0)
            screen.stop()
            screen.stop()
            await asyncio.wait_for(conversing, 10)

        asyncio.run(talk())
        assert "quitting..." in paper.getvalue()


def test_commands_pasted_together(sit):
    """Each is one; a message may have several lines."""
    paste = "\x1b[200~{}\x1b[201~\r"
    shown = sit(paste.format("`connect\n`disconnect") + "`exit\r")
    assert "Usage: `connect" in shown
    assert "Not connected." in shown
    assert sit(paste.format("one\ntwo") + "`exit\r").count("Not connected.") == 1
