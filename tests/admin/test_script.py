"""`chatd-admin` with a command or a script, over a socket."""

import json
import os
import socket
import threading
from contextlib import suppress

import pytest
from twisted.internet.testing import StringTransport

from chatd.admin.script import WRONG_USAGE, GoneError, Script, UnwritableError
from chatd.admin.unixsocket import ConsoleFactory

SECONDS = 20
"""How long a test waits before it fails; nothing takes that long when all is well."""


class Server:
    """A server in memory, whose connection a thread of the test copies to a socket."""

    def __init__(self, server):
        self.ours, self.theirs = socket.socketpair()
        self.ours.settimeout(SECONDS)
        self._protocol = ConsoleFactory(server.service.consoles).buildProtocol(None)
        self._transport = StringTransport()
        self._protocol.makeConnection(self._transport)
        self._protocol.dataReceived(b"\1")
        self._thread = threading.Thread(target=self._copy)
        self._thread.start()

    def _copy(self):
        with self.theirs, suppress(OSError):
            while not self._transport.disconnecting:
                data = self.theirs.recv(65536)
                if data:
                    self._protocol.dataReceived(data)
                else:
                    self._protocol.readConnectionLost()
                self.theirs.sendall(self._transport.value())
                self._transport.clear()

    def close(self):
        self.ours.close()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()


@pytest.fixture
def run(server, tmp_path, capfd):
    """Return a function that runs a command or the lines of a script.

    It returns the exit status and what was printed on standard output and on standard error.
    """

    def run(command=None, lines="", **options):
        console = Server(server)
        (tmp_path / "script").write_bytes(lines.encode())
        with (tmp_path / "script").open("rb") as source:
            script = Script(console.ours, source=source.fileno(), **options)
            try:
                status = script.run_lines() if command is None else script.run_command(command)
            finally:
                console.close()
        return (status, *capfd.readouterr())

    return run


def test_a_command(run):
    """The answer is printed; the exit status says whether the command failed."""
    assert run("start 1 Deep water") == (0, "Administrator: Chatroom 1 started!\n", "")
    assert run("list") == (0, "\nAdministrator: Deep water@1: no chatters!\n\n", "")
    assert run("end 2") == (1, "Administrator: Chatroom 2 NOT exist!\n", "")
    status, printed, _ = run("kick Bob")
    assert status == WRONG_USAGE
    assert printed.startswith("Unknown commands.\n`kick <chatter_name>")
    assert run("lst")[0] == WRONG_USAGE
    assert run("exit") == (0, "", "")


def test_a_script(run):
    """A script runs line by line, with or without a newline at its end and returns in its lines."""
    status, printed, errors = run(lines="\ufeffstart 1 x\r\n\nend 1")
    assert status == 0
    assert errors == ""
    assert printed == "Administrator: Chatroom 1 started!\nAdministrator: chatroom 1 closed.\n"


def test_a_script_stops_at_its_first_failure(run, server):
    """The line that failed is named, and no later line is executed."""
    status, printed, errors = run(lines="start 1 x\n\nend 2\nend 1\n")
    assert status == 1
    assert errors == "chatd-admin: line 3: Chatroom 2 NOT exist!\n"
    assert printed.endswith("Administrator: Chatroom 2 NOT exist!\n")
    assert server.answer("list").data[0]["id"] == "1"


def test_comments(run):
    """A line that begins with `#` is for people."""
    assert run(lines="# the rooms\n  # all\nlist\n")[0] == 0


def test_exit_in_a_script(run, server):
    """`exit` leaves the script without a failure; the lines after it are not executed."""
    assert run(lines="start 1 x\n`exit\nend 1\n")[0] == 0
    assert server.answer("list").data[0]["id"] == "1"


def test_a_password_is_the_next_line(run, accounts):
    """The line after `passwd` is the password, and is printed nowhere."""
    lines = "passwd alice\ncorrect horse\nbans\n"
    status, printed, errors = run(lines=lines)
    assert (status, errors) == (0, "")
    assert printed == (
        "Administrator: Password of alice changed.\nAdministrator: Nobody is banned.\n"
    )
    assert accounts.passwords == {"alice": "correct horse"}


@pytest.mark.usefixtures("accounts")
def test_a_password_is_never_a_command(run, server):
    """Where `passwd` fails before it asks, the password after it is not executed."""
    status, printed, errors = run(lines="passwd nouser\nstart 1 secret\n")
    assert status == 1
    assert errors == "chatd-admin: line 1: Account nouser NOT found!\n"
    assert "Chatroom" not in printed
    assert server.answer("list").data == []


