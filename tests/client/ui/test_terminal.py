"""The screen on a terminal in memory."""

import asyncio
import io
import re

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.posix_pipe import PosixPipeInput
from prompt_toolkit.output.vt100 import Vt100_Output
from twisted.internet.task import Clock

from chatd.client.app import Client
from chatd.client.ui.command_mode import PLAIN_PROMPT, CommandMode
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.terminal import TerminalScreen
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.core.events import Message, PrivateMessage, RoomClosed
from chatd.protocol.received import Error, Ok, RoomList
from tests.client.ui.frontends import join


def _marked(escape):
    """Replace the escape sequence of a name's colour by a mark, and drop all others."""
    return "*" if ";38;5;" in escape[0] else ""


@pytest.fixture
def run():
    """Return a function that runs a client without a server; it returns the output."""

    def run(keys, *events, frontend=None, history=None, raw=False, **options):
        with create_pipe_input() as typed:
            output = io.StringIO()
            terminal = Vt100_Output(
                output, lambda: Size(24, 80), term="xterm-256color", enable_cpr=False
            )
            screen = TerminalScreen(typed, terminal, history=history, **options)
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
            if raw:
                return output.getvalue()
            return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", _marked, output.getvalue())

    return run


def test_typed_and_shown(run):
    """A line is typed at the prompt and handled; `exit` ends the client with its word."""
    shown = run("`list\r`exit\r")
    assert "😄 :> " in shown
    assert "Not connected." in shown
    assert shown.rstrip().endswith("quitting...")


def test_event_is_printed(run):
    """An event is printed, in colours."""
    shown = run("`exit\r", Message("1", 1, "Bob", "hi there", 0.0))
    assert "] *Bob: hi there\r\n" in shown


@pytest.mark.parametrize("keys", ["\x04", "\x03", "half a line\x03\x03", "half a line\x03\x04"])
def test_ended_by_a_key(run, keys):
    """Ctrl-D ends the client; Ctrl-C clears the line first."""
    assert run(keys).rstrip().endswith("quitting...")


def test_completes(run):
    """Tab completes commands."""
    assert "Server: Usage: `connect <host> <port>" in run("`conn\t\r`exit\r")


def test_several_lines_keep_their_order(run):
    """Lines are printed in the order in which they arrive."""
    shown = run("`exit\r", *(Message("1", n, "Bob", f"line {n};", 0.0) for n in range(50)))
    positions = [shown.index(f"line {n};") for n in range(50)]
    assert positions == sorted(positions)


def test_stop():
    """A screen that is stopped restores the terminal and ends the client."""
    with create_pipe_input() as typed:
        output = io.StringIO()
        screen = TerminalScreen(typed, Vt100_Output(output, lambda: Size(24, 80), enable_cpr=False))
        client = Client(
            CommandMode(), screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0
        )

        async def frontend():
            conversing = asyncio.ensure_future(screen.converse(client))
            while "😄" not in output.getvalue():
                await asyncio.sleep(0)
            screen.stop()
            screen.stop()
            await asyncio.wait_for(conversing, 10)

        asyncio.run(frontend())
        assert "quitting..." in output.getvalue()


def test_commands_pasted_together(run):
    """Commands that are pasted together are handled one by one; a message has lines."""
    paste = "\x1b[200~{}\x1b[201~\r"
    shown = run(paste.format("`connect\n`disconnect") + "`exit\r")
    assert "Usage: `connect" in shown
    assert "Not connected." in shown
    assert run(paste.format("one\ntwo") + "`exit\r").count("Not connected.") == 1


@pytest.fixture
def guided():
    """Return guided mode for a user who is in a room."""
    frontend = GuidedMode()
    frontend.connected("secret")
    for line in ("2", "prachi", "password"):
        frontend.typed(line)
    frontend.handle(Ok("login", "Welcome back, prachi.", None, {"name": "prachi"}))
    frontend.handle(Ok("enter", "…", None, {"room": "1", "name": "prachi", "last": 0}))
    frontend.handle(RoomList(()))
    return frontend


def test_guided(run, guided):
    """The prompt of guided mode has the user's name and the time, below the lines that arrive."""
    shown = run("hi all\r\x04", Message("1", 1, "Bob", "hi there", 0.0), frontend=guided)
    assert re.search(r"\*Bob> \[\d\d:\d\d:\d\d\] hi there\r\n", shown)
    assert re.search(r"prachi> \[\d\d:\d\d:\d\d\] ?hi all", shown)
    assert "quitting" not in shown


def test_prompt_changes_while_typing(run, guided):
    """The prompt changes while a user types, when the user is removed from the room."""
    guided.handle(RoomClosed("1", 0.0))
    shown = run("room2\r\x04", RoomList(()), frontend=guided)
    assert "Join a Chat Room or Create New:" in shown
    assert guided.prompt is None


