"""WHOIS and WHOWAS."""

import pytest

from tests.server.irc.reading import ask, commands

WORD = "staple-battery"


def whois(client, asked):
    """Return the parameters behind the nick, by the numerics, of a WHOIS of one user."""
    *found, end = ask(client, f"WHOIS {asked}")
    assert end == ("318", found[0][1], found[0][2], "End of /WHOIS list")
    assert found[0][0] == "311"
    assert len({line[0] for line in found}) == len(found)
    return {line[0]: line[3:] for line in found}


@pytest.fixture
def zoe(server):
    """Return Zoe, who is logged in to an account by way of nc, 40 s before the test begins."""
    client = server.connect("203.0.113.7")
    client.ask(f"`register Zoe {WORD}")
    server.turn(40)
    return client


def test_a_guest(server):
    """There are no numerics but those that say something."""
    ann, bob = server.irc("ann"), server.irc("bob")
    server.turn(5)
    expected = {
        "311": ("~ann", "chatd/guest", "*", "ann of chatd"),
        "312": ("irc.test", "chatd IRC"),
        "317": ("5", "1795186276", "seconds idle, signon time"),
    }
    assert whois(bob, "ann") == expected
    assert whois(bob, "ANN") == whois(bob, "irc.test ann") == whois(bob, "ann ann") == expected
    assert whois(bob, "ann,bob") == expected
    assert ask(ann, "WHOIS") == [("431", "ann", "No nickname given")]


def test_an_account(server, zoe):
    """The account, the message of a user who is away, and the role of an administrator."""
    bob = server.irc("bob")
    assert whois(bob, "Zoe")["330"] == ("Zoe", "is logged in as")
    assert whois(bob, "Zoe")["311"] == ("~u", "chatd/account/Zoe", "*", "Zoe")
    zoe.ask("`away lunch")
    server.console("admin Zoe on")
    found = whois(bob, "Zoe")
    assert (found["301"], found["313"]) == (("lunch",), ("is an administrator",))
    assert "338" not in found


def test_a_bot(server):
    """A bot says so."""
    ann = server.irc("ann")
    user = server.service.chat.find_user("ann")
    user.profile = user.profile._replace(is_bot=True)
    assert whois(ann, "ann")["335"] == ("is a bot",)


@pytest.mark.parametrize(
    ("host", "shown"), [("203.0.113.9", "203.0.113.9"), ("::1", "0::1")], ids=["v4", "v6"]
)
def test_the_address_is_for_administrators(server, host, shown):
    """Nobody else reads it."""
    server.irc("ann", host=host)
    zoe = server.irc("Zoe")
    assert "338" not in whois(zoe, "ann")
    server.service.world.accounts.is_admin = lambda account: account is None
    assert whois(zoe, "ann")["338"] == (shown, "is actually using host")


def test_channels(server, zoe):
    """Those that are in the list for the asker, with the role of the user there."""
    zoe.ask("`enter tea")
    bob = server.irc("bob")
    assert whois(bob, "Zoe")["319"] == ("~#tea",)
    zoe.ask("`unlisted on")
    assert "319" not in whois(bob, "Zoe")
    bob.send("JOIN #tea")
    bob.read()
    assert whois(bob, "Zoe")["319"] == ("~#tea",)
    assert whois(server.irc("amy"), "bob").keys() == {"311", "312", "317"}


def test_many_channels(server):
    """They come in several lines, none of which is too long."""
    ann = server.irc("ann")
    channels = [f"#room-{number}-{'x' * 20}" for number in range(40)]
    for channel in channels:
        ann.send(f"JOIN {channel}")
    ann.read()
    ann.send("WHOIS ann")
    found = [line for line in ann.read() if " 319 " in line]
    assert max(map(len, found)) <= 510
    shown = " ".join(line.partition(" :")[2] for line in found).split()
    assert shown == [f"@{channel}" for channel in channels]


@pytest.mark.usefixtures("zoe")
def test_a_secure_connection(server):
    """It is told if all sessions of the user on this server have TLS; those of nc have none."""
    ann = server.irc("ann")
    assert "671" not in whois(ann, "ann")
    assert "671" not in whois(ann, "Zoe")
    ann.protocol._session.is_tls = True
    assert whois(ann, "ann")["671"] == ("is using a secure connection",)


def test_the_session_that_was_active_last(server, zoe):
    """The idle time and the time of the signon are its."""
    second = server.connect()
    second.ask(f"`login Zoe {WORD}")
    server.turn(10)
    ann = server.irc("ann")
    assert whois(ann, "Zoe")["317"][:2] == ("10", str(1_795_186_276 + 40))
    zoe.ask("`list")
    server.turn(3)
    assert whois(ann, "Zoe")["317"][:2] == ("3", str(1_795_186_276))


def test_a_user_who_is_not_here(server):
    """An error with the name as it was typed, and the end."""
    ann = server.irc("ann")
    assert ask(ann, "WHOIS Nobody") == [
        ("401", "ann", "Nobody", "No such nick"),
        ("318", "ann", "Nobody", "End of /WHOIS list"),
    ]


# -- WHOWAS


def test_whowas(server):
    """The users who had a name come from the last one on, with what they were then."""
    ann = server.irc("ann")
    for name in ("first", "second"):
        client = server.connect_irc()
        client.send("NICK bob", f"USER {name} 0 * :{name} name")
        client.send("QUIT :bye")
        server.turn(30)
    lines = [
        ("314", "ann", "bob", "~second", "chatd/guest", "*", "second name"),
        ("312", "ann", "bob", "irc.test", "Friday 20 November 2026, 14:51:46 UTC"),
        ("314", "ann", "bob", "~first", "chatd/guest", "*", "first name"),
        ("312", "ann", "bob", "irc.test", "Friday 20 November 2026, 14:51:16 UTC"),
        ("369", "ann", "BOB", "End of WHOWAS"),
    ]
    for count in ("", " 2", " 0", " -1", " 9", " x", " 99999999999999999999"):
        assert ask(ann, f"WHOWAS BOB{count}") == lines
    assert ask(ann, "WHOWAS BOB 1") == [*lines[:2], lines[-1]]


def test_whowas_of_an_account(server, zoe):
    """Its user had the host of an account, also after the end of the last session."""
    ann = server.irc("ann")
    zoe.ask("`exit")
    assert ask(ann, "WHOWAS Zoe")[0] == ("314", "ann", "Zoe", "~u", "chatd/account/Zoe", "*", "Zoe")


def test_whowas_of_another_name(server):
    """A user who has another name now was somebody; one who is here was not."""
    ann = server.irc("ann")
    assert ask(ann, "NICK amy")[0] == ("NICK", "amy")
    assert ask(ann, "WHOWAS ann")[0][:3] == ("314", "amy", "ann")
    assert ask(ann, "WHOWAS amy") == [
        ("406", "amy", "amy", "There was no such nickname"),
        ("369", "amy", "amy", "End of WHOWAS"),
    ]
    assert ask(ann, "WHOWAS") == [("431", "amy", "No nickname given")]
    assert commands(ann) == []
