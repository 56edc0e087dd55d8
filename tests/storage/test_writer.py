"""The history writer: writes, receipts, outages, and messages that come during a write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import MessageBatch, ReceiptRequest, RoomClosed
from chatd.core.records import ids_to_reserve
from chatd.core.rooms import Room
from chatd.protocol.replies import Receipt
from chatd.server.eventlog import EventLog
from chatd.storage import queue
from chatd.storage import writer as module
from chatd.storage.testing import ids
from chatd.storage.writer import (
    CLOSE_TIMEOUT,
    RECEIPT_TIMEOUT,
    RETRY_SECONDS,
    WRITE_DELAY,
    HistoryWriter,
)

ANN, BOB = "the session of Ann", "the session of Bob"


class PendingStore:
    """A store whose writes end when the test says so.

    `writes` has for each of them the ids of its messages, the reserved ids and a Deferred.
    """

    def __init__(self):
        self.writes = []

    async def append(self, batches, reserved):
        done = Deferred()
        messages = [message for batch in batches for message in batch.messages()]
        self.writes.append((ids(messages), dict(reserved), done))
        await done

    @property
    def pending(self):
        """The writes that have not ended."""
        return [write for write in self.writes if not write[2].called]

    def end(self, error=None):
        """Let the oldest pending write succeed, or fail with `error`; return its message ids."""
        written, _, done = self.pending[0]
        done.callback(None) if error is None else done.errback(error)
        return written


class WriterHarness:
    """A writer with its store and clock; `replies` has what it sent, with the recipients."""

    def __init__(self):
        self.clock = Clock()
        self.store = PendingStore()
        self.replies = []
        self.writer = HistoryWriter(self.store, self.clock, self.tell, EventLog(self.clock))
        self.rooms = {"1": Room("1", "a"), "2": Room("2", "b")}

    def tell(self, recipient, *replies):
        self.replies += [(recipient, reply) for reply in replies]

    def say(self, recipient=None, tag=None, room="1", text="x", times=1):
        """Send a batch of messages, with a receipt if there is a recipient."""
        first = self.rooms[room].last_id + 1
        self.rooms[room].last_id += times
        batch = MessageBatch(room, first, "Ann", [text] * times, self.clock.seconds())
        receipt = None if recipient is None else ReceiptRequest(recipient, tag)
        self.writer.on_messages(self.rooms[room], batch, receipt)

    def close_room(self, room="1"):
        """Close a room."""
        self.writer.on_event(self.rooms[room], RoomClosed(room, self.clock.seconds()))

    def start_write(self):
        """Let the messages that gather be written."""
        self.clock.advance(WRITE_DELAY)

    def retry(self):
        """Let the writer try again after a failure."""
        self.clock.pump([RETRY_SECONDS, WRITE_DELAY])

    def drained(self):
        """Start to wait until all messages are stored."""
        return Deferred.fromCoroutine(self.writer.drained())

    def closed(self):
        """Start to close the writer."""
        return Deferred.fromCoroutine(self.writer.close())

    def receipts(self):
        """Return the replies since the last call: the tag, and whether the message is stored."""
        replies, self.replies = self.replies, []
        return [(reply.tag, isinstance(reply, Receipt)) for _, reply in replies]


@pytest.fixture
def harness():
    """Return a harness to which nothing was sent yet."""
    return WriterHarness()


# -- writes


def test_messages_are_written_together(harness):
    """Messages gather for some milliseconds; those that come during a write make up the next."""
    harness.say()
    harness.say()
    assert harness.store.writes == []
    harness.start_write()
    harness.say()
    harness.clock.advance(1)
    assert harness.store.end() == [1, 2]
    harness.say()
    harness.start_write()
    assert harness.store.end() == [3, 4]
    assert harness.writer.pending == 0
    assert not harness.clock.getDelayedCalls()


def test_more_than_one_write(harness, monkeypatch):
    """If much waits it is written in pieces, of whole batches each, without a pause."""
    monkeypatch.setattr(queue, "MAX_WRITE_MESSAGES", 5)
    monkeypatch.setattr(queue, "MAX_WRITE_SIZE", 20)
    for text in ("x", "x", "x", "12345678", "x"):
        harness.say(text=text, times=3)
    harness.start_write()
    assert harness.writer.pending == 15
    assert harness.store.end() == [*range(1, 7)]
    assert harness.store.end() == [*range(7, 13)]
    harness.start_write()
    assert harness.store.end() == [13, 14, 15]
    assert harness.writer.pending == 0


def test_ids_are_reserved_ahead(harness):
    """Ids are reserved with a room's first write, and again before they are used up."""
    harness.say()
    harness.start_write()
    _, reserved, _ = harness.store.writes[-1]
    assert reserved == {"1": 1 + ids_to_reserve(1)}
    harness.store.end()
    top = reserved["1"]
    for _ in range(3):
        harness.rooms["1"].last_id += ids_to_reserve(1) // 3
        harness.say()
        harness.start_write()
        _, reserved, _ = harness.store.writes[-1]
        assert harness.rooms["1"].last_id < top
        top = reserved.get("1", top)
        harness.store.end()
    assert top > 1 + ids_to_reserve(1)


