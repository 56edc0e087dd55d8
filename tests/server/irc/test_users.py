"""AWAY, SETNAME, ISON and USERHOST."""

import pytest

from chatd.core.errors import ChatError, ErrorCode
from tests.core.calls import run
from tests.server.irc.reading import ALL, ask, commands, lines

WORD = "staple-battery"
AWAY = ("306", "ann", "You have been marked as being away")
BACK = ("305", "ann", "You are no longer marked as being away")


def test_away(server):
    """A user is away with a message, and back with none or an empty one."""
    ann = server.irc("ann")
    user = server.service.chat.find_user("ann")
    for line, answer, text in (
        ("AWAY :out for lunch", AWAY, "out for lunch"),
        ("AWAY lunch", AWAY, "lunch"),
        ("AWAY", BACK, None),
        ("AWAY :", BACK, None),
        ("AWAY :  ", BACK, None),
        ("AWAY :\x02\x0304", BACK, None),
        ("AWAY *", AWAY, "*"),
    ):
        assert ask(ann, line) == [answer]
        assert (None if user.away is None else user.away.text) == text


def test_the_message_is_one_short_line(server):
    """It has no formatting, nothing that ends a line, and at most AWAYLEN bytes."""
    ann = server.irc("ann")
    user = server.service.chat.find_user("ann")
    ann.send("AWAY :\x02out\u2028\x1b[1m for  \x0304,01lunch")
    assert user.away.text == "out [1m for lunch"
    ann.send(f"AWAY :{'é' * 150}")
    assert user.away.text == "é" * 100


def test_away_notify(server):
    """Members are told if their clients ask for it; the user who joins is not told."""
    ann, bob, zoe = server.irc("ann"), server.irc("bob", "away-notify"), server.irc("zoe")
    for client in (ann, bob, zoe):
        client.send("JOIN #tea")
    bob.read(), zoe.read()
    ann.send("AWAY :lunch", "AWAY")
    assert commands(bob) == [("AWAY", "lunch"), ("AWAY",)]
    assert commands(zoe) == []
    ann.send("PART #tea", "AWAY :tea")
    bob.read(), ann.read()
    ann.send("JOIN #tea")
    assert commands(bob) == [("JOIN", "#tea"), ("AWAY", "tea")]
    assert "AWAY" not in {command for command, *_ in commands(ann)}


@pytest.mark.parametrize("name", ["a!b", "a*b", "a?b", "a,b", "a@b", "a.b", "~ann", "&ann", "#ann"])
def test_no_account_has_a_name_that_is_no_nick(server, name):
    """Neither those that users register nor those of the administrator do."""
    native = server.connect()
    native.ask(f"`register {name} {WORD}")
    server.irc("ann").send(f"REGISTER {name} * {WORD}")
    with pytest.raises(ChatError) as refused:
        run(server.service.accounts.create(name, WORD, 0.0))
    assert refused.value.code is ErrorCode.BAD_NAME
    assert server.console("accounts") == ["Administrator: No account exists!"]


# -- before the welcome


def start(server, *capabilities):
    """Return a client that has negotiated capabilities and has read the answers."""
    client = server.connect_irc()
    client.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}", "NICK ann", "USER a 0 * :A")
    client.read()
    return client


def test_pre_away(server):
    """A client may be away before the welcome; the last message counts."""
    ann = start(server, "draft/pre-away")
    assert ask(ann, "AWAY :lunch", "AWAY :tea") == [AWAY, AWAY]
    ann.send("CAP END")
    assert commands(ann)[-1][0] == "422"
    assert server.service.chat.find_user("ann").away.text == "tea"


def test_pre_away_and_back(server):
    """It may be back before the welcome as well."""
    ann = start(server, "draft/pre-away")
    assert ask(ann, "AWAY :lunch", "AWAY") == [AWAY, BACK]
    ann.send("CAP END")
    assert server.service.chat.find_user("ann").away is None


def test_without_pre_away(server):
    """A client that has not negotiated it has to register first."""
    ann = start(server, "batch")
    assert ask(ann, "AWAY :lunch") == [("451", "ann", "AWAY", "You have not registered")]
    ann.send("CAP END")
    assert server.service.chat.find_user("ann").away is None


# -- SETNAME


def test_setname(server):
    """The real name is another one for all, and those who want to be are told."""
    ann, bob, zoe = server.irc("ann", *ALL), server.irc("bob", "setname"), server.irc("zoe")
    for client in (ann, bob, zoe):
        client.send("JOIN #tea")
    ann.read(), bob.read(), zoe.read()
    ann.send("SETNAME :Ann\x02 of  chatd")
    (told,) = lines(ann)
    assert (told.source, told.command, told.params) == (
        *("ann!~ann@chatd/guest", "SETNAME", ["Ann of chatd"]),
    )
    assert "time" in told.tags
    assert commands(bob) == [("SETNAME", "Ann of chatd")]
    assert commands(zoe) == []
    assert ask(zoe, "WHOIS ann")[0][-1] == "Ann of chatd"
    assert ask(zoe, "SETNAME :Zoe Z.") == []
    assert commands(bob) == [("SETNAME", "Zoe Z.")]


@pytest.mark.parametrize("about", ["", "  ", "\x02\x1f"])
def test_a_real_name_that_is_blank(server, about):
    """There is a standard reply, and the name stays."""
    ann = server.irc("ann")
    failed = ("FAIL", "SETNAME", "INVALID_REALNAME", "The real name is not valid.")
    assert ask(ann, f"SETNAME :{about}") == [failed]
    assert ask(ann, "WHOIS ann")[0][-1] == "ann of chatd"


# -- ISON, USERHOST


def test_ison(server):
    """The users who are here, with their spelling, each once."""
    ann = server.irc("ann")
    server.join("tea", "Zoe")
    assert ask(ann, "ISON zoe nobody :ann ZOE") == [("303", "ann", "Zoe ann")]
    assert ask(ann, "ISON nobody") == [("303", "ann", "")]
    assert ask(ann, "ISON") == [("461", "ann", "ISON", "Not enough parameters")]


def test_userhost(server):
    """Up to five users, with + for those who are here; never an address."""
    ann = server.irc("ann", host="203.0.113.9")
    zoe = server.connect()
    zoe.ask(f"`register Zoe {WORD}")
    zoe.ask("`away lunch")
    assert ask(ann, "USERHOST zoe nobody ann") == [
        ("302", "ann", "Zoe=-~u@chatd/account/Zoe ann=+~ann@chatd/guest")
    ]
    server.console("admin Zoe on")
    assert ask(ann, "USERHOST a b c d Zoe ann") == [
        ("302", "ann", "Zoe*=-~u@chatd/account/Zoe"),
    ]
    assert ask(ann, "USERHOST nobody") == [("302", "ann", "")]


@pytest.mark.parametrize("command", ["ISON", "USERHOST"])
def test_long_answers(server, command):
    """They have one line, in which no name is cut."""
    names = [f"{'Ж' * 28}{letter}" for letter in "абвгд"]
    clients = [server.irc(name) for name in names]
    clients[0].send(f"{command} {' '.join(names)}")
    (line,) = clients[0].read()
    assert len(line.encode()) <= 510
    shown = [word.partition("=")[0] for word in line.partition(" :")[2].split()]
    assert shown == names[: len(shown)]
    assert shown
