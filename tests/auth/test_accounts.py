"""Accounts: errors, and how long logins wait after failures."""

import pytest

from chatd.auth.attempts import MAX_FAST, MAX_SLOW, PAUSE
from chatd.auth.hashing import Argon2Hashing
from chatd.auth.passwords import Passwords
from chatd.auth.throttle import BACKOFF, FREE_FAILURES, WINDOW
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.core.records import Account

RIGHT = "correct horse"
NEW = "battery staple"
THERE = ("192.0.2.1", 50000)


@pytest.fixture
def create(accounts, outcome):
    """Return a function that adds an account and returns the outcome."""

    async def add(name, password, now):
        return await accounts.create(name, await accounts.hash(password, None), now)

    return lambda name, password, now=0.0: outcome(add(name, password, now))


@pytest.fixture
def login(accounts, outcome):
    """Return a function that tries to log in and returns the outcome."""

    def try_it(password, name="alice", address=None):
        return outcome(accounts.authenticate(name, password, address))

    return try_it


@pytest.fixture
def change(accounts, outcome):
    """Return a function that tries to change alice's password and returns the outcome."""

    async def replace(old, new, address):
        account = await accounts.verify("alice", old, address)
        await accounts.replace(account, new, address)

    def try_it(old, new, address=None):
        return outcome(replace(old, new, address))

    return try_it


def fail(login, count, **options):
    """Fail that often."""
    for _ in range(count):
        assert login("wrong horse", **options).code == "wrong-password"


# -- registering


def test_create(accounts, create, outcome, store, login):
    """An account is added with its time and hash, and its password is right."""
    assert create("Zoë", "päss wörd", 12.5).code is None
    account = store.by_name["Zoë"]
    assert account == Account(account.id, "Zoë", "1:päss wörd", 12.5)
    assert login("päss wörd", name="Zoë").code is None
    assert [account.name for account in outcome(accounts.all()).result] == ["alice", "Zoë"]


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1024, "ö" * 4, "ö" * 512])
def test_passwords_that_can_be(create, password):
    """Passwords of 8 to 1024 bytes in UTF-8 are accepted."""
    assert create("bob", password).code is None


@pytest.mark.parametrize("password", ["", "x" * 7, "x" * 1025, "ö" * 513, "\ud800" * 20])
def test_passwords_that_cannot_be(accounts, create, change, outcome, store, hashing, password):
    """Other passwords are refused wherever one is set, and nothing is changed."""
    before = dict(store.by_name)
    for refused in (
        create("bob", password),
        outcome(accounts.set_password("alice", password)),
        change(RIGHT, password),
    ):
        assert str(refused.error) == str(ChatError(ErrorCode.BAD_PASSWORD, least=8))
    assert store.by_name == before
    assert [job[0] for job in hashing.work] == ["verify"]


# -- logging in


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", "wrong horse"),
        ("bob", RIGHT),
        ("alice", "short"),
        ("alice", "x" * 1025),
        ("alice", "\ud800" * 8),
        ("\ud800", RIGHT),
    ],
)
def test_wrong(login, hashing, name, password):
    """Every wrong login gets the same error after the same work."""
    answer = login(password, name=name)
    assert str(answer.error) == str(ChatError(ErrorCode.WRONG_PASSWORD))
    assert answer.code == "wrong-password"
    assert [job[0] for job in hashing.work] == ["verify"]


def test_five_failures_are_free(login, clock):
    """A right password after fewer than five failures does not wait."""
    fail(login, FREE_FAILURES - 1)
    assert login(RIGHT).code is None
    assert clock.getDelayedCalls() == []


def test_after_five_it_takes_longer(login, hashing, clock):
    """An attempt does no work until its wait is over, whether the password is right or not."""
    fail(login, FREE_FAILURES)
    for wait in (*BACKOFF, BACKOFF[-1]):
        before = len(hashing.work)
        answer = login("wrong horse")
        clock.advance(wait - 0.1)
        assert not answer.done
        assert len(hashing.work) == before
        clock.advance(0.1)
        assert answer.code == "wrong-password"
    answer = login(RIGHT)
    clock.advance(BACKOFF[-1])
    assert answer.code is None, "nobody is locked out"


