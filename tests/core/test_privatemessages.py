"""Private messages, by calls of `PrivateMessages` itself."""

import pytest
from twisted.internet.defer import Deferred

from chatd.core.errors import ErrorCode, StoreUnavailableError
from chatd.core.events import MessageKind
from chatd.core.names import new_name
from chatd.core.privatemessages import MAX_KEPT, MAX_KEPT_OF_SENDER, KeptFor
from chatd.core.records import KeptMessage
from chatd.core.world.account_operations import ReserveName
from chatd.core.world.operations import SentPrivately
from chatd.daemon.periodic import HOUR
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore
from tests.core.calls import refusal, run

NOW = 1000.0
WORD = "staple-battery"


@pytest.fixture
def server():
    """Return a server with room 1, whose store has gates."""
    return MemoryServer(store=SlowStore(), rooms=(("1", "room 1"),))


def join(server, room_id, name, host="127.0.0.1"):
    """Return the session of a new guest in a room."""
    session = server.open_session(host)
    run(server.service.chat.join(session, room_id, name, NOW))
    return session


def test_send_private(server):
    """One user reads it; names are found as they are compared."""
    ann, bob = join(server, "1", "Ann"), join(server, "1", "Bob")
    ann.read()
    sent = run(server.service.private_messages.send(ann, "BOB", "psst", NOW))
    assert isinstance(sent, SentPrivately)
    assert (sent.name, sent.away) == ("Bob", None)
    assert bob.read() == ["Ann (secret): psst"]
    assert ann.read() == []


def test_send_private_to_oneself(server):
    """It is read once by each session."""
    ann = join(server, "1", "Ann")
    run(server.service.private_messages.send(ann, "Ann", "note", NOW))
    assert ann.read() == ["Ann (secret): note"]


def test_send_private_refused(server):
    """The sender needs a name, the recipient must be present, not only reserve a name."""
    ann, nobody = join(server, "1", "Ann"), server.open_session()
    send_private = server.service.private_messages.send
    assert refusal(send_private(nobody, "Ann", "psst", NOW))[0] is ErrorCode.IN_NO_ROOM
    run(server.service.oplog.submit(ReserveName(nobody.key, new_name("Zoe"))))
    assert refusal(send_private(ann, "Zoe", "psst", NOW))[0] is ErrorCode.NO_SUCH_USER


# -- to accounts that nobody is logged in to


@pytest.fixture
def bob(server):
    """Return the account bob, whose user is not present."""
    return register(server, "bob")


def register(server, name):
    """Return a new account, whose user is not present."""
    client = server.connect()
    client.ask(f"`register {name} {WORD}")
    client.lose()
    return server.service.world.find_account(name)


def log_in(server, name):
    """Return the session of the user of an account."""
    server.connect().ask(f"`login {name} {WORD}")
    return next(each for each in server.service.sessions if each.user.name == name)


def kept(server, account):
    """Return who sent the messages that the store keeps for an account, and when, and the texts."""
    messages = run(server.service.store.kept_messages(account.id))
    return [(message.sender, message.account, message.text, message.time) for message in messages]


def send(server, session, text="psst", name="bob", now=NOW):
    """Send a private message; return what comes of it."""
    return run(server.service.private_messages.send(session, name, text, now))


def refused(server, session, text="psst", name="bob", now=NOW):
    """Return the code and the parameters with which a private message is refused."""
    return refusal(server.service.private_messages.send(session, name, text, now))


def test_kept(server, bob):
    """It is in the store with its sender, and the account is named as it is spelled."""
    ann, account = join(server, "1", "Ann"), register(server, "alice")
    alice = log_in(server, "alice")
    assert send(server, ann, name="BOB") == KeptFor("bob")
    assert send(server, alice, "hush", now=NOW + 1) == KeptFor("bob")
    assert kept(server, bob) == [("Ann", None, "psst", NOW), ("alice", account.id, "hush", NOW + 1)]


def test_not_kept(server, bob):
    """Neither without a name, nor if it is too long, nor for a name without an account."""
    ann, nobody = join(server, "1", "Ann"), server.open_session()
    assert refused(server, nobody)[0] is ErrorCode.IN_NO_ROOM
    assert refused(server, ann, "x\n" * 200)[0] is ErrorCode.TOO_MANY_LINES
    assert refused(server, ann, name="Zoe") == (ErrorCode.NO_SUCH_USER, {"name": "Zoe"})
    assert kept(server, bob) == []


def test_none_is_kept():
    """With 0 days a message to an account is refused as one to nobody; kept ones are gone."""
    server = MemoryServer(keep_secrets=0, rooms=(("1", "room 1"),))
    bob = register(server, "bob")
    message = KeptMessage(0, "Ann", None, "psst", server.wall_time())
    run(server.service.store.keep_message(bob.id, message, MAX_KEPT_OF_SENDER, MAX_KEPT))
    assert refused(server, join(server, "1", "Ann")) == (ErrorCode.NO_SUCH_USER, {"name": "bob"})
    server.turn(HOUR)
    assert kept(server, bob) == []


def test_kinds(server, bob):
    """An action is kept as a text; a notice is not kept, so that nobody is there to read it."""
    ann, send_private = join(server, "1", "Ann"), server.service.private_messages.send
    assert run(send_private(ann, "bob", "waves", NOW, MessageKind.ACTION)) == KeptFor("bob")
    code, _ = refusal(send_private(ann, "bob", "psst", NOW, MessageKind.NOTICE))
    assert code is ErrorCode.NO_SUCH_USER
    assert [text for *_, text, _ in kept(server, bob)] == ["* Ann waves"]


