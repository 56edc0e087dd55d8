"""MONITOR."""

import pytest

from chatd.server.irc.settings import MAX_MONITORED
from tests.server.irc.costs import limited_server, query_cost
from tests.server.irc.reading import ask, commands


@pytest.fixture
def ann(server):
    """Return ann."""
    return server.irc("ann")


def test_add(server, ann):
    """A client reads at once who is here, with their spelling, and who is not, with its own."""
    server.irc("bob")
    assert ask(ann, "MONITOR + BOB,zoe") == [
        ("730", "ann", "bob!~bob@chatd/guest"),
        ("731", "ann", "zoe"),
    ]


def test_come_and_go(server, ann):
    """A client reads of a name that is taken and given up, in whatever spelling."""
    ann.send("MONITOR + bob,zoe")
    ann.read()
    bob = server.irc("Bob")
    assert commands(ann) == [("730", "ann", "Bob!~Bob@chatd/guest")]
    bob.send("NICK BOB")
    assert commands(ann) == []
    bob.send("NICK zoe")
    assert commands(ann) == [("731", "ann", "BOB"), ("730", "ann", "zoe!~Bob@chatd/guest")]
    bob.send("QUIT")
    assert commands(ann) == [("731", "ann", "zoe")]
    nc = server.join("tea", "zoe")
    assert commands(ann) == [("730", "ann", "zoe!~u@chatd/guest")]
    nc.lose()
    assert commands(ann) == [("731", "ann", "zoe")]


def test_remove_and_clear(server, ann):
    """There is no answer, and nothing more is told."""
    ann.send("MONITOR + bob,zoe,amy")
    ann.read()
    assert ask(ann, "MONITOR - BOB,nobody") == []
    assert ask(ann, "MONITOR L") == [
        ("732", "ann", "zoe,amy"),
        ("733", "ann", "End of MONITOR list"),
    ]
    server.irc("bob")
    assert ask(ann, "MONITOR C") == []
    server.irc("zoe")
    assert ask(ann, "MONITOR l") == [("733", "ann", "End of MONITOR list")]


def test_status(server, ann):
    """All names are told, as at the beginning."""
    server.irc("bob")
    ann.send("MONITOR + bob,zoe")
    ann.read()
    assert ask(ann, "MONITOR S") == [
        ("730", "ann", "bob!~bob@chatd/guest"),
        ("731", "ann", "zoe"),
    ]


def test_the_limit(ann):
    """The names that do not fit are told; one that is watched may be added again."""
    for start in range(0, MAX_MONITORED, 50):
        ann.send(f"MONITOR + {','.join(f'u{start + each}' for each in range(50))}")
    ann.read()
    full = ("734", "ann", "100", "bob,zoe", "Monitor list is full")
    assert ask(ann, "MONITOR + U7,bob,zoe") == [("731", "ann", "U7"), full]
    ann.send("MONITOR - u7")
    assert ask(ann, "MONITOR + bob") == [("731", "ann", "bob")]


def test_long_lists(ann):
    """They come in several lines, none of which is too long."""
    names = [f"{'n' * 25}{number}" for number in range(90)]
    for start in range(0, 90, 15):
        ann.send(f"MONITOR + {','.join(names[start : start + 15])}")
    ann.read()
    for command, numeric in (("L", " 732 "), ("S", " 731 ")):
        ann.send(f"MONITOR {command}")
        found = [line for line in ann.read() if numeric in line]
        assert max(map(len, found)) <= 510
        assert ",".join(line.split(" ")[3] for line in found) == ",".join(names)


def test_what_is_no_name(server, ann):
    """A mask matches nobody; without a name there is an error, and other words do nothing."""
    assert ask(ann, "MONITOR + *!user@host,,b*") == [("731", "ann", "*!user@host,b*")]
    server.irc("bob")
    assert commands(ann) == []
    for line in ("MONITOR +", "MONITOR + ,", "MONITOR -", "MONITOR"):
        assert ask(ann, line) == [("461", "ann", "MONITOR", "Not enough parameters")]
    assert ask(ann, "MONITOR x bob") == []


def test_a_session_that_ends_watches_nothing(server, ann):
    """Nothing is left of it."""
    ann.send("MONITOR + bob")
    ann.send("QUIT")
    monitor = server.service.irc_factory.settings.monitor
    assert (monitor._names, monitor._sessions) == ({}, {})


def test_the_cost_of_many_names():
    """Ten of them count as much as a query more."""
    server = limited_server()
    ann = server.irc("ann")
    names = ",".join(f"u{number}" for number in range(35))
    assert query_cost(server, ann, f"MONITOR + {names}") == 4
    assert query_cost(server, ann, f"MONITOR - {names}") == 4
    assert query_cost(server, ann, "MONITOR + bob") == 1
