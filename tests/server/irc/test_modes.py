"""MODE of channels and of users."""

import pytest

from chatd.server.irc.settings import MAX_BANS
from tests.server.irc.accounts import login
from tests.server.irc.reading import ALL, ask, commands, lines
from tests.server.irc.test_membership import Channel

NOT_OPERATOR = ("482", "bob", "#tea", "You're not channel operator")


@pytest.fixture
def tea(server):
    """Return a channel that the account owen owns, with the guests ann, an operator, and bob."""
    return Channel(server)


def modes(client):
    """Return the modes of the channel, as a client is told them."""
    (shown, created) = ask(client, "MODE #tea")
    assert created == ("329", shown[1], "#tea", "1795186276")
    assert shown[:3] == ("324", shown[1], "#tea")
    return shown[3:]


# -- what is shown


def test_the_modes_of_a_channel(tea):
    """Those that are on; the key for operators alone."""
    assert modes(tea.bob) == ("+nt",)
    tea.ann.send("MODE #tea +iskl sesame 50", "MODE #tea +m-t")
    tea.read()
    assert modes(tea.ann) == ("+iklmns", "sesame", "50")
    assert modes(tea.bob) == ("+iklmns", "*", "50")


def test_the_modes_of_channels_that_one_does_not_see(tea):
    """A listed channel shows its modes; of others nobody is told."""
    zoe = tea.server.irc("zoe")
    assert modes(zoe) == ("+nt",)
    tea.ann.send("MODE #tea +s")
    no_channel = [("403", "zoe", "#tea", "No such channel")]
    assert ask(zoe, "MODE #tea") == no_channel
    assert ask(zoe, "MODE #tea +m") == [("442", "zoe", "#tea", "You're not on that channel")]
    tea.ann.send("MODE #tea +i")
    assert ask(zoe, "MODE #tea +m") == no_channel
    assert ask(zoe, "MODE #nowhere")[0][:3] == ("403", "zoe", "#nowhere")


# -- settings


@pytest.mark.parametrize(
    ("change", "shown", "undo", "undone"),
    [
        ("+m", "+m", "-m", "-m"),
        ("m", "+m", "-m", "-m"),
        ("+i", "+i", "-i", "-i"),
        ("+s", "+s", "-s", "-s"),
        ("-t", "-t", "+t", "+t"),
        ("+k sesame", "+k *", "-k *", "-k *"),
        ("+l 5", "+l 5", "-l", "-l"),
        ("+si", "+is", "-i-s", "-is"),
    ],
)
def test_settings(tea, change, shown, undo, undone):
    """All members read each change once."""
    for typed, told in ((change, shown), (undo, undone)):
        tea.ann.send(f"MODE #tea {typed}")
        for client in (tea.owen, tea.ann, tea.bob):
            (line,) = lines(client)
            assert (line.source, line.command) == (tea.source("ann"), "MODE")
            assert line.params == ["#tea", *told.split()]


def test_what_is_so_already(tea):
    """Nobody is told of it, but one who may not change it."""
    tea.ann.send("MODE #tea +mk-t+l word 5")
    tea.read()
    for change in ("+m", "-t", "+k word", "+l 5", "-i", "-s", "+o ann", "-v bob"):
        assert ask(tea.ann, f"MODE #tea {change}") == []
        assert ask(tea.bob, f"MODE #tea {change}")[0][:3] == ("482", "bob", "#tea")


def test_several_changes(tea):
    """They are made in their order, those with a parameter up to four."""
    assert ask(tea.owen, "MODE #tea +mov-v+l bob bob ann 5") == [
        ("MODE", "#tea", "+m"),
        ("MODE", "#tea", "+o", "bob"),
        ("482", "owen", "#tea", "You may not do that to bob."),
        ("MODE", "#tea", "+l", "5"),
    ]
    tea.read()
    assert len(ask(tea.owen, "MODE #tea +bbbbb a b c d e")) == 4


def test_only_members_talk(tea):
    """The mode n is always on."""
    assert ask(tea.ann, "MODE #tea +n") == []
    (notice,) = ask(tea.ann, "MODE #tea -n")
    assert notice[:2] == ("NOTICE", "ann")
    assert modes(tea.ann) == ("+nt",)
    assert ask(tea.bob, "MODE #tea -n") == [NOT_OPERATOR]


@pytest.mark.parametrize("number", ["", "0", "-1", "abc", "٣", "1e3", "9" * 10])
def test_bad_limits(tea, number):
    """They are told, and change nothing."""
    (error,) = ask(tea.ann, f"MODE #tea +l :{number}")
    assert error[:-1] == ("696", "ann", "#tea", "l", number or "*")
    assert modes(tea.ann) == ("+nt",)
    assert ask(tea.ann, "MODE #tea +l")[0][:-1] == ("696", "ann", "#tea", "l", "*")