def test_old_ones_are_removed(server, bob):
    """Those that are older than seven days, once an hour."""
    now, days = server.wall_time(), 7 * 86_400
    ann = join(server, "1", "Ann")
    send(server, ann, "old", now=now - days)
    send(server, ann, "new", now=now - days + HOUR + 2)
    server.turn(HOUR + 1)
    assert [text for *_, text, _ in kept(server, bob)] == ["new"]


def test_many_of_a_sender(server, bob):
    """Ten of one sender are kept; another may still send some.

    All guests of an address are one sender, and a guest who takes another name stays the same.
    """
    ann, zoe = join(server, "1", "Ann", "192.0.2.1"), join(server, "1", "Zoe", "192.0.2.2")
    eve = join(server, "1", "Eve", "192.0.2.1")
    for number in range(MAX_KEPT_OF_SENDER):
        run(server.service.chat.rename(ann, f"Ann{number}x", NOW))
        send(server, ann, str(number))
    for sender in (ann, eve):
        assert refused(server, sender) == (ErrorCode.TOO_MANY_KEPT, {"name": "bob"})
    assert send(server, zoe) == KeptFor("bob")
    assert len(kept(server, bob)) == MAX_KEPT_OF_SENDER + 1


def test_an_account_is_one_sender(server, bob):
    """The messages of guests of its address do not count."""
    ann = join(server, "1", "Ann")
    register(server, "alice")
    alice = log_in(server, "alice")
    for sender in (ann, alice):
        for number in range(MAX_KEPT_OF_SENDER):
            assert send(server, sender, str(number)) == KeptFor("bob")
        assert refused(server, sender)[0] is ErrorCode.TOO_MANY_KEPT
    origins = {each.origin for each in run(server.service.store.kept_messages(bob.id))}
    assert origins == {None}


def test_many_in_all(server, bob):
    """A hundred are kept for an account."""
    senders = [
        join(server, "1", f"Ann{number}x", f"192.0.2.{number}")
        for number in range(MAX_KEPT // 10 + 1)
    ]
    for number in range(MAX_KEPT):
        send(server, senders[number // 10], str(number))
    assert refused(server, senders[-1]) == (ErrorCode.TOO_MANY_KEPT, {"name": "bob"})
    assert len(kept(server, bob)) == MAX_KEPT


def test_an_account_that_is_removed(server, bob):
    """Its messages are gone, and no more are kept; those to a new one of the name are."""
    ann = join(server, "1", "Ann")
    send(server, ann)
    server.console("unregister bob")
    assert kept(server, bob) == []
    assert refused(server, ann)[0] is ErrorCode.NO_SUCH_USER


@pytest.mark.usefixtures("bob")
def test_an_account_that_is_removed_meanwhile(server):
    """The sender reads that there is no such user."""
    ann, gate = join(server, "1", "Ann"), server.service.store.kept_gate
    gate.shut, refusals = True, []
    sending = server.service.private_messages.send(ann, "bob", "psst", NOW)
    Deferred.fromCoroutine(sending).addErrback(lambda failure: refusals.append(failure.value.code))
    server.console("unregister bob")
    gate.open()
    assert refusals == [ErrorCode.NO_SUCH_USER]


def test_the_store_is_away(server, bob):
    """The sender reads that, and may try it again."""
    ann, gate = join(server, "1", "Ann"), server.service.store.kept_gate
    gate.error = StoreUnavailableError()
    assert refused(server, ann)[0] is ErrorCode.UNAVAILABLE
    gate.error = None
    assert send(server, ann) == KeptFor("bob")
    assert len(kept(server, bob)) == 1


# -- from users whom the recipient ignores


@pytest.fixture
def alice(server, bob):
    """Return the session of alice, whom bob ignores."""
    server.service.world.accounts.set_ignored(bob.id, register(server, "alice"), True)
    return log_in(server, "alice")


def test_ignored(server, bob, alice):
    """The answers are those that another sender gets; nothing is kept."""
    ann = join(server, "1", "Ann")
    for sender in (ann, alice):
        for number in range(MAX_KEPT_OF_SENDER):
            assert send(server, sender, str(number)) == KeptFor("bob")
        assert refused(server, sender) == (ErrorCode.TOO_MANY_KEPT, {"name": "bob"})
    assert {sender for sender, *_ in kept(server, bob)} == {"Ann"}


def test_ignored_for_long(server, bob, alice):
    """As many may be sent again once the messages would be removed, or delivered."""
    week = 7 * 86_400
    for number in range(MAX_KEPT_OF_SENDER):
        send(server, alice, str(number))
    assert send(server, alice, now=NOW + week + 1) == KeptFor("bob")
    for number in range(MAX_KEPT_OF_SENDER - 1):
        send(server, alice, str(number), now=NOW + week + 1)
    assert refused(server, alice, now=NOW + week + 1)[0] is ErrorCode.TOO_MANY_KEPT
    log_in(server, "bob").close()
    assert send(server, alice, now=NOW + week + 1) == KeptFor("bob")
    assert kept(server, bob) == []


def test_ignored_while_there_is_no_place(server, bob, alice):
    """The sender is refused as others are."""
    for number in range(MAX_KEPT):
        message = KeptMessage(0, "Ann", None, "psst", NOW, f"192.0.2.{number}/32")
        run(server.service.store.keep_message(bob.id, message, MAX_KEPT_OF_SENDER, MAX_KEPT))
    assert refused(server, alice) == (ErrorCode.TOO_MANY_KEPT, {"name": "bob"})
