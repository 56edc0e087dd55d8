"""The session of an IRC client: its lines, its own words from elsewhere, its end, the trace."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.reading import ALL, ask, commands, lines

PASSWORD = "sesame42"


def logged_in(server, *capabilities):
    """Return an IRC client of the account `ann`, which is registered if need be."""
    client = server.connect_irc()
    if "ann" not in " ".join(server.console("`accounts")):
        client = server.irc("ann")
        client.send(f"REGISTER * * {PASSWORD}")
        client.read()
        client.lose()
        client = server.connect_irc()
    client.send(f"CAP REQ :{' '.join(capabilities)}", f"PASS :ann:{PASSWORD}")
    client.send("NICK ann", "USER ann 0 * :Ann", "CAP END")
    client.read()
    return client


# -- lines


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_both_ends_of_lines(server, end):
    """A line ends in CRLF or in LF, wherever the reads cut it."""
    client = server.connect_irc()
    for byte in b"NICK ann" + end + b"USER ann 0 * :Ann" + end:
        client.send_bytes(bytes([byte]))
    assert commands(client)[0][:2] == ("001", "ann")
    client.send_bytes(end + b"   " + end + b"PING x" + end)
    assert commands(client) == [("PONG", "irc.test", "x")]


def test_a_nul_ends_the_connection(server):
    """The lines behind it are not carried out."""
    client = server.irc("ann")
    client.send_bytes(b"PING a\0b\r\nPING c\r\n")
    assert commands(client) == [("ERROR", "Closing link: (A line contains NUL.)")]
    assert client.closed


@pytest.mark.parametrize(
    "sent",
    [
        b"PRIVMSG ann :" + b"a" * 498,
        b"@a=" + b"b" * 4093 + b" PING x",
        b"@a=" + b"b" * 4092 + b" " + b"x" * 511,
        b"PING " + b"x" * 20_000,
    ],
)
def test_lines_that_are_too_long(server, sent):
    """Each gets 417 and is not carried out; the next one is."""
    client = server.irc("ann", "message-tags", "labeled-response")
    client.send_bytes(b"@label=1 PING x\r\n" + sent + b"\r\nPING y\r\n")
    _, too_long, pong = lines(client)
    assert (too_long.command, too_long.params[0]) == ("417", "ann")
    assert "label" not in (too_long.tags or {})
    assert pong.params == ["irc.test", "y"]


def test_the_longest_line(server):
    """510 bytes and an end are a line, with 4096 bytes of tags before it."""
    client = server.irc("ann")
    text = "x" * 100
    tags = b"@a=" + b"b" * 4092 + b" "
    assert len(tags) == 4096
    client.send_bytes(tags + f"PING {text}".encode() + b" " * (510 - 105) + b"\r\n")
    assert commands(client) == [("PONG", "irc.test", text)]


@pytest.mark.parametrize(
    ("sent", "command"), [(b"PRIVMSG #tea :\xff", "PRIVMSG"), (b"\xff\xfe", "*"), (b"X \xff", "*")]
)
def test_lines_that_are_no_utf8(server, sent, command):
    """The line is not carried out, and the client is told so."""
    client = server.irc("ann")
    client.send_bytes(sent + b"\r\n")
    ((*start, _),) = commands(client)
    assert start == ["FAIL", command, "INVALID_UTF8"]


def test_unknown_and_incomplete_commands(server):
    """They have numerics; commands are understood in any case."""
    client = server.irc("ann")
    assert ask(client, "FOO bar")[0][:3] == ("421", "ann", "FOO")
    assert ask(client, "join")[0][:3] == ("461", "ann", "JOIN")
    assert ask(client, "ping x") == [("PONG", "irc.test", "x")]


def test_commands_come_one_after_another(server):
    """A line waits for the answer to the one before it, and so does the end of the input."""
    client = server.irc("ann")
    client.send("JOIN #tea", "PING x", "PART #tea", "PING y")
    client.half_close()
    shown = [each[0] for each in commands(client) if each[0] != "MODE"]
    assert shown == ["JOIN", "353", "366", "PONG", "PART", "PONG"]
    server.turn()
    assert client.closed


# -- several sessions


def test_an_account_with_two_gateways(server):
    """Each session reads everything once, and its own words from the other one as theirs."""
    irc = logged_in(server, *ALL)
    native = server.connect()
    native.send(f"`login ann {PASSWORD}")
    native.read()
    bob = server.irc("bob")
    irc.send("JOIN #tea"), bob.send("JOIN #tea")
    irc.read(), bob.read()
    joined = native.read()
    assert any("tea" in each for each in joined)
    bob.send("PRIVMSG #tea :hi")
    assert commands(irc) == [("PRIVMSG", "#tea", "hi")]
    assert native.read() == ["bob: hi"]
    native.send("from nc")
    (own,) = lines(irc)
    assert own.source.partition("!")[0] == "ann"
    assert (own.command, own.params) == ("PRIVMSG", ["#tea", "from nc"])
    assert commands(bob) == [("PRIVMSG", "#tea", "from nc")]
    irc.send("PRIVMSG #tea :from irc")
    assert commands(irc) == [("PRIVMSG", "#tea", "from irc")]
    assert native.read() == ["ann: from irc"]
    assert commands(bob) == [("PRIVMSG", "#tea", "from irc")]


def test_rooms_that_another_session_joins_and_leaves(server):
    """A client finds itself in the rooms that another session joins, and out of those it leaves."""
    irc = logged_in(server)
    native = server.connect()
    native.send(f"`login ann {PASSWORD}", "`enter tea")
    shown = [each[:2] for each in commands(irc) if each[0] in {"JOIN", "353", "366"}]
    assert shown == [("JOIN", "#tea"), ("353", "ann"), ("366", "ann")]
    native.send("`leave")
    assert commands(irc)[0][:2] == ("PART", "#tea")


def test_private_messages_of_an_account(server):
    """Both sessions read what is sent to the user, and what the other session has sent."""
    one, two = logged_in(server, "echo-message"), logged_in(server)
    bob = server.irc("bob")
    bob.send("PRIVMSG ann :psst")
    assert commands(one) == commands(two) == [("PRIVMSG", "ann", "psst")]
    one.send("PRIVMSG bob :yes")
    assert commands(one) == commands(bob) == [("PRIVMSG", "bob", "yes")]
    (own,) = lines(two)
    assert own.source.partition("!")[0] == "ann"
    assert own.params == ["bob", "yes"]


# -- the end


def test_the_end_of_the_server_is_no_error(server):
    """The client reads a NOTICE: after an ERROR some never come back."""
    client = server.irc("ann")
    server.service.stopService()
    assert [each[:2] for each in commands(client)] == [("NOTICE", "ann")]
    assert client.closed


def test_a_ban_is_told_as_such(server):
    """465, by which the client knows not to come back, and then ERROR."""
    client = server.irc("ann", host="203.0.113.9")
    server.console("`ban 203.0.113.9 60 spam")
    assert [each[0] for each in commands(client)] == ["465", "ERROR"]
    assert client.closed


def test_quit_tells_the_rooms(server):
    """The others read the last words once, without formatting; the client reads ERROR."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea,#den"), bob.send("JOIN #tea,#den")
    ann.read(), bob.read()
    assert ask(ann, "QUIT :so\x02 long") == [("ERROR", "Closing link: (so long)")]
    assert commands(bob) == [("QUIT", "Quit: so long")]
    bob.lose()
    assert server.irc("ann").read() == []


