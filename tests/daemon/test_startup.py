"""Rooms and the message of the day at the start of the service, and their errors."""

import json

import pytest

from chatd.core.errors import StoreError
from chatd.daemon.startup import StartError, read_motd, read_room, start_errors
from chatd.server.listeners import ListenError
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer


@pytest.fixture
def path(tmp_path):
    """Return the path of a message of the day with two lines."""
    path = tmp_path / "motd.txt"
    path.write_text("Welcome.\nBe kind.\n")
    return path


@pytest.fixture
def server(path):
    """Return a server with that message of the day."""
    return MemoryServer(motd=str(path))


def test_a_room():
    """A room has the id and the name of its option."""
    room = read_room("tea", "Tea  house")
    assert (room.id, room.name) == ("tea", "Tea house")


def test_a_room_is_created_at_the_start_of_the_server():
    """By the wall clock; a start with the room in the store is not its creation."""
    store = MemoryStore()
    for offset in (1000.0, 2000.0):
        server = MemoryServer(store=store, rooms=(("1", "tea"),), clock_offset=offset)
        assert server.service.chat.room("1").created == 1000.0
        store.crash()


def test_an_invalid_room():
    """The error names the option and the reason."""
    with pytest.raises(StartError, match=r"^--room a@b: Chatroom id a@b is not allowed\.$"):
        read_room("a@b", "tea")


@pytest.mark.parametrize(
    ("error", "message"),
    [(ListenError("no port"), "no port"), (StoreError("no file"), "--store: no file")],
)
def test_errors_of_ports_and_stores(error, message):
    """They become errors of the start, with the option where the message does not name it."""
    with pytest.raises(StartError) as raised, start_errors():
        raise error
    assert str(raised.value) == message


def test_motd_before_the_first_answer(server):
    """A client reads the message once, in a frame of its own, indented like all long messages."""
    ann = server.connect()
    assert ann.ask("`enter 1 Ann") == [
        "Server: Welcome.\n  Be kind.",
        "Server: You join @chatroom 1",
    ]
    assert ann.ask("`switch 1") == ["Server: You are now in chatroom 1@1"]


def test_motd_before_a_refusal(server):
    """A refusal is an answer, too; lines end as those of the client do."""
    bob = server.connect(end=b"\r\n")
    bob.send_bytes(b"hi\r\n")
    assert bob.read_bytes() == (b"Server: Welcome.\r\n  Be kind.\r\nServer: Join a room first!\r\n")


def test_motd_in_json(server):
    """A program that starts with `format json` reads the message as a notice."""
    notice, reply = map(json.loads, server.connect().ask("`format json"))
    assert notice.pop("time")
    assert notice == {"event": "notice", "from": "Server", "text": "Welcome.\nBe kind."}
    assert reply["event"] == "reply"


def test_no_motd_for_banned_clients(server):
    """A banned client reads the reason alone."""
    server.console("ban 10.0.0.1")
    refused = server.connect("10.0.0.1").ask("`list")
    assert refused == ["Server: You were banned by the Administrator!"]


def test_motd_in_the_trace(path, capture_log):
    """The trace shows the message like other frames."""
    MemoryServer(motd=str(path), trace=True).connect().ask("`list")
    assert "Send to ('127.0.0.1', 50001): Server: Welcome.\\n  Be kind." in capture_log()


def test_motd_is_safe_to_print(path):
    """Control characters of the file are removed."""
    path.write_bytes(b"\x1b[31mred\r\n\xe2\x80\xaetab\there\n\n")
    assert read_motd(str(path)) == "[31mred\ntab\there"


def test_an_empty_motd(path):
    """A file without text is no message."""
    path.write_text("\n")
    assert MemoryServer(motd=str(path)).connect().ask("`list") == ["Server: No room exists!"]


def test_motd_is_read_again(server, path):
    """New clients read the new message; a client that has read the old one reads no other."""
    ann = server.connect()
    ann.ask("`list")
    path.write_text("New.")
    server.service.reload()
    assert ann.ask("`list") == ["Server: No room exists!"]
    assert server.connect().ask("`list")[0] == "Server: New."


def replace_by_a_folder(path):
    """Make a folder of the name of a file."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.unlink(), "No such file or directory"),
        (lambda path: path.write_bytes(b"x" * 8193), "it has more than 8192 bytes"),
        (lambda path: path.write_bytes(b"Welcome\nto the caf\xe9"), "line 2 is not UTF-8"),
        (replace_by_a_folder, "Is a directory"),
    ],
)
def test_a_motd_that_cannot_be_read(server, path, capture_log, spoil, reason):
    """The server does not start; a server that runs logs one line and keeps the old message."""
    spoil(path)
    with pytest.raises(StartError) as error:
        MemoryServer(motd=str(path))
    assert str(error.value) == f"--motd {path}: {reason}"
    server.service.reload()
    assert capture_log()[-1] == f"System: --motd {path}: {reason}; the previous one stays in use"
    assert server.connect().ask("`list")[0].startswith("Server: Welcome.")
