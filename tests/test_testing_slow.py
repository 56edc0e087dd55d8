"""The test doubles whose calls wait until a test lets them through."""

from twisted.internet.defer import Deferred

from chatd.core.records import Ban, BanKind
from chatd.testing_slow import Gate, SlowHashing, SlowStore


def call(coroutine, log, name):
    """Start a coroutine; add `name` and its error, if any, to `log` when it ends."""
    done = Deferred.fromCoroutine(coroutine)
    done.addCallbacks(lambda _: log.append(name), lambda failure: log.append(failure.type))


def test_an_open_gate():
    """A call does not wait."""
    log = []
    call(Gate().wait(), log, "first")
    assert log == ["first"]


def test_a_gate_that_opens():
    """All calls go through, or fail with the same error."""
    gate, log = Gate(shut=True), []
    call(gate.wait(), log, "first")
    call(gate.wait(), log, "second")
    assert log == []
    gate.open()
    assert log == ["first", "second"]
    gate.shut = True
    call(gate.wait(), log, "third")
    gate.open(KeyError())
    assert log == ["first", "second", KeyError]


def test_a_gate_that_lets_some_through():
    """The calls that came first go first, and the gate stays shut."""
    gate, log = Gate(shut=True), []
    for name in ("first", "second", "third"):
        call(gate.wait(), log, name)
    gate.let_through(2)
    assert log == ["first", "second"]
    gate.drain()
    assert log == ["first", "second", "third"]
    assert not gate.shut


def test_slow_hashing():
    """A hash comes when the gate opens, and verifies its password."""
    hashing, log = SlowHashing(shut=True), []
    Deferred.fromCoroutine(hashing.hash("pw", None)).addCallback(log.append)
    assert log == []
    hashing.gate.open()
    Deferred.fromCoroutine(hashing.verify(log[0], "pw", None)).addCallback(log.append)
    Deferred.fromCoroutine(hashing.verify(log[0], "other", None)).addCallback(log.append)
    assert log[1:] == [True, False]


def test_the_gates_of_a_slow_store():
    """Calls wait at the gate of their kind of data, or fail there, and others do not."""
    store, log = SlowStore(), []
    store.ban_gate.shut = True
    store.token_gate.error = ZeroDivisionError()
    call(store.add_ban(Ban(BanKind.NAME, "Bob")), log, "ban")
    call(store.resume_token("digest"), log, "token")
    call(store.account("Ann"), log, "account")
    assert log == [ZeroDivisionError, "account"]
    store.ban_gate.open()
    assert log[-1] == "ban"
    assert store.open([]).bans == [Ban(BanKind.NAME, "Bob")]
