"""Kept private messages while the store waits or is away, and clients that read slowly."""

import json

import pytest

from chatd.core.errors import StoreUnavailableError
from chatd.core.privatemessages import MAX_KEPT, MAX_KEPT_OF_SENDER
from chatd.core.records import KeptMessage
from chatd.server.keptmessages import RETRY_SECONDS, STAY_SECONDS
from chatd.server.sendqueue import ANSWER_LIMIT
from chatd.storage.testing import result
from chatd.testing import MemoryServer
from chatd.testing_slow import Gate, SlowStore
from tests.server.keeping import KEPT, WORD, ask, connect_json, kept, log_in, register

LINE = "[1970-01-01 00:00:00 UTC] Ann (secret): {}"


@pytest.fixture
def server():
    """Return a server with gates, room 1 and the account bob, whose user is not present."""
    server = MemoryServer(store=SlowStore(), rooms=(("1", "tea"),))
    register(server)
    return server


@pytest.fixture
def gate(server):
    """Return the gate of calls about kept messages."""
    return server.service.store.kept_gate


@pytest.fixture
def ann(server):
    """Return the guest Ann."""
    return server.join("1", "Ann")


# -- a store that waits


@pytest.mark.parametrize("first", [0, 1])
def test_a_login_while_a_message_is_added(server, gate, ann, first):
    """The message comes to that session, whether the store is asked for messages before or after.

    It comes once.
    """
    gate.shut = True
    ann.send("`secret bob psst")
    bob, lines = log_in(server)
    assert lines == []
    gate.waiting.pop(first).callback(None)
    gate.drain()
    assert (ann.read(), bob.read()) == (KEPT, [LINE.format("psst")])
    server.turn(STAY_SECONDS)
    assert (bob.read(), kept(server)) == ([], [])


@pytest.fixture
def answers(server):
    """Return the gate at which answers about kept messages wait, after the store has read them."""
    store, answers = server.service.store, Gate(shut=True)
    kept_messages = store.kept_messages

    async def wait(account):
        messages = await kept_messages(account)
        await answers.wait()
        return messages

    store.kept_messages = wait
    return answers


def test_a_message_is_added_while_the_store_answers(server, answers, gate, ann):
    """The store is asked again, as the message may be missing in the answer."""
    gate.shut = True
    ann.send("`secret bob psst")
    added = gate.waiting.pop()
    gate.shut = False
    bob, _ = log_in(server)
    added.callback(None)
    answers.open()
    assert (ann.read(), bob.read()) == (KEPT, [LINE.format("psst")])


def test_messages_are_removed_while_the_store_answers(server, answers, ann):
    """Nobody reads those that are in the answer nevertheless."""
    answers.shut = False
    ann.ask("`secret bob psst")
    first, _ = log_in(server)
    answers.shut = True
    second, _ = log_in(server)  # the store is asked for the oldest session, the first one
    first.read()
    server.turn(STAY_SECONDS)
    answers.open()
    server.turn(STAY_SECONDS)
    assert (first.read(), second.read(), kept(server)) == ([], [], [])
    assert server.service.kept_messages._deliveries == {}


def test_a_message_is_added_before_the_login_is_answered(server, gate, ann):
    """The reply to the login comes first."""
    gate.shut = True
    ann.send("`secret bob psst")
    bob, _ = connect_json(server)
    server.service.store.token_gate.shut = True
    assert ask(bob, "login", username="bob", password=WORD) == []
    gate.open()
    assert (ann.read(), bob.read()) == (KEPT, [])
    server.service.store.token_gate.open()
    assert [json.loads(frame)["event"] for frame in bob.read()] == ["reply", "secret"]


def test_the_sender_leaves_while_a_message_is_added(server, gate, ann):
    """It comes nevertheless."""
    gate.shut = True
    ann.send("`secret bob psst")
    bob, _ = log_in(server)
    ann.lose()
    gate.drain()
    assert bob.read() == [LINE.format("psst")]


def test_a_live_message_meanwhile(server, gate, ann):
    """It comes at once; those that were kept come when the store gives them."""
    ann.ask("`secret bob one")
    gate.shut = True
    bob, _ = log_in(server)
    ann.send("`secret bob two")
    assert bob.read() == ["Ann (secret): two"]
    gate.open()
    assert bob.read() == [LINE.format("one")]


def test_lost_while_the_store_is_asked(server, gate, ann):
    """Nothing is removed; the next session reads the messages."""
    ann.ask("`secret bob psst")
    gate.shut = True
    log_in(server)[0].lose()
    gate.drain()
    server.turn(STAY_SECONDS)
    assert log_in(server)[1] == [LINE.format("psst")]


def test_the_second_session_takes_over_while_the_store_is_asked(server, gate, ann):
    """That one reads the messages, once."""
    ann.ask("`secret bob psst")
    gate.shut = True
    (first, _), (second, _) = log_in(server), log_in(server)
    first.lose()
    gate.drain()
    assert second.read() == [LINE.format("psst")]


