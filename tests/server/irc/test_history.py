"""CHATHISTORY, and the messages that a client reads as it joins."""

import pytest

from chatd.config import Irc
from chatd.core.errors import StoreUnavailableError
from chatd.storage.writer import WRITE_DELAY
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.server.irc.accounts import WORD, login
from tests.server.irc.reading import ALL, commands, lines

NOW = 1_795_186_276.0
COUNT = 10


class Channel:
    """The channel #tea; `ann` says numbers in it, and has read all.

    They are 0.9995 s apart, so that half of their times are no whole milliseconds.
    """

    def __init__(self, count=COUNT, *capabilities, **options):
        self.store = SlowStore()
        self.server = MemoryServer(
            store=self.store, irc=Irc(name="irc.test"), clock_offset=NOW, **options
        )
        self.ann = self.server.irc("ann", *(capabilities or ALL))
        self.ann.send("JOIN #tea")
        self.ann.read()
        self.said = []
        for number in range(count):
            self.say(str(number))

    def say(self, text, client=None, seconds=0.9995):
        """Say something, and let it be stored."""
        (client or self.ann).send(f"PRIVMSG #tea :{text}")
        self.said += lines(self.ann)
        self.server.turn(seconds)

    def id(self, number):
        """Return the reference to a message by its id."""
        return f"msgid={self.said[number].tags['msgid']}"

    def time(self, number):
        """Return the reference to a message by its time, as clients read it."""
        return f"timestamp={self.said[number].tags['time']}"

    def ask(self, *words, client=None):
        """Send CHATHISTORY; return all that comes back."""
        (client or self.ann).send(f"CHATHISTORY {' '.join(map(str, words))}")
        self.server.turn(WRITE_DELAY)
        return lines(client or self.ann)

    def texts(self, *words, client=None):
        """Send CHATHISTORY; return the texts of the messages in the batch that comes back."""
        start, *messages, end = self.ask(*words, client=client)
        assert (start.command, start.params[1:]) == ("BATCH", ["chathistory", "#tea"])
        assert end.params == [start.params[0].replace("+", "-")]
        assert {line.tags["batch"] for line in messages} <= {start.params[0][1:]}
        return [line.params[1] for line in messages]


@pytest.fixture(scope="module")
def full():
    """Return a channel with the messages 0 to 9, in which nothing more is said."""
    return Channel()


def numbers(first, last):
    """Return the texts of messages, `last` included."""
    return [str(number) for number in range(first, last + 1)]


def test_messages_are_as_they_were(full):
    """Ids, times, accounts and sources are those that members have read before."""
    _, *messages, _ = full.ask("LATEST", "#tea", "*", 50)
    assert [line.params for line in messages] == [line.params for line in full.said]
    for name in ("msgid", "time"):
        assert [line.tags[name] for line in messages] == [line.tags[name] for line in full.said]
    assert {line.source for line in messages} == {"ann!~u@chatd/guest"}


def test_latest(full):
    """The last ones, of all or of those after another."""
    assert full.texts("LATEST", "#TEA", "*", 3) == numbers(7, 9)
    assert full.texts("latest", "#tea", "*", 1) == numbers(9, 9)
    for reference in (full.id, full.time):
        assert full.texts("LATEST", "#tea", reference(4), 50) == numbers(5, 9)
        assert full.texts("LATEST", "#tea", reference(4), 2) == numbers(8, 9)
        assert full.texts("LATEST", "#tea", reference(9), 2) == []


def test_before(full):
    """The last ones before another."""
    for reference in (full.id, full.time):
        assert full.texts("BEFORE", "#tea", reference(6), 50) == numbers(0, 5)
        assert full.texts("BEFORE", "#tea", reference(6), 2) == numbers(4, 5)
        assert full.texts("BEFORE", "#tea", reference(0), 2) == []
    assert full.texts("BEFORE", "#tea", "timestamp=2099-01-01T00:00:00.000Z", 2) == numbers(8, 9)
    assert full.texts("BEFORE", "#tea", "msgid=tea/99", 2) == numbers(8, 9)


