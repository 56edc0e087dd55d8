"""The lines of multi-line messages, before they are sent."""

import pytest

from chatd.config import Irc
from chatd.core.textlimits import MAX_LINES
from chatd.server.irc.batches import IncomingBatch
from chatd.testing import MemoryServer
from tests.server.irc.reading import ALL, ask, commands

RATE = {"rate": 5, "burst": 20}


@pytest.fixture
def ann(server):
    """Return a client in a channel."""
    client = server.irc("ann", *ALL)
    client.send("JOIN #tea")
    client.read()
    return client


def opened(*lines):
    """Return the lines of a batch that is not ended."""
    return ["BATCH +1 draft/multiline #tea", *lines]


def line(text, *tags, command="PRIVMSG #tea"):
    """Return a line of a batch."""
    return f"@{';'.join(('batch=1', *tags))} {command} :{text}"


CONCAT = "draft/multiline-concat"


def test_a_message_grows():
    """Its size is that of the text; a line that goes on adds no newline."""
    batch = IncomingBatch("1", "#tea")
    batch.add("", joined=False)
    batch.add("é", joined=False)
    batch.add("b", joined=True)
    batch.add("c", joined=False)
    assert batch.text == "\néb\nc"
    assert (batch.lines, batch.size, batch.cuts) == (4, len(batch.text.encode()), [2])


def test_the_first_line_goes_on_from_none():
    """Its tag means nothing."""
    batch = IncomingBatch("1", "#tea")
    batch.add("a", joined=True)
    assert (batch.text, batch.cuts) == ("a", [])


@pytest.mark.parametrize(
    ("lines", "code", "params"),
    [
        ([line("a"), line("", CONCAT)], "MULTILINE_INVALID", []),
        ([line("a"), line("b", command="NOTICE #tea")], "MULTILINE_INVALID", []),
        (["@batch=2 PRIVMSG #tea a"], "MULTILINE_INVALID", []),
        (
            [line("a", command="PRIVMSG #cake")],
            "MULTILINE_INVALID_TARGET",
            ["#tea", "#cake"],
        ),
        (["@batch=1 PRIVMSG"], "MULTILINE_INVALID_TARGET", ["#tea", "*"]),
        ([line("a")] * (MAX_LINES + 1), "MULTILINE_MAX_LINES", ["100"]),
        ([line("a" * 400)] * 41, "MULTILINE_MAX_BYTES", ["16384"]),
    ],
)
def test_refusals(ann, lines, code, params):
    """A batch is refused once; its other lines, and its end, are dropped without a word."""
    (refusal,) = ask(ann, *opened(*lines), line("late"), "BATCH -1", "PRIVMSG #tea :x")[:1]
    assert refusal[:3] == ("FAIL", "BATCH", code)
    assert list(refusal[3:-1]) == params
    assert ask(ann, "PING x") == [("PONG", "irc.test", "x")]


def test_a_refused_batch_says_nothing(server, ann):
    """No part of it reaches the room, and the next message does."""
    zoe = server.join("tea", "Zoe")
    ann.read()
    ask(ann, *opened(line("a"), line("", CONCAT), line("b")), "BATCH -1", "PRIVMSG #tea :c")
    assert zoe.read() == ["ann: c"]


def test_limits_are_inclusive(server, ann):
    """A message may have as many lines and bytes as the capability tells."""
    zoe = server.join("tea", "Zoe")
    ann.read()
    lines = ask(ann, *opened(*[line("a")] * MAX_LINES), "BATCH -1")
    assert len(lines) == MAX_LINES + 2
    text = "a" * 4096
    lengths = [400] * 40 + [384]
    assert sum(lengths) == 4 * len(text)
    pieces = [
        line("a" * length, *([CONCAT] if place else [])) for place, length in enumerate(lengths)
    ]
    assert ask(ann, *opened(*pieces), "BATCH -1")[0][0] == "BATCH"
    first, second = zoe.read()
    assert first.count("\n") == MAX_LINES - 1
    assert second == f"ann: {'a' * 16384}"


def test_the_case_of_the_target_does_not_matter(ann):
    """A client may write a channel in two ways."""
    sent = ask(ann, *opened(line("a", command="PRIVMSG #TEA"), line("b")), "BATCH -1")
    assert sent[0][0] == "BATCH"


def test_clients_without_the_capability_have_no_batches(server):
    """The tag means nothing then."""
    ann, bob = server.irc("ann", "message-tags"), server.irc("bob")
    ann.send("@batch=1 PRIVMSG bob :hi")
    assert commands(bob) == [("PRIVMSG", "bob", "hi")]
    assert ask(ann, "BATCH +1 draft/multiline bob")[0][:3] == ("FAIL", "BATCH", "MULTILINE_INVALID")


def limited():
    """Return a server with the default rate, a client in a channel of it, and a user of nc there.

    The client may send as much at once as the rate allows.
    """
    server = MemoryServer(irc=Irc(name="irc.test"), clock_offset=1_795_186_276.0, **RATE)
    ann, zoe = server.irc("ann", *ALL), server.join("tea", "Zoe")
    ann.send("JOIN #tea")
    ann.read(), zoe.read()
    server.turn(20)
    return server, ann, zoe


def read_all(server, client):
    """Return what a client reads while hardly any time passes."""
    lines = []
    for _ in range(40):
        server.turn(0.001)
        lines += client.read()
    return lines


@pytest.mark.parametrize(("lines", "allowed"), [(9, 19), (10, 10), (40, 4), (100, 2)])
def test_the_cost_of_a_batch(lines, allowed):
    """It costs one, and one more for ten lines; the last that is carried out may cost more."""
    server, ann, zoe = limited()
    batch = [*opened(*[line("a")] * lines), "BATCH -1"]
    ann.send(*batch * (allowed + 2))
    assert len(read_all(server, zoe)) == allowed


def test_the_cost_of_a_refused_batch():
    """Its lines cost as they do in any batch until it is refused, and then as any line."""
    server, ann, zoe = limited()
    refused = [*[line("a")] * 50, line("", CONCAT), *[line("b")] * 14]  # 1 + 5 + 14
    ann.send(*opened(*refused), "PRIVMSG #tea :c")
    assert read_all(server, zoe) == []
    server.turn(1)
    assert zoe.read() == ["ann: c"]
