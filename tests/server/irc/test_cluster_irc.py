"""IRC clients of two servers that share a log: for them it is one server."""

from base64 import b64encode

import pytest

from chatd.config import Irc
from chatd.testing_cluster import MemoryCluster
from tests.server.irc.observer import connect
from tests.server.irc.reading import ALL, commands

WORD = "staple-battery"


class Pair:
    """Two servers; `ann` is an IRC client of the first, `bob` one of the second, both in a room."""

    def __init__(self):
        self.cluster = MemoryCluster(
            irc=Irc(name="irc.test"), rooms=(("tea", "Tea time"),), clock_offset=1_795_186_276.0
        )
        first, second = self.cluster.servers.values()
        self.ann = self.connect(first, "ann")
        self.bob = self.connect(second, "bob")
        self.ann.send("JOIN #tea")
        self.bob.send("JOIN #tea")
        self.read()

    def connect(self, server, nick, capabilities=ALL, account=None):
        """Return a client that is registered."""
        observer = connect(server, nick, capabilities, account=account)
        self.cluster.settle(1)
        observer.read()
        assert observer.state.registered
        return observer

    def read(self):
        """Return what both clients read until all is settled, each line with its tags."""
        self.cluster.settle(3)
        return self.ann.read(), self.bob.read()

    def slow_down(self, seconds):
        """Let all that travels to the log and back take some seconds."""
        self.cluster.log.network.delay = lambda _: seconds


@pytest.fixture
def pair():
    """Return two servers with a client each."""
    return Pair()


def shown(lines):
    """Return sources, commands and parameters."""
    return [(line.hostmask.nickname, line.command, *line.params) for line in lines]


def test_messages_have_the_same_id_and_time(pair):
    """Both clients read both messages, with the same tags."""
    pair.ann.send("PRIVMSG #tea :hi")
    pair.bob.send("PRIVMSG #tea :ho")
    ann, bob = pair.read()
    assert [(line.params, line.tags) for line in ann] == [(line.params, line.tags) for line in bob]
    assert [line.tags["msgid"] for line in ann] == ["tea/1", "tea/2"]
    assert sorted(line.params[1] for line in ann) == ["hi", "ho"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("PART #tea :bye", ("PART", "#tea", "bye")),
        ("QUIT :bye", ("QUIT", "Quit: bye")),
        ("NICK eve", ("NICK", "eve")),
        ("AWAY :lunch", ("AWAY", "lunch")),
        ("SETNAME :Ann Other", ("SETNAME", "Ann Other")),
        ("TOPIC #tea :about tea", None),
        ("@+typing=active TAGMSG #tea", ("TAGMSG", "#tea")),
        ("PRIVMSG bob :psst", ("PRIVMSG", "bob", "psst")),
    ],
)
def test_acts_are_seen_on_the_other_server(pair, sent, read):
    """Once, by a client of the other server."""
    pair.ann.send(sent)
    _, lines = pair.read()
    assert shown(lines) == ([] if read is None else [("ann", *read)])


def test_a_kick_and_a_mode(pair):
    """An operator acts on a user of the other server."""
    _, lines = pair.read()
    pair.cluster.servers["n2"].console("op ann tea")
    pair.read()
    pair.ann.send("MODE #tea +v bob")
    _, lines = pair.read()
    assert shown(lines) == [("ann", "MODE", "#tea", "+v", "bob")]
    pair.ann.send("KICK #tea bob :bye")
    _, lines = pair.read()
    assert shown(lines) == [("ann", "KICK", "#tea", "bob", "bye")]
    assert not pair.bob.state.channels


def test_a_lost_client_quits(pair):
    """The room reads it on the other server."""
    pair.ann.client.lose()
    _, lines = pair.read()
    assert shown(lines) == [("ann", "QUIT", "Connection lost")]


def labels(lines):
    """Return the labels and texts of messages."""
    return [(line.tags.get("label"), line.params[-1]) for line in lines]


def test_echoes_have_their_labels_when_the_log_is_slow(pair):
    """Messages with and without a label come back once each, in order, and with their labels."""
    pair.slow_down(0.2)
    for number in range(6):
        pair.ann.send(f"PRIVMSG #tea :{number}", label=number % 3 == 0)
    assert pair.ann.read() == [], "nothing has come back yet"
    ann, bob = pair.read()
    assert labels(ann) == [
        ("l1", "0"), (None, "1"), (None, "2"), ("l2", "3"), (None, "4"), (None, "5"),
    ]  # fmt: skip
    assert [line.params[-1] for line in bob] == [str(number) for number in range(6)]
    assert [line.tags["msgid"] for line in ann] == [line.tags["msgid"] for line in bob]
    pair.ann.check_idle()


