"""Hostile text of users, as users of other protocols read it: no line and no tag is forged."""

import json
import re

import pytest

from chatd.config import Irc
from chatd.core.sanitize import UNPRINTABLE
from chatd.testing import MemoryServer
from tests.server.irc.observer import connect
from tests.server.irc.reading import ALL
from tests.server.test_hostile_text import NASTY, check, unsafe_in

WORD = "staple-battery"
FORGED = (":evil!~e@host PRIVMSG #tea :forged", "@msgid=x;label=l1 :evil PRIVMSG #tea :forged",
          "PRIVMSG #tea :forged", "QUIT :forged", ":irc.test 001 ann :forged")  # fmt: skip
IRC_NASTY = {
    **NASTY,
    **{
        f"irc {name}": "x" + end + end.join(FORGED)
        for name, end in {
            "cr": "\r",
            "crlf": "\r\n",
            "lf": "\n",
            "nul": "\0",
            "ls": "\u2028",
        }.items()
    },
    "formatting": "\x02bold\x0304,01red\x03\x1d\x1f\x1e\x11\x16\x0f\x04FF0000x",
    "ctcp": "\x01DCC SEND x 1 2 3\x01\x01VERSION\x01",
    "tags": "a;label=l1 b=c\\:\\s\\n @x=y",
    "wide": "\U0001f600" * 200,
    "joined": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20,
    "marks": "e\u0301" * 100,
}

# A request for each field, in JSON, since not every text can be typed.
FIELDS = (
    {"command": "say", "text": ...},
    {"command": "me", "text": ...},
    {"command": "broadcast", "chatroom_id": "tea", "message": ...},
    {"command": "secret", "chatter_name": "ann", "message": ...},
    {"command": "topic", "text": ...},
    {"command": "away", "message": ...},
    {"command": "rename", "new_name": ...},
    {"command": "start", "chatroom_id": ..., "chatroom_name": "tea"},
    {"command": "start", "chatroom_id": "x1", "chatroom_name": ...},
    {"command": "enter", "chatroom_id": ...},
    {"command": "key", "key": ...},
    {"command": "kick", "chatter_name": "victim", "reason": ...},
    {"command": "ban", "chatter_name": "victim", "minutes": 5, "reason": ...},
    {"command": "invite", "chatter_name": ...},
    {"command": "say", "text": "x", "tag": ...},
    {"command": "register", "username": ..., "password": WORD},
)

# The lines of an IRC client, with what a user may put into them.
LINES = (
    "PRIVMSG #tea :{}", "NOTICE #tea :{}", "PRIVMSG Ann :{}", "TOPIC #tea :{}", "AWAY :{}",
    "SETNAME :{}", "PART #tea :{}", "JOIN #tea", "PRIVMSG #tea :\x01ACTION {}\x01", "NICK :{}",
    "KICK #tea victim :{}", "JOIN :#{}", "INVITE :{} #tea", "MODE #tea +k :{}", "MODE #tea -k *",
    "@+draft/reply={};+typing={} TAGMSG #tea", "@label={} PING x", "PING :{}", "CAP REQ :{}",
    "NAMES :{}", "WHO :{}", "WHOIS :{}", "LIST :{}", "{}", "MONITOR + :{}", "MODE #tea +b :{}",
    "ISON :{}", "USERHOST :{}", "HELP :{}", "MARKREAD :{}", "CHATHISTORY LATEST :{}",
    "AUTHENTICATE :{}", "REDACT #tea :{}", "WHOWAS :{}", "BATCH +1 draft/multiline #tea",
    "@batch=1 PRIVMSG #tea :{}", "BATCH -1", "BATCH :{}", "ADMIN :{}", "QUIT :{}",
)  # fmt: skip


def filled(template, text):
    """Return the request with `text` in the field."""
    return json.dumps({key: text if value is ... else value for key, value in template.items()})


