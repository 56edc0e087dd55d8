"""An IRC client may do what a native client of the same user may do, for each rank."""

import pytest

from chatd.config import Irc
from chatd.testing import MemoryServer
from tests.server.irc.observer import connect
from tests.server.irc.reading import ALL

WORD = "staple-battery"

RANKS = ("stranger", "guest", "none", "voice", "operator", "owner", "adminis")
"""The names of users with these ranks: the first is not in the room, the second is no account."""

ACTS = {
    "`topic New": "TOPIC #tea :New",
    "`topic -": "TOPIC #tea :",
    "`op Bob": "MODE #tea +o Bob",
    "`op none": "MODE #tea +o none",
    "`op Nobody": "MODE #tea +o Nobody",
    "`deop operator": "MODE #tea -o operator",
    "`deop owner": "MODE #tea -o owner",
    "`voice Bob": "MODE #tea +v Bob",
    "`devoice voice": "MODE #tea -v voice",
    "`kick Bob spam": "KICK #tea Bob :spam",
    "`kick voice spam": "KICK #tea voice :spam",
    "`kick operator spam": "KICK #tea operator :spam",
    "`kick owner spam": "KICK #tea owner :spam",
    "`kick adminis spam": "KICK #tea adminis :spam",
    "`kick zoe spam": "KICK #tea zoe :spam",
    "`ban Bob": "MODE #tea +b Bob!*@*",
    "`ban none": "MODE #tea +b $a:none",
    "`ban operator": "MODE #tea +b $a:operator",
    "`ban owner": "MODE #tea +b owner!*@*",
    "`ban adminis": "MODE #tea +b $a:adminis",
    "`ban zoe": "MODE #tea +b $a:zoe",
    "`unban eve": "MODE #tea -b $a:eve",
    "`invite zoe": "INVITE zoe #tea",
    "`invite Nobody": "INVITE Nobody #tea",
    "`invite-only on": "MODE #tea +i",
    "`unlisted on": "MODE #tea +s",
    "`private on": "MODE #tea +is",
    "`moderated on": "MODE #tea +m",
    "`open-topic on": "MODE #tea -t",
    "`key sesame": "MODE #tea +k sesame",
    "`limit 5": "MODE #tea +l 5",
    "hello": "PRIVMSG #tea :hello",
    "`me waves": "PRIVMSG #tea :\x01ACTION waves\x01",
    "`quit tea": "PART #tea",
    "`enter tea": "JOIN #tea",
    "`join tea - sesame": "JOIN #tea sesame",
    "`secret zoe psst": "PRIVMSG zoe :psst",
    "`secret Bob psst": "PRIVMSG Bob :psst",
    "`secret Nobody psst": "PRIVMSG Nobody :psst",
    "`delete 1": "REDACT #tea tea/1",
    "`delete 99": "REDACT #tea tea/99",
    "`rename Eva": "NICK Eva",
    "`rename zoe": "NICK zoe",
    "`rename Bob": "NICK Bob",
    "`away lunch": "AWAY :lunch",
    "`enter new": "JOIN #new",
    "`admin kick Bob tea": "ADMIN kick Bob tea",
    "`admin end tea": "ADMIN end tea",
}
"""Acts of native clients, and those of IRC clients that are the same."""

SITUATIONS = {
    "plain": (),
    "open topic": ("`open-topic on",),
    "moderated": ("`moderated on",),
    "invite-only": ("`invite-only on",),
    "invited": ("`invite-only on", "`invite stranger"),
    "private": ("`private on",),
    "with a key": ("`key sesame",),
    "full": ("`limit 1",),
    "muted": ("`mute {}",),
    "banned": ("`ban {}",),
}
TALK = ("hello", "`topic New", "`enter tea", "`join tea - sesame", "`invite zoe")


DONE = {
    "stranger": 5,
    "guest": 9,
    "none": 8,
    "voice": 9,
    "operator": 26,
    "owner": 30,
    "adminis": 34,
}
"""How many of the acts are carried out for each rank; the others are refused or change nothing."""


