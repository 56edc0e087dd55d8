"""The message of the day: who reads it, when, and what happens to it at SIGHUP."""

import json

import pytest

from chatd.daemon.startup import StartError, read_motd
from chatd.testing import MemoryServer


@pytest.fixture
def file(tmp_path):
    """Return a file with two lines."""
    file = tmp_path / "motd.txt"
    file.write_text("Welcome.\nBe kind.\n")
    return file


@pytest.fixture
def greeting(file):
    """Return a server that greets."""
    return MemoryServer(motd=str(file))


def test_before_the_first_answer(greeting):
    """In a frame of its own, indented as all that has several lines, and once."""
    ann = greeting.connect()
    assert ann.ask("`enter 1 Ann") == [
        "Server: Welcome.\n  Be kind.",
        "Server: You join @chatroom 1",
    ]
    assert ann.ask("`switch 1") == ["Server: You are now in chatroom 1@1"]


def test_before_a_refusal(greeting):
    """That is an answer, too; lines end as the client's do."""
    bob = greeting.connect(end=b"\r\n")
    bob.send_bytes(b"hi\r\n")
    assert bob.read_bytes() == (b"Server: Welcome.\r\n  Be kind.\r\nServer: Join a room first!\r\n")


def test_for_programs(greeting):
    """Who begins with `format json` has a notice from the server, and nothing in text."""
    notice, reply = map(json.loads, greeting.connect().ask("`format json"))
    assert notice.pop("time")
    assert notice == {"event": "notice", "from": "Server", "text": "Welcome.\nBe kind."}
    assert reply["event"] == "reply"


def test_not_for_who_is_turned_away(greeting):
    """Who is banned is told that alone."""
    greeting.console("ban 127.0.0.1")
    assert greeting.connect().ask("`list") == ["Server: You were banned by the Administrator!"]


def test_the_trace_shows_it(file, capture_log):
    """As what the server says."""
    MemoryServer(motd=str(file), trace=True).connect().ask("`list")
    assert "Send to ('127.0.0.1', 50001): Server: Welcome.\\n  Be kind." in capture_log()


def test_what_is_in_it_is_safe(file):
    """Whatever the file holds."""
    file.write_bytes(b"\x1b[31mred\r\n\xe2\x80\xaetab\there\xff\n\n")
    assert read_motd(str(file)) == "[31mred\ntab\there\ufffd"


def test_an_empty_file(file):
    """Says nothing."""
    file.write_text("\n")
    assert MemoryServer(motd=str(file)).connect().ask("`list") == ["Server: No room exists!"]


def test_read_again(greeting, file):
    """What it says from now on; who was greeted is not greeted again."""
    ann = greeting.connect()
    ann.ask("`list")
    file.write_text("New.")
    greeting.service.reload()
    assert ann.ask("`list") == ["Server: No room exists!"]
    assert greeting.connect().ask("`list")[0] == "Server: New."


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.unlink(), "No such file or directory"),
        (lambda file: file.write_bytes(b"x" * 8193), "it has more than 8192 bytes"),
    ],
)
def test_one_that_cannot_be_read(greeting, file, capture_log, spoil, why):
    """At the start it is one line; later the old one stays, and the log says so."""
    spoil(file)
    with pytest.raises(StartError) as error:
        MemoryServer(motd=str(file))
    assert str(error.value) == f"--motd {file}: {why}"
    greeting.service.reload()
    assert capture_log()[-1] == f"System: --motd {file}: {why}; what was read before stays"
    assert greeting.connect().ask("`list")[0].startswith("Server: Welcome.")
