"""A real `twistd -n chatd` and a real `chatd-admin`, each on a terminal of its own."""

import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

SECONDS = 20
"""How long a test waits before it fails; nothing takes that long when all is well."""

BIN = Path(sys.executable).parent
TWISTD = [str(BIN / "twistd"), "-n", "chatd", "--listen", "unix:chat.sock", "--room", "1:tea"]
ADMIN = [str(BIN / "chatd-admin")]
PROMPT = "Chat administration:>"
"""Without the blank at its end, which prompt_toolkit moves the cursor over."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])")

pytestmark = pytest.mark.slow

# A shell does this for a program that it starts.
IN_FOREGROUND = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
FAILING_CONSOLE = """
import sys
from chatd.admin.{module} import {name}
from twisted.scripts.twistd import run
{name}.{method} = lambda *_: 1 / 0
sys.exit(run())
"""
EXIT_WHILE_A_THREAD_EDITS = """
import threading, time
from chatd.io import quiet_mode
changed = threading.Event()
def edit():
    with quiet_mode(0, signals=False):
        changed.set()
        time.sleep(1000)
threading.Thread(target=edit, daemon=True).start()
changed.wait()
1 / 0
"""


class Terminal:
    """A terminal with a program on it."""

    def __init__(self, folder, command):
        self._screen, self._program_side = pty.openpty()
        self.resize(80)
        self.before = self.attributes
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_FOREGROUND, *command],
            cwd=folder,
            stdin=self._program_side,
            stdout=self._program_side,
            stderr=self._program_side,
            start_new_session=True,
        )
        self._bytes = b""

    @property
    def attributes(self):
        """The mode of the terminal, as `stty -a` shows it."""
        return termios.tcgetattr(self._program_side)

    def resize(self, columns):
        """Change the width of the terminal."""
        ioctl(self._program_side, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))

    def type(self, text):
        """Type text, and forget what was printed before."""
        self._bytes = b""
        os.write(self._screen, text.encode())

    def expect(self, text):
        """Wait until `text` is printed."""
        deadline = time.monotonic() + SECONDS
        while text not in self.printed:
            readable, _, _ = select.select([self._screen], [], [], deadline - time.monotonic())
            assert readable, f"no {text!r} in {self.printed!r}"
            self._bytes += os.read(self._screen, 65536)

    @property
    def printed(self):
        """The output since something was typed last, without escape sequences."""
        return _ESCAPE.sub("", self.raw)

    @property
    def raw(self):
        """The output since something was typed last."""
        return self._bytes.decode(errors="ignore")

    def await_mode(self, attributes):
        """Wait until the terminal has the given mode."""
        deadline = time.monotonic() + SECONDS
        while self.attributes != attributes:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop_and_continue(self):
        """Stop the program, change the mode as a shell does then, and continue it."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        termios.tcsetattr(self._program_side, termios.TCSANOW, self.before)
        self.process.send_signal(signal.SIGCONT)

    def ended(self):
        """Wait for the end of the program, return its exit status."""
        return self.process.wait(SECONDS)

    def hang_up(self):
        """Close the terminal, as a user does who closes its window."""
        os.close(self._screen)
        self._screen = None

    def close(self):
        """End the program, if it has not ended, and take the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._screen is not None:
            os.close(self._screen)
        os.close(self._program_side)


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a program on a terminal."""
    terminals = []

    def run(command):
        terminals.append(Terminal(tmp_path, command))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def join(tmp_path):
    """Return a function that joins room 1 under a name."""
    clients = []

    def join(name):
        clients.append(socket.socket(socket.AF_UNIX))
        clients[-1].settimeout(SECONDS)
        clients[-1].connect(str(tmp_path / "chat.sock"))
        clients[-1].sendall(f"`join 1 {name}\0".encode())
        return clients[-1]

    yield join
    for client in clients:
        client.close()