# -- receipts


def test_receipts_are_sent_after_the_commit(harness):
    """A recipient gets a receipt for each message, in order, with the tags of the requests."""
    harness.say(ANN, "a")
    harness.say()
    harness.say(BOB, None)
    harness.say(ANN, "b", times=2)
    harness.start_write()
    assert harness.replies == []
    harness.store.end()
    assert harness.replies == [
        (ANN, Receipt("1", 1, "a")),
        (ANN, Receipt("1", 4, "b")),
        (ANN, Receipt("1", 5, "b")),
        (BOB, Receipt("1", 3, None)),
    ]


def test_a_batch_that_fills_a_write(harness, monkeypatch):
    """It is written at once, and its receipt is sent as for any other."""
    monkeypatch.setattr(queue, "MAX_WRITE_SIZE", 5)
    harness.say(ANN, "tag", text="0123456789")
    assert harness.replies == []
    harness.store.end()
    assert harness.replies == [(ANN, Receipt("1", 1, "tag"))]


def test_waiting_for_receipts(harness):
    """`receipts_sent` returns when the recipient has no open receipt, whatever others have."""
    harness.say(ANN, "a")
    harness.start_write()
    harness.say(BOB, "b")
    waiting = {
        name: Deferred.fromCoroutine(harness.writer.receipts_sent(name)) for name in (ANN, BOB)
    }
    harness.store.end()
    harness.start_write()
    assert [each.called for each in waiting.values()] == [False, False]
    harness.store.end()
    assert [each.called for each in waiting.values()] == [True, True]
    assert Deferred.fromCoroutine(harness.writer.receipts_sent(ANN)).called


@given(st.lists(st.sampled_from(["say", "turn", "ok", "fail", "close"]), max_size=60))
def test_every_receipt_is_answered_once(steps):
    """Each receipt is answered exactly once, and those of success in order."""
    harness = WriterHarness()
    asked, stored, failed = [], [], []

    def sort_receipts():
        for tag, is_stored in harness.receipts():
            (stored if is_stored else failed).append(tag)

    for step in steps:
        if step == "say":
            asked.append(str(len(asked)))
            harness.say(ANN, asked[-1])
        elif step == "turn":
            harness.clock.advance(RETRY_SECONDS)
        elif step == "close":
            harness.close_room("1")
        elif harness.store.pending:
            harness.store.end(None if step == "ok" else StoreUnavailableError())
        sort_receipts()
    for _ in range(4):
        harness.clock.advance(RETRY_SECONDS)
        if harness.store.pending:
            harness.store.end()
    sort_receipts()
    assert sorted(stored + failed, key=int) == asked
    assert stored == sorted(stored, key=int)
    assert harness.writer.pending == 0


# -- outages


def test_a_short_outage(harness, capture_log):
    """The write that failed is repeated as it was, and then what has come meanwhile is written."""
    harness.say(ANN, "a")
    harness.start_write()
    harness.say(ANN, "b")
    harness.store.end(StoreUnavailableError("no disk"))
    assert harness.receipts() == []
    harness.retry()
    assert harness.store.end() == [1]
    assert harness.receipts() == [("a", True)]
    harness.start_write()
    assert harness.store.end() == [2]
    assert harness.receipts() == [("b", True)]
    assert capture_log() == [
        "System: the store cannot be written to: no disk",
        "System: the store can be written to again, 0 messages were lost",
    ]


def test_a_repeated_write_stays_the_same(harness):
    """It lacks only its oldest messages, when they are too old, and those of closed rooms."""
    harness.say(ANN, "old")
    harness.start_write()
    harness.say(room="2")
    harness.clock.advance(RECEIPT_TIMEOUT / 2)
    harness.say(ANN, "new", times=3)
    harness.store.end()
    assert harness.receipts() == [("old", True)]
    harness.start_write()
    for pause, expected in (
        (RECEIPT_TIMEOUT / 2, [1, 2, 3, 4]),
        (RETRY_SECONDS, [1, 2, 3, 4]),
        (RETRY_SECONDS, [2, 3, 4]),
    ):
        harness.say()
        assert harness.store.end(StoreUnavailableError()) == expected
        harness.clock.advance(pause)
        harness.start_write()
    harness.close_room("1")
    assert harness.receipts() == [("new", False)] * 3
    assert harness.writer.pending == 0