def test_after(full):
    """The first ones after another."""
    for reference in (full.id, full.time):
        assert full.texts("AFTER", "#tea", reference(3), 50) == numbers(4, 9)
        assert full.texts("AFTER", "#tea", reference(3), 3) == numbers(4, 6)
        assert full.texts("AFTER", "#tea", reference(9), 3) == []
    assert full.texts("AFTER", "#tea", "timestamp=1970-01-01T00:00:00.000Z", 2) == numbers(0, 1)
    assert full.texts("AFTER", "#tea", "timestamp=2099-01-01T00:00:00.000Z", 2) == []


def test_around(full):
    """Those on both sides of another, which is among them."""
    for reference in (full.id, full.time):
        assert full.texts("AROUND", "#tea", reference(7), 1) == numbers(7, 7)
        assert full.texts("AROUND", "#tea", reference(7), 2) == numbers(7, 8)
        assert full.texts("AROUND", "#tea", reference(7), 3) == numbers(6, 8)
        assert full.texts("AROUND", "#tea", reference(0), 5) == numbers(0, 4)
        assert full.texts("AROUND", "#tea", reference(9), 5) == numbers(7, 9)
    late = "timestamp=2099-01-01T00:00:00.000Z"
    assert full.texts("AROUND", "#tea", late, 5) == numbers(8, 9)


def test_between(full):
    """Those between two others, counted from the first that is named, never with either."""
    for one in (full.id, full.time):
        for other in (full.id, full.time):
            assert full.texts("BETWEEN", "#tea", one(0), other(9), 50) == numbers(1, 8)
            assert full.texts("BETWEEN", "#tea", one(9), other(0), 50) == numbers(1, 8)
            assert full.texts("BETWEEN", "#tea", one(0), other(9), 3) == numbers(1, 3)
            assert full.texts("BETWEEN", "#tea", one(9), other(0), 3) == numbers(6, 8)
            assert full.texts("BETWEEN", "#tea", one(4), other(5), 3) == []
            assert full.texts("BETWEEN", "#tea", one(4), other(4), 3) == []
    ends = "timestamp=1970-01-01T00:00:00.000Z", "timestamp=2099-01-01T00:00:00.000Z"
    assert full.texts("BETWEEN", "#tea", *ends, 2) == numbers(0, 1)
    assert full.texts("BETWEEN", "#tea", *reversed(ends), 2) == numbers(8, 9)


def test_messages_of_one_millisecond():
    """A time means the whole millisecond: before and after it they are all left out."""
    channel = Channel(0)
    for text in "abcd":
        channel.say(text, seconds=0.0004)
    channel.server.turn(1)
    times = [line.tags["time"][-5:-1] for line in channel.said]
    assert times == [".000", ".000", ".000", ".001"]
    assert channel.texts("AFTER", "#tea", channel.time(1), 9) == ["d"]
    assert channel.texts("BEFORE", "#tea", channel.time(1), 9) == []
    assert channel.texts("BEFORE", "#tea", channel.time(3), 9) == ["a", "b", "c"]


def test_at_most_a_hundred():
    """A larger limit means a hundred."""
    channel = Channel(0)
    channel.ann.send(*[f"PRIVMSG #tea :{number}" for number in range(130)])
    channel.ann.read()
    assert channel.texts("LATEST", "#tea", "*", 999999999999) == numbers(30, 129)
    assert channel.texts("AFTER", "#tea", "msgid=tea/1", 500) == numbers(1, 100)


def test_an_empty_channel():
    """The batch is there all the same."""
    channel = Channel(0)
    for words in ("LATEST #tea *", "BEFORE #tea msgid=tea/5", "AROUND #tea msgid=tea/5"):
        assert channel.texts(words, 10) == []


def test_what_is_said_just_before(full):
    """The history has what the client itself has said in the same moment."""
    channel = Channel(2)
    channel.ann.send("PRIVMSG #tea :2", "CHATHISTORY LATEST #tea * 2")
    channel.server.turn(WRITE_DELAY)
    _, _, *messages, _ = lines(channel.ann)
    assert [line.params[1] for line in messages] == ["1", "2"]
    assert full.texts("LATEST", "#tea", "*", 1) == ["9"]