def test_the_console_of_the_server(run, join):
    """The console prints the log above the line, completes names in any language, and ends."""
    server = run(TWISTD)
    server.expect(PROMPT)
    assert server.attributes != server.before
    server.type("kick ")
    server.expect("kick")
    join("Zoë")
    server.expect("Zoë joined room [1] from <unix>\r")
    server.expect(f"{PROMPT} kick")
    server.type("z\t")
    server.expect("Zoë")
    server.type("1\r")
    server.expect("Administrator: Zoë was kicked from chatroom 1.")
    server.process.send_signal(signal.SIGTERM)
    server.expect("System: Shutting down server...")
    assert server.ended() == 0
    assert server.attributes == server.before


@pytest.mark.parametrize("keys", ["quit\r", "half a li\x03"])
def test_ending_the_server_with_keys(run, keys):
    """`quit` and Ctrl-C end the server, and the mode of the terminal is restored."""
    server = run(TWISTD)
    server.expect(PROMPT)
    server.type(keys)
    server.expect("System: Shutting down server...")
    assert server.ended() == 0
    assert server.attributes == server.before


def test_a_terminal_that_is_closed(run):
    """A terminal that is closed ends the server in order, as SIGTERM does."""
    server = run(TWISTD)
    server.expect(PROMPT)
    server.hang_up()
    assert server.ended() == 0


def test_a_terminal_that_is_closed_after_the_console(run):
    """A terminal that is closed ends the server, although the console was closed before."""
    server = run(TWISTD)
    server.expect(PROMPT)
    server.type("\x04")
    server.await_mode(server.before)
    server.hang_up()
    assert server.ended() == 0


def test_a_hangup_signal_while_the_terminal_is_there(run):
    """SIGHUP with the terminal still there reloads the files, and the console stays."""
    server = run(TWISTD)
    server.expect(PROMPT)
    server.process.send_signal(signal.SIGHUP)
    server.expect("System: SIGHUP received")
    server.expect(PROMPT)
    server.type("quit\r")
    assert server.ended() == 0
    assert server.attributes == server.before


def test_the_server_goes_on_without_its_console(run, join):
    """After Ctrl-D the log is printed plainly, and the mode of the terminal is restored."""
    server = run(TWISTD)
    server.expect(PROMPT)
    server.type("\x04")
    server.await_mode(server.before)
    assert join("Ann").recv(100) == b"Server: You join @chatroom 1\0"
    server.expect("Ann joined room [1] from <unix>\r\n")
    assert server.attributes == server.before
    assert PROMPT not in server.printed
    server.process.send_signal(signal.SIGTERM)
    assert server.ended() == 0


@pytest.mark.parametrize(
    ("module", "name", "method"),
    [("terminal", "ConsoleTerminal", "received"), ("editor", "Editor", "_receive")],
)
def test_an_exception_in_the_console(run, join, module, name, method):
    """An exception closes the console, not the server, and the mode of the terminal is restored."""
    program = FAILING_CONSOLE.format(module=module, name=name, method=method)
    server = run([sys.executable, "-c", program, *TWISTD[1:]])
    if module == "terminal":
        server.expect(PROMPT)
        server.type("x\r")
    server.expect("ZeroDivisionError")
    assert join("Ann").recv(100) == b"Server: You join @chatroom 1\0"
    server.expect("Ann joined room [1]")
    assert server.attributes == server.before


def test_a_program_that_dies(run):
    """The mode of the terminal is restored at the exit, although a thread has changed it."""
    program = run([sys.executable, "-c", EXIT_WHILE_A_THREAD_EDITS])
    program.expect("ZeroDivisionError")
    assert program.ended() == 1
    assert program.attributes == program.before


@pytest.fixture
def attached(run):
    """Return a server, and a `chatd-admin` on another terminal."""
    server = run(TWISTD)
    server.expect(PROMPT)
    admin = run(ADMIN)
    admin.expect(PROMPT)
    return server, admin


def test_chatd_admin(attached):
    """`chatd-admin` edits lines, ignores NULs and ends with Ctrl-D; the server continues."""
    server, admin = attached
    admin.type("")
    admin.resize(60)
    admin.expect(PROMPT)
    admin.type("\0st\0art 2 Zoë\r")
    admin.expect("Administrator: Chatroom 2 started!\r")
    admin.type("\x04")
    assert admin.ended() == 0
    assert admin.attributes == admin.before
    server.type("list\r")
    server.expect("Zoë@2: no chatters!")