def test_a_hundred_at_once(login, hashing, clock):
    """All but five of a hundred attempts at once wait: they count from their start."""
    answers = [login("wrong horse") for _ in range(100)]
    assert sum(answer.done for answer in answers) == FREE_FAILURES
    assert len(hashing.work) == FREE_FAILURES
    clock.advance(BACKOFF[-1])
    assert all(answer.done for answer in answers)


def test_names_that_do_not_exist_are_counted_too(login):
    """Failures at unknown names count, so that nothing tells which names exist."""
    fail(login, FREE_FAILURES, name="nobody")
    assert not login("wrong horse", name="Nobody").done
    assert login(RIGHT).code is None


def test_addresses_are_counted(login, clock):
    """After five failures from an address wrong passwords are answered late, right ones not."""
    for n in range(FREE_FAILURES):
        fail(login, 1, name=f"name{n}", address=THERE)
    for n, delay in enumerate(BACKOFF):
        clock.advance(PAUSE)
        wrong = login("wrong horse", name=f"other{n}", address=THERE)
        clock.advance(delay - 0.01)
        assert not wrong.done
        assert login(RIGHT, address=THERE).code is None
        clock.advance(0.02)
        assert wrong.code == "wrong-password"
    assert login("wrong horse", name="bob", address=("192.0.2.2", 1)).done
    assert login("wrong horse", name="bob", address="unix").done


def test_a_suspect_address_has_one_password_verified_at_a_time(login, hashing, clock):
    """A client that does not wait for its answer gains little: there is a pause after a failure."""
    for n in range(FREE_FAILURES):
        fail(login, 1, name=f"name{n}", address=THERE)
    hashing.work.clear()
    wrong = [login("wrong horse", name=f"other{n}", address=THERE) for n in range(MAX_FAST)]
    assert len(hashing.work) == 1
    assert login(RIGHT, address=THERE).code == "busy"
    for tries in range(2, 5):
        clock.advance(PAUSE)
        assert len(hashing.work) == tries
    for attempt in wrong[4:]:
        attempt.deferred.cancel()
    right = login(RIGHT, address=THERE)
    clock.advance(PAUSE)
    assert right.code is None, "those that were cancelled have left the queue"
    assert len(hashing.work) == 5


def test_names_with_failures_wait_one_behind_the_other_at_an_address(login, clock):
    """Attempts at a name that others guess wait; a neighbour's name does not."""
    for _ in range(FREE_FAILURES):
        fail(login, 1, name="bob", address=THERE)
    guesses = [login("wrong horse", name="bob", address=THERE) for _ in range(20)]
    assert [guess.code for guess in guesses[MAX_SLOW:]] == ["busy"] * (20 - MAX_SLOW)
    assert login(RIGHT, address=THERE).code is None
    clock.advance(BACKOFF[0])
    clock.pump([PAUSE, *[0.1] * 100])
    assert sum(guess.done for guess in guesses[:MAX_SLOW]) < MAX_SLOW
    assert login(RIGHT, address=THERE).code is None


def test_right_passwords_never_wait(login):
    """Right passwords never count, however many come."""
    for _ in range(4 * FREE_FAILURES):
        assert login(RIGHT, address=THERE).code is None


def test_a_minute_later(login, clock):
    """Failures are forgotten after a minute."""
    fail(login, FREE_FAILURES)
    clock.advance(WINDOW)
    fail(login, FREE_FAILURES)


