"""The recorder: batches, reports, outages, and what is said while a batch is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from chatd.core.errors import StoreUnavailableError
from chatd.core.events import MessageBatch, ReceiptRequest, RoomClosed
from chatd.core.records import ids_to_reserve
from chatd.core.rooms import Room
from chatd.core.users import User
from chatd.protocol.replies import Receipt
from chatd.server.eventlog import EventLog
from chatd.storage import queue
from chatd.storage import writer as module
from chatd.storage.writer import RECEIPT_TIMEOUT, RETRY_SECONDS, WRITE_DELAY, HistoryWriter

ANN, BOB = User("unix"), User("unix")


class SlowStore:
    """A store whose writes are answered by the test."""

    def __init__(self):
        self.writes = []

    async def keep(self, bursts, reserved):
        done = Deferred()
        ids = [said.id for burst in bursts for said in burst.messages()]
        self.writes.append((ids, dict(reserved), done))
        await done

    def answer(self, result=None):
        """Let the oldest write that is unanswered end; return which messages it was."""
        ids, _, done = next(write for write in self.writes if not write[2].called)
        done.callback(result) if result is None else done.errback(result)
        return ids


class House:
    """A recorder, its store and clock, and what people were told."""

    def __init__(self):
        self.clock = Clock()
        self.store = SlowStore()
        self.told = []
        self.writer = HistoryWriter(self.store, self.clock, self.tell, EventLog())
        self.rooms = {"1": Room("1", "a"), "2": Room("2", "b")}

    def tell(self, who, *answers):
        self.told += [(who, answer) for answer in answers]

    def say(self, who=None, tag=None, room="1", text="x", times=1):
        """Say something; report it to `who`."""
        first = self.rooms[room].last_id + 1
        self.rooms[room].last_id += times
        burst = MessageBatch(room, first, "Ann", [text] * times, self.clock.seconds())
        receipt = None if who is None else ReceiptRequest(who, tag)
        self.writer.on_messages(self.rooms[room], burst, receipt)

    def close(self, room="1"):
        self.writer.on_event(self.rooms[room], RoomClosed(room, self.clock.seconds()))

    def drained(self):
        return Deferred.fromCoroutine(self.writer.drained())

    def reports(self):
        """Return what was told since the last call: the tag, and whether it was stored."""
        told, self.told = self.told, []
        return [(answer.tag, isinstance(answer, Receipt)) for _, answer in told]


@pytest.fixture
def house():
    """Return a house in which nothing was said yet."""
    return House()


def test_messages_are_written_in_batches(house):
    """Some milliseconds gather; what comes while one batch is written makes up the next."""
    house.say()
    house.say()
    assert house.store.writes == []
    house.clock.advance(WRITE_DELAY)
    house.say()
    house.clock.advance(1)
    assert house.store.answer() == [1, 2]
    house.say()
    house.clock.advance(WRITE_DELAY)
    assert house.store.answer() == [3, 4]
    assert house.writer.pending == 0
    assert not house.clock.getDelayedCalls()


def test_who_asked_is_told_after_the_commit(house):
    """In the order in which he spoke, with his tags; others are not told."""
    house.say(ANN, "a")
    house.say()
    house.say(BOB, None)
    house.say(ANN, "b", times=2)
    house.clock.advance(WRITE_DELAY)
    assert house.told == []
    house.store.answer()
    assert house.told == [
        (ANN, Receipt("1", 1, "a")),
        (ANN, Receipt("1", 4, "b")),
        (ANN, Receipt("1", 5, "b")),
        (BOB, Receipt("1", 3, None)),
    ]


def test_an_outage_that_is_short(house, capture_log):
    """What could not be written is tried again as it was, and then what has come meanwhile."""
    house.say(ANN, "a")
    house.clock.advance(WRITE_DELAY)
    house.say(ANN, "b")
    house.store.answer(StoreUnavailableError("no disk"))
    assert house.reports() == []
    house.clock.advance(RETRY_SECONDS)
    house.clock.advance(WRITE_DELAY)
    assert house.store.answer() == [1]
    assert house.reports() == [("a", True)]
    house.clock.advance(WRITE_DELAY)
    assert house.store.answer() == [2]
    assert house.reports() == [("b", True)]
    assert capture_log() == [
        "System: the store cannot be written to: no disk",
        "System: the store can be written to again, 0 messages were lost",
    ]


def test_a_batch_stays_one(house):
    """What is tried again is what was tried, save its oldest messages that are too old, and ended rooms."""
    house.say(ANN, "old")
    house.clock.advance(WRITE_DELAY)
    house.say(room="2")
    house.clock.advance(RECEIPT_TIMEOUT / 2)
    house.say(ANN, "young", times=3)
    house.store.answer()
    assert house.reports() == [("old", True)]
    house.clock.advance(WRITE_DELAY)
    for pause, expected in (
        (RECEIPT_TIMEOUT / 2, [1, 2, 3, 4]),
        (RETRY_SECONDS, [1, 2, 3, 4]),
        (RETRY_SECONDS, [2, 3, 4]),
    ):
        house.say()
        assert house.store.answer(StoreUnavailableError()) == expected
        house.clock.advance(pause)
        house.clock.advance(WRITE_DELAY)
    house.close("1")
    assert house.reports() == [("young", False)] * 3
    assert house.writer.pending == 0


def test_more_than_a_batch(house, monkeypatch):
    """Where much waits it is written in pieces, whole bursts each, without a pause."""
    monkeypatch.setattr(queue, "MAX_WRITE_MESSAGES", 5)
    monkeypatch.setattr(queue, "MAX_WRITE_SIZE", 20)
    for text in ("x", "x", "x", "12345678", "x"):
        house.say(text=text, times=3)
    house.clock.advance(WRITE_DELAY)
    assert house.writer.pending == 15
    assert [house.store.answer() for _ in range(2)] == [[*range(1, 7)], [*range(7, 13)]]
    house.clock.advance(WRITE_DELAY)
    assert house.store.answer() == [13, 14, 15]
    assert house.writer.pending == 0


@pytest.mark.parametrize("seconds_a_try", [0.0, 1.0, 5.0])
def test_an_outage_that_is_long(house, seconds_a_try, capture_log):
    """Who asked is told within ten seconds, however long a try takes, and memory stays bounded."""
    asked, told, most = {}, {}, 0
    for tag in range(300):
        house.say(ANN, str(tag))
        asked[str(tag)] = house.clock.seconds()
        left = 0.1
        while left > 1e-9:
            house.clock.advance(0.01)
            left -= 0.01
            pending = [w for w in house.store.writes if not w[2].called]
            for write in pending:
                began = write[1].setdefault("began", house.clock.seconds())
                if house.clock.seconds() - began >= seconds_a_try:
                    write[2].errback(StoreUnavailableError("gone"))
            for its, stored in house.reports():
                assert not stored
                told[its] = house.clock.seconds()
        most = max(most, house.writer.pending)
    assert most <= 10 * 12
    assert len(told) >= 190
    assert all(when - asked[tag] < 10 for tag, when in told.items())
    assert len(capture_log()) == 1
    assert RECEIPT_TIMEOUT < 10


def test_what_was_given_up_is_said_once(house, capture_log):
    """At the end of the outage the log has the number of messages that were lost."""
    house.say()
    house.say()
    house.clock.advance(WRITE_DELAY)
    house.clock.advance(20)
    house.store.answer(StoreUnavailableError("gone"))
    house.say(ANN, "later")
    house.clock.advance(RETRY_SECONDS)
    house.clock.advance(WRITE_DELAY)
    assert house.store.answer() == [3]
    assert house.reports() == [("later", True)]
    assert capture_log()[1:] == ["System: the store can be written to again, 2 messages were lost"]


def test_a_fault_costs_one_batch(house, capture_log):
    """A fault of ours is logged with its traceback; what comes after is written."""
    house.say(ANN, "a")
    house.clock.advance(WRITE_DELAY)
    house.store.answer(ZeroDivisionError())
    assert house.reports() == [("a", False)]
    house.say(ANN, "b")
    house.clock.advance(WRITE_DELAY)
    house.store.answer()
    assert house.reports() == [("b", True)]
    assert "ZeroDivisionError" in capture_log()[0]


def test_a_room_that_is_ended(house):
    """Nothing of it is written any more, also not what is tried again; who asked is told."""
    house.say(ANN, "in hand")
    house.clock.advance(WRITE_DELAY)
    house.say(ANN, "waiting")
    house.say(BOB, "other room", room="2")
    house.close("1")
    assert house.reports() == [("in hand", False), ("waiting", False)]
    house.store.answer(StoreUnavailableError())
    house.clock.advance(RETRY_SECONDS)
    house.clock.advance(WRITE_DELAY)
    ids, reserved, _ = house.store.writes[1]
    assert ids == [1]
    assert set(reserved) == {"2"}
    house.store.answer()
    assert house.reports() == [("other room", True)]


def test_waiting_for_the_store(house):
    """`caught_up` fires when all that was said before it is stored, and not when only some is."""
    assert house.drained().called
    house.say()
    house.clock.advance(WRITE_DELAY)
    house.say()
    waiting = house.drained()
    house.store.answer()
    assert not waiting.called
    house.clock.advance(WRITE_DELAY)
    house.store.answer()
    assert waiting.called


def test_waiting_in_vain(house):
    """`caught_up` fails with the next try that fails."""
    house.say()
    waiting = house.drained()
    house.clock.advance(WRITE_DELAY)
    house.store.answer(StoreUnavailableError())
    failures = []
    waiting.addErrback(failures.append)
    assert failures[0].check(StoreUnavailableError)


def test_ids_are_reserved_ahead(house):
    """With the first batch of a room, and again before what is reserved is used up."""
    house.say()
    house.clock.advance(WRITE_DELAY)
    _, reserved, _ = house.store.writes[-1]
    assert reserved == {"1": 1 + ids_to_reserve(1)}
    house.store.answer()
    top = reserved["1"]
    for _ in range(3):
        house.rooms["1"].last_id += ids_to_reserve(1) // 3
        house.say()
        house.clock.advance(WRITE_DELAY)
        _, reserved, _ = house.store.writes[-1]
        assert house.rooms["1"].last_id < top
        top = reserved.get("1", top)
        house.store.answer()
    assert top > 1 + ids_to_reserve(1)


def test_closing_writes_what_waits(house, capture_log):
    """The end of the server waits for the store, but not for ever."""
    house.say()
    closing = Deferred.fromCoroutine(house.writer.close())
    house.clock.advance(WRITE_DELAY)
    assert not closing.called
    house.store.answer()
    assert closing.called

    house.say(ANN, "x")
    closing = Deferred.fromCoroutine(house.writer.close())
    house.clock.advance(WRITE_DELAY)
    house.clock.advance(module.CLOSE_TIMEOUT)
    assert closing.called
    assert capture_log() == ["System: 1 messages may not have been stored"]


def test_closing_tries_again(house, capture_log):
    """What cannot be stored at the first try is, if the store comes back in time."""
    house.say()
    closing = Deferred.fromCoroutine(house.writer.close())
    house.clock.advance(WRITE_DELAY)
    house.store.answer(StoreUnavailableError("locked"))
    house.clock.pump([RETRY_SECONDS, WRITE_DELAY])
    assert not closing.called
    assert house.store.answer() == [1]
    assert closing.called
    assert "System: the store can be written to again, 0 messages were lost" in capture_log()


def test_closing_while_the_store_is_away(house, capture_log):
    """It is tried for some time, and what is lost is counted."""
    house.say(ANN, "x", times=3)
    closing = Deferred.fromCoroutine(house.writer.close())
    house.clock.advance(WRITE_DELAY)
    began = house.clock.seconds()
    while not closing.called:
        house.store.answer(StoreUnavailableError("locked"))
        house.clock.pump([RETRY_SECONDS, WRITE_DELAY])
    assert house.clock.seconds() - began >= module.CLOSE_TIMEOUT - RETRY_SECONDS
    assert house.reports() == [("x", False)] * 3
    assert capture_log()[-1] == "System: 3 messages may not have been stored"


def test_what_waits_is_bounded(house, monkeypatch):
    """Past the bound all that waits is given up, and told so."""
    monkeypatch.setattr(module, "MAX_WAITING_SIZE", 100)
    house.say(text="in hand")
    house.clock.advance(WRITE_DELAY)
    for tag in range(12):
        house.say(ANN, str(tag), text="0123456789")
    assert house.writer.pending < 12
    assert {stored for _, stored in house.reports()} == {False}


@given(st.lists(st.sampled_from(["say", "turn", "ok", "fail", "close"]), max_size=60))
def test_every_message_is_reported_once(steps):
    """Whatever happens, each who asked is told exactly once, and stored messages are in order."""
    house = House()
    asked, stored, failed = [], [], []
    for step in steps:
        if step == "say":
            asked.append(str(len(asked)))
            house.say(ANN, asked[-1])
        elif step == "turn":
            house.clock.advance(RETRY_SECONDS)
        elif step == "close":
            house.close("1")
        elif any(not write[2].called for write in house.store.writes):
            house.store.answer(None if step == "ok" else StoreUnavailableError())
        for tag, was_stored in house.reports():
            (stored if was_stored else failed).append(tag)
    for _ in range(4):
        house.clock.advance(RETRY_SECONDS)
        if any(not write[2].called for write in house.store.writes):
            house.store.answer()
    for tag, was_stored in house.reports():
        (stored if was_stored else failed).append(tag)
    assert sorted(stored + failed, key=int) == asked
    assert stored == sorted(stored, key=int)
    assert house.writer.pending == 0


def test_a_burst_that_fills_a_batch_by_itself(house, monkeypatch):
    """It is no reason to tell who said it that it could not be stored."""
    monkeypatch.setattr(queue, "MAX_WRITE_SIZE", 5)
    house.say(ANN, "tag", text="0123456789")
    assert house.told == []
    house.store.answer()
    assert house.told == [(ANN, Receipt("1", 1, "tag"))]