# -- the trace

SECRETS = [
    "PASS ann:hush",
    "AUTHENTICATE PLAIN",
    "REGISTER * * hush",
    "REGISTER * hush",
    "OPER ann hush",
    "JOIN #tea hush",
    "MODE #tea +k hush",
    "MODE #tea +l 5 +k hush",
    "MODE #tea +lk 5 hush",
    "PRIVMSG bob :hush",
    "PRIVMSG #nowhere,bob :hush",
    "NOTICE bob hush",
    "@+draft/react=hush TAGMSG bob",
    "@+draft/react=hush PRIVMSG bob :hush",
    "NICKSERV IDENTIFY hush",
    "PRIVMSG NickServ :IDENTIFY hush",
    "ADMIN ban hush",
    "PASS\tann:hush",
]


def test_the_trace_has_no_secrets():
    """Neither what a client sends, nor what it and others are sent, shows them."""
    server = MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0)
    shown = []
    server.service.event_log.sent = lambda _, frame: shown.append(frame)
    server.service.event_log.received = lambda _, frame: shown.append(frame)
    server.service.set_trace(True)
    ann = server.irc("ann", *ALL)
    bob = server.irc("bob", *ALL)
    ann.send(*SECRETS)
    everything = "\n".join(ann.read() + bob.read())
    assert "hush" in everything
    assert "hush" not in "\n".join(shown)
    assert any("PRIVMSG bob :" in frame for frame in shown)
    ann.send("JOIN #tea", "PRIVMSG #tea :aloud")
    ann.read()
    assert "aloud" in "\n".join(shown)


# -- ends for good


def test_an_end_for_good_is_told_by_a_notice(server):
    """People read a NOTICE, and clients an ERROR."""
    client = logged_in(server)
    server.console("`unregister ann")
    words = "Your account was removed by the Administrator."
    assert [(each[0], each[2:]) for each in commands(client)] == [
        ("NOTICE", (words,)),
        ("ERROR", ()),
    ]
