"""The delivery record of the long run finds gaps, a wrong order and lost messages."""

import pytest

from bench.soaks.delivery_record import DeliveryRecord, JsonView, TextView


@pytest.fixture
def record():
    """Return a record to which a client in JSON has added four messages of a room."""
    record = DeliveryRecord()
    view = JsonView(record, "bot", "1")
    view.joined(6)
    for number in (7, 8, 9, 10):
        view.said(number, "Ann", f"#{number}")
    view.check(10)
    assert not record.errors
    return record


@pytest.fixture
def program(record):
    """Return the view of another client in JSON, which joined behind the first message."""
    view = JsonView(record, "Bob", "1")
    view.joined(7)
    return view


def test_a_gap(record, program):
    """A number that never came is an error."""
    program.said(9, "Ann", "#9")
    program.said(10, "Ann", "#10")
    program.check(10)
    assert record.errors == ["Bob in 1: [8] did not come"]


def test_the_end_is_missing(record, program):
    """Messages that only others have read are an error."""
    program.said(8, "Ann", "#8")
    program.check(10)
    assert record.errors == ["Bob in 1: [9, 10] did not come"]


def test_own_messages_are_no_gap(record, program):
    """Their numbers come with the confirmations, before or after the messages of others."""
    program.said(8, "Ann", "#8")
    program.said(10, "Ann", "#10")
    program.stored(11, "Bob", "#a")
    program.stored(9, "Ann", "#9")
    program.check(11)
    assert not record.errors


def test_a_wrong_order(record, program):
    """A number that comes late is an error."""
    for number in (8, 10, 9):
        program.said(number, "Ann", f"#{number}")
    assert record.errors == ["Bob in 1: 9 came after 10"]


def test_different_messages(record, program):
    """Two messages with the same number are an error."""
    program.said(8, "Ann", "#9")
    assert record.errors == ["1: two messages have the number 8"]


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        ([8, 9, 10], None),
        ([8, 10], "10 came after 8"),
        ([9, 8], "8 came after 9"),
        ([8, 9], "read up to 9 of 10, unknown: 0"),
        ([8, 9, 10, 11], "read up to 10 of 10, unknown: 1"),
    ],
)
def test_a_client_in_text(record, read, fault):
    """The record knows the numbers of the messages that a client in text reads."""
    view = TextView(record, "Zoe", "1")
    for number in read:
        view.read("Ann", f"#{number}")
    view.check()
    view.check(10)
    assert record.errors[:1] == ([] if fault is None else [f"Zoe in 1: {fault}"])


def test_the_store(record, program):
    """Each message that was confirmed or read has to be in the store, unchanged."""
    program.stored(8, "Ann", "#8")
    store = {("1", number): ("Ann", f"#{number}") for number in (7, 9, 10)}
    assert record.lost(store) == ["1 8 was confirmed as stored", "1 8 was read"]
    store["1", 8] = ("Ann", "#8")
    assert not record.lost(store)
    record.forget("1")
    assert not record.lost({})
