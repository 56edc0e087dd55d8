"""The lines that a client reads of a room that its user joins."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.accounts import login
from tests.server.irc.reading import ask, commands, lines

MANY = 500
END = ("366", "bob", "#tea", "End of /NAMES list")


def names(client, *sent):
    """Return the symbol of the channel, and the names, that a client is told."""
    found = [line for line in ask(client, *sent) if line[0] == "353"]
    return {line[2] for line in found}, [word for line in found for word in line[-1].split(" ")]


@pytest.mark.parametrize("capabilities", [[], ["multi-prefix", "userhost-in-names"]])
def test_the_names_of_many(capabilities):
    """All of them, on lines that are short enough, with the longest names that there are."""
    server = MemoryServer(irc=Irc(name=f"irc.{'x' * 50}.test"))
    room = "t" * 32
    expected = []
    for number in range(MANY):
        name = f"ю{number:03}{'ж' * (number % 29)}"
        expected.append(name)
        server.join(room, name)
    bob = server.irc("б" * 32, *capabilities)
    bob.send(f"JOIN #{room}")
    data = bob.read_bytes()
    assert all(len(line) <= 510 for line in data.split(b"\r\n"))
    found = [line.rpartition(" :")[2] for line in data.decode().split("\r\n") if " 353 " in line]
    words = [word.partition("!")[0].lstrip("@") for line in found for word in line.split(" ")]
    assert words == [*expected, "б" * 32]


def test_prefixes(server):
    """An owner has both prefixes for clients that read several."""
    owen, ann = login(server, "owen"), server.irc("ann")
    owen.send("JOIN #tea")
    ann.send("JOIN #tea")
    for nick, mode in (("Vic", "v"), ("Opal", "o")):
        server.irc(nick).send("JOIN #tea")
        owen.send(f"MODE #tea +{mode} {nick}")
    bob, cleo = server.irc("bob"), server.irc("cleo", "multi-prefix")
    plain = ["~owen", "ann", "+Vic", "@Opal", "bob"]
    assert names(bob, "JOIN #tea") == ({"="}, plain)
    assert names(cleo, "JOIN #tea")[1] == ["~@owen", *plain[1:], "cleo"]


def test_hosts_of_members(server):
    """Clients that asked for them read the whole sources."""
    server.irc("ann").send("JOIN #tea")
    bob = server.irc("bob", "userhost-in-names")
    sources = [server.service.world.find_user(name).origins[0].source for name in ("ann", "bob")]
    assert names(bob, "JOIN #tea") == ({"="}, [f"@{sources[0]}", sources[1]])


def test_an_unlisted_room(server):
    """It has the symbol of a secret channel."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea", "MODE #tea +s")
    assert names(bob, "JOIN #tea") == ({"@"}, ["@ann", "bob"])


def test_the_topic(server):
    """It is told with its author and time; a room without one has no such line."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea", "TOPIC #tea :Tea time")
    assert ask(bob, "JOIN #tea") == [
        ("JOIN", "#tea"),
        ("332", "bob", "#tea", "Tea time"),
        ("333", "bob", "#tea", "ann", "1795186276"),
        ("353", "bob", "=", "#tea", "@ann bob"),
        END,
    ]


def test_without_names(server):
    """Clients that ask for the names themselves are not told them."""
    bob = server.irc("bob", "no-implicit-names")
    assert ask(bob, "JOIN #tea") == [("JOIN", "#tea")]
    assert ask(bob, "NAMES #tea")[-1] == END


def test_a_further_session(server):
    """It reads what the session reads that joins; others read one JOIN."""
    ann = server.irc("ann")
    ann.send("JOIN #tea")
    first, second = login(server, "owen"), login(server, "owen", "server-time", is_new=False)
    ann.read()
    first.send("JOIN #tea")
    joined, shown, end = lines(second)
    assert (joined.command, joined.params) == ("JOIN", ["#tea"])
    assert (shown.command, shown.params[-1], end.command) == ("353", "@ann owen", "366")
    assert commands(ann) == [("JOIN", "#tea")]
    first.read()
    second.send("PART #tea :bye")
    assert commands(first) == commands(ann) == [("PART", "#tea", "bye")]