@pytest.mark.parametrize("address", [None, THERE])
def test_a_cancelled_wait(login, hashing, clock, address):
    """A cancelled wait leaves no timer, keeps nobody waiting, and is no failure."""
    fail(login, FREE_FAILURES, address=address)
    clock.advance(PAUSE)
    attempts = [login("wrong horse", address=address) for _ in range(MAX_SLOW)]
    for attempt in reversed(attempts):
        attempt.deferred.cancel()
    assert clock.getDelayedCalls() == []
    assert len(hashing.work) == FREE_FAILURES
    answer = login(RIGHT, address=address)
    clock.advance(BACKOFF[0])
    assert answer.code is None


def test_errors_come_through(login, store, hashing):
    """An error of the server is raised as it is, not as a wrong password."""
    hashing.error = ChatError(ErrorCode.BUSY)
    assert login(RIGHT).code == "busy"
    store.failing = {"account"}
    assert type(login(RIGHT).error) is StoreUnavailableError


# -- changing a password


def test_change(change, login):
    """A change needs the old password, which is wrong afterwards."""
    assert change(RIGHT, NEW).code is None
    assert login(RIGHT).code == "wrong-password"
    assert login(NEW).code is None


@pytest.mark.parametrize("new", [NEW, "short"])
def test_change_without_the_old_one(change, login, new):
    """A client without the old password does not learn whether the new one is acceptable."""
    assert change("wrong horse", new).code == "wrong-password"
    assert login(RIGHT).code is None


def test_change_is_throttled_as_logins_are(change, login, clock):
    """Attempts to change a password and to log in count together."""
    for _ in range(FREE_FAILURES):
        assert change(RIGHT, "short", THERE).code == "bad-password"
    for _ in range(FREE_FAILURES):
        assert change("wrong horse", NEW, THERE).code == "wrong-password"
    assert not login(RIGHT).done
    answer = change(RIGHT, NEW)
    assert not answer.done
    clock.advance(BACKOFF[-1])
    assert answer.code is None


def test_change_undoes_no_other(change, store, hashing, outcome, accounts):
    """A password that the administrator sets during a change stays."""

    def set_meanwhile():
        hashing.before = lambda: outcome(accounts.set_password("alice", "administrator's"))

    hashing.before = set_meanwhile
    assert change(RIGHT, NEW).code == "wrong-password"
    assert store.by_name["alice"].password_hash == "1:administrator's"


def test_change_out_of_reach(change, store):
    """A change that the store cannot save raises an error."""
    store.failing = {"set_password_hash"}
    assert type(change(RIGHT, NEW).error) is StoreUnavailableError
    assert change(RIGHT, "short").code == "bad-password", "the old one is still right"


# -- the administrator's


def test_set_password(accounts, outcome, login):
    """The old password is wrong after the administrator has set a new one."""
    assert outcome(accounts.set_password("alice", NEW)).code is None
    assert login(RIGHT).code == "wrong-password"
    assert login(NEW).code is None


def test_remove(accounts, outcome, login, store):
    """A removed account is like one that never existed."""
    assert outcome(accounts.remove("alice")).code is None
    assert login(RIGHT).code == "wrong-password"
    assert store.by_name == {}
    assert outcome(accounts.set_password("alice", NEW)).code is None
    assert store.by_name == {}


@pytest.mark.parametrize(
    ("failing", "call"),
    [
        ("add_account", lambda accounts: accounts.create("bob", "hash", 0.0)),
        ("set_password_hash", lambda accounts: accounts.set_password("alice", NEW)),
        ("remove_account", lambda accounts: accounts.remove("alice")),
        ("accounts", lambda accounts: accounts.all()),
    ],
)
def test_out_of_reach(accounts, outcome, store, failing, call):
    """An error of the store is raised, and later calls are not blocked."""
    store.failing = {failing}
    assert type(outcome(call(accounts)).error) is StoreUnavailableError
    store.failing = set()
    assert outcome(call(accounts)).code is None


def test_hashing_that_is_not_started(store, clock, outcome):
    """Without threads, hashing refuses at once."""
    accounts = Passwords(store, Argon2Hashing(clock), clock)
    assert outcome(accounts.authenticate("alice", RIGHT, None)).code == "busy"
