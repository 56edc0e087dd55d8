"""The command line: options, the input and output of a pipe, and refusals in one clear line."""

import sys

import pytest
from twisted.internet.task import Clock

from chatd.client import main as client_main
from chatd.client.main import main
from chatd.client.options import parse
from chatd.client.ui.command_mode import CommandMode
from chatd.client.ui.guided_mode import GuidedMode
from chatd.client.ui.guided_terminal import GuidedTerminalMode
from chatd.client.ui.pipe import CommandReader, GuidedReader
from chatd.client.ui.terminal_mode import TerminalMode


def test_refused_option():
    """A wrong option is refused in one line."""
    with pytest.raises(SystemExit) as ended:
        main(["localhost", "--", "http"])
    assert str(ended.value) == "chatd-client: Not a port: http (1 to 65535)."


def test_bad_cafile(tmp_path):
    """A file of certificates that does not exist is refused."""
    pytest.importorskip("OpenSSL")
    options = parse(["--cafile", str(tmp_path / "none.pem")])
    with pytest.raises(SystemExit, match=r"^chatd-client: --cafile .*: No such file or directory$"):
        client_main._endpoints(options, Clock())


@pytest.fixture(autouse=True)
def _no_config(monkeypatch, tmp_path):
    """Let there be no configuration file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "frontend", "reader"),
    [([], CommandMode, CommandReader), (["--guided"], GuidedMode, GuidedReader)],
)
def test_modes(make_harness, arguments, frontend, reader):
    """Each mode has its frontend, and on a pipe its reader."""
    made = client_main._frontend(parse(arguments), on_terminal=False)
    assert type(made) is frontend
    harness = make_harness(None, made)
    assert type(client_main._reader(harness.client, harness, harness.clock)) is reader


@pytest.mark.parametrize(
    ("arguments", "frontend"), [([], TerminalMode), (["--guided"], GuidedTerminalMode)]
)
def test_modes_on_terminal(arguments, frontend):
    """On a terminal each mode has its frontend, too."""
    options = parse(arguments)
    assert type(client_main._frontend(options, on_terminal=True)) is frontend


def test_standard_output(monkeypatch, tmp_path):
    """The output goes to standard output; nowhere if that is closed."""
    with (tmp_path / "output").open("wb") as file:
        monkeypatch.setattr(sys, "stdout", file)
        client_main._standard_output()(b"hello\n")
        monkeypatch.setattr(sys, "stdout", None)
        client_main._standard_output()(b"lost\n")
    assert (tmp_path / "output").read_bytes() == b"hello\n"