def test_one_label_for_several_targets(pair):
    """The echoes come in one batch, when the last one is there."""
    pair.ann.send("JOIN #food")
    pair.read()
    pair.slow_down(0.2)
    pair.ann.send("PRIVMSG #tea,bob,#food,nobody :hi", label=True)
    pair.ann.send("PING :later")
    ann, _ = pair.read()
    (start, *inner, end) = [line for line in ann if line.command != "PONG"]
    assert (start.command, start.tags["label"]) == ("BATCH", "l1")
    assert sorted((line.command, line.params[0]) for line in inner) == [
        ("401", "ann"), ("PRIVMSG", "#food"), ("PRIVMSG", "#tea"), ("PRIVMSG", "bob"),
    ]  # fmt: skip
    assert end.command == "BATCH"
    pair.ann.check_idle()


def test_a_refused_message_answers_its_label(pair):
    """The client talks before it knows that it may not any more: each label is answered once."""
    pair.slow_down(0.2)
    pair.cluster.servers["n2"].console("mute ann tea")
    pair.ann.send("PRIVMSG #tea :one", label=True)
    pair.ann.send("PRIVMSG #tea :two")
    pair.ann.send("NOTICE #tea :three", label=True)
    pair.ann.send("NOTICE #tea :four")
    ann, bob = pair.read()
    found = [((line.tags or {}).get("label"), line.command) for line in ann]
    assert [each for each in found if each[1] != "NOTICE"] == [
        ("l1", "404"), (None, "404"), ("l2", "ACK"),
    ]  # fmt: skip
    assert "PRIVMSG" not in [line.command for line in bob]
    pair.ann.check_idle()


def test_messages_are_refused_when_the_log_is_away(pair):
    """After some seconds without an answer of the log, a message is refused at once."""
    pair.cluster.log.network.is_lost = lambda _: True
    pair.ann.send("PRIVMSG #tea :one", label=True)
    pair.cluster.settle(8)
    pair.ann.send("PRIVMSG #tea :two", label=True)
    (line,) = pair.ann.read()
    assert (line.tags["label"], line.command, line.params[:2]) == ("l2", "437", ["ann", "#tea"])
    pair.cluster.log.network.is_lost = lambda _: False
    pair.cluster.settle(8)
    (line,) = pair.ann.read()
    assert (line.tags["label"], line.params[-1]) == ("l1", "one")
    pair.ann.check_idle()


def test_sessions_of_one_account_on_two_servers(pair):
    """The other session reads what one says, as the messages of its own user."""
    first, second = pair.cluster.servers.values()
    first.connect().send(f"`register amy {WORD}")
    pair.cluster.settle(1)
    here = pair.connect(first, "amy", account=("amy", WORD))
    there = pair.connect(second, "other", (), account=("amy", WORD))
    here.send("JOIN #tea")
    pair.cluster.settle(1)
    assert [line.command for line in there.read()] == ["JOIN", "353", "366"]
    here.read()
    here.send("PRIVMSG #tea :hi")
    pair.cluster.settle(1)
    assert shown(there.read()) == [("amy", "PRIVMSG", "#tea", "hi")]
    there.send("PRIVMSG #tea :ho")
    pair.cluster.settle(1)
    assert there.read() == []
    assert shown(here.read()) == [("amy", "PRIVMSG", "#tea", f"h{x}") for x in "io"]


# -- logins


def test_nothing_comes_before_the_welcome(pair):
    """With a slow log a client of an account reads of its rooms only once it knows of them."""
    first, second = pair.cluster.servers.values()
    native = first.connect()
    native.send(f"`register zoe {WORD}", "`enter tea")
    pair.read()
    pair.slow_down(2.0)
    client = second.connect_irc()
    client.send(f"PASS zoe:{WORD}", "NICK zoe", "USER zoe 0 * :Zoe")
    for number in range(40):
        pair.bob.send(f"PRIVMSG #tea :m{number}")
        pair.cluster.settle(0.5)
    read = commands(client)
    assert read[0][0] == "001"
    names = [each[0] for each in read if each[0] not in {"MODE", "353"}]
    assert names[names.index("JOIN") :][:3] == ["JOIN", "366", "PRIVMSG"]
    assert second.service.world.find_user("zoe").profile.about == "Zoe"


def test_nothing_comes_within_a_login(pair):
    """With a slow log a guest who logs in reads of the account's rooms only after their JOIN."""
    first, second = pair.cluster.servers.values()
    native = first.connect()
    native.send(f"`register zoe {WORD}", "`enter tea")
    client = second.irc("zed", "sasl")
    pair.read()
    client.send("AUTHENTICATE PLAIN")
    pair.read(), client.read()
    pair.slow_down(2.0)
    client.send("AUTHENTICATE " + b64encode(f"\0zoe\0{WORD}".encode()).decode())
    for number in range(40):
        pair.bob.send(f"PRIVMSG #tea :m{number}")
        pair.cluster.settle(0.5)
    names = [each[0] for each in commands(client) if each[0] not in {"MODE", "353"}]
    assert names[:6] == ["900", "903", "NICK", "JOIN", "366", "PRIVMSG"]
