"""The command line: options, the input and output of a pipe, and refusals in one clear line."""

import sys

import pytest
from twisted.internet.task import Clock

from chatd.client import main as client_main
from chatd.client.main import main
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.guided_terminal import GuidedTerminalMode
from chatd.client.ui.pipe import CommandReader, GuidedReader
from chatd.client.ui.terminal_mode import TerminalMode


@pytest.mark.parametrize("port", ["0", "65536", "http", "-0", "9" * 5000, ""])
def test_bad_port(port):
    """A port that is no number from 1 to 65535 is refused."""
    with pytest.raises(SystemExit) as ended:
        main(["localhost", "--", port])
    assert str(ended.value) == f"chatd-client: Not a port: {port} (1 to 65535)."


def test_bad_cafile(tmp_path):
    """A file of certificates that does not exist is refused."""
    pytest.importorskip("OpenSSL")
    options = client_main._parser().parse_args(["--cafile", str(tmp_path / "none.pem")])
    with pytest.raises(SystemExit, match=r"^chatd-client: --cafile .*: No such file or directory$"):
        client_main._endpoints(options, Clock())
    assert not options.tls


def test_defaults():
    """Without arguments the server is the local one, in command mode without TLS."""
    options = client_main._parser().parse_args([])
    assert (options.host, options.port, options.guided) == ("localhost", "9999", False)
    assert (options.tls, options.cafile) == (False, None)


@pytest.mark.parametrize(
    ("arguments", "frontend", "reader"),
    [([], CommandMode, CommandReader), (["--guided"], GuidedMode, GuidedReader)],
)
def test_modes(make_harness, arguments, frontend, reader):
    """Each mode has its frontend, and on a pipe its reader."""
    made = client_main._frontend(client_main._parser().parse_args(arguments), on_terminal=False)
    assert type(made) is frontend
    harness = make_harness(None, made)
    assert type(client_main._reader(harness.client, harness, harness.clock)) is reader


@pytest.mark.parametrize(
    ("arguments", "frontend"), [([], TerminalMode), (["--guided"], GuidedTerminalMode)]
)
def test_modes_on_terminal(arguments, frontend):
    """On a terminal each mode has its frontend, too."""
    options = client_main._parser().parse_args(arguments)
    assert type(client_main._frontend(options, on_terminal=True)) is frontend


def test_standard_output(monkeypatch, tmp_path):
    """The output goes to standard output; nowhere if that is closed."""
    with (tmp_path / "output").open("wb") as file:
        monkeypatch.setattr(sys, "stdout", file)
        client_main._standard_output()(b"hello\n")
        monkeypatch.setattr(sys, "stdout", None)
        client_main._standard_output()(b"lost\n")
    assert (tmp_path / "output").read_bytes() == b"hello\n"