def test_lost_while_they_are_removed(server, gate, ann):
    """The connection has stayed: no other session reads them."""
    ann.ask("`secret bob psst")
    first, _ = log_in(server)
    gate.shut = True
    server.turn(STAY_SECONDS)
    first.lose()
    second, lines = log_in(server)
    assert lines == []
    gate.waiting.reverse()  # the store is asked before they are removed
    gate.drain()
    assert (second.read(), kept(server)) == ([], [])


# -- a store that is away


def test_away_while_a_message_is_sent(gate, ann):
    """The sender is told, and can send it again."""
    gate.error = StoreUnavailableError()
    (answer,) = ann.ask("`secret bob psst")
    assert answer not in KEPT
    ann.ask("`format json")
    assert ask(ann, "secret", chatter_name="bob", message="psst")[0]["code"] == "unavailable"
    gate.error = None
    assert ask(ann, "secret", chatter_name="bob", message="psst")[0]["kept"] is True


def test_away_at_the_login(server, gate, ann):
    """The login works; the messages come once the store is back."""
    ann.ask("`secret bob psst")
    gate.error = StoreUnavailableError()
    bob, lines = log_in(server)
    server.turn(RETRY_SECONDS)
    assert (lines, bob.read()) == ([], [])
    gate.error = None
    server.turn(RETRY_SECONDS)
    assert bob.read() == [LINE.format("psst")]


def test_away_at_the_login_and_lost(server, gate, ann):
    """Nothing is tried again without a session; the next one reads the messages."""
    ann.ask("`secret bob psst")
    gate.error = StoreUnavailableError()
    log_in(server)[0].lose()
    gate.error, gate.shut = None, True
    server.turn(RETRY_SECONDS)
    assert (gate.waiting, server.service.kept_messages._deliveries) == ([], {})
    gate.shut = False
    assert log_in(server)[1] == [LINE.format("psst")]


def test_away_when_they_are_to_be_removed(server, gate, ann):
    """They are removed once the store is back, and nobody reads them again until then."""
    ann.ask("`secret bob psst")
    first, _ = log_in(server)
    gate.error = StoreUnavailableError()
    server.turn(STAY_SECONDS)
    gate.error = None
    assert kept(server) == ["psst"]
    first.lose()
    assert log_in(server)[1] == []
    server.turn(RETRY_SECONDS)
    assert kept(server) == []


def test_a_fault(server, gate, ann, capture_log):
    """It is logged; the session stays, and the message is kept."""
    ann.ask("`secret bob psst")
    gate.error = ZeroDivisionError()
    bob, lines = log_in(server)
    assert any(line.startswith("Delivering kept messages failed") for line in capture_log())
    gate.error = None
    assert (lines, bob.closed, kept(server)) == ([], False, ["psst"])


# -- a client that reads slowly


def keep(server, size, count=MAX_KEPT):
    """Keep messages for bob, of which each has that many bytes; return the texts."""
    account, store = server.service.world.find_account("bob"), server.service.store
    texts = [f"{number:03}{'x' * (size - 3)}" for number in range(count)]
    for number, text in enumerate(texts):
        origin = f"192.0.2.{number}/32"
        message = KeptMessage(0, "Ann", None, text, server.wall_time(), origin)
        assert result(store.keep_message(account.id, message, MAX_KEPT_OF_SENDER, MAX_KEPT))
    return texts


def texts_of(lines):
    """Return the texts of kept messages."""
    return [line.partition("(secret): ")[2] for line in lines]


def test_more_than_the_queue_may_have(server):
    """A client that reads gets them all at once, however many bytes they are."""
    texts = keep(server, 16_000)
    bob, lines = log_in(server)
    assert texts_of(lines) == texts
    assert not bob.closed


def test_not_read(server):
    """Few wait for the client, who is not disconnected; what is not read is not removed."""
    texts = keep(server, 16_000)
    bob = server.connect()
    bob.transport.producer.pauseProducing()
    bob.send(f"`login bob {WORD}")
    for _ in range(5):
        server.turn(STAY_SECONDS)
    assert bob.transport.producer.queued < ANSWER_LIMIT + 20_000
    assert (bob.closed, kept(server)) == (False, texts)


def test_read_later(server):
    """The client gets all in order, and what was read is removed."""
    texts, read = keep(server, 16_000, 10), []
    bob = server.connect()
    bob.transport.producer.pauseProducing()
    bob.send(f"`login bob {WORD}")
    for _ in range(4):
        bob.transport.producer.resumeProducing()
        read += texts_of(bob.read())
        bob.transport.producer.pauseProducing()
        server.turn(STAY_SECONDS)
    assert [text for text in read if text] == texts
    assert kept(server) == []
