"""Those who watch a user read what members of the same rooms read (IRCv3 extended-monitor)."""

import pytest

from tests.server.irc.accounts import login
from tests.server.irc.reading import ask, commands, lines

WORD = "staple-battery"
EXTENDED = ("extended-monitor", "away-notify", "setname", "account-notify")


@pytest.fixture
def watch(server):
    """Return a function that makes a client which watches bob, with some capabilities."""

    def watch(*capabilities):
        ann = server.irc("ann", *capabilities)
        ann.send("MONITOR + bob")
        ann.read()
        return ann

    return watch


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("AWAY :lunch", ("AWAY", "lunch")),
        ("SETNAME :Bob B.", ("SETNAME", "Bob B.")),
    ],
)
def test_changes(server, watch, line, expected):
    """They are told once, whatever the capabilities of the user, and whether a room is shared."""
    ann, bob = watch(*EXTENDED), server.irc("bob")
    ann.read()
    bob.send(line)
    (told,) = lines(ann)
    assert (told.command, *told.params) == expected
    assert told.source == "bob!~bob@chatd/guest"
    ann.send("JOIN #tea"), bob.send("JOIN #tea")
    ann.read()
    bob.send(line.replace(":", ":more "))
    assert len(commands(ann)) == 1


@pytest.mark.parametrize("missing", EXTENDED[:3])
def test_capabilities(server, watch, missing):
    """A client without one of the two that are needed is not told."""
    ann, bob = watch(*(each for each in EXTENDED if each != missing)), server.irc("bob")
    ann.read()
    bob.send("AWAY :lunch", "SETNAME :Bob B.")
    expected = {"AWAY", "SETNAME"} - {
        "extended-monitor": {"AWAY", "SETNAME"},
        "away-notify": {"AWAY"},
        "setname": {"SETNAME"},
    }[missing]
    assert {command for command, *_ in commands(ann)} == expected


def test_nobody_watches_oneself(server):
    """A client has its own answers."""
    ann = server.irc("ann", *EXTENDED)
    ann.send("MONITOR + ann")
    ann.read()
    assert ask(ann, "AWAY :lunch")[0][0] == "306"
    assert commands(ann) == []


# -- the other clients of the user


@pytest.mark.parametrize("rooms", ["", "#tea,#food"])
@pytest.mark.parametrize(
    ("line", "capability", "with_it", "without"),
    [
        ("MODE zoe +B", "away-notify", [("MODE", "zoe", "+B")], [("MODE", "zoe", "+B")]),
        ("SETNAME :Zoe Z.", "setname", [("SETNAME", "Zoe Z.")], []),
        (
            *("AWAY :lunch", "away-notify", [("AWAY", "lunch")]),
            [("306", "zoe", "You have been marked as being away")],
        ),
    ],
)
def test_other_clients_of_the_user(server, rooms, line, capability, with_it, without):
    """They are told once, in rooms or not, in the form that they have negotiated."""
    zoe = login(server, "zoe")
    one, two = login(server, "zoe", capability, is_new=False), login(server, "zoe", is_new=False)
    if rooms:
        zoe.send(f"JOIN {rooms}")
    for client in (zoe, one, two):
        client.read()
    zoe.send(line)
    assert commands(one) == with_it
    assert commands(two) == without
    assert len(commands(zoe)) == ("SETNAME" not in line)
    zoe.send(line)
    assert commands(one) + commands(two) == []


def test_what_a_native_session_changes(server):
    """IRC clients of the user are told that as well, and those of others are not."""
    zoe, bob = login(server, "zoe", "batch"), server.irc("bob")
    native = server.connect()
    native.ask(f"`login zoe {WORD}")
    assert zoe.read() == []
    assert native.ask("`away lunch") == ["Server: You are away."]
    native.ask("`away")
    assert [numeric for numeric, *_ in commands(zoe)] == ["306", "305"]
    assert bob.read() == []


def test_a_client_that_is_not_a_bot_any_more(server):
    """Each client of the user is told."""
    one, two = login(server, "zoe"), login(server, "zoe", is_new=False)
    assert ask(one, "MODE zoe +B", "MODE zoe -B") == [("MODE", "zoe", "+B"), ("MODE", "zoe", "-B")]
    assert [(line.source, *line.params) for line in lines(two)] == [
        ("zoe!~zoe@chatd/account/zoe", "zoe", sign) for sign in ("+B", "-B")
    ]


# -- names


@pytest.mark.parametrize("is_extended", [True, False])
def test_a_guest_who_logs_in(server, watch, is_extended):
    """The account is told, and that the name of the guest is free."""
    server.connect().send(f"`register Zoe {WORD}", "`exit")
    ann = watch(*EXTENDED if is_extended else ("account-notify",))
    bob = server.connect()
    bob.ask("`rename bob")
    ann.read()
    bob.ask(f"`login Zoe {WORD}")
    found = lines(ann)
    if is_extended:
        assert (found[0].source, found[0].params) == ("bob!~u@chatd/guest", ["Zoe"])
        assert found.pop(0).command == "ACCOUNT"
    (offline,) = found
    assert (offline.command, offline.params) == ("731", ["ann", "bob"])


def test_the_most_users(server):
    """All users count, though no IRC client was here, and not those whose name is held."""
    clients = [server.join("tea", name) for name in ("Zoe", "Amy", "Bob")]
    for client in clients[:2]:
        client.ask("`exit")
    clients[2].lose()
    ann = server.irc("ann")
    assert ask(ann, "LUSERS")[-1][2:4] == ("1", "3")
