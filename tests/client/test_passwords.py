"""Passwords of the line client: it asks for them without showing them, and no output has them."""

import asyncio
import io

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.client.app import Client
from chatd.client.model.effects import Send
from chatd.client.ui.command_mode import PROMPT, CommandMode
from chatd.client.ui.frontend import NOT_CONNECTED, Exit, Prompt
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.pipe import CommandReader
from chatd.client.ui.terminal import TerminalScreen
from chatd.protocol.command import Request
from chatd.protocol.received import Ok

SECRET = "hunter22!"


@pytest.fixture
def frontend():
    """Return command mode with a connection."""
    frontend = CommandMode()
    frontend.connected()
    return frontend


@pytest.mark.parametrize("command", ["login", "register"])
def test_password_is_asked_for(frontend, command):
    """A missing password is asked for, and the answer is one even if it looks like a command."""
    assert frontend.typed(f"`{command} alice") == []
    assert frontend.prompt == Prompt("Enter password: ", hidden=True)
    assert not frontend.awaits_replies("`disconnect")
    arguments = {"username": "alice", "password": "`disconnect now"}
    assert frontend.typed("`disconnect now") == [Send(Request(command, arguments))]
    assert frontend.prompt == PROMPT


def test_both_passwords_are_asked_for(frontend):
    """`password` asks for the old password, then for the new one."""
    assert frontend.typed("`password") == []
    assert frontend.prompt == Prompt("Enter old password: ", hidden=True)
    assert frontend.typed("old") == []
    assert frontend.prompt == Prompt("Enter new password: ", hidden=True)
    arguments = {"old_password": "old", "new_password": "new"}
    assert frontend.typed("new") == [Send(Request("password", arguments))]


