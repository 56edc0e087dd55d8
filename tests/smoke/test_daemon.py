"""The daemon as an operator starts and stops it, and its clients as they come and go."""

import os
import pty
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from chatd import __version__

BIN = Path(sys.executable).parent
CHECKOUT = Path(__file__).parents[2]


def test_a_script_on_standard_input(run):
    """Commands on a pipe are run in order, and `quit` ends the daemon with status 0."""
    done = run("twistd", "-n", "chatd", "--listen", "tcp:0", input="start 1 x\nlist\nquit\n")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == [
        "Administrator: Chatroom 1 started!",
        "",
        "Administrator: x@1: no chatters!",
        "",
        "Administrator: notify clients about shutting down server...",
        "System: please terminate the console",
        "Administrator: Shutting down server console...",
        "System: Shutting down server...",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_the_daemon_like_quit(start, number):
    """Clients and the console are told, and the exit status is 0."""
    daemon = start()
    client = daemon.connect()
    client.ask("`enter 1 Ann", "Server: You join @chatroom 1")
    daemon.process.send_signal(number)
    client.expect("Administrator: Chatserver is going to shutdown...", None)
    assert daemon.ended() == 0
    assert f"System: {number.name} received" in daemon.lines
    assert "System: Shutting down server..." in daemon.lines


def test_end_of_input_does_not_stop_the_server(start):
    """The end of standard input closes the console alone."""
    daemon = start()
    daemon.type("start 1 tea")
    daemon.process.stdin.close()
    daemon.expect("Administrator: Chatroom 1 started!")
    daemon.connect().ask("`list", "Server: \ntea@1: no chatters!\n")


def test_without_standard_input(start):
    """A daemon without a console serves clients, as under a service manager."""
    daemon = start(stdin=subprocess.DEVNULL)
    daemon.connect().ask("`list", "Server: No room exists!")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--listen tcp:x", "--listen tcp:x: this is no endpoint"),
        ("--listen tea:1", "--listen tea:1: this is no endpoint"),
        ("--listen tcp:0 --room a@b", "--room a@b: Chatroom id a@b is not"),
        ("--listen tcp:0 --admin no/x", "cannot open the admin socket no/x:"),
        ("--listen tcp:0 --store sqlite:///no/x", "--store: no/x cannot be"),
        ("--listen tcp:0 --store mysql://a:pw@b/c", "--store: A store cannot"),
    ],
)
def test_a_daemon_that_cannot_start(run, options, message):
    """The error is one line without a traceback, and the exit status is not 0."""
    _assert_start_fails(run("twistd", "-n", "chatd", "--no-console", *options.split()), message)


def test_a_port_in_use(run):
    """The error names the endpoint."""
    with socket.create_server(("localhost", 0)) as taken:
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=localhost"
        ended = run("twistd", "-n", "chatd", "--no-console", "--listen", endpoint)
    _assert_start_fails(ended, f"cannot listen at {endpoint}: [Errno 98]")


def _assert_start_fails(ended, message):
    assert ended.returncode != 0
    assert ended.stderr.startswith(f"chatd: {message}")
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stdout


def test_an_invalid_option(run):
    """The process prints one line on what the value must be, and nothing else."""
    done = run("twistd", "-n", "chatd", "--max-frame", "many")
    assert done.returncode == 1
    assert done.stderr == (
        "chatd: --max-frame many: must be a whole number (see twistd chatd --help)\n"
    )
    assert done.stdout == ""


def test_a_database_of_a_newer_chatd(start, run, tmp_path):
    """The daemon does not start, and does not change the database."""
    start("--no-console", "--admin", "").stop()
    with closing(sqlite3.connect(tmp_path / "chatd.db")) as database, database:
        database.execute("update chatd_version set version_num = '9999'")
    before = (tmp_path / "chatd.db").read_bytes()
    done = run("twistd", "-n", "chatd", "--no-console", "--listen", "tcp:0")
    assert done.returncode != 0
    assert done.stderr.startswith("chatd: --store: chatd.db was made by a newer chatd")
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "chatd.db").read_bytes() == before


def test_twistd_lists_the_plugin(run):
    """The help of twistd names chatd among its commands."""
    assert "chatd" in run("twistd", "--help").stdout


def test_help(run):
    """The help is printed by the real command, and so are the versions."""
    text = run("twistd", "chatd", "--help").stdout
    assert "--listen" in text
    assert "SIGHUP" in text
    versions = run("twistd", "chatd", "--version").stdout
    assert versions.startswith(f"chatd {__version__}, Twisted ")


