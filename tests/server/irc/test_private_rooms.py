"""A private room leaks nothing on IRC: a stranger reads as if it did not exist."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.reading import ALL

WORD = "staple-battery"
CHANNELS = ("#tea", "#TEA", "#tee", "#t\u0435a")
"""The channel that the private room is, one that is near, and one that looks the same."""

COMMANDS = (
    *("LIST", "LIST {0}", "LIST >0", "LIST *", "NAMES", "NAMES {0}", "NAMES #team,{0}"),
    *("WHO {0}", "WHO {0} %cnf", "WHO *", "WHO alice", "WHO a*", "WHO {0}*", "WHO"),
    *("WHOIS alice", "WHOIS bob", "WHOIS {0}", "WHOWAS alice", "LUSERS", "VERSION"),
    *("TOPIC {0}", "TOPIC {0} :x", "PART {0}", "PART {0} :bye", "KICK {0} alice"),
    *("KICK {0} alice :out", "KICK {0} nobody", "INVITE bob {0}", "INVITE mallory {0}"),
    *("INVITE carl {0}", "INVITE nobody {0}", "INVITE", "PRIVMSG {0} :hi", "NOTICE {0} :hi"),
    *("PRIVMSG {0} :\x01ACTION waves\x01", "PRIVMSG #team,{0} :hi", "PRIVMSG @{0} :hi"),
    *("MODE {0}", "MODE {0} b", "MODE {0} +b", "MODE {0} +b mallory!*@*", "MODE {0} -s"),
    *("MODE {0} +o mallory", "MODE {0} +o alice", "MODE {0} +k x", "MODE {0} +l 5"),
    *("MODE {0} -i", "MODE {0} +m", "MODE {0} +z"),
    *("CHATHISTORY LATEST {0} * 10", "CHATHISTORY BEFORE {0} msgid=tea/9 10"),
    *("CHATHISTORY AFTER {0} msgid=tea/0 10", "CHATHISTORY AROUND {0} msgid=tea/1 10"),
    "CHATHISTORY BETWEEN {0} msgid=tea/0 msgid=tea/9 10",
    "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 9",
    *("MARKREAD {0}", "MARKREAD {0} timestamp=2026-11-20T14:51:16.042Z"),
    *("REDACT {0} tea/1", "REDACT {0} tea/1 :x", "REDACT #team tea/1"),
    *("TAGMSG {0}", "@+typing=active TAGMSG {0}", "@+draft/react=x;+draft/reply=tea/1 TAGMSG {0}"),
    *("@label=7 PRIVMSG {0} :hi", "@label=7 WHO {0}", "@label=7 NAMES {0}"),
    *("MONITOR + alice,bob", "ISON alice bob", "USERHOST alice bob", "JOIN 0", "SAJOIN bob {0}"),
    *("ADMIN end {0}", "ADMIN who", "WALLOPS :{0}", "HELP {0}", "AWAY :{0}", "SETNAME :{0}"),
)
"""Lines that a stranger may send; a batch is in a test of its own."""


class House:
    """A server with the channel #team, and, if it `has_private`, a private one of alice and bob.

    Mallory, a guest or an account, is in #team with Carl.
    """

    def __init__(self, *, has_private, as_account=False):
        self.server = MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0)
        self.alice, self.bob = self._account("alice"), self._account("bob")
        self.carl = self.server.irc("Carl", *ALL)
        self.carl.send("JOIN #team")
        self.mallory = (self._account if as_account else self.server.irc)("mallory", *ALL)
        self.mallory.send("JOIN #team")
        if has_private:
            nc = self.server.connect()
            nc.ask(f"`login alice {WORD}")
            for line in ("enter tea", "topic about secret things", "private on", "invite bob"):
                nc.ask(f"`{line}")
            self.bob.send("JOIN #tea")
            nc.ask("the secret is out")
            nc.ask("`exit")
            self.bob.read()
        self.server.turn(1)
        self.mallory.read(), self.carl.read()

    def _account(self, name, *capabilities):
        nc = self.server.connect()
        nc.ask(f"`register {name} {WORD}")
        nc.ask("`exit")
        client = self.server.connect_irc()
        client.send("CAP LS 302", f"CAP REQ :{' '.join(capabilities)}", f"PASS {name}:{WORD}")
        client.send(f"NICK {name}", f"USER {name} 0 * :{name}", "CAP END")
        client.read()
        return client

    def ask(self, *lines):
        """Return all that mallory reads after some lines."""
        self.mallory.send(*lines)
        self.server.turn(0.1)
        assert not self.mallory.closed
        return self.mallory.read()


@pytest.mark.parametrize("as_account", [False, True], ids=["guest", "account"])
def test_a_stranger_reads_the_same(as_account):
    """No command tells whether a private room exists, and nobody else is told of it."""
    with_room = House(has_private=True, as_account=as_account)
    without = House(has_private=False, as_account=as_account)
    for command in COMMANDS:
        for channel in CHANNELS:
            line = command.format(channel)
            assert (line, with_room.ask(line)) == (line, without.ask(line))
            assert with_room.carl.read() == without.carl.read()
            assert with_room.bob.read() == without.bob.read()
            if "{0}" not in command:
                break


def test_it_is_there():
    """Those commands tell its members of it, so that they would tell a stranger."""
    house = House(has_private=True)
    for line in ("LIST", "NAMES #tea", "WHO #tea", "WHOIS alice", "TOPIC #tea"):
        house.bob.send(line)
        assert "#tea" in "".join(house.bob.read())


@pytest.mark.parametrize("channel", CHANNELS[:3])
def test_a_batch(channel):
    """A message of several lines is refused as well."""
    lines = (f"BATCH +1 draft/multiline {channel}", f"@batch=1 PRIVMSG {channel} :a", "BATCH -1")
    with_room, without = House(has_private=True), House(has_private=False)
    assert with_room.ask(*lines) == without.ask(*lines)


@pytest.mark.parametrize("line", ["JOIN {0}", "JOIN {0} sesame", "@label=7 JOIN {0}"])
@pytest.mark.parametrize("channel", ["#tea", "#TEA", "#t\u0435a"])
def test_the_id_cannot_be_taken(line, channel):
    """That is the one thing that can be learnt; it is so after the end of the room as well."""
    house = House(has_private=True)
    refused = house.ask(line.format(channel))
    assert [" 403 mallory " in each for each in refused].count(True) == 1
    assert " JOIN " not in "".join(refused)
    house.server.console("end tea")
    assert house.ask(line.format(channel)) == refused
    assert " JOIN " in "".join(House(has_private=False).ask(line.format(channel)))


@pytest.mark.parametrize("line", ["JOIN #tee", "JOIN #team2"])
def test_a_channel_beside_it(line):
    """It can be started as if there were none."""
    with_room, without = House(has_private=True), House(has_private=False)
    assert with_room.ask(line) == without.ask(line)


def test_the_end_of_a_membership():
    """A member who has left, and whose invitation was used, is a stranger."""
    house = House(has_private=True)
    house.bob.send("PART #tea")
    house.bob.read()
    other = House(has_private=False)
    for line in ("NAMES #tea", "WHO #tea", "TOPIC #tea", "PRIVMSG #tea :hi", "WHOIS alice", "LIST"):
        house.bob.send(line), other.bob.send(line)
        assert house.bob.read() == other.bob.read()
