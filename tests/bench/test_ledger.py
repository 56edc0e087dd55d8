"""The ledger of the long run sees what must not be: gaps, another order, a loss."""

import pytest

from bench.soaks.ledger import Ledger, PersonsView, ProgramsView


@pytest.fixture
def ledger():
    """Return a ledger in which a program has noted four messages of a room."""
    ledger = Ledger()
    view = ProgramsView(ledger, "bot", "1")
    view.joined(6)
    for number in (7, 8, 9, 10):
        view.said(number, "Ann", f"#{number}")
    view.look(10)
    assert not ledger.faults
    return ledger


@pytest.fixture
def program(ledger):
    """Return what another program has seen, who joined behind the first message."""
    view = ProgramsView(ledger, "Bob", "1")
    view.joined(7)
    return view


def test_a_gap(ledger, program):
    """A number that never came."""
    program.said(9, "Ann", "#9")
    program.said(10, "Ann", "#10")
    program.look(10)
    assert ledger.faults == ["Bob in 1: [8] did not come"]


def test_the_end_is_missing(ledger, program):
    """Others have read on."""
    program.said(8, "Ann", "#8")
    program.look(10)
    assert ledger.faults == ["Bob in 1: [9, 10] did not come"]


def test_ones_own_messages_are_no_gap(ledger, program):
    """Their numbers come when they are stored, before or after what others say."""
    program.said(8, "Ann", "#8")
    program.said(10, "Ann", "#10")
    program.stored(11, "Bob", "#a")
    program.stored(9, "Ann", "#9")
    program.look(11)
    assert not ledger.faults


def test_not_in_order(ledger, program):
    """A number that comes late, or twice."""
    for number in (8, 10, 9):
        program.said(number, "Ann", f"#{number}")
    assert ledger.faults == ["Bob in 1: 9 came after 10"]


def test_not_the_same(ledger, program):
    """Two messages with one number."""
    program.said(8, "Ann", "#9")
    assert ledger.faults == ["1: two messages have the number 8"]


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
def test_people_who_see_no_numbers(ledger, read, fault):
    """What they read is looked up."""
    view = PersonsView(ledger, "Zoe", "1")
    for number in read:
        view.read("Ann", f"#{number}")
    view.look()
    view.look(10)
    assert ledger.faults[:1] == ([] if fault is None else [f"Zoe in 1: {fault}"])


def test_the_store(ledger, program):
    """What was told to be stored, and what was read, has to be there as it was."""
    program.stored(8, "Ann", "#8")
    store = {("1", number): ("Ann", f"#{number}") for number in (7, 9, 10)}
    assert ledger.lost(store) == ["1 8 was told to be stored", "1 8 was read"]
    store["1", 8] = ("Ann", "#8")
    assert not ledger.lost(store)
    ledger.forget("1")
    assert not ledger.lost({})
