"""TOPIC, NAMES and LIST."""

import pytest

from chatd.core.rooms import User
from tests.server.irc.costs import limited_server, query_cost
from tests.server.irc.reading import ask, commands, lines

END = ("323", "ann", "End of /LIST")


@pytest.fixture
def tea(server):
    """Return ann, who has started the channel #tea, and bob, who is in it."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    return ann, bob


# -- TOPIC


def test_topic(tea):
    """All members read a new topic; it is shown with who set it when."""
    ann, bob = tea
    assert ask(bob, "TOPIC #TEA") == [("331", "bob", "#tea", "No topic is set")]
    ann.send("TOPIC #tea :green \x02tea")
    for client in (ann, bob):
        (changed,) = lines(client)
        assert changed.source == "ann!~ann@chatd/guest"
        assert (changed.command, changed.params) == ("TOPIC", ["#tea", "green tea"])
    assert ask(bob, "TOPIC #tea") == [
        ("332", "bob", "#tea", "green tea"),
        ("333", "bob", "#tea", "ann", "1795186276"),
    ]
    ann.send("TOPIC #tea :")
    assert commands(bob) == [("TOPIC", "#tea", "")]
    assert ask(bob, "TOPIC #tea")[0][0] == "331"


def test_a_long_topic(tea):
    """It is one line of TOPICLEN bytes at most."""
    ann, bob = tea
    ann.send(f"TOPIC #tea :{'é' * 200}")
    assert commands(bob) == [("TOPIC", "#tea", "é" * 195)]
    ann.send("TOPIC #tea :a\u2028b\tc")
    assert commands(bob) == [("TOPIC", "#tea", "a b c")]


def test_errors_of_topic(server, tea):
    """Operators set the topic, and members read it."""
    _, bob = tea
    zoe = server.irc("zoe")
    assert ask(zoe, "TOPIC #tea")[0][:3] == ("442", "zoe", "#tea")
    assert ask(zoe, "TOPIC #nowhere :x") == [("403", "zoe", "#nowhere", "No such channel")]
    assert ask(bob, "TOPIC #tea :x")[0][:3] == ("482", "bob", "#tea")
    assert ask(zoe, "TOPIC") == [("461", "zoe", "TOPIC", "Not enough parameters")]


# -- NAMES


def test_names(server, tea):
    """The members of each channel once, and one end with what was asked."""
    ann, _ = tea
    ann.send("JOIN #food"), ann.read()
    zoe = server.irc("zoe")
    assert ask(zoe, "NAMES #food,#TEA,#nowhere,#tea") == [
        ("353", "zoe", "=", "#food", "@ann"),
        ("353", "zoe", "=", "#tea", "@ann bob"),
        ("366", "zoe", "#food,#TEA,#nowhere,#tea", "End of /NAMES list"),
    ]
    for asked in ("#nowhere", "ann", "", "*"):
        shown = asked or "*"
        assert ask(zoe, f"NAMES {asked}") == [("366", "zoe", shown, "End of /NAMES list")]


def fill(server, room, number):
    """Let a room with one member have a number of members."""
    members = server.service.chat.room(room).members
    (member,) = members.values()
    members.update({User(None): member for _ in range(number - 1)})


def test_the_cost_of_names():
    """Those of 1000 members count as three queries, whether they are in one room or in two."""
    server = limited_server()
    ann = server.irc("ann")
    ann.send("JOIN #tea,#a,#b"), ann.read()
    fill(server, "tea", 1000), fill(server, "a", 501), fill(server, "b", 499)
    assert query_cost(server, ann, "NAMES #tea") == 3
    assert query_cost(server, ann, "NAMES #a,#b") == 3
    assert query_cost(server, ann, "NAMES #b") == 1


# -- LIST


@pytest.fixture
def ann(server):
    """Return ann, who is in none of the channels #tea, #teapot, #food (2 users) and #Élan."""
    server.join("tea", "Zoe").ask("`topic green tea")
    server.join("teapot", "Amy")
    server.join("food", "Bob")
    server.join("food", "Cat")
    server.join("Élan", "Dan")
    return server.irc("ann")


def test_list(ann):
    """It has the number of users, and the topic; the name if there is none."""
    assert ask(ann, "LIST") == [
        ("321", "ann", "Channel", "Users  Name"),
        ("322", "ann", "#tea", "1", "green tea"),
        ("322", "ann", "#teapot", "1", "teapot"),
        ("322", "ann", "#food", "2", "food"),
        ("322", "ann", "#Élan", "1", "Élan"),
        END,
    ]


@pytest.mark.parametrize(
    ("conditions", "channels"),
    [
        (">0", ["#tea", "#teapot", "#food", "#Élan"]),
        (">1", ["#food"]),
        ("<2", ["#tea", "#teapot", "#Élan"]),
        (">1,<2", []),
        ("<1", []),
        (">0,>1", ["#food"]),
        ("#TEA", ["#tea"]),
        ("#tea,#food,#nowhere", ["#tea", "#food"]),
        ("#élan", ["#Élan"]),
        ("#nowhere", []),
        ("tea", []),
        ("*e?", ["#tea"]),
        ("#t*", ["#tea", "#teapot"]),
        ("#t*,>1", []),
        ("#t*,#food", ["#tea", "#teapot", "#food"]),
        ("!#t*", ["#food", "#Élan"]),
        ("#*o*,!*pot", ["#food"]),
        (">x", []),
        (",", ["#tea", "#teapot", "#food", "#Élan"]),
    ],
)
def test_conditions(ann, conditions, channels):
    """All numbers are conditions, and one of the names or masks."""
    _, *found, end = ask(ann, f"LIST {conditions}")
    assert [line[2] for line in found] == channels
    assert end == END


def test_many_conditions(ann):
    """Those beyond a number are left out, masks beyond a smaller one."""
    channels = ",".join(f"#x{number}" for number in range(19))
    assert len(ask(ann, f"LIST {channels},#tea")) == 3
    assert len(ask(ann, f"LIST {channels},#x,#tea")) == 2
    for mask in ("x*", "!x*"):
        assert len(ask(ann, f"LIST x*,{mask},{mask},#tea?ot")) == 3
        assert len(ask(ann, f"LIST x*,{mask},{mask},{mask},#tea?ot")) == 2


def test_a_long_list():
    """It is sent as a whole; it costs by its lines, and by the rooms that masks are tried on."""
    server = limited_server()
    ann = server.irc("ann")
    for number in range(300):
        server.console(f"start room{number} {'Ж' * 60}")
    assert query_cost(server, ann, "LIST") == 4
    found = ann.read()
    assert len(found) == 302
    assert max(len(line.encode()) for line in found) <= 510
    for asked, expected in (("#room7", 1), ("x*", 4), ("x*,y*,!z*", 10), ("x*" * 9, 4)):
        assert query_cost(server, ann, f"LIST {asked}") == expected


def test_channels_that_are_not_in_the_list(server):
    """Those who are in them see them; the symbol of NAMES tells that others do not."""
    ann, zoe = server.irc("ann"), server.join("tea", "Zoe")
    zoe.ask("`unlisted on")
    assert ask(ann, "LIST", "LIST #tea")[1::2] == [END, END]
    ann.send("JOIN #tea"), ann.read()
    assert ask(ann, "NAMES #tea")[0] == ("353", "ann", "@", "#tea", "@Zoe ann")
    assert ask(ann, "LIST *")[1:] == [("322", "ann", "#tea", "2", "tea"), END]