@pytest.mark.parametrize("key", ["", " ", "two words", "a,b", "x" * 33, "off", "-", "a\x02b"])
def test_bad_keys(tea, key):
    """They are told, without the key, and change nothing."""
    (error,) = ask(tea.ann, f"MODE #tea +k :{key}")
    assert error[:-1] == ("696", "ann", "#tea", "k", "*")
    assert modes(tea.ann) == ("+nt",)


def test_an_unknown_mode(tea):
    """It is told once, and the others are changed."""
    tea.bob.read()
    (error, change) = ask(tea.ann, "MODE #tea +xyzm")
    assert error[:3] == ("472", "ann", "x")
    assert change == ("MODE", "#tea", "+m")


def test_each_error_is_told_once(tea):
    """However many changes of a line are refused for the same reason."""
    assert ask(tea.bob, "MODE #tea +imst-l+k word") == [NOT_OPERATOR]
    assert ask(tea.bob, "MODE #tea +vvv bob ann bob") == [NOT_OPERATOR]
    assert ask(tea.bob, "MODE #tea +ov zoe zoe") == [("401", "bob", "zoe", "No such nick")]


# -- roles


def test_roles(tea):
    """Owners make operators, operators voices; all members read it once."""
    assert ask(tea.owen, "MODE #tea +o bob") == [("MODE", "#tea", "+o", "bob")]
    assert commands(tea.bob) == [("MODE", "#tea", "+o", "bob")]
    assert ask(tea.owen, "MODE #tea -o+v bob BOB") == [
        ("MODE", "#tea", "-o", "bob"),
        ("MODE", "#tea", "+v", "bob"),
    ]
    tea.read()
    assert ask(tea.ann, "MODE #tea -v bob", "MODE #tea -v bob") == [("MODE", "#tea", "-v", "bob")]
    assert ask(tea.ann, "MODE #tea +o bob")[0][:3] == ("482", "ann", "#tea")
    assert ask(tea.ann, "MODE #tea +v")[0][:-1] == ("696", "ann", "#tea", "v", "*")


def test_the_role_of_one_who_is_not_there(tea):
    """Nobody reads of it until the user joins."""
    login(tea.server, "cleo").lose()
    tea.read()
    tea.server.console("op cleo tea")
    assert commands(tea.ann) == []
    cleo = login(tea.server, "cleo", is_new=False)
    assert ask(cleo, "JOIN #tea")[1][-1] == "~owen @ann bob @cleo"
    assert commands(tea.ann) == [("JOIN", "#tea"), ("MODE", "#tea", "+o", "cleo")]


def test_the_own_role(tea):
    """Operators and voices give up their own, and get none by themselves."""
    assert ask(tea.ann, "MODE #tea -o ann") == [("MODE", "#tea", "-o", "ann")]
    assert ask(tea.ann, "MODE #tea +v ann")[0][:3] == ("482", "ann", "#tea")
    tea.owen.send("MODE #tea +v ann")
    tea.read()
    assert ask(tea.ann, "MODE #tea -v ann") == [("MODE", "#tea", "-v", "ann")]


def test_the_owner(tea):
    """Nobody becomes one."""
    for client, nick in ((tea.owen, "owen"), (tea.bob, "bob")):
        (error,) = ask(client, "MODE #tea +q bob")
        assert error == ("482", nick, "#tea", "The owner does not change")


def test_who_is_not_there(tea):
    """One who is not in the channel, or nobody: that is told before any right."""
    tea.server.irc("zoe")
    for client, nick in ((tea.owen, "owen"), (tea.bob, "bob")):
        assert ask(client, "MODE #tea +o zoe")[0][:-1] == ("441", nick, "zoe", "#tea")
        assert ask(client, "MODE #tea +o nobody")[0][:-1] == ("401", nick, "nobody")


# -- bans


def test_bans(tea):
    """A guest by the name, an account as such; who is there is removed."""
    login(tea.server, "cleo")
    assert ask(tea.ann, "MODE #tea +b bob!*@*", "MODE #tea +bb zoe $a:Cleo") == [
        ("MODE", "#tea", "+b", "bob!*@*"),
        ("KICK", "#tea", "bob", "ann"),
        ("MODE", "#tea", "+b", "zoe!*@*"),
        ("MODE", "#tea", "+b", "$a:cleo"),
    ]
    assert commands(tea.bob) == [("KICK", "#tea", "bob", "ann")]
    assert ask(tea.bob, "JOIN #tea")[0][:3] == ("474", "bob", "#tea")
    zoe = tea.server.irc("ZOE")
    assert ask(zoe, "JOIN #tea")[0][:3] == ("474", "ZOE", "#tea")
    for query in ("+b", "b", "-b"):
        assert ask(tea.ann, f"MODE #tea {query}") == [
            *(
                ("367", "ann", "#tea", mask, "ann", "1795186276")
                for mask in ("bob!*@*", "zoe!*@*", "$a:cleo")
            ),
            ("368", "ann", "#tea", "End of channel ban list"),
        ]
    assert ask(tea.ann, "MODE #tea -bb ZOE!*@* $a:cleo") == [
        ("MODE", "#tea", "-b", "ZOE!*@*"),
        ("MODE", "#tea", "-b", "$a:cleo"),
    ]
    assert ask(zoe, "JOIN #tea")[0] == ("JOIN", "#tea")