@pytest.mark.parametrize(
    ("words", "code", "params"),
    [
        ("NEWEST #tea * 5", "INVALID_PARAMS", ["NEWEST"]),
        ("LATEST", "NEED_MORE_PARAMS", ["LATEST"]),
        ("latest #tea *", "NEED_MORE_PARAMS", ["LATEST"]),
        ("BETWEEN #tea msgid=tea/1 5", "NEED_MORE_PARAMS", ["BETWEEN"]),
        ("TARGETS 5", "NEED_MORE_PARAMS", ["TARGETS"]),
        ("LATEST #tea * x", "INVALID_PARAMS", ["LATEST", "x"]),
        ("LATEST #tea * 0", "INVALID_PARAMS", ["LATEST", "0"]),
        ("LATEST #tea * -5", "INVALID_PARAMS", ["LATEST", "-5"]),
        ("LATEST #tea x 5", "INVALID_PARAMS", ["LATEST", "x"]),
        ("BEFORE #tea * 5", "INVALID_PARAMS", ["BEFORE", "*"]),
        ("AFTER #tea msgid=cake/1 5", "INVALID_PARAMS", ["AFTER", "msgid=cake/1"]),
        (
            "AROUND #tea timestamp=2026-11-20 5",
            "INVALID_PARAMS",
            ["AROUND", "timestamp=2026-11-20"],
        ),
        ("LATEST #nowhere * 5", "INVALID_TARGET", ["LATEST", "#nowhere"]),
        ("LATEST #cake * 5", "INVALID_TARGET", ["LATEST", "#cake"]),
        ("LATEST bob * 5", "INVALID_TARGET", ["LATEST", "bob"]),
        ("LATEST * * 5", "INVALID_TARGET", ["LATEST", "*"]),
        ("TARGETS * * 5", "INVALID_PARAMS", ["TARGETS", "*"]),
        ("TARGETS msgid=tea/1 msgid=tea/2 5", "INVALID_PARAMS", ["TARGETS", "msgid=tea/1"]),
    ],
)
def test_refusals(full, words, code, params):
    """A room that one is not in is as one that does not exist."""
    full.server.irc("bob").send("JOIN #cake")
    (refusal,) = full.ask(words)
    assert (refusal.command, refusal.params[:2]) == ("FAIL", ["CHATHISTORY", code])
    assert refusal.params[2:-1] == params


def test_the_store_is_away():
    """There is an error, and the next command is carried out."""
    channel = Channel(2)
    channel.store.read_gate.error = StoreUnavailableError()
    for words in ("LATEST #tea *", "BEFORE #tea timestamp=2026-11-20T14:51:16.042Z"):
        (refusal,) = channel.ask(words, 5)
        command, target = words.split()[:2]
        assert refusal.params[:4] == ["CHATHISTORY", "MESSAGE_ERROR", command, target]
    ends = "timestamp=1970-01-01T00:00:00.000Z", "timestamp=2099-01-01T00:00:00.000Z"
    (refusal,) = channel.ask("TARGETS", *ends, 5)
    assert refusal.params[:4] == ["CHATHISTORY", "MESSAGE_ERROR", "TARGETS", "*"]


def test_a_user_who_leaves_meanwhile():
    """The history is not for those who are no members."""
    channel = Channel(2)
    channel.store.read_gate.shut = True
    channel.ann.send("CHATHISTORY LATEST #tea * 5")
    channel.server.console("`kick ann tea")
    channel.store.read_gate.drain()
    channel.server.turn()
    refusals = [each for each in commands(channel.ann) if each[0] == "FAIL"]
    assert [each[1:5] for each in refusals] == [("CHATHISTORY", "INVALID_TARGET", "LATEST", "#tea")]


# -- what is not shown


