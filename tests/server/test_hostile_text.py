"""Hostile text of users, as others read it: no terminal acts on it, and no line is forged."""

import json
import re

import pytest

from chatd.core.sanitize import UNPRINTABLE
from chatd.testing import MemoryServer

WORD = "staple-battery"
FORGED = ["Server: forged", "Administrator: forged", "Ann: forged", "Ann (secret): forged"]

NASTY = {
    "csi": "\x1b[2J\x1b[31m",
    "osc": "\x1b]0;title\x07\x1b]8;;http://x\x1b\\",
    "dcs": "\x1bP+q544e\x1b\\",
    "c1": "\x9b2J\x9d0;t\x9c\x90q\x9c",
    "bidi": "\u202e\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d",
    "bell": "\x07\x08\x7f\x0e\x0f\x05",
    **{
        name: "x" + end + end.join(FORGED)
        for name, end in {
            "cr": "\r", "crlf": "\r\n", "lf": "\n", "ls": "\u2028", "ps": "\u2029",
            "nel": "\x85", "vt": "\v", "ff": "\f", "rs": "\x1e", "nul": "\0",
        }.items()
    },
}  # fmt: skip

# A request for each field, in JSON, since not every text can be typed.
FIELDS = {
    "chatter": {"command": "join", "chatroom_id": "1", "chatter_name": ...},
    "new name": {"command": "rename", "new_name": ...},
    "room id": {"command": "start", "chatroom_id": ..., "chatroom_name": "tea"},
    "entered room id": {"command": "enter", "chatroom_id": ..., "chatter_name": "Eve"},
    "missing room": {"command": "switch", "chatroom_id": ...},
    "room name": {"command": "start", "chatroom_id": "9", "chatroom_name": ...},
    "message": {"command": "say", "text": ...},
    "broadcast": {"command": "broadcast", "chatroom_id": "1", "message": ...},
    "secret": {"command": "secret", "chatter_name": "Ann", "message": ...},
    "nobody": {"command": "secret", "chatter_name": ..., "message": "x"},
    "username": {"command": "login", "username": ..., "password": WORD},
    "new username": {"command": "register", "username": ..., "password": WORD},
    "password": {"command": "register", "username": "eve", "password": ...},
    "old password": {"command": "password", "old_password": ..., "new_password": WORD},
    "session": {"command": "resume", "session": ...},
    "tag": {"command": "list", "tag": ...},
    "said tag": {"command": "say", "text": "x", "tag": ...},
    "command": {"command": ...},
    "key": {"command": "say", "text": "x", ...: "x"},
    "unknown value": {"command": "say", "text": "x", "other": ...},
}

_UNSAFE = frozenset(map(chr, UNPRINTABLE))

FORGERY = re.compile(r"(\[[^\]]*\] )?(Server|Administrator|Ann( \(secret\))?): ?forged")


def filled(template, text):
    """Return the request with `text` in the field."""
    fields = {(text if key is ... else key): value for key, value in template.items()}
    return json.dumps({key: text if value is ... else value for key, value in fields.items()})


def unsafe_in(text):
    """Return the characters in `text` that do something to a terminal."""
    return _UNSAFE.intersection(text)


def check(shown, newline="\n"):
    """Check that text is safe to print, and that no line in it is forged."""
    lines = shown.split(newline)
    for line in lines:
        assert not unsafe_in(line) - {"\t"}, line
        assert not FORGERY.match(line), line


class HostileTextHarness:
    """A server with a reader of each kind, and two sessions of Eve, who writes hostile text."""

    def __init__(self):
        self.server = MemoryServer(rooms=(("1", "tea"),), replay=20, trace=True, rooms_per_client=3)
        ends = {"Ann": b"\0", "Lf": b"\n", "Crlf": b"\r\n", "Prog": b"\0"}
        self.readers = {name: self.server.connect(end=end) for name, end in ends.items()}
        for name, reader in self.readers.items():
            reader.ask(f"`join 1 {name}")
        self.readers["Prog"].ask("`format json")
        self.eve = self.server.connect()
        self.eve.ask("`format json")
        self.eve.ask('{"command":"join","chatroom_id":"1","chatter_name":"Eve"}')
        self.new_eve = self.server.connect()
        self.new_eve.ask("`format json")
        for reader in self.readers.values():
            reader.read()

    def read(self):
        """Check all that every client has received."""
        for reader in self.readers.values():
            whole = reader.read_bytes().decode()
            end = reader.end.decode()
            if reader is self.readers["Prog"]:
                self.check_json(whole.split("\0"))
                continue
            assert not whole or whole.endswith(end)
            newline = end if end != "\0" else "\n"
            check(whole.replace("\0", "\n"), newline)
        for eve in (self.eve, self.new_eve):
            self.check_json(eve.read())

    @staticmethod
    def check_json(frames):
        """Check that frames are objects, without a character that a terminal acts on."""
        for frame in filter(None, frames):
            assert not unsafe_in(frame), frame
            json.loads(frame)


