"""JOIN, PART, KICK and INVITE."""

import pytest

from chatd.config import Irc, RoomCreators
from chatd.core.errors import StoreUnavailableError
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.server.irc.accounts import login
from tests.server.irc.costs import cost, limited_server
from tests.server.irc.reading import ALL, ask, commands, lines

NO_CHANNEL = "No such channel"


class Channel:
    """The channel `#tea` of the account owen, with the guests ann, an operator, and bob."""

    def __init__(self, server):
        self.server = server
        self.owen = login(server, "owen")
        self.ann, self.bob = server.irc("ann"), server.irc("bob")
        for client in (self.owen, self.ann, self.bob):
            client.send("JOIN #tea")
        self.owen.send("MODE #tea +o ann")
        self.read()

    def read(self):
        """Let all clients read what has come."""
        for client in (self.owen, self.ann, self.bob):
            client.read()

    def source(self, name):
        """Return the source of the lines of a user."""
        (origin,) = self.server.service.world.find_user(name).origins
        return origin.source


@pytest.fixture
def tea(server):
    """Return a channel with its members."""
    return Channel(server)


# -- JOIN


def test_join(server):
    """The channel is created; the members read who has joined."""
    ann, bob = server.irc("ann"), server.irc("bob", *ALL)
    assert ask(ann, "JOIN #tea") == [
        ("JOIN", "#tea"),
        ("353", "ann", "=", "#tea", "@ann"),
        ("366", "ann", "#tea", "End of /NAMES list"),
    ]
    assert ask(ann, "JOIN #TEA") == []
    bob.send("@label=5 JOIN #Tea")
    start, joined, *_, end = lines(bob)
    assert (start.command, start.tags["label"]) == ("BATCH", "5")
    assert (joined.command, joined.params) == ("JOIN", ["#tea", "*", "bob of chatd"])
    assert end.command == "BATCH"
    (line,) = lines(ann)
    assert (line.source, line.command, line.params) == (joined.source, "JOIN", ["#tea"])