def test_deleted_messages_do_not_count():
    """There are as many messages as without them, from either end."""
    channel = Channel(5)
    for number in (1, 3):
        channel.ann.send(f"REDACT #tea {channel.said[number].tags['msgid']}")
    channel.server.turn(1)
    channel.ann.read()
    assert channel.texts("LATEST", "#tea", "*", 9) == ["0", "2", "4"]
    assert channel.texts("LATEST", "#tea", "*", 2) == ["2", "4"]
    assert channel.texts("AFTER", "#tea", channel.id(0), 1) == ["2"]
    assert channel.texts("AROUND", "#tea", channel.id(2), 3) == ["0", "2", "4"]
    assert channel.texts("AFTER", "#tea", channel.id(4), 3) == []


def test_messages_of_ignored_users_do_not_count():
    """A user who ignores another reads nothing of them in the history either."""
    channel = Channel(3)
    alma = login(channel.server, "alma", *ALL)
    alma.send("JOIN #tea", "PRIVMSG #tea :a", "PRIVMSG #tea :b")
    channel.server.turn(1)
    native = channel.server.connect()
    native.ask(f"`login alma {WORD}")
    native.ask("`ignore ann")
    alma.read()
    assert channel.texts("LATEST", "#tea", "*", 9, client=alma) == ["a", "b"]
    assert channel.texts("AFTER", "#tea", "msgid=tea/1", 1, client=alma) == ["a"]
    assert channel.texts("BEFORE", "#tea", "msgid=tea/4", 9, client=alma) == []


def test_the_store_is_not_asked_without_end():
    """A page may have fewer messages than were asked for, if very many are not shown."""
    channel = Channel(0)
    alma = login(channel.server, "alma", *ALL)
    alma.send("JOIN #tea", "PRIVMSG #tea :first")
    channel.ann.send(*[f"PRIVMSG #tea :{number}" for number in range(30)])
    channel.server.turn(1)
    native = channel.server.connect()
    native.ask(f"`login alma {WORD}")
    native.ask("`ignore ann")
    alma.read()
    assert channel.texts("LATEST", "#tea", "*", 1, client=alma) == []
    assert channel.texts("LATEST", "#tea", "*", 9, client=alma) == ["first"]


def test_a_name_of_another_account():
    """A message of one who had the name before has no account."""
    channel = Channel(0)
    alma = login(channel.server, "alma", *ALL)
    alma.send("JOIN #tea", "PRIVMSG #tea :mine")
    alma.read()
    zoe = channel.server.irc("zoe")
    zoe.send("JOIN #tea", "PRIVMSG #tea :hi")
    channel.server.turn(1)
    zoe.send("QUIT")
    login(channel.server, "zoe")
    channel.ann.read()
    _, mine, former, _ = channel.ask("LATEST", "#tea", "*", 2)
    assert (mine.source, mine.tags["account"]) == ("alma!~u@chatd/account/alma", "alma")
    assert former.source == "zoe!~u@chatd/former"
    assert "account" not in former.tags


# -- how it is shown


def test_without_batches():
    """Plain lines, each with its time."""
    channel = Channel(2, "server-time", "echo-message", "draft/chathistory")
    read = channel.ask("LATEST", "#tea", "*", 5)
    assert [line.params for line in read] == [["#tea", "0"], ["#tea", "1"]]
    assert [list(line.tags) for line in read] == [["time"], ["time"]]
    ends = "timestamp=1970-01-01T00:00:00.000Z", "timestamp=2099-01-01T00:00:00.000Z"
    (target,) = channel.ask("TARGETS", *ends, 5)
    assert target.command == "CHATHISTORY"