def test_a_script_without_the_password(run, accounts):
    """A script that ends before the password changes nothing, and has failed."""
    status, _, errors = run(lines="passwd alice\n")
    assert status == 1
    assert errors == "chatd-admin: line 1: Cancelled.\n"
    assert accounts.passwords == {"alice": "as it was"}


def test_a_person_is_asked(run, accounts, server):
    """A person types the password, and agrees before a command that ends something."""
    asked = []

    def ask(kind, question):
        asked.append((kind, question))
        return {"question": "from a person", "confirm": "no"}[kind]

    server.console("start tea Tea")
    server.join("tea", "Ann")
    assert run("passwd alice", ask=ask)[0] == 0
    assert accounts.passwords == {"alice": "from a person"}
    assert run("end tea", ask=ask) == (1, "Administrator: Cancelled.\n", "")
    assert run("quit", ask=ask)[0] == 1
    assert asked == [
        ("question", "Enter password: "),
        ("confirm", "End chatroom Tea@tea with 1 member? [y/N] "),
        ("confirm", "Stop the server for 1 user? [y/N] "),
    ]
    assert not server.service.consoles.context.stopping
    assert run("end nosuch", ask=None)[0] == 1
    assert run("end tea", ask=lambda *_: " Y\n")[0] == 0


def test_a_script_is_not_asked(run, server):
    """A script ends a room without a question."""
    server.console("start tea Tea")
    assert run(lines="end tea\n")[0] == 0


def test_json(run):
    """With `--json` each command has one object, with its data or with the code of its failure."""
    lines = "start 1 Zoë\n\nlist\nend 2\n"
    status, printed, errors = run(lines=lines, in_json=True)
    assert status == 1
    assert errors == "chatd-admin: line 4: Chatroom 2 NOT exist!\n"
    assert [json.loads(line) for line in printed.splitlines()] == [
        {"command": "start", "failed": False, "data": {"room": "1"}},
        {
            "command": "list",
            "failed": False,
            "data": [{"id": "1", "name": "Zoë", "members": []}],
        },
        {
            "command": "end",
            "failed": True,
            "data": {"code": "no-such-room", "text": "Chatroom 2 NOT exist!"},
        },
    ]


@pytest.fixture
def pair():
    """Return a connection to a server that the test plays."""
    ours, server = socket.socketpair()
    ours.settimeout(SECONDS)
    yield ours, server
    ours.close()
    server.close()


@pytest.mark.parametrize("sent", [b"", b'{"print": ["half'])
def test_the_server_has_gone(pair, sent):
    """A connection that ends before the console was closed raises an exception."""
    ours, server = pair
    server.sendall(sent)
    server.close()
    with pytest.raises(GoneError):
        Script(ours).run_command("list")


def test_the_server_resets(pair):
    """A server that closes with input unread has gone, too."""
    ours, server = pair
    ours.sendall(b"unread")
    server.close()
    with pytest.raises(GoneError):
        Script(ours).run_command("list")


def test_the_server_shuts_down_while_a_script_waits(pair, capfd):
    """A server that shuts down while the script has no line ends it without a failure."""
    ours, server = pair
    source, typed = os.pipe()
    server.sendall(b'{"print": ["the last line"]}\n{"closed": null}\n')
    assert Script(ours, source=source).run_lines() == 0
    assert capfd.readouterr().out == "the last line\n"
    os.close(source)
    os.close(typed)


def test_the_server_ends_right_after_its_answer(pair, capfd):
    """The last lines are printed though the connection ended before the script was read on."""
    ours, server = pair
    source, typed = os.pipe()
    os.write(typed, b"quit\n")

    def quit_():
        server.recv(100)
        answer = b'{"answer": {"failed": false, "data": null}}\n'
        server.sendall(answer + b'{"print": ["the last line"]}\n{"closed": null}\n')
        server.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=quit_)
    thread.start()
    assert Script(ours, source=source).run_lines() == 0
    thread.join(SECONDS)
    assert capfd.readouterr().out == "the last line\n"
    os.close(source)
    os.close(typed)


def test_the_server_shuts_down_before_it_answers(pair, capfd):
    """A line without an answer has failed."""
    ours, server = pair
    server.sendall(b'{"closed": null}\n')
    assert Script(ours).run_command("list") == 1
    assert capfd.readouterr().err == "chatd-admin: chatd has shut down\n"


def test_nobody_reads_the_answers(pair):
    """An answer that cannot be written raises an exception."""
    ours, server = pair
    printed, sink = os.pipe()
    os.close(printed)
    server.sendall(b'{"print": ["an answer"]}\n')
    with pytest.raises(UnwritableError):
        Script(ours, sink=sink).run_command("list")
    os.close(sink)