@pytest.mark.parametrize("program", ["chatd-client", "chatd-admin"])
def test_help_of_the_other_programs(run, program):
    """The help describes the program, and not only its options, and fits a terminal."""
    done = run(program, "--help")
    assert done.returncode == 0
    assert "On a terminal" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert run(program, "--version").stdout == f"chatd {__version__}\n"


def test_tac(run, tmp_path):
    """A .tac file starts the same server, with the options in the file."""
    text = (CHECKOUT / "chatd.tac").read_text()
    assert "parseOptions([])" in text
    tac = tmp_path / "chatd.tac"
    tac.write_text(
        text.replace("parseOptions([])", 'parseOptions(["--listen", "tcp:0:interface=localhost"])')
    )
    done = run("twistd", "-ny", str(tac), input="start 1 x\nquit\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("System: ChatServer is listening at (localhost, ")
    assert lines[1] == "Administrator: Chatroom 1 started!"


def test_in_the_background(run, tmp_path):
    """A daemon in the background has a log file, and the console on its socket."""
    listen = ["--listen", "unix:chat.sock:mode=600"]
    done = run("twistd", "--logfile", "chatd.log", "chatd", "--room", "tea", *listen)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "chatd-admin.sock").stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "chat.sock"))
        client.sendall(b"`join tea Ann\0")
        assert client.recv(100) == b"Server: You join @chatroom tea\0"
        listed = run("chatd-admin", input="list\n").stdout
        assert listed == "\nAdministrator: tea@tea: Ann@unix \n\n"
        quitted = run("chatd-admin", "--socket", "chatd-admin.sock", input="quit\n")
        assert quitted.stdout.splitlines()[-1] == "System: Shutting down server..."
        assert client.recv(100) == b"Administrator: Chatserver is going to shutdown...\0"
    log = (tmp_path / "chatd.log").read_text()
    assert "Ann joined room [tea] from <unix>" in log
    assert "Traceback" not in log


def test_a_stale_socket_is_replaced(start, tmp_path):
    """A start after a crash replaces the socket of the daemon that crashed."""
    daemon = start()
    daemon.process.kill()
    daemon.ended()
    assert (tmp_path / "chatd-admin.sock").exists()
    start().connect().ask("`list", "Server: No room exists!")


def test_a_live_socket_is_left_alone(start, run):
    """A second daemon does not start while the first one answers on the socket."""
    start()
    words = "-n --pidfile= chatd --listen tcp:0 --no-console --store memory:"
    second = run("twistd", *words.split())
    assert second.returncode != 0
    assert "another server answers there" in second.stderr


def test_a_client_that_is_killed(start):
    """The room reads that the user left, and nothing of the incomplete message."""
    daemon = start()
    ann = daemon.connect()
    ann.ask("`enter 1 Ann", "Server: You join @chatroom 1")
    script = (
        "import os, socket, sys\n"
        "s = socket.create_connection(('localhost', int(sys.argv[1])))\n"
        "s.sendall(b'`join 1 Bob\\0half a mess')\n"
        "s.recv(100)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(daemon.port)], check=False)
    ann.expect("Bob: joined us @chatroom 1.", "Server: Bob quitted.")


def test_netcat(start):
    """Netcat gets lines for lines, and the answers still due after the end of its input."""
    nc = shutil.which("nc")
    if nc is None:
        pytest.skip("nc is not installed")
    daemon = start("--room", "1:tea")
    done = subprocess.run(
        [nc, "-N", "localhost", str(daemon.port)],
        input=b"`list\n`join 1 Ann\nhello\n",
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == b"Server: \ntea@1: no chatters!\n\nServer: You join @chatroom 1\n"


def test_a_background_job(tmp_path):
    """The daemon does not read a terminal in whose background it runs, so it is not stopped."""
    twistd = shutil.which("twistd", path=BIN)
    script = (
        f"set -m\n{twistd} -n chatd --listen tcp:0 >log 2>&1 & daemon=$!\n"
        "until grep -q listening log; do read -t 0.1 <> <(:); done\n"
        f"jobs; echo quit | {BIN}/chatd-admin; wait $daemon; echo status $?\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execvp("timeout", ["timeout", "--foreground", "30", "bash", "-c", script])
    printed = b""
    try:
        while b"status" not in printed:
            printed += os.read(terminal, 4096)
    finally:
        os.close(terminal)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert b"Running" in printed
    assert b"status 0" in printed