def test_bans_that_are_refused(tea):
    """Masks of hosts, names that nobody can have, accounts that do not exist."""
    for mask in ("*!*@host", "b*", "*", "bob!*@host", "1234"):
        (error,) = ask(tea.ann, f"MODE #tea +b {mask}")
        assert error == (
            *("696", "ann", "#tea", "b", mask),
            "Only nick!*@* and $a:account can be banned",
        )
    assert ask(tea.ann, "MODE #tea +b $a:bob")[0][:-1] == ("401", "ann", "bob")
    assert ask(tea.ann, "MODE #tea -b zoe")[0][:-1] == ("FAIL", "MODE", "NOT_BANNED")
    assert ask(tea.ann, "MODE #tea +b owen")[0][:3] == ("482", "ann", "#tea")
    assert ask(tea.bob, "MODE #tea +b") == [NOT_OPERATOR]
    assert ask(tea.bob, "MODE #tea +b zoe") == [NOT_OPERATOR]


def test_as_many_bans_as_clients_are_told(tea):
    """A further one is refused, until one is taken back; one that is there may be set again."""
    for number in range(MAX_BANS - 1):
        tea.ann.send(f"MODE #tea +b guest{number}!*@*")
    tea.server.console("mute bob tea")
    tea.read()
    assert ask(tea.ann, "MODE #tea +b zoe") == [("MODE", "#tea", "+b", "zoe!*@*")]
    full = [("478", "ann", "#tea", "The list of the channel is full")]
    assert ask(tea.ann, "MODE #tea +bb amy cleo") == full
    assert ask(tea.ann, "MODE #tea +b ZOE") == [("MODE", "#tea", "+b", "ZOE!*@*")]
    assert len(ask(tea.ann, "MODE #tea b")) == MAX_BANS + 1
    assert ask(tea.ann, "MODE #tea -b+b zoe amy")[1] == ("MODE", "#tea", "+b", "amy!*@*")
    tea.read()
    assert ask(tea.bob, "MODE #tea +b amy") == [NOT_OPERATOR]


def test_a_mute_is_no_ban(tea):
    """The list of bans does not have it."""
    tea.server.console("mute bob tea")
    tea.read()
    assert ask(tea.ann, "MODE #tea b") == [("368", "ann", "#tea", "End of channel ban list")]


# -- administrators


def test_administrators(tea):
    """They act in rooms in which they are no members, and the audit has it."""
    amy = login(tea.server, "amy")
    tea.server.console("admin amy on")
    for change in ("+m", "+l 5", "-l", "+k word", "+v bob", "-v bob", "+b zoe", "-b zoe"):
        assert ask(amy, f"MODE #tea {change}") == []
    assert len(commands(tea.bob)) == 8
    acts = [line.partition(" UTC ")[2] for line in tea.server.console("audit")]
    assert len([act for act in acts if act.startswith("amy ")]) == 8
    assert not any("word" in act for act in acts)


# -- users


def test_the_modes_of_a_user(tea):
    """A program says that it is one; that it is no news of its real name."""
    bob, ann = tea.bob, tea.server.irc("Cleo", *ALL)
    ann.send("JOIN #tea")
    ann.read(), bob.read()
    assert ask(bob, "MODE bob") == [("221", "bob", "+")]
    assert ask(bob, "MODE BOB +B", "MODE bob") == [("MODE", "bob", "+B"), ("221", "bob", "+B")]
    bob.send("PRIVMSG #tea :beep")
    (line,) = lines(ann)
    assert (line.command, line.tags["bot"]) == ("PRIVMSG", "")
    assert ask(bob, "MODE bob +B", "MODE bob +i", "MODE bob -i") == []
    assert ask(bob, "MODE bob -B+xy") == [
        ("MODE", "bob", "-B"),
        ("501", "bob", "Unknown MODE flag"),
    ]


def test_the_modes_of_others(tea):
    """They are nobody's business."""
    words = "Cannot change mode for other users"
    assert ask(tea.bob, "MODE ann", "MODE ann +B") == [("502", "bob", words)] * 2
    assert ask(tea.bob, "MODE nobody") == [("401", "bob", "nobody", "No such nick")]
    assert ask(tea.bob, "MODE")[0][:3] == ("461", "bob", "MODE")