class HostileHarness:
    """A server with three IRC clients and two users of text in a room, and Eve, its owner."""

    def __init__(self):
        self.server = MemoryServer(
            irc=Irc(name="irc.test"), rooms_per_client=3, trace=True, clock_offset=1_795_186_276.0
        )
        self.eve = self.server.connect()
        self.eve.ask(f"`register Eve {WORD}")
        self.eve.ask("`enter tea")
        self.eve.ask("`format json")
        self.irc = [
            connect(self.server, "ann", ALL),
            connect(self.server, "bob"),
            connect(self.server, "cid", ("away-notify", "setname", "extended-join", "batch")),
        ]
        self.victim = connect(self.server, "victim", ALL)
        self.text = self.server.join("tea", "Zoe")
        self.lines = self.server.connect(end=b"\n")
        self.lines.ask("`enter tea Lf")
        self.program = self.server.join("tea", "Prog")
        self.program.ask("`format json")
        for observer in (*self.irc, self.victim):
            observer.send("JOIN #tea")
        self.read()

    def read(self):
        """Check what all have read, and return what the IRC clients have read."""
        found = []
        for observer in (*self.irc, self.victim):
            for line in observer.read():
                check_line(line)
                found.append(line)
        check("\n".join(self.text.read()))
        check("\n".join(self.lines.read()))
        for client in (self.program, self.eve):
            for frame in client.read():
                assert not unsafe_in(frame), frame
                json.loads(frame)
        return found


def check_line(line, speakers=()):
    """Check that a line is none that hostile text has made, and has nothing unsafe to print.

    `speakers` are those who may send the forged lines as lines of their own.
    """
    assert line.source is None or not line.source.startswith("evil"), line.format()
    is_own = line.hostmask.nickname in speakers
    assert is_own or line.command != "QUIT" or "forged" not in line.params, line.format()
    assert line.command != "001" or "forged" not in line.params, line.format()
    assert is_own or line.params != ["#tea", "forged"], line.format()
    allowed = {"\x01", "\t"} if line.command == "PRIVMSG" else {"\t"}
    if line.hostmask.nickname == "irc.test":  # answers to a client may repeat what it has sent
        return
    for text in (*line.params, *(line.tags or {}).values()):
        assert not {each for each in text or "" if ord(each) in UNPRINTABLE} - allowed, (
            line.format()
        )
    if line.command == "PRIVMSG" and "\x01" in line.params[1]:
        assert re.fullmatch("\x01ACTION [^\x01]*\x01", line.params[1]), line.format()


@pytest.mark.parametrize("nasty", IRC_NASTY)
def test_text_of_native_clients(nasty, capture_log):
    """In any field of any request it is safe for all IRC clients."""
    harness = HostileHarness()
    for template in FIELDS:
        for text in (IRC_NASTY[nasty], FORGED[0] + IRC_NASTY[nasty]):
            harness.eve.send(filled(template, text))
        harness.victim.send("JOIN #tea")
        found = harness.read()
        if template == FIELDS[0]:
            assert sum(line.command == "PRIVMSG" for line in found) >= len(harness.irc)
    late = connect(harness.server, "late", ALL)
    late.send("JOIN #tea"), late.send("LIST"), late.send("WHO *"), late.send("WHOIS Eve")
    for line in late.read():
        check_line(line)
    assert not [text for text in capture_log() if "Traceback" in text]


@pytest.mark.parametrize("nasty", IRC_NASTY)
def test_text_of_irc_clients(nasty, capture_log):
    """In any parameter of any command it is safe for the users of all protocols."""
    harness = HostileHarness()
    harness.eve.send('{"command":"op","chatter_name":"victim"}')
    evil = harness.victim.client
    for template in LINES:
        for text in (IRC_NASTY[nasty][:400], FORGED[0] + IRC_NASTY[nasty][:200]):
            if evil.closed:
                evil = harness.server.connect_irc()
                evil.send(
                    "NICK other", "CAP REQ :message-tags batch draft/multiline", "USER u 0 * r"
                )
                evil.send("CAP END", "JOIN #tea")
            typed = template.replace("{}", text).replace("\0", "").encode(errors="replace")
            evil.send_bytes(typed + b"\r\n")
        for observer in harness.irc:
            for line in observer.read():
                check_line(line, {"victim", "other"})
        check("\n".join(harness.text.read()))
        check("\n".join(harness.lines.read()))
        for frame in harness.program.read():
            assert not unsafe_in(frame), frame
    assert not [text for text in capture_log() if "Traceback" in text]