def test_messages_of_several_lines():
    """A batch in the batch, or several lines in it."""
    channel = Channel(0)
    zoe = channel.server.connect(end=b"\0")
    zoe.send("`enter tea Zoe", "a\nb")
    channel.server.turn(1)
    channel.ann.read()
    outer, inner, *pieces, inner_end, _ = channel.ask("LATEST", "#tea", "*", 1)
    assert inner.tags["batch"] == outer.params[0][1:]
    assert inner.tags["msgid"] == "tea/1"
    assert [line.tags["batch"] for line in pieces] == [inner.params[0][1:]] * 2
    assert inner_end.command == "BATCH"
    bob = channel.server.irc("bob", "batch", "message-tags", "draft/chathistory")
    bob.send("JOIN #tea")
    bob.read()
    start, *pieces, _ = channel.ask("LATEST", "#tea", "*", 1, client=bob)
    assert [line.params[1] for line in pieces] == ["a", "b"]
    assert [line.tags.get("msgid") for line in pieces] == ["tea/1", None]
    assert {line.tags["batch"] for line in pieces} == {start.params[0][1:]}


def test_a_label():
    """The batch has it."""
    channel = Channel(2)
    channel.ann.send("@label=x CHATHISTORY LATEST #tea * 5")
    start, *rest = lines(channel.ann)
    assert (start.params[1], start.tags["label"]) == ("chathistory", "x")
    assert all("label" not in (line.tags or {}) for line in rest)


# -- targets


START, END = "timestamp=1970-01-01T00:00:00.000Z", "timestamp=2099-01-01T00:00:00.000Z"


def test_targets():
    """Channels with the times of their newest messages, which lie between two times."""
    channel = Channel(2)
    channel.ann.send("JOIN #cake,#empty", "PRIVMSG #cake :hi")
    cake = next(line.tags["time"] for line in lines(channel.ann) if line.command == "PRIVMSG")
    tea = channel.said[-1].tags["time"]
    found = [("#tea", tea), ("#cake", cake)]

    def targets(*words):
        start, *inner, end = channel.ask("TARGETS", *words)
        assert start.params == ["+targets", "draft/chathistory-targets"]
        assert end.params == ["-targets"]
        assert {line.tags["batch"] for line in inner} <= {"targets"}
        assert {(line.command, line.params[0]) for line in inner} <= {("CHATHISTORY", "TARGETS")}
        return [tuple(line.params[1:]) for line in inner]

    assert targets(START, END, 9) == found
    assert targets(END, START, 9) == found
    assert targets(START, END, 1) == found[:1]
    assert targets(END, START, 1) == found[1:]
    assert targets(f"timestamp={tea}", END, 9) == found[1:]
    assert targets(START, f"timestamp={cake}", 9) == found[:1]
    assert targets(f"timestamp={channel.said[0].tags['time']}", f"timestamp={tea}", 9) == []


def test_a_target_is_as_old_as_its_newest_message_that_is_shown():
    """A deleted message does not count."""
    channel = Channel(3)
    channel.ann.send(f"REDACT #tea {channel.said[-1].tags['msgid']}")
    channel.server.turn(1)
    channel.ann.read()
    _, target, _ = channel.ask("TARGETS", START, END, 9)
    assert target.params[1:] == ["#tea", channel.said[1].tags["time"]]


# -- joining


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ([], []),
        (["batch", "message-tags"], []),
        (["server-time"], ["PRIVMSG"] * 3),
        (["server-time", "batch"], ["BATCH", *["PRIVMSG"] * 3, "BATCH"]),
        (["server-time", "batch", "draft/chathistory"], []),
    ],
)
def test_joining_with_replay(capabilities, expected):
    """The last messages are for clients that read times and cannot ask for history."""
    channel = Channel(5, replay=3)
    bob = channel.server.irc("bob", *capabilities)
    bob.send("JOIN #tea")
    _, _, _, *replayed = lines(bob)  # JOIN and the members
    assert [line.command for line in replayed] == expected
    messages = [line for line in replayed if line.command == "PRIVMSG"]
    assert [line.params[1] for line in messages] == numbers(2, 4)[: len(messages)]
    assert all(line.tags["time"] for line in messages)


def test_joining_without_replay():
    """Nothing is replayed, nor in a room in which nothing was said."""
    for channel in (Channel(5), Channel(0, replay=3)):
        bob = channel.server.irc("bob", "server-time", "batch")
        bob.send("JOIN #tea")
        assert [each[0] for each in commands(bob)] == ["JOIN", "353", "366"]