@pytest.mark.parametrize("nasty", NASTY)
def test_every_field_of_every_request(nasty, capture_log):
    """Hostile text in any field is safe for every reader, in lists, history, replay and log."""
    harness = HostileTextHarness()
    server = harness.server
    for template in FIELDS.values():
        for text in (NASTY[nasty], FORGED[0] + NASTY[nasty]):
            for eve in (harness.eve, harness.new_eve):
                eve.send(filled(template, text))
        harness.read()
    for command in ("`list", "`history 500"):
        for name in ("Ann", "Lf", "Crlf"):
            harness.readers[name].send(command)
        harness.read()
    late = server.connect()
    check("\n".join(late.ask("`join 1 Late")))
    for command in ("list", "who", "bans", "accounts", "stats"):
        for line in server.console(command):
            for part in line.split("\n"):
                assert not unsafe_in(part) - {"\t"}, line
                assert not part.startswith(("Server: ", "Ann: ", "Eve: ")), line
    for line in capture_log():
        assert not unsafe_in(line), line
        assert "Traceback" not in line


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("end", [b"\0", b"\n", b"\r\n"])
def test_hostile_text_is_typed(nasty, end):
    """Hostile text is safe in commands, arguments and messages, in each framing."""
    harness = HostileTextHarness()
    typed = NASTY[nasty].encode().replace(b"\0", b"")
    eve = harness.server.connect(end=end)
    eve.ask("`list")
    for before in (b"", b"`", b"`join 1 ", b"`enter ", b"`start 7 ", b"`start ", b"`secret Ann ",
                   b"`secret ", b"`login ", b"`register ", b"`history ", b"`format ", b"`quit ",
                   b"`broadcast 1 ", b"`switch "):  # fmt: skip
        eve.send_bytes(before + typed + b" " + WORD.encode() + end)
        harness.read()
    newline = end.decode() if end != b"\0" else "\n"
    check(eve.read_bytes().decode().replace("\0", "\n"), newline)


@pytest.mark.parametrize(
    "name",
    ["Server: forged", "Ann: hi", "[2] Ann: hi", "Ann (secret): hi", "Ann:", "SERVER:hi",
     "Ann\uff1a hi", "Sеrver:hi", "Server :hi", "a\n Ann: hi"],
)  # fmt: skip
def test_names_of_rooms_that_look_like_messages(server, name):
    """A name that would make a line of the list look like a message is refused."""
    client = server.connect()
    (reply,) = client.ask(f"`start 1 {name}")
    assert reply.endswith(" is not allowed: it reads as the name of a user with a message.")
    assert client.ask("`list") == ["Server: No room exists!"]


@pytest.mark.parametrize(
    "name", ["Tea", "10:30", "9:30 at Ann's", "a::b", "http://x", "Serverless"]
)
def test_names_of_rooms_with_a_colon(server, name):
    """A name with a colon is allowed if it does not look like a message."""
    assert server.connect().ask(f"`start 1 {name}") == ["Server: Chatroom 1 started!"]


def test_a_tag_comes_back_as_it_was(server):
    """A tag is escaped in the frame, and the same once it is parsed."""
    client = server.connect()
    client.ask("`format json")
    tag = "".join(NASTY.values())
    (reply,) = client.ask(json.dumps({"command": "list", "tag": tag}))
    assert json.loads(reply)["tag"] == tag


def test_the_message_of_the_day(tmp_path):
    """The message of the day is sanitized: the operator may have copied it from anywhere."""
    path = tmp_path / "motd"
    path.write_text("".join(NASTY.values()))
    client = MemoryServer(motd=str(path)).connect()
    (motd, _) = client.ask("`list")
    check(motd)