def test_a_password_is_not_shown(attached, join):
    """No terminal echoes a password; Ctrl-C at the question cancels the question alone."""
    server, admin = attached
    alice, said = join("Alice"), b""
    alice.sendall(b"`quit\0`register Alice first-password\0")
    while b"Registered" not in said:
        said += alice.recv(1000)
    for terminal in attached:
        terminal.type("passwd alice\r")
        terminal.expect("Enter password: ")
        terminal.type("correct horse\r")
        terminal.expect("Administrator: Password of Alice changed.")
        assert "horse" not in terminal.printed
    server.type("passwd alice\r")
    server.expect("Enter password: ")
    server.type("half of it\x03")
    server.expect("Administrator: Cancelled.")
    admin.type("list\r")
    admin.expect("tea@1: no chatters!")


def test_chatd_admin_ctrl_c(attached):
    """Ctrl-C closes `chatd-admin`, even while the server hangs."""
    server, admin = attached
    server.process.send_signal(signal.SIGSTOP)
    admin.type("quit\x03")
    assert admin.ended() == 0
    assert admin.attributes == admin.before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_chatd_admin_and_signals(attached, number):
    """A signal ends `chatd-admin`, the mode is restored, and the exit status tells the signal."""
    _, admin = attached
    admin.process.send_signal(number)
    assert admin.ended() == 128 + number
    assert admin.attributes == admin.before


def test_chatd_admin_when_the_server_quits(attached):
    """`chatd-admin` prints the last lines, and ends without an error."""
    server, admin = attached
    server.type("quit\r")
    admin.expect("System: Shutting down server...")
    assert admin.ended() == 0
    assert "chatd-admin:" not in admin.printed
    assert admin.attributes == admin.before


def test_chatd_admin_when_the_server_dies(attached):
    """`chatd-admin` reports that the server is gone, and exits with status 1."""
    server, admin = attached
    server.process.kill()
    admin.expect("chatd-admin: chatd has gone away")
    assert admin.ended() == 1
    assert admin.attributes == admin.before


def test_stopped_and_continued(attached):
    """A process that is continued sets the mode of its terminal again, and draws the line."""
    for terminal in attached:
        mode = terminal.attributes
        terminal.type("lis")
        terminal.expect("lis")
        terminal.stop_and_continue()
        terminal.await_mode(mode)
        terminal.type("t\r")
        terminal.expect("Administrator: tea@1: no chatters!")


def test_quit_asks_first(attached, join):
    """`quit` and `end` of `chatd-admin` ask; `exit` leaves it, and the server goes on."""
    server, admin = attached
    join("Ann").recv(100)
    admin.type("end 1\r")
    admin.expect("End chatroom tea@1 with 1 member? [y/N]")
    admin.type("\x03")
    admin.expect("Administrator: Cancelled.")
    admin.expect(PROMPT)
    admin.type("quit\r")
    admin.expect("Stop the server for 1 user? [y/N]")
    admin.type("n\r")
    admin.expect("Administrator: Cancelled.")
    admin.expect(PROMPT)
    admin.type("exit\r")
    assert admin.ended() == 0
    assert admin.attributes == admin.before
    server.type("exit\r")
    server.expect("`quit` stops the server.")


def test_a_command_on_a_terminal(attached, run):
    """`chatd-admin COMMAND` asks for passwords without echo, and before `quit`."""
    server, _ = attached
    register = run([*ADMIN, "register", "Ann"])
    register.expect("Enter password: ")
    register.type("correct horse\r")
    register.expect("Administrator: Ann was registered.")
    assert "horse" not in register.printed
    assert register.ended() == 0
    refused = run([*ADMIN, "quit"])
    refused.expect("Stop the server for 0 users? [y/N]")
    refused.type("\r")
    refused.expect("Administrator: Cancelled.")
    assert refused.ended() == 1
    agreed = run([*ADMIN, "quit"])
    agreed.expect("[y/N]")
    agreed.type("y\r")
    agreed.expect("System: Shutting down server...")
    assert agreed.ended() == 0
    assert server.ended() == 0