@pytest.mark.parametrize(
    "room_id", ["a;b", "a b", "a,b", ":a", "a:b", "#a", "&a", "a\\s", "=", "a/1", "😀"]
)
def test_ids_of_rooms(room_id):
    """A room is a channel that clients can name, or there is no such room."""
    server = MemoryServer(irc=Irc(name="irc.test"), rooms_per_client=3)
    program = server.connect()
    program.ask("`format json")
    program.ask(filled({"command": "enter", "chatroom_id": ..., "chatter_name": "Eve"}, room_id))
    ann = connect(server, "ann", ALL)
    ann.send("LIST")
    channels = [line.params[1] for line in ann.read() if line.command == "322"]
    exists = bool(len(server.service.world.rooms))
    assert channels == ([f"#{room_id}"] if exists else [])
    if not exists:
        return
    ann.send(f"JOIN #{room_id}")
    assert [line.params[0] for line in ann.read() if line.command == "JOIN"] == [f"#{room_id}"]
    program.send('{"command":"say","text":"hi"}')
    (line,) = ann.read()
    assert (line.params, line.tags["msgid"]) == ([f"#{room_id}", "hi"], f"{room_id}/1")


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "é"])
@pytest.mark.parametrize("character", ["😀", "é", "€", "x"])
def test_no_character_is_cut(before, character):
    """A long text arrives whole, whatever the bytes of its characters."""
    server = MemoryServer(irc=Irc(name="irc.test"))
    observers = [connect(server, "ann", ALL), connect(server, "bob")]
    for observer in observers:
        observer.send("JOIN #tea")
    eve = server.join("tea", "Eve")
    for observer in observers:
        observer.read()
    text = before + character * 500
    eve.send(text)
    for observer in observers:
        said = [line.params[1] for line in observer.read() if line.command == "PRIVMSG"]
        assert "".join(said) == text
        assert len(said) > 1


def test_the_longest_names():
    """A line has room for the longest names that there are, so that clients know who is meant."""
    ann, bob, room = (chr(code) * 32 for code in (0x20000, 0x20001, 0x20002))
    name = f"irc.{'t' * 54}.test"
    server = MemoryServer(irc=Irc(name=name), rooms_per_client=2)
    for account in (ann, bob):
        server.connect().ask(f"`register {account} {WORD}")
    first, second = (connect(server, each, account=(each, WORD)) for each in (ann, bob))
    observers = [
        connect(server, f"zoe{number}", capabilities)
        for number, capabilities in enumerate(((), ("userhost-in-names", "multi-prefix"), ALL))
    ]
    for observer in (first, second, *observers):
        observer.send(f"JOIN #{room}")
    for act, modes in (("+v", {"v"}), ("+o", {"o"}), ("-o", set())):
        first.ask(f"MODE #{room} {act} {bob}")
        for observer in observers:
            observer.read()
            (channel,) = observer.state.channels.values()
            assert channel.name == f"#{room}"
            known = {member.nickname: member.modes for member in channel.users.values()}
            assert known[bob] == modes
            assert known[ann] >= {"q"}
    second.ask(f"AWAY :{'x' * 200}")
    first.ask(f"KICK #{room} {bob} :{'x' * 200}")
    for observer in observers:
        observer.read()
        (channel,) = observer.state.channels.values()
        assert bob not in {member.nickname for member in channel.users.values()}