def test_join_several(server):
    """Each in its turn, with its key; what is no channel is told."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #a,#b,#c", "MODE #a +k one", "MODE #b +k two")
    ann.read()
    assert [
        line for line in ask(bob, "JOIN #c,x,,#a,#b ,,,one,two") if line[0] in {"JOIN", "403"}
    ] == [
        ("JOIN", "#c"),
        ("403", "bob", "x", NO_CHANNEL),
        ("JOIN", "#a"),
        ("JOIN", "#b"),
    ]
    assert ask(bob, "JOIN 0") == [("PART", "#c"), ("PART", "#a"), ("PART", "#b")]


def test_the_name_of_a_room(server):
    """It is no channel: nobody gets into another room by it."""
    native = server.connect()
    native.ask("`join - Zoe")
    native.ask("`start evil linux")
    native.ask("`enter evil Zoe")
    ann = server.irc("ann")
    assert ask(ann, "JOIN #linux")[0] == ("JOIN", "#linux")
    assert ask(ann, "JOIN #evil", "JOIN #linux")[0] == ("JOIN", "#evil")


def test_one_channel_and_many_keys(server):
    """The first key counts, and the others are not tried."""
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea", "MODE #tea +k c")
    assert [line[:3] for line in ask(bob, "JOIN #tea,#tea,#tea a,b,c")] == [("475", "bob", "#tea")]


def test_the_cost_of_joins():
    """Four further channels cost a line more; each refusal does, and each channel that is left."""
    server = limited_server()
    ann, bob = server.irc("ann"), server.irc("bob")
    ann.send("JOIN #tea", "MODE #tea +k c"), ann.read()
    rooms = ",".join(f"#room{number}" for number in range(9))
    assert cost(server, ann, "JOIN #x") == 1
    assert cost(server, ann, f"JOIN {rooms}") == 3
    assert cost(server, bob, "JOIN #tea a") == 2
    assert cost(server, bob, "JOIN #tea,#TEA,#Tea,tea a,b,b") == 5
    assert cost(server, bob, f"JOIN #tea,{rooms} a") == 4
    assert cost(server, bob, "PART #room0,#room1,#nowhere") == 3
    assert cost(server, bob, "JOIN 0") == 7
    assert cost(server, bob, "JOIN 0") == 1


@pytest.mark.parametrize(
    ("mode", "numeric"), [("+i", "473"), ("+k word", "475"), ("+l 3", "471"), ("+b zoe", "474")]
)
def test_join_refused(tea, mode, numeric):
    """For each reason with its numeric, once."""
    zoe = tea.server.irc("zoe")
    tea.ann.send(f"MODE #tea {mode}")
    (error,) = ask(zoe, "JOIN #Tea wrong")
    assert error[:3] == (numeric, "zoe", "#Tea")


@pytest.mark.parametrize("channel", ["#", "tea", "#a<b", "&tea", f"#{'x' * 33}"])
def test_bad_ids(server, channel):
    """They are told as channels that do not exist."""
    (error,) = ask(server.irc("ann"), f"JOIN {channel}")
    assert error[:3] == ("403", "ann", channel)


def test_a_private_room_does_not_exist(tea):
    """It exists neither for a user who joins nor for one who invites there."""
    zoe = tea.server.irc("zoe")
    tea.ann.send("MODE #tea +is")
    for line in ("JOIN #tea", "PART #tea", "KICK #tea bob", "INVITE ann #tea"):
        (error,) = ask(zoe, line)
        assert error[:3] == ("403", "zoe", "#tea")


def test_too_many_rooms():
    """The limit of the gateway is told as such."""
    ann = MemoryServer(irc=Irc(name="irc.test", rooms=2)).irc("ann")
    ann.send("JOIN #a,#b")
    ann.read()
    assert ask(ann, "JOIN #c")[0][:3] == ("405", "ann", "#c")
    assert ask(ann, "JOIN #a") == []


def test_who_starts():
    """Where nobody starts rooms, a client joins those that are there."""
    server = MemoryServer(irc=Irc(name="irc.test"), room_creators=RoomCreators.NOBODY)
    server.console("start tea tea")
    ann = server.irc("ann")
    assert ask(ann, "JOIN #new")[0][:3] == ("403", "ann", "#new")
    assert ask(ann, "JOIN #tea")[0] == ("JOIN", "#tea")


def test_login_first():
    """Where guests may not join, they are told to log in."""
    server = MemoryServer(irc=Irc(name="irc.test"), require_login=True)
    assert ask(server.irc("ann"), "JOIN #tea")[0][:3] == ("477", "ann", "#tea")


def test_the_store_is_away():
    """It is told that the channel cannot be created now: by a numeric and, as well, by a FAIL."""
    store = SlowStore()
    ann = MemoryServer(irc=Irc(name="irc.test"), store=store).irc("ann")
    store.room_gate.error = StoreUnavailableError()
    numeric, fail = ask(ann, "JOIN #tea")
    assert numeric[:-1] == ("437", "ann", "#tea")
    assert fail[:-1] == ("FAIL", "JOIN", "UNAVAILABLE", "#tea")


# -- PART


def test_part(tea):
    """The words reach the members; who is not there is told so."""
    assert ask(tea.bob, "PART #Tea :bye \x02all") == [("PART", "#tea", "bye all")]
    assert commands(tea.ann) == [("PART", "#tea", "bye all")]
    assert ask(tea.bob, "PART #tea") == [("442", "bob", "#tea", "You're not on that channel")]
    assert ask(tea.bob, "PART #nowhere") == [("403", "bob", "#nowhere", NO_CHANNEL)]
    assert ask(tea.ann, "PART #tea,#tea") == [
        ("PART", "#tea"),
        ("442", "ann", "#tea", "You're not on that channel"),
    ]


# -- KICK


def test_kick(tea):
    """The kicked one and the others read one line."""
    for client in (tea.ann, tea.owen, tea.bob):
        client.read()
    tea.ann.send("KICK #tea bob :spam \x02here")
    for client in (tea.owen, tea.ann, tea.bob):
        (line,) = lines(client)
        assert (line.source, line.command) == (tea.source("ann"), "KICK")
        assert line.params == ["#tea", "bob", "spam here"]
    assert ask(tea.ann, "KICK #tea bob")[0][:-1] == ("441", "ann", "bob", "#tea")


def test_kick_without_a_reason(tea):
    """It is the name of the operator who kicks; a long reason is cut."""
    assert ask(tea.ann, "KICK #tea bob") == [("KICK", "#tea", "bob", "ann")]
    tea.bob.send("JOIN #tea")
    tea.read()
    (kick,) = ask(tea.ann, f"KICK #tea bob :{'é' * 200}")
    assert kick == ("KICK", "#tea", "bob", "é" * 195)


def test_kick_several(tea):
    """One channel and several users, or a channel for each; up to four."""
    zoe = tea.server.irc("zoe")
    zoe.send("JOIN #tea")
    tea.ann.read()
    assert ask(tea.ann, "KICK #tea bob,zoe,nobody :bye") == [
        ("KICK", "#tea", "bob", "bye"),
        ("KICK", "#tea", "zoe", "bye"),
        ("441", "ann", "nobody", "#tea", "They aren't on that channel"),
    ]
    for client in (tea.bob, zoe):
        client.send("JOIN #tea")
        client.read()
    tea.ann.read()
    assert ask(tea.ann, "KICK #tea,#Tea bob,zoe") == [
        ("KICK", "#tea", "bob", "ann"),
        ("KICK", "#tea", "zoe", "ann"),
    ]
    assert ask(tea.ann, "KICK #tea,#tea bob")[0][:3] == ("461", "ann", "KICK")
    assert ask(tea.ann, "KICK #tea a,b,c,d,e")[0][:3] == ("407", "ann", "e")


def test_kick_refused(tea):
    """Operators alone kick, and no one of a higher role; outsiders are told that they are."""
    zoe = tea.server.irc("zoe")
    assert ask(tea.bob, "KICK #tea ann")[0][:3] == ("482", "bob", "#tea")
    assert ask(tea.ann, "KICK #tea owen")[0][:3] == ("482", "ann", "#tea")
    assert ask(zoe, "KICK #tea bob")[0][:3] == ("442", "zoe", "#tea")
    assert ask(zoe, "KICK #nowhere bob")[0][:3] == ("403", "zoe", "#nowhere")


# -- INVITE


def test_invite(tea):
    """The user who invites is told, and the invited one; members who asked for it read it, too."""
    zoe, eve = tea.server.irc("zoe"), tea.server.irc("eve", "invite-notify")
    eve.send("JOIN #tea")
    zoe.send("AWAY :lunch")
    eve.read(), zoe.read(), tea.read()
    assert ask(tea.bob, "INVITE ZOE #TEA") == [
        ("341", "bob", "zoe", "#tea"),
        ("301", "bob", "zoe", "lunch"),
    ]
    (line,) = lines(zoe)
    assert (line.source, line.command) == (tea.source("bob"), "INVITE")
    assert line.params == ["zoe", "#tea"]
    assert commands(eve) == [("INVITE", "zoe", "#tea")]
    assert commands(tea.ann) == []
    assert ask(zoe, "INVITE") == [
        ("336", "zoe", "#tea"),
        ("337", "zoe", "End of /INVITE list"),
    ]
    tea.ann.send("MODE #tea +i")
    assert ask(zoe, "JOIN #tea")[0] == ("JOIN", "#tea")
    assert ask(zoe, "INVITE") == [("337", "zoe", "End of /INVITE list")]


def test_invite_refused(tea):
    """For each reason with its numeric; nobody else is told."""
    zoe = tea.server.irc("zoe")
    assert ask(tea.bob, "INVITE nobody #tea")[0][:-1] == ("401", "bob", "nobody")
    assert ask(tea.bob, "INVITE ann #tea")[0][:-1] == ("443", "bob", "ann", "#tea")
    assert ask(tea.bob, "INVITE zoe #nowhere")[0][:-1] == ("403", "bob", "#nowhere")
    assert ask(zoe, "INVITE zoe #tea")[0][:-1] == ("442", "zoe", "#tea")
    assert ask(tea.bob, "INVITE zoe")[0][:-1] == ("461", "bob", "INVITE")
    tea.ann.send("MODE #tea +m")
    tea.read()
    assert ask(tea.bob, "INVITE zoe #tea")[0][:-1] == ("482", "bob", "#tea")
    assert commands(zoe) == []


# -- administrators


def test_acts_of_administrators_are_in_the_audit(tea):
    """An administrator need not be a member."""
    amy = login(tea.server, "amy")
    tea.server.irc("zoe")
    tea.server.console("admin amy on")
    assert ask(amy, "INVITE zoe #tea")[0][:-1] == ("341", "amy", "zoe")
    assert ask(amy, "KICK #tea ann :spam") == []
    assert ask(amy, "TOPIC #tea :Rules") == []
    acts = [line.partition(" UTC ")[2] for line in tea.server.console("audit")]
    assert acts[-3:] == [
        "amy invited zoe to chatroom tea",
        "amy kicked ann out of chatroom tea: spam",
        "amy set topic of chatroom tea",
    ]


# -- what others do


def test_a_room_is_closed(tea):
    """All read a notice, then each their own KICK."""
    tea.server.console("end tea")
    for client, nick in ((tea.ann, "ann"), (tea.bob, "bob")):
        notice, kick = lines(client)
        assert notice.params == ["#tea", "The room is being closed by the Administrator."]
        assert (kick.source, kick.params) == ("irc.test", ["#tea", nick, "The room is closed."])


def test_a_user_is_moved():
    """The user parts, is told why, and joins with topic and names; others read PART and JOIN."""
    tea = Channel(MemoryServer(irc=Irc(name="irc.test", rooms=1)))
    zoe = tea.server.irc("zoe")
    zoe.send("JOIN #hall", "TOPIC #hall :Hall")
    zoe.read()
    tea.server.console("group hall bob")
    parted, notice, joined, *rest = commands(tea.bob)
    assert (parted[:2], joined) == (("PART", "#tea"), ("JOIN", "#hall"))
    assert notice[:2] == ("NOTICE", "bob")
    assert [line[0] for line in rest] == ["332", "333", "353", "366"]
    assert commands(tea.ann) == [("PART", "#tea", "Moved by the Administrator")]
    assert commands(zoe) == [("JOIN", "#hall")]


def test_news_of_a_user_in_shared_rooms(server):
    """A user who shares three rooms reads NICK, AWAY, SETNAME and QUIT once."""
    ann, bob = server.irc("ann"), server.irc("bob", *ALL)
    for client in (ann, bob):
        client.send("JOIN #a,#b,#c")
    ann.read(), bob.read()
    ann.send("NICK amy", "AWAY :lunch", "AWAY", "SETNAME :Amy of chatd", "QUIT :bye")
    assert commands(bob) == [
        ("NICK", "amy"),
        ("AWAY", "lunch"),
        ("AWAY",),
        ("SETNAME", "Amy of chatd"),
        ("QUIT", "Quit: bye"),
    ]


def test_a_server_ban_and_a_lost_connection(tea):
    """Both are a QUIT with the reason."""
    zoe = tea.server.irc("zoe")
    zoe.send("JOIN #tea")
    tea.read()
    tea.bob.lose()
    assert commands(tea.ann) == [("QUIT", "Connection lost")]
    tea.server.console("ban zoe")
    assert commands(tea.ann) == [("QUIT", "Banned by the Administrator")]