class RanksHarness:
    """A server with a user of each rank, of whom `rank` uses IRC or text, and Bob and zoe."""

    def __init__(self, rank, situation, *, in_irc):
        self.server = MemoryServer(
            irc=Irc(name="irc.test", rooms=2), rooms_per_client=2, clock_offset=1_795_186_276.0
        )
        for name in (*RANKS, "zoe", "eve"):
            if name != "guest":
                self.server.connect().ask(f"`register {name} {WORD}")
        self.server.console("admin adminis on")
        self.clients = {}
        for name in ("owner", *(each for each in RANKS if each != "owner")):
            self.clients[name] = self.connect(name, in_irc=in_irc and name == rank)
        self.bob = self.server.join("tea", "Bob")
        self.bob.ask("hello")
        self.zoe = self.server.connect()
        self.zoe.ask(f"`login zoe {WORD}")
        self.actor = self.clients[rank]
        # The administrator, as the owner may be the one who uses IRC.
        helper = self.clients["adminis" if rank == "owner" else "owner"]
        helper.send("`op operator", "`voice voice", "`ban eve")
        helper.send(*(line.format(rank) for line in SITUATIONS[situation]))
        for client in (*self.clients.values(), self.bob, self.zoe):
            client.read()
        self.server.turn(1)

    def connect(self, name, *, in_irc):
        """Return a client of the user `name`, who is in the room unless it is the stranger."""
        if in_irc:
            account = None if name == "guest" else (name, WORD)
            client = connect(self.server, name, ALL, account=account).client
            if name != "stranger":
                client.send("JOIN #tea")
            return client
        client = self.server.connect()
        if name != "guest":
            client.ask(f"`login {name} {WORD}")
        if name != "stranger":
            client.ask(f"`enter tea {name}" if name == "guest" else "`enter tea")
        return client

    def act(self, line):
        """Let the user do something; return what has become of the rooms and the others."""
        self.actor.send(line)
        self.server.turn(1)
        world = self.server.service.world
        told = {
            "bob": [line for line in self.bob.read() if "psst" in line or "hello" in line],
            "zoe": self.zoe.read(),
            "history": self.bob.ask("`history"),
        }
        users = {user.name: user.away is not None for room in world.rooms for user in room.members}
        return [picture(room) for room in world.rooms], users, told


def picture(room):
    """Return all that acts change in a room."""
    return (
        room.id,
        room.owner,
        {user.name: member.role for user, member in room.members.items()},
        dict(room.roles),
        room.settings,
        sorted(ban.entry.name for ban in room.bans),
        sorted(mute.entry.name for mute in room.mutes),
        room.last_id,
    )


class Twins:
    """Two servers in the same state: in one of them the user uses text, in the other one IRC."""

    def __init__(self, rank, situation):
        self._arguments = rank, situation
        self._begin()

    def _begin(self):
        rank, situation = self._arguments
        self._native = RanksHarness(rank, situation, in_irc=False)
        self._irc = RanksHarness(rank, situation, in_irc=True)
        self._before = self._native.act("`help")
        assert self._irc.act("PING x") == self._before

    def act(self, act):
        """Check that an act has the same outcome in both; return whether it had any."""
        before, native, irc = self._before, self._native.act(act), self._irc.act(ACTS[act])
        assert irc == native, (*self._arguments, act)
        self._before = native
        if native[:2] != before[:2]:  # the next act needs the same state again
            self._begin()
        rooms, users, told = native
        is_told = told["bob"] or told["zoe"] or told["history"] != before[2]["history"]
        return (rooms, users) != before[:2] or bool(is_told)


@pytest.mark.parametrize("rank", RANKS)
def test_every_act_of_every_rank(rank):
    """Each act is carried out in both protocols, or in none."""
    twins = Twins(rank, "plain")
    done = [act for act in ACTS if twins.act(act)]
    assert len(done) == DONE[rank], done


@pytest.mark.parametrize("situation", [each for each in SITUATIONS if each != "plain"])
@pytest.mark.parametrize("rank", ["stranger", "none", "voice", "operator"])
def test_every_rank_in_every_situation(rank, situation):
    """Joining, talking and the topic, where the room restricts them."""
    twins = Twins(rank, situation)
    for act in TALK:
        twins.act(act)
