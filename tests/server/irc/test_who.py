"""WHO and WHOX."""

import pytest

from chatd.config import Irc
from chatd.core.rooms import User
from chatd.testing import MemoryServer
from tests.server.irc.costs import limited_server, query_cost
from tests.server.irc.reading import ask, lines

WORD = "staple-battery"


def who(client, asked):
    """Return the channel, the name and the flags of each line of a WHO, without its end."""
    *found, end = ask(client, f"WHO {asked}")
    assert end == ("315", end[1], asked.split()[0], "End of /WHO list")
    assert all(line[0] == "352" for line in found)
    return [(line[2], line[6], line[7]) for line in found]


def whox(client, asked):
    """Return the fields of each line of a WHOX."""
    *found, end = ask(client, f"WHO {asked}")
    assert end[0] == "315"
    assert all(line[0] == "354" for line in found)
    return [line[2:] for line in found]


def account(server, name):
    """Return a client that is logged in to a new account, by way of nc."""
    client = server.connect()
    client.ask(f"`register {name} {WORD}")
    return client


@pytest.fixture
def tea(server):
    """Return ann, who has started the channel #tea, and bob, who is in it."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read(), bob.read()
    return ann, bob


def test_a_whole_line(tea):
    """It has the channel, the user's name, no address, the server, the nick, and the real name."""
    ann, bob = tea
    line, end = lines_of(bob, "WHO #TEA")[::2]
    assert line.source == "irc.test"
    assert line.params == [
        *("bob", "#tea", "~ann", "chatd/guest", "irc.test", "ann", "H@", "0 ann of chatd"),
    ]
    assert end.params == ["bob", "#TEA", "End of /WHO list"]
    assert ask(ann, "WHO ann")[0][2] == "*"


def lines_of(client, line):
    """Send a line; return the lines that come back."""
    client.send(line)
    return lines(client)


def test_flags(server, tea):
    """They tell which users are away or administrators, and the roles in a channel if asked."""
    ann, bob = tea
    ann.send("AWAY :lunch")
    zoe = account(server, "Zoe")
    server.console("admin Zoe on")
    zoe.ask("`join tea")
    ann.read(), bob.read()
    assert who(bob, "#tea")[::2] == [("#tea", "ann", "G@"), ("#tea", "Zoe", "H*")]
    assert who(bob, "*")[1:] == [("*", "ann", "G"), ("*", "Zoe", "H*")]
    assert who(bob, "#tea o") == [("#tea", "Zoe", "H*")]
    assert who(bob, "ann o") == []


def test_bots(server):
    """A bot has a B."""
    ann = server.irc("ann")
    user = server.service.chat.find_user("ann")
    user.profile = user.profile._replace(is_bot=True)
    assert who(ann, "ann") == [("*", "ann", "HB")]


@pytest.mark.parametrize(
    ("capabilities", "flags"), [((), "H~"), (("multi-prefix",), "H~@")], ids=["one", "all"]
)
def test_the_prefix_of_an_owner(server, capabilities, flags):
    """With multi-prefix a client reads all that a role gives."""
    zoe = account(server, "Zoe")
    zoe.ask("`enter tea")
    ann = server.irc("ann", *capabilities)
    assert who(ann, "#tea") == [("#tea", "Zoe", flags)]


def test_names_and_masks(server, tea):
    """A name finds anybody; a mask finds only those who share a channel with the client."""
    _, bob = tea
    server.irc("Anton")
    assert who(bob, "ANTON") == [("*", "Anton", "H")]
    assert who(bob, "аnn") == [("*", "ann", "H")]  # the first letter is Cyrillic
    for mask in ("a*", "A?n", "ann!*", "*!~ann@*", "*nn*"):
        assert who(bob, mask) == [("*", "ann", "H")]
    assert who(bob, "*") == who(bob, "0") == [("*", "bob", "H"), ("*", "ann", "H")]
    assert ask(bob, "WHO")[-1] == ("315", "bob", "*", "End of /WHO list")
    assert who(bob, "nobody") == who(bob, "#nowhere") == who(bob, "x*") == []


def test_a_channel_that_is_not_in_the_list(server):
    """Only those who are in it, or have a role there, see its members."""
    server.join("tea", "Zoe").ask("`unlisted on")
    ann = server.irc("ann")
    assert who(ann, "#tea") == []
    assert ask(ann, "NAMES #tea") == [("366", "ann", "#tea", "End of /NAMES list")]
    ann.send("JOIN #tea")
    ann.read()
    assert who(ann, "#tea") == [("#tea", "Zoe", "H@"), ("#tea", "ann", "H")]


def test_the_fields_of_whox(server, tea):
    """They come in the same order in every answer, whatever the order of the request."""
    _, bob = tea
    server.turn(7)
    expected = (
        *("123", "*", "~ann", "255.255.255.255", "chatd/guest", "irc.test", "ann", "H", "0", "7"),
        *("0", "n/a", "ann of chatd"),
    )
    for fields in ("tcuihsnfdlaor", "roaldfnshiuct"):
        assert whox(bob, f"ann %{fields},123") == [expected]
    assert whox(bob, "#tea %cnf") == [("#tea", "ann", "H@"), ("#tea", "bob", "H")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("%tn", ("0", "ann")),
        ("%tn,7", ("7", "ann")),
        ("%tn,1234", ("0", "ann")),
        ("%tn,x", ("0", "ann")),
        ("%nz", ("ann",)),
        ("%nna", ("ann", "0")),
    ],
)
def test_the_number_of_whox(tea, options, expected):
    """An answer repeats a number of up to three digits, and 0 in place of anything else."""
    assert whox(tea[1], f"ann {options}") == [expected]


def test_whox_without_fields(tea):
    """A request without a field that exists has the answer of WHO."""
    assert who(tea[1], "ann %") == who(tea[1], "ann %z") == [("*", "ann", "H")]


def test_the_account(server):
    """WHOX has the name of the account, WHO a host that is made of it."""
    account(server, "Zoe")
    ann = server.irc("ann")
    assert whox(ann, "Zoe %nah") == [("chatd/account/Zoe", "Zoe", "Zoe")]


def test_nobody_reads_an_address():
    """Neither that of an IRC client nor that of a user of nc is in any answer."""
    server = MemoryServer(irc=Irc(name="irc.test"))
    ann = server.irc("ann", host="203.0.113.9")
    ann.send("JOIN #tea")
    server.join("tea", "Zoe", host="203.0.113.7")
    bob = server.irc("bob", host="203.0.113.5")
    bob.send("JOIN #tea")
    bob.read()
    bob.send("WHO #tea", "WHO #tea %tcuihsnfdlaor,1", "WHO ann", "WHOIS ann", "USERHOST ann Zoe")
    assert "203.0.113" not in "\n".join(bob.read())


def test_the_cost():
    """A WHO costs by the users who are looked at, a hundred a query, whomever a mask matches."""
    server = limited_server()
    ann = server.irc("ann")
    ann.send("JOIN #tea"), ann.read()
    members = server.service.chat.room("tea").members
    (member,) = members.values()
    for number in range(499):
        user = User(None)
        user.name = f"{'Ж' * 25}{number}"
        members[user] = member
    assert query_cost(server, ann, "WHO #tea") == 6
    found = ann.read()
    assert len(found) == 501
    assert max(len(line.encode()) for line in found) <= 510
    for asked in ("#tea o", "*", "x*"):
        assert query_cost(server, ann, f"WHO {asked}") == 6
    assert query_cost(server, ann, "WHO ann") == 1
