"""The contract of `IStore` for private messages that are kept for accounts that are away."""

import traceback
from dataclasses import replace

import pytest

from chatd.core.records import KeptMessage
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import NOW

CANARY = "canary-7f3a-sings"


@pytest.fixture
def kept(store):
    """Return a store with the accounts Ann, for whom nothing is kept yet, and Bob."""
    store.ann, store.bob = (store.add_account(name, "1", NOW).id for name in ("Ann", "Bob"))
    return store


def message(text, sender="Zoë", account=None, time=NOW, origin=None):
    """Return a message that has no id yet."""
    return KeptMessage(0, sender, account, text, time, origin)


def keep(store, *messages, per_sender=9, in_all=99):
    """Keep messages for Ann; return which of them are kept."""
    return [store.keep_message(store.ann, each, per_sender, in_all) for each in messages]


def texts(store, recipient=None):
    """Return the texts of the messages that are kept for Ann, or for another account."""
    return [each.text for each in store.kept_messages(recipient or store.ann)]


def test_kept_messages(kept):
    """They have all values, and ids that ascend, in the order in which they were kept."""
    messages = [
        message("two\n\tlines", time=NOW + 9),
        message("", "Bob", kept.bob),
        message("'\"\\ 😀", "bob", time=NOW - 9, origin="2001:db8::/64"),
    ]
    assert keep(kept, *messages) == [True] * 3
    kept.crash()
    kept.open()
    found = kept.kept_messages(kept.ann)
    assert [replace(each, id=0) for each in found] == messages
    assert [each.id for each in found] == sorted({each.id for each in found})
    assert kept.kept_messages(kept.bob) == []


def test_too_many_from_one_sender(kept):
    """An account is one sender, so are the guests of an origin; others may send still."""
    sent = [
        message("1", "Bob", kept.bob),
        message("2", "Bob", kept.bob),
        message("3", "Bob", kept.bob),
        message("4", "Bob", origin="203.0.113.9/32"),
        message("5", "Zoë", origin="203.0.113.9/32"),
        message("6", "Eve", origin="203.0.113.9/32"),
        message("7", "Bob", origin="203.0.113.8/32"),
    ]
    assert keep(kept, *sent, per_sender=2) == [True, True, False, True, True, False, True]
    assert texts(kept) == ["1", "2", "4", "5", "7"]
    assert kept.keep_message(kept.bob, sent[5], 2, 99)


def test_guests_without_an_origin(kept):
    """They are one sender, whatever their names, and not that of an account."""
    sent = [
        message("1", "Bob", kept.bob),
        message("2", "Bob"),
        message("3", "Zoë"),
        message("4", "Eve"),
        message("5", "Eve", origin="203.0.113.8/32"),
    ]
    assert keep(kept, *sent, per_sender=2) == [True, True, True, False, True]
    assert texts(kept) == ["1", "2", "3", "5"]


def test_too_many_in_all(kept):
    """Nothing is kept beyond that until some are removed."""
    sent = [message(str(number), f"guest{number}") for number in range(4)]
    assert keep(kept, *sent, in_all=3) == [True, True, True, False]
    assert texts(kept) == ["0", "1", "2"]
    kept.remove_kept_messages([kept.kept_messages(kept.ann)[0].id])
    assert keep(kept, sent[3], in_all=3) == [True]
    assert texts(kept) == ["1", "2", "3"]


def test_a_call_that_is_repeated(kept):
    """A message is kept once; another one of the same text, sender or time is one of its own."""
    sent = message("psst")
    others = [
        replace(sent, time=NOW + 1),
        replace(sent, text="hey"),
        replace(sent, sender="Bob"),
        replace(sent, account=kept.bob),
        replace(sent, origin="203.0.113.9/32"),
    ]
    assert keep(kept, sent, *others) == [True] * 6
    assert keep(kept, sent, *others, per_sender=1, in_all=1) == [True] * 6
    assert len(texts(kept)) == 6


def test_removing_kept_messages(kept):
    """Those that are named are removed, once."""
    keep(kept, *(message(str(number)) for number in range(4)))
    ids = [each.id for each in kept.kept_messages(kept.ann)]
    for _ in range(2):
        kept.remove_kept_messages({ids[0], ids[2]})
    kept.remove_kept_messages([])
    assert texts(kept) == ["1", "3"]


def test_ids_are_not_used_again(kept):
    """A message that is kept later has another id, so a removal that comes late harms nothing."""
    keep(kept, message("1"))
    first = kept.kept_messages(kept.ann)[0].id
    kept.remove_kept_messages([first])
    keep(kept, message("2"))
    kept.remove_kept_messages([first])
    assert texts(kept) == ["2"]


def test_removing_old_kept_messages(kept):
    """Those from before a time are removed, whoever has sent or gets them."""
    keep(kept, message("1", time=NOW - 1), message("2"))
    kept.keep_message(kept.bob, message("3", time=NOW - 2), 9, 99)
    kept.remove_kept_messages_before(NOW)
    assert (texts(kept), texts(kept, kept.bob)) == (["2"], [])


def test_kept_messages_end_with_the_recipient(kept):
    """Those for others stay, and nothing is kept for an account that is not there."""
    keep(kept, message("1"))
    kept.keep_message(kept.bob, message("2"), 9, 99)
    kept.remove_account("Ann")
    assert keep(kept, message("3")) == [False]
    assert (texts(kept), texts(kept, kept.bob)) == ([], ["2"])


def test_a_kept_message_outlives_the_account_of_its_sender(kept):
    """It still tells which account that was."""
    keep(kept, message("1", "Bob", kept.bob))
    kept.remove_account("Bob")
    (found,) = kept.kept_messages(kept.ann)
    assert (found.sender, found.account, found.text) == ("Bob", kept.bob, "1")


def test_messages_that_several_servers_keep(new_server):
    """The limits hold for all servers together, and each of them reads all messages."""
    first, second = new_server(), new_server()
    for server in (first, second):
        server.open("tea", shared=True)
    ann = first.add_account("Ann", "1", NOW).id
    for server in (first, second):
        assert server.keep_message(ann, message(str(id(server))), 2, 9)
    for server in (first, second):
        assert not server.keep_message(ann, message("x"), 2, 9)
    assert first.kept_messages(ann) == second.kept_messages(ann)
    assert len(first.kept_messages(ann)) == 2


def test_an_error_does_not_show_the_text(kept):
    """Neither does the message itself where it is logged."""
    sent = message(CANARY, account=10**30)
    assert CANARY not in repr(sent)
    if isinstance(kept.store, MemoryStore):
        pytest.skip("nothing fails in memory")
    with pytest.raises(Exception, match=r"(?i)too large|out of range") as error:
        keep(kept, sent)
    assert CANARY not in "".join(traceback.format_exception(error.value))
