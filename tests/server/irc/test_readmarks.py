"""MARKREAD: how far users have read, in IRC and in the other protocols."""

import json

import pytest

from chatd.config import Irc
from chatd.core.errors import StoreUnavailableError
from chatd.core.readmarks import WRITE_SECONDS
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.server.irc.accounts import WORD, login
from tests.server.irc.reading import ALL, ask, commands, lines

NOW = 1_795_186_276.0
EARLY, LATE = "timestamp=2019-01-04T14:33:26.123Z", "timestamp=2026-12-24T00:00:00.000Z"


def make_server(store=None):
    """Return a server with an IRC port."""
    return MemoryServer(store=store, irc=Irc(name="irc.test"), clock_offset=NOW)


class Program:
    """A client that uses JSON and is logged in to an account."""

    def __init__(self, server, name):
        self.client = server.connect()
        self.client.ask("`format json")
        self.ask("login", username=name, password=WORD)

    def ask(self, command, **arguments):
        """Send a request; return the last event that comes back."""
        return json.loads(self.client.ask(json.dumps({"command": command, **arguments}))[-1])

    def marks(self):
        """Return up to which messages of #tea another session has read."""
        events = map(json.loads, self.client.read())
        return [event["id"] for event in events if event["event"] == "read"]


def marks(client):
    """Return the MARKREAD lines that a client has read."""
    return [each for each in commands(client) if each[0] == "MARKREAD"]


def say(server, client, *texts):
    """Say texts in #tea, one a second; return the references to their times."""
    times = []
    for text in texts:
        client.send(f"PRIVMSG #tea :{text}")
        times += [line.tags["time"] for line in lines(client) if line.command == "PRIVMSG"]
        server.turn(1.0005)
    return [f"timestamp={time}" for time in times]


# -- one client


@pytest.mark.parametrize("target", ["#tea", "#nowhere", "bob", "nobody"])
def test_a_guest(server, target):
    """Times of any target are kept as they are given, and only rise."""
    ann = server.irc("ann", *ALL)
    ann.send("JOIN #tea")
    server.irc("bob")
    ann.read()
    assert ask(ann, f"MARKREAD {target}") == [("MARKREAD", target, "*")]
    assert ask(ann, f"MARKREAD {target} {EARLY}") == [("MARKREAD", target, EARLY)]
    assert ask(ann, f"MARKREAD {target} {LATE}") == [("MARKREAD", target, LATE)]
    assert ask(ann, f"MARKREAD {target} {EARLY}") == [("MARKREAD", target, LATE)]
    assert ask(ann, f"MARKREAD {target}") == [("MARKREAD", target, LATE)]


def test_the_spelling_of_a_channel(server):
    """The answer has the room's own, and the case does not matter."""
    ann = server.irc("ann", *ALL)
    ann.send("JOIN #Tea")
    ann.read()
    assert ask(ann, f"MARKREAD #tEA {LATE}") == [("MARKREAD", "#Tea", LATE)]
    ask(ann, f"MARKREAD Bob {LATE}")
    assert ask(ann, "MARKREAD bob") == [("MARKREAD", "bob", LATE)]


def test_joining(server):
    """The time comes with the members, and is kept while the user is not in the room."""
    ann = server.irc("ann", *ALL)
    assert [each[0] for each in ask(ann, "JOIN #tea")] == ["JOIN", "MARKREAD", "353", "366"]
    ann.send(f"MARKREAD #tea {EARLY}", "PART #tea")
    ann.read()
    assert ask(ann, "JOIN #tea")[1] == ("MARKREAD", "#tea", EARLY)


def test_clients_without_the_capability(server):
    """They read nothing of marks as they join."""
    ann = server.irc("ann")
    assert "MARKREAD" not in [each[0] for each in ask(ann, "JOIN #tea")]


@pytest.mark.parametrize(
    "text", ["*", "timestamp=not-a-time", "2026-12-24T00:00:00.000Z", "msgid=tea/1"]
)
def test_invalid_times(server, text):
    """They change nothing."""
    ann = server.irc("ann", *ALL)
    (refusal,) = ask(ann, f"MARKREAD bob {text}")
    assert refusal[:-1] == ("FAIL", "MARKREAD", "INVALID_PARAMS", "bob", text)
    assert ask(ann, "MARKREAD bob") == [("MARKREAD", "bob", "*")]


@pytest.mark.parametrize("target", ["#", f"#{'x' * 33}", "#a<b", "x" * 33, "a.b", "*"])
def test_invalid_targets(server, target):
    """No marks are kept for what is the name of no channel and no user."""
    ann = server.irc("ann", *ALL)
    for line in (f"MARKREAD {target}", f"MARKREAD {target} {EARLY}"):
        (refusal,) = ask(ann, line)
        assert refusal[:-1] == ("FAIL", "MARKREAD", "INVALID_TARGET", target)
    assert ask(ann, "MARKREAD :")[0][:4] == ("FAIL", "MARKREAD", "INVALID_TARGET", "*")
    assert len(server.service.irc_factory.settings.read_markers._of_guests) == 0


def test_no_target(server):
    """There has to be one."""
    ann = server.irc("ann", *ALL)
    assert ask(ann, "MARKREAD")[0][:3] == ("FAIL", "MARKREAD", "NEED_MORE_PARAMS")


def test_guests_share_nothing(server):
    """A guest who comes later under the same name has read nothing."""
    ann = server.irc("ann", *ALL)
    ask(ann, f"MARKREAD #tea {LATE}")
    ann.lose()
    assert ask(server.irc("ann", *ALL), "MARKREAD #tea") == [("MARKREAD", "#tea", "*")]