def test_hidden_answer_after_a_reply(guided):
    """A key that a reply of the server leads to is asked for, and not shown as it is typed."""
    guided.handle(RoomClosed("1", 0.0))
    guided.handle(RoomList(()))
    with create_pipe_input() as typed:
        output = io.StringIO()
        screen = TerminalScreen(typed, Vt100_Output(output, lambda: Size(24, 80), enable_cpr=False))
        client = Client(guided, screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0)
        client.typed("tea")

        async def converse():
            conversing = asyncio.ensure_future(screen.converse(client))
            while not screen._session.app.is_running:
                await asyncio.sleep(0)
            client.event_received(Error("enter", "wrong-key", "It needs its key."))
            typed.send_text("fish\r")
            while guided.prompt is not None:
                await asyncio.sleep(0)
            screen.stop()
            await asyncio.wait_for(conversing, 10)

        asyncio.run(converse())
    assert "Enter key:" in output.getvalue().partition("It needs its key.")[2]
    assert "fish" not in output.getvalue()


def test_password_on_a_dumb_terminal(run, monkeypatch):
    """A password is not shown on a dumb terminal either, where prompt_toolkit shows each key."""
    monkeypatch.setenv("TERM", "dumb")
    frontend = GuidedMode()
    frontend.connected()
    frontend.disconnected(reconnecting=True)
    shown = run("1\rann\rcorrect horse\r\x03", frontend=frontend)
    assert "Enter username: ann" in shown
    assert "Enter password: \r\n" in shown
    assert "horse" not in shown


class Lines(list):
    """A store of typed lines in memory."""

    load = list.copy
    add = list.append


def test_history_is_kept(run):
    """Lines typed before can be called back; passwords and private messages are not stored."""
    lines = Lines(["`connect"])
    shown = run("\x1b[A\rhello\r`secret Bob psst\r`login ann pw\r`exit\r", history=lines)
    assert "Server: Usage: `connect" in shown
    assert lines == ["`connect", "hello", "`exit"]


def test_alt_enter(run):
    """Alt-Enter makes a newline."""
    lines = Lines()
    run("one\x1b\rtwo\r`exit\r", history=lines)
    assert lines == ["one\ntwo", "`exit"]


def test_restored(run):
    """A line that is not sent is in the input again, and Enter alone types it again."""
    shown = run("/foo\r\x03`exit\r", frontend=TerminalMode())
    assert "Unknown command /foo" in shown
    assert shown.rstrip().endswith("quitting...")


class Noticing(CommandMode):
    """Counts the keys."""

    keys = 0

    def noticed(self):
        """Count a key."""
        self.keys += 1
        return []


def test_keys_are_noticed(run):
    """The frontend is told of each key, so that it knows whether the user is there."""
    frontend = Noticing()
    run("ab\r\x04", frontend=frontend)
    assert frontend.keys >= 4


PSST = PrivateMessage("Bob", "psst", 0.0)


def test_attention(run):
    """A private message rings and changes the title; the end restores it."""
    shown = run("\x04", PSST, PSST, frontend=_in_room(), raw=True)
    assert shown.count("\x1b]2;(2) chatd\x07") == 1
    assert shown.count("\x07\x07") == 1
    assert shown.index("\x1b]2;chatd\x07") > shown.index("psst")


def test_no_bell(run):
    """With `--no-bell` the title alone draws the attention."""
    shown = run("\x04", PSST, frontend=_in_room(), raw=True, rings=False)
    assert "(1) chatd" in shown
    assert "\x07\x07" not in shown


def test_attention_on_a_dumb_terminal(run, monkeypatch):
    """A dumb terminal gets neither."""
    monkeypatch.setenv("TERM", "dumb")
    shown = run("\x04", PSST, frontend=_in_room(), raw=True)
    assert "psst" in shown
    assert "chatd" not in shown
    assert "\x07" not in shown


def _in_room():
    frontend = TerminalMode()
    frontend.connected()
    return join(frontend, "tea")


def test_no_colours_on_a_dumb_terminal(run, monkeypatch):
    """A dumb terminal gets text alone."""
    monkeypatch.setenv("TERM", "dumb")
    assert "] Bob: hi there\r\n" in run("`exit\r", Message("1", 1, "Bob", "hi there", 0.0))


def test_terminal_stays_in_raw_mode(run, monkeypatch):
    """While lines are printed the terminal does not echo what is typed."""
    modes = []
    monkeypatch.setattr(PosixPipeInput, "cooked_mode", lambda _: modes.append("cooked"))
    shown = run("`list\r`exit\r", *(Message("1", n, "Bob", "hi", 0.0) for n in range(5)))
    assert shown.count("hi\r\n") == 5
    assert modes == []


def test_prompt_of_command_mode(run):
    """The prompt is the frontend's."""
    frontend = TerminalMode()
    frontend.default_prompt = PLAIN_PROMPT
    shown = run("`list\r`exit\r", frontend=frontend)
    assert ":> `list" in shown
    assert "😄" not in shown
