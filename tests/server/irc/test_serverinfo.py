"""The commands by which a client asks about the server."""

import pytest

from chatd import __version__
from chatd.config import Irc
from chatd.server.irc.helptext import HELP
from chatd.testing import MemoryServer
from tests.server.irc.reading import ask, commands, lines

WORD = "staple-battery"


@pytest.fixture
def ann(server):
    """Return ann."""
    return server.irc("ann")


def test_ping(ann):
    """The answer has the word of the request, and there is an error without one."""
    assert ask(ann, "PING abc", "PING :a b", "PING :") == [
        ("PONG", "irc.test", "abc"),
        ("PONG", "irc.test", "a b"),
        ("PONG", "irc.test", ""),
    ]
    assert ask(ann, "PING") == [("409", "ann", "No origin specified")]
    assert ask(ann, "PONG irc.test", "PONG") == []


def test_the_message_of_the_day(server, ann):
    """Its lines, or that there is none."""
    assert ask(ann, "MOTD") == [("422", "ann", "There is no message of the day")]
    server.service.motd = "Welcome.\nBe kind."
    assert ask(ann, "MOTD") == [
        ("375", "ann", "- irc.test Message of the day -"),
        ("372", "ann", "- Welcome."),
        ("372", "ann", "- Be kind."),
        ("376", "ann", "End of /MOTD command"),
    ]


def lusers(client):
    """Return the parameters behind the nick, by the numerics, of LUSERS."""
    found = ask(client, "LUSERS")
    assert len({line[0] for line in found}) == len(found) == 6
    return {line[0]: line[2:] for line in found}


def test_numbers(server, ann):
    """They are those of the users who have a name, and of the channels that are listed."""
    assert lusers(ann) == {
        "251": ("There are 1 users and 0 invisible on 1 servers",),
        "252": ("0", "operators online"),
        "254": ("0", "channels formed"),
        "255": ("I have 1 clients and 0 servers",),
        "265": ("1", "1", "Current local users 1, max 1"),
        "266": ("1", "1", "Current global users 1, max 1"),
    }
    server.connect_irc().send("NICK bob")
    server.connect()
    assert lusers(ann)["265"][:2] == ("1", "1")
    zoe, amy = server.join("tea", "Zoe"), server.join("tea", "amy")
    assert (lusers(ann)["265"][:2], lusers(ann)["254"][0]) == (("3", "3"), "1")
    zoe.ask("`private on")
    amy.ask("`exit")
    assert (lusers(ann)["265"][:2], lusers(ann)["254"][0]) == (("2", "3"), "0")


def test_a_name_that_is_held_is_no_user(server, ann):
    """A guest whose connection was lost is not counted, though nobody else gets the name."""
    zoe = server.connect("203.0.113.7")
    zoe.send("`format json", '{"command":"enter","chatroom_id":"tea","chatter_name":"Zoe"}')
    zoe.read()
    assert lusers(ann)["265"][:2] == ("2", "2")
    zoe.lose()
    assert lusers(ann)["265"][:2] == ("1", "2")


def test_administrators(server, ann):
    """Those who are here are counted as operators."""
    zoe = server.connect()
    zoe.ask(f"`register Zoe {WORD}")
    server.console("admin Zoe on")
    assert lusers(ann)["252"][0] == "1"
    zoe.ask("`exit")
    assert lusers(ann)["252"][0] == "0"


def test_version(server):
    """The version, and the rules of the server as in the welcome."""
    client = server.connect_irc()
    client.send("NICK ann", "USER ann 0 * :Ann")
    welcome = commands(client)
    first, *rules = ask(client, "VERSION")
    assert first[:4] == ("351", "ann", f"chatd-{__version__}", "irc.test")
    assert rules == [line for line in welcome if line[0] == "005"]
    assert max(map(len, rules)) <= 1 + 15


def test_time(ann):
    """The time of the server, as people read it."""
    expected = ("391", "ann", "irc.test", "Friday 20 November 2026, 14:51:16 UTC")
    assert ask(ann, "TIME") == [expected]


def test_info(ann):
    """Some lines and the end."""
    *found, end = ask(ann, "INFO")
    assert {line[0] for line in found} == {"371"}
    assert end == ("374", "ann", "End of /INFO list")


@pytest.mark.parametrize("command", ["HELP", "HELPOP"])
def test_help(ann, command):
    """A command is explained, in whatever case; without one all are listed."""
    assert ask(ann, f"{command} nick") == [
        ("704", "ann", "nick", "NICK NAME"),
        ("705", "ann", "nick", HELP["NICK"][1]),
        ("706", "ann", "nick", "End of /HELP"),
    ]
    first, *found, end = ask(ann, command)
    assert (first[:3], end[:3]) == (("704", "ann", "*"), ("706", "ann", "*"))
    listed = " ".join(line[3] for line in found)
    assert all(f" {name} " in f" {listed} " for name in HELP)
    assert ask(ann, f"{command} xyz") == [
        ("524", "ann", "xyz", "No help available on this topic"),
    ]


def test_links(ann):
    """There is no other server."""
    assert ask(ann, "LINKS") == [("365", "ann", "*", "End of /LINKS list")]


def test_all_answers_come_from_the_server():
    """Their source is its name, and their first parameter the nick of the client."""
    ann = MemoryServer(irc=Irc(name="irc.test")).irc("ann")
    for command in ("MOTD", "LUSERS", "VERSION", "TIME", "INFO", "HELP", "LINKS"):
        ann.send(command)
        found = lines(ann)
        assert {(line.source, line.params[0]) for line in found} == {("irc.test", "ann")}