def test_new_password_is_asked_for(frontend):
    """`password` with the old password asks for the new one only."""
    assert frontend.typed("`password old") == []
    assert frontend.prompt == Prompt("Enter new password: ", hidden=True)
    arguments = {"old_password": "old", "new_password": "new"}
    assert frontend.typed("new") == [Send(Request("password", arguments))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_end_of_a_pasted_password(frontend, end):
    """The end of a pasted line is no part of a password; blanks are."""
    frontend.typed("`login alice")
    arguments = {"username": "alice", "password": " pass word "}
    assert frontend.typed(f" pass word {end}") == [Send(Request("login", arguments))]
    guided = GuidedMode()
    guided.connected("secret")
    for line in ("2", "alice"):
        guided.typed(line)
    assert guided.typed(f" pass word {end}") == [Send(Request("login", arguments))]


def test_question_is_dropped(frontend):
    """An interrupt drops the question, and the client stays."""
    frontend.typed("`login alice")
    assert frontend.on_interrupt() == []
    assert frontend.prompt == PROMPT
    assert isinstance(frontend.on_interrupt()[0], Exit)


def test_without_a_server():
    """A password is asked for without a server too, and is never taken for a message."""
    frontend = CommandMode()
    assert frontend.typed("`login alice") == []
    assert frontend.typed(SECRET) == [NOT_CONNECTED]


def test_name_of_the_account(frontend):
    """The user has the account's name from the login until the logout."""
    frontend.handle(Ok("login", "Welcome back, alice.", None, {"name": "alice"}))
    assert (frontend.state.name, frontend.state.account) == ("alice", "alice")
    frontend.handle(Ok("join", "…", None, {"room": "1", "name": "alice", "last": 0}))
    (line,) = frontend.handle(Ok("logout", "Bye, alice", None, {"name": "alice"}))
    assert line.text == "Server: Bye, alice"
    assert (frontend.state.name, frontend.state.account, frontend.state.rooms) == ("", None, [])
    assert frontend.typed("`join 1") == [Send(Request("join", {"chatroom_id": "1"}))]


def test_on_a_pipe(harness):
    """On a pipe the next lines are the passwords, and nothing is shown of them."""
    reader = CommandReader(harness.client, harness.client.frontend, harness.clock)
    lines = ["`register alice", SECRET, "`password", SECRET, "new" + SECRET, "`logout"]
    lines += ["`login alice", SECRET, f"`login alice new{SECRET}", "`join 1", "`exit"]
    for line in lines:
        Deferred.fromCoroutine(reader.take(line))
        harness.clock.advance(0)
    shown = harness.read()
    assert shown == [
        "Server: Registered successfully.",
        "Server: Password changed.",
        "Server: Bye, alice",
        "Server: Wrong username or password.",
        "Server: Welcome back, alice.",
        "Server: You join @chatroom 1",
        "quitting...",
    ]


class TerminalHarness:
    """A terminal in memory with a client without a connection; the requests are recorded."""

    def __init__(self, frontend):
        self.frontend = frontend
        self.requests = []
        self.output = io.StringIO()

    def record(self, effects):
        """Record the requests among the actions."""
        self.requests += [effect.request for effect in effects if isinstance(effect, Send)]

    def type(self, keys):
        """Type keys; return the output."""
        with create_pipe_input() as typed:
            terminal = Vt100_Output(self.output, lambda: Size(24, 80), enable_cpr=False)
            screen = TerminalScreen(typed, terminal)
            client = Client(
                self.frontend, screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0
            )
            perform = client.perform
            client.perform = lambda effects: (self.record(effects), perform(effects))
            typed.send_text(keys)
            self.frontend.connected("secret")
            asyncio.run(asyncio.wait_for(screen.converse(client), 10))
            self.history = screen._session.history.get_strings()
            return self.output.getvalue()


def test_on_a_terminal(frontend):
    """A terminal shows nothing of a password, not even its length, and forgets it."""
    terminal = TerminalHarness(frontend)
    shown = terminal.type(f"hello\r`login alice\r{SECRET}\r`exit\r")
    assert terminal.requests[1] == Request("login", {"username": "alice", "password": SECRET})
    assert terminal.history == ["hello", "`exit"]
    assert "Enter password:" in shown
    assert not any(part in shown for part in ("hunter", "r22", "***"))


def test_history_has_no_passwords(frontend):
    """A command with a password is not kept in the history."""
    terminal = TerminalHarness(frontend)
    terminal.type(f"hello\r`login alice {SECRET}\r\x1b[200~`list\n`password a b\x1b[201~\r`exit\r")
    assert [request.command for request in terminal.requests] == [
        "say",
        "login",
        "list",
        "password",
    ]
    assert terminal.history == ["hello", "`exit"]


@pytest.mark.parametrize("key", ["\x12", "\x13"])
def test_no_search_in_a_password(frontend, key):
    """The keys that search the history do nothing while a password is typed."""
    terminal = TerminalHarness(frontend)
    shown = terminal.type(f"`login alice\r{key}{SECRET}\r`exit\r")
    assert terminal.requests == [Request("login", {"username": "alice", "password": SECRET})]
    assert not any(part in shown for part in ("hunter", "r22"))


@pytest.mark.parametrize("key", ["\x03", "\x04", "half\x03\x03"])
def test_question_is_dropped_on_a_terminal(frontend, key):
    """Ctrl-C and Ctrl-D drop the question, and the client stays."""
    terminal = TerminalHarness(frontend)
    shown = terminal.type(f"`login alice\r{key}hello\r`exit\r")
    assert [request.command for request in terminal.requests] == ["say"]
    assert "quitting..." in shown


def test_guided_on_a_terminal():
    """Guided mode asks for passwords in the same way."""
    terminal = TerminalHarness(GuidedMode())
    shown = terminal.type(f"1\rprachi\r{SECRET}\r\x03")
    assert terminal.requests == [Request("register", {"username": "prachi", "password": SECRET})]
    assert terminal.history == ["1", "prachi"]
    assert "Enter username:" in shown
    assert not any(part in shown for part in ("hunter", "r22", "***"))
