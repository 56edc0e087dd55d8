"""Passwords: asked for without showing them, and in no output."""

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
from chatd.client.ui.commands import has_password
from chatd.client.ui.frontend import NOT_CONNECTED, Exit, Prompt
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.pipe import CommandReader
from chatd.client.ui.terminal import TerminalScreen
from chatd.protocol.commands import Request
from chatd.protocol.received import Ok

SECRET = "hunter22!"


@pytest.fixture
def frontend():
    """Return a conversation with a server."""
    frontend = CommandMode()
    frontend.connected()
    return frontend


@pytest.mark.parametrize("command", ["login", "register"])
def test_asked_for(frontend, command):
    """What is left out is asked for; the answer is a password, whatever it looks like."""
    assert frontend.typed(f"`{command} alice") == []
    assert frontend.prompt == Prompt("Enter password: ", hidden=True)
    assert not frontend.changes_server("`disconnect")
    arguments = {"username": "alice", "password": "`disconnect now"}
    assert frontend.typed("`disconnect now") == [Send(Request(command, arguments))]
    assert frontend.prompt == PROMPT


def test_both_asked_for(frontend):
    """The old password, then the new one."""
    assert frontend.typed("`password") == []
    assert frontend.prompt == Prompt("Enter old password: ", hidden=True)
    assert frontend.typed("old") == []
    assert frontend.prompt == Prompt("Enter new password: ", hidden=True)
    arguments = {"old_password": "old", "new_password": "new"}
    assert frontend.typed("new") == [Send(Request("password", arguments))]


def test_the_rest_asked_for(frontend):
    """Who has given the old password is asked for the new one alone."""
    assert frontend.typed("`password old") == []
    assert frontend.prompt == Prompt("Enter new password: ", hidden=True)
    arguments = {"old_password": "old", "new_password": "new"}
    assert frontend.typed("new") == [Send(Request("password", arguments))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_pasted_with_its_end(frontend, end):
    """The end of a line is no part of a password; blanks are."""
    frontend.typed("`login alice")
    arguments = {"username": "alice", "password": " pass word "}
    assert frontend.typed(f" pass word {end}") == [Send(Request("login", arguments))]
    guided = GuidedMode()
    guided.connected("secret")
    for line in ("2", "alice"):
        guided.typed(line)
    assert guided.typed(f" pass word {end}") == [Send(Request("login", arguments))]


def test_cancelled(frontend):
    """Who does not want to answer is not asked any more, and stays."""
    frontend.typed("`login alice")
    assert frontend.on_interrupt() == []
    assert frontend.prompt == PROMPT
    assert isinstance(frontend.on_interrupt()[0], Exit)


def test_without_a_server():
    """A password is asked for without a server, too: what comes next is never taken for a message."""
    frontend = CommandMode()
    assert frontend.typed("`login alice") == []
    assert frontend.typed(SECRET) == [NOT_CONNECTED]


def test_who_one_is(frontend):
    """One has the account's name from the login on, until the logout."""
    frontend.handle(Ok("login", "Welcome back, alice.", None, {"name": "alice"}))
    assert (frontend.state.name, frontend.state.account) == ("alice", "alice")
    frontend.handle(Ok("join", "…", None, {"room": "1", "name": "alice", "last": 0}))
    (line,) = frontend.handle(Ok("logout", "Bye, alice", None, {"name": "alice"}))
    assert line.text == "Server: Bye, alice"
    assert (frontend.state.name, frontend.state.account, frontend.state.rooms) == ("", None, [])
    assert frontend.typed("`join 1") == [Send(Request("join", {"chatroom_id": "1"}))]


def test_on_a_pipe(harness):
    """The next lines are the answers, and nothing is shown of them."""
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


class Sheet:
    """A terminal in memory: keys in, paper out."""

    def __init__(self, frontend):
        self.frontend = frontend
        self.asked = []
        self.paper = io.StringIO()

    def ask(self, effects):
        """Take note of what is asked; there is no link."""
        self.asked += [effect.request for effect in effects if isinstance(effect, Send)]

    def sit(self, keys):
        """Type keys; return what was printed."""
        with create_pipe_input() as typed:
            terminal = Vt100_Output(self.paper, lambda: Size(24, 80), enable_cpr=False)
            screen = TerminalScreen(typed, terminal)
            client = Client(
                self.frontend, screen, Clock(), lambda _: None, lambda: 0.0, exit_timeout=2.0
            )
            perform = client.perform
            client.perform = lambda effects: (self.ask(effects), perform(effects))
            typed.send_text(keys)
            self.frontend.connected("secret")
            asyncio.run(asyncio.wait_for(screen.converse(client), 10))
            self.remembered = screen._session.history.get_strings()
            return self.paper.getvalue()


def test_on_a_terminal(frontend):
    """Nothing is shown of a password, not even its length, and it is not remembered."""
    sheet = Sheet(frontend)
    shown = sheet.sit(f"hello\r`login alice\r{SECRET}\r`exit\r")
    assert sheet.asked[1] == Request("login", {"username": "alice", "password": SECRET})
    assert sheet.remembered == ["hello", "`exit"]
    assert "Enter password:" in shown
    assert not any(letters in shown for letters in ("hunter", "r22", "***"))


def test_not_remembered_on_a_terminal(frontend):
    """A password in the line itself is shown as it is typed, and not remembered."""
    sheet = Sheet(frontend)
    sheet.sit(f"hello\r`login alice {SECRET}\r\x1b[200~`list\n`password a b\x1b[201~\r`exit\r")
    assert [request.command for request in sheet.asked] == ["say", "login", "list", "password"]
    assert sheet.remembered == ["hello", "`exit"]


@pytest.mark.parametrize("key", ["\x12", "\x13"])
def test_not_searched_for(frontend, key):
    """Keys that search the history elsewhere, and show for what, do nothing there."""
    sheet = Sheet(frontend)
    shown = sheet.sit(f"`login alice\r{key}{SECRET}\r`exit\r")
    assert sheet.asked == [Request("login", {"username": "alice", "password": SECRET})]
    assert not any(letters in shown for letters in ("hunter", "r22"))


@pytest.mark.parametrize("line", ["`lgoin alice pw", " `login alice pw", " `pasword a b", "`"])
def test_misspelt_is_not_remembered(line):
    """What may be a command about passwords is not remembered either."""
    assert has_password(line)
    assert has_password(f"`list\n{line}")
    assert not has_password("`list\nhello `login")


@pytest.mark.parametrize("key", ["\x03", "\x04", "half\x03\x03"])
def test_cancelled_on_a_terminal(frontend, key):
    """Ctrl-C and Ctrl-D there end the question and nothing else."""
    sheet = Sheet(frontend)
    shown = sheet.sit(f"`login alice\r{key}hello\r`exit\r")
    assert [request.command for request in sheet.asked] == ["say"]
    assert "quitting..." in shown


def test_guided_on_a_terminal():
    """The guided talk asks for it in the same way."""
    sheet = Sheet(GuidedMode())
    shown = sheet.sit(f"1\rprachi\r{SECRET}\r\x03")
    assert sheet.asked == [Request("register", {"username": "prachi", "password": SECRET})]
    assert sheet.remembered == ["1", "prachi"]
    assert "Enter username:" in shown
    assert not any(letters in shown for letters in ("hunter", "r22", "***"))
