"""The commands of clients; those for rooms are in test_handlers_rooms.py."""

import json

import pytest

from chatd.protocol.commands import CLIENT_COMMANDS
from chatd.server.handlers import HANDLERS
from chatd.testing import MemoryServer

WORD = "staple-battery"


def test_every_command_has_a_handler():
    """The table of commands and the table of handlers are of the same commands."""
    assert HANDLERS.keys() == CLIENT_COMMANDS.keys()


# -- messages


def test_messages(server):
    """The others read a message with the sender's name; the sender reads nothing."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    assert alice.ask("Hello, I am Alice") == []
    assert bob.read() == ["Alice: Hello, I am Alice"]
    assert alice.ask("") == []
    assert alice.ask("\x07") == []
    assert bob.read() == []
    assert alice.ask("  ") == []
    assert bob.read() == ["Alice:   "]


def test_message_in_no_room(server):
    """A message in no room is refused, also an empty one."""
    client = server.connect()
    assert client.ask("hello") == ["Server: Join a room first!"]
    assert client.ask("") == ["Server: Join a room first!"]


def test_text_is_safe(server):
    """Escapes are removed, and no line can be forged, not even by U+2028 or CR."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    alice.send("a\x1b[2J\u2028Server: b\r\nc\rd\u202e")
    assert bob.read() == ["Alice: a[2J\n  Server: b\n  cd"]
    alice.send_bytes(b"caf\xe9\0")
    assert bob.read() == ["Alice: caf\ufffd"]


def test_private_message(server):
    """Only the recipient reads a private message, also in no room; case does not count."""
    alice, bob, eve = (server.join("1", name) for name in ("Alice", "Bob", "Eve"))
    bob.ask("`quit")
    for client in (alice, bob, eve):
        client.read()
    assert alice.ask("`secret BOB psst") == ["Server: Secret sent to Bob."]
    assert bob.read() == ["Alice (secret): psst"]
    assert eve.read() == []
    assert alice.ask("`secret Nobody x") == ["Server: Chatter Nobody NOT found!"]
    assert server.connect().ask("`secret Bob x") == ["Server: Join a room first!"]


def test_the_acts_of_a_user_are_read_in_order(server):
    """A private message comes after its sender's earlier messages and before the later ones."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    alice.send("one", "`secret Bob two", "three", "`quit")
    assert bob.read() == [
        "Alice: one",
        "Alice (secret): two",
        "Alice: three",
        "Server: Alice quitted.",
    ]


def test_a_reply_comes_after_earlier_messages(server):
    """A message that came before a request is read before the reply."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.send("before")
    bob.send("`quit")
    alice.send("after")
    assert bob.read() == ["Alice: before", "Server: You quitted from chatroom 1@1"]


def test_help(server):
    """Help has a line for each command."""
    lines = server.connect().ask("`help")[0].split("\n")
    assert lines[0] == "Server: "
    assert "`quit`: Quit the current chat room." in lines


def test_unknown_command(server):
    """The error names the command that shows help."""
    answer = ["Server: Unknown command `foo. Type `help for usage."]
    assert server.connect().ask("`foo bar") == answer


# -- rename


def test_rename(server):
    """A guest takes another name at any time, and the old one is free."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    assert alice.ask("`rename Anna") == ["Server: You are now known as Anna."]
    assert bob.read() == ["Server: Alice is now known as Anna."]
    alice.send("hi")
    assert bob.read() == ["Anna: hi"]
    assert server.join("2", "Alice").ask("`quit") == ["Server: You quitted from chatroom 2@2"]


def test_rename_is_read_once():
    """A user who shares several rooms with the guest reads the new name once, without a room."""
    server = MemoryServer(rooms_per_client=2, rooms=(("1", "a"), ("2", "b")))
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.ask("`join 2")
    bob.ask("`join 2")
    bob.read()
    alice.send("`rename Anna")
    assert bob.read() == ["Server: Alice is now known as Anna."]


def test_rename_before_the_first_room(server):
    """A guest has a name before any room, and joins without one."""
    alice = server.connect()
    assert alice.ask("`rename Alice") == ["Server: You are now known as Alice."]
    assert alice.ask("`enter 1") == ["Server: You join @chatroom 1"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Bob", "Name Bob is already in use!"),
        ("a:b", "Name a:b is not allowed: it has a character that is not allowed there, try ab."),
        ("amy", "Name amy is registered, login first!"),
    ],
)
def test_rename_refused(server, name, words):
    """A name that is in use, registered or not allowed is refused, and the old one stays."""
    amy = server.connect()
    amy.ask(f"`register amy {WORD}")
    amy.lose()
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    alice.read()
    assert alice.ask(f"`rename {name}") == [f"Server: {words}"]
    assert alice.ask("`rename") == ["Server: Usage: `rename <new_name>"]
    alice.send("hi")
    assert bob.read() == ["Alice: hi"]


def test_rename_of_an_account(server):
    """The name of an account is no session's to change."""
    amy = server.connect()
    amy.ask(f"`register amy {WORD}")
    assert amy.ask("`rename Anna") == ["Server: Your name is that of your account."]
    amy.ask("`format json")
    error = json.loads(amy.ask('{"command":"rename","new_name":"Anna"}')[0])
    assert (error["event"], error["code"]) == ("error", "account-name")


def test_rename_in_json(server):
    """The reply has the name, and the others read an event with both names."""
    alice, bob = server.join("1", "Alice"), server.join("1", "Bob")
    for client in (alice, bob):
        client.ask("`format json")
    (reply,) = alice.ask('{"command":"rename","new_name":"Anna","tag":"t"}')
    assert reply == (
        '{"event":"reply","command":"rename","tag":"t","text":"You are now known as Anna.",'
        '"name":"Anna"}'
    )
    renamed = json.loads(bob.read()[0])
    del renamed["time"]
    assert renamed == {"event": "renamed", "who": "Alice", "to": "Anna"}


# -- ping


def test_ping(server):
    """A program asks whether the connection works; text has no such command."""
    client = server.connect()
    assert client.ask("`ping") == ["Server: Unknown command `ping. Type `help for usage."]
    client.ask("`format json")
    assert client.ask('{"command":"ping","tag":"7"}') == [
        '{"event":"reply","command":"ping","tag":"7","text":"pong"}'
    ]


def test_an_empty_tag_comes_back(server):
    """Every tag comes back, also one without characters."""
    client = server.connect()
    client.ask("`format json")
    assert json.loads(client.ask('{"command":"ping","tag":""}')[0])["tag"] == ""