@pytest.mark.parametrize("seconds_per_write", [0.0, 1.0, 5.0])
def test_a_long_outage(harness, seconds_per_write, capture_log):
    """Receipts are answered within ten seconds, however long a write takes; memory is bounded."""
    asked, answered, most_pending = {}, {}, 0
    for tag in range(300):
        harness.say(ANN, str(tag))
        asked[str(tag)] = harness.clock.seconds()
        for _ in range(10):
            harness.clock.advance(0.01)
            for _, reserved, done in harness.store.pending:
                started = reserved.setdefault("started", harness.clock.seconds())
                if harness.clock.seconds() - started >= seconds_per_write:
                    done.errback(StoreUnavailableError("gone"))
            for answered_tag, is_stored in harness.receipts():
                assert not is_stored
                answered[answered_tag] = harness.clock.seconds()
        most_pending = max(most_pending, harness.writer.pending)
    assert most_pending <= 10 * 12
    assert len(answered) >= 190
    assert all(time - asked[tag] < 10 for tag, time in answered.items())
    assert len(capture_log()) == 1
    assert RECEIPT_TIMEOUT < 10


def test_lost_messages_are_logged_once(harness, capture_log):
    """At the end of an outage the number of messages that were lost is logged and counted."""
    harness.say()
    harness.say()
    harness.start_write()
    harness.clock.advance(20)
    harness.store.end(StoreUnavailableError("gone"))
    harness.say(ANN, "later")
    assert harness.writer.lost_messages == 0
    harness.retry()
    assert harness.store.end() == [3]
    assert harness.receipts() == [("later", True)]
    assert capture_log()[1:] == ["System: the store can be written to again, 2 messages were lost"]
    assert harness.writer.lost_messages == 2


def test_a_bug_costs_one_write(harness, capture_log):
    """An unexpected error is logged with its traceback, and later messages are written."""
    harness.say(ANN, "a")
    harness.start_write()
    harness.store.end(ZeroDivisionError())
    assert harness.receipts() == [("a", False)]
    harness.say(ANN, "b")
    harness.start_write()
    harness.store.end()
    assert harness.receipts() == [("b", True)]
    assert "ZeroDivisionError" in capture_log()[0]


def test_waiting_messages_are_bounded(harness, monkeypatch):
    """If too much waits all of it is dropped, and its receipts are answered."""
    monkeypatch.setattr(module, "MAX_WAITING_SIZE", 100)
    harness.say(text="in flight")
    harness.start_write()
    for tag in range(12):
        harness.say(ANN, str(tag), text="0123456789")
    assert harness.writer.pending < 12
    assert {is_stored for _, is_stored in harness.receipts()} == {False}


def test_a_closed_room(harness):
    """Nothing more of it is written, not even when a write is repeated; receipts are answered."""
    harness.say(ANN, "in flight")
    harness.start_write()
    harness.say(ANN, "waiting")
    harness.say(BOB, "other room", room="2")
    harness.close_room("1")
    assert harness.receipts() == [("in flight", False), ("waiting", False)]
    harness.store.end(StoreUnavailableError())
    harness.retry()
    written, reserved, _ = harness.store.writes[1]
    assert written == [1]
    assert set(reserved) == {"2"}
    harness.store.end()
    assert harness.receipts() == [("other room", True)]


# -- waiting for the store


def test_drained(harness):
    """`drained` returns when all messages sent before are stored, not when only some are."""
    assert harness.drained().called
    harness.say()
    harness.start_write()
    harness.say()
    waiting = harness.drained()
    harness.store.end()
    assert not waiting.called
    harness.start_write()
    harness.store.end()
    assert waiting.called


def test_drained_in_an_outage(harness):
    """`drained` fails with the next write that fails."""
    harness.say()
    waiting = harness.drained()
    harness.start_write()
    harness.store.end(StoreUnavailableError())
    failures = []
    waiting.addErrback(failures.append)
    assert failures[0].check(StoreUnavailableError)


# -- closing


def test_closing_writes_what_waits(harness, capture_log):
    """A server that stops waits for the store, but not for ever."""
    harness.say()
    closed = harness.closed()
    harness.start_write()
    assert not closed.called
    harness.store.end()
    assert closed.called

    harness.say(ANN, "x")
    closed = harness.closed()
    harness.start_write()
    harness.clock.advance(CLOSE_TIMEOUT)
    assert closed.called
    assert capture_log() == ["System: 1 messages may not have been stored"]


def test_closing_tries_again(harness, capture_log):
    """Messages whose first write fails are stored if the store is back in time."""
    harness.say()
    closed = harness.closed()
    harness.start_write()
    harness.store.end(StoreUnavailableError("locked"))
    harness.retry()
    assert not closed.called
    assert harness.store.end() == [1]
    assert closed.called
    assert "System: the store can be written to again, 0 messages were lost" in capture_log()


def test_closing_in_an_outage(harness, capture_log):
    """The writer tries for `CLOSE_TIMEOUT`, and logs how many messages are lost."""
    harness.say(ANN, "x", times=3)
    closed = harness.closed()
    harness.start_write()
    started = harness.clock.seconds()
    while not closed.called:
        harness.store.end(StoreUnavailableError("locked"))
        harness.retry()
    assert harness.clock.seconds() - started >= CLOSE_TIMEOUT - RETRY_SECONDS
    assert harness.receipts() == [("x", False)] * 3
    assert capture_log()[-1] == "System: 3 messages may not have been stored"