# -- several clients of an account


def test_other_sessions_are_told_once(server):
    """This holds for any target and time; a time that is known already is told nobody."""
    ann, other = login(server, "alma", *ALL), login(server, "alma", *ALL, is_new=False)
    plain = login(server, "alma", is_new=False)
    ann.send("JOIN #tea"), other.send("JOIN #tea")
    ann.read(), other.read(), plain.read()
    (time,) = say(server, ann, "hi")
    other.read(), plain.read()
    for target in ("#tea", "bob", "#nowhere"):
        for moment in (EARLY, time, LATE):
            assert ask(ann, f"MARKREAD {target} {moment}") == [("MARKREAD", target, moment)]
            assert commands(other) == [("MARKREAD", target, moment)]
            assert commands(plain) == []
        ask(ann, f"MARKREAD {target} {moment}", f"MARKREAD {target} {EARLY}")
        assert commands(other) == []


def test_programs_read_what_an_irc_client_has_read(server):
    """A time is noted as the last message that is not newer."""
    ann = login(server, "alma", *ALL)
    ann.send("JOIN #tea")
    ann.read()
    times = say(server, ann, "a", "b", "c")
    program = Program(server, "alma")
    for moment, expected in ((times[1], [2]), (times[0], []), (LATE, [3])):
        ask(ann, f"MARKREAD #tea {moment}")
        assert program.marks() == expected


def test_irc_clients_read_what_a_program_has_read(server):
    """The time is that of the message, for each of them, once."""
    ann, other = login(server, "alma", *ALL), login(server, "alma", *ALL, is_new=False)
    ann.send("JOIN #tea"), other.send("JOIN #tea")
    ann.read(), other.read()
    times = say(server, ann, "a", "b", "c")
    ann.read(), other.read()
    program = Program(server, "alma")
    program.ask("read", chatroom_id="tea", id=2)
    server.turn(1)
    for client in (ann, other):
        assert commands(client) == [("MARKREAD", "#tea", times[1])]
        assert ask(client, "MARKREAD #tea") == [("MARKREAD", "#tea", times[1])]
    ann.send(f"MARKREAD #tea {times[0]}")
    assert commands(ann) == [("MARKREAD", "#tea", times[1])]


def test_what_is_noted_while_no_irc_client_is_there(server):
    """A client that joins later reads the time of the newest mark."""
    ann = login(server, "alma", *ALL)
    ann.send("JOIN #tea")
    ann.read()
    times = say(server, ann, "a", "b", "c")
    ann.send(f"MARKREAD #tea {times[0]}")
    ann.read()
    ann.lose()
    program = Program(server, "alma")
    program.ask("join", chatroom_id="tea")
    program.ask("read", chatroom_id="tea", id=3)
    ann = login(server, "alma", *ALL, is_new=False)
    assert ask(ann, "MARKREAD #tea") == [("MARKREAD", "#tea", times[2])]
    program.client.lose()
    ann.send("PART #tea")
    ann.read()
    assert ask(ann, "JOIN #tea")[1] == ("MARKREAD", "#tea", times[2])


# -- the store


def test_a_restart():
    """The time is that of the message that is noted in the store."""
    store = MemoryStore()
    server = make_server(store)
    ann = login(server, "alma", *ALL)
    ann.send("JOIN #tea")
    ann.read()
    times = say(server, ann, "a", "b", "c")
    late = f"{times[1][:-2]}9Z"  # some milliseconds later than the second message
    assert ask(ann, f"MARKREAD #tea {late}") == [("MARKREAD", "#tea", late)]
    server.turn(2 * WRITE_SECONDS)
    server = make_server(store)
    ann = login(server, "alma", *ALL, is_new=False)
    assert ask(ann, "JOIN #tea")[1] == ("MARKREAD", "#tea", times[1])
    assert ask(ann, "MARKREAD #tea") == [("MARKREAD", "#tea", times[1])]


def test_the_store_is_away():
    """The time is in memory, and other IRC sessions are told."""
    store = SlowStore()
    server = make_server(store)
    ann, other = login(server, "alma", *ALL), login(server, "alma", *ALL, is_new=False)
    ann.send("JOIN #tea"), other.send("JOIN #tea")
    ann.read(), other.read()
    (time,) = say(server, ann, "a")
    other.read()
    store.mark_gate.error = store.read_gate.error = StoreUnavailableError()
    assert ask(ann, f"MARKREAD #tea {time}") == [("MARKREAD", "#tea", time)]
    assert commands(other) == [("MARKREAD", "#tea", time)]


def test_the_store_is_away_while_a_program_reads():
    """Nobody is told of a time that nobody knows."""
    store = SlowStore()
    server = make_server(store)
    ann = login(server, "alma", *ALL)
    ann.send("JOIN #tea")
    ann.read()
    say(server, ann, "a")
    program = Program(server, "alma")
    store.read_gate.error = StoreUnavailableError()
    program.ask("read", chatroom_id="tea", id=1)
    assert marks(ann) == []
    assert ask(ann, "MARKREAD #tea") == [("MARKREAD", "#tea", "*")]


def test_a_session_that_ends_while_the_store_is_asked():
    """Nothing more is sent to it."""
    store = SlowStore()
    server = make_server(store)
    ann = login(server, "alma", *ALL)
    ann.send("JOIN #tea")
    ann.read()
    say(server, ann, "a")
    program = Program(server, "alma")
    store.read_gate.shut = True
    program.ask("read", chatroom_id="tea", id=1)
    assert len(store.read_gate.waiting) == 1
    ann.lose()
    store.read_gate.drain()
    assert marks(ann) == []
