"""Events while a request waits: for a hash, for the store, for other requests."""

import json

import pytest
from twisted.internet.defer import Deferred

from chatd.config import RoomCreators
from chatd.core.errors import StoreUnavailableError
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.storage import writer
from chatd.storage.writer import CLOSE_TIMEOUT, RECEIPT_TIMEOUT, WRITE_DELAY
from chatd.testing import MemoryClient, MemoryServer
from chatd.testing_slow import Gate, SlowHashing, SlowStore

WORD = "staple-battery"
BANNED = "Server: You were banned by the Administrator!"


@pytest.fixture
def store():
    """Return a store with gates."""
    return SlowStore()


@pytest.fixture
def hashing():
    """Return hashing with a gate."""
    return SlowHashing()


@pytest.fixture
def server(store, hashing):
    """Return a server with them and with two rooms."""
    return MemoryServer(store=store, hashing=hashing, rooms=(("1", "tea"), ("2", "food")))


def registered(server, name="ann"):
    """Return a client that uses JSON and has registered, and its resume token."""
    client = server.connect()
    token = json.loads(client.ask("`format json")[0])["session"]
    client.ask(json.dumps({"command": "register", "username": name, "password": WORD}))
    return client, token


def resumes(server, token):
    """Tell whether a new client can resume a session with a token."""
    client = server.connect()
    client.ask("`format json")
    (answer,) = client.ask(json.dumps({"command": "resume", "session": token}))
    return json.loads(answer)["event"] == "reply"


# -- the history writer


def test_history_while_the_last_batch_is_written(server, store):
    """`history` is answered when the batch is written, without another message."""
    ann = server.join("1", "Ann")
    store.write_gate.shut = True
    ann.send("hello")
    server.turn(WRITE_DELAY)
    ann.send("`history")
    assert ann.read() == []
    store.write_gate.open()
    assert ann.read() == ["Server: \n[1970-01-01 00:00:00 UTC] Ann: hello\n"]


def test_history_after_an_exception(server, store, capture_log):
    """`history` does not wait for a batch that could not be stored."""
    ann = server.join("1", "Ann")
    store.write_gate.shut = True
    ann.send("hello")
    server.turn(WRITE_DELAY)
    store.write_gate.open(ZeroDivisionError())
    assert ann.ask("`history") == ["Server: No messages in chatroom 1!"]
    assert "ZeroDivisionError" in "".join(capture_log())


def test_exit_while_a_message_is_stored(server, store):
    """The receipt comes before the goodbye; the user leaves the room immediately."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.ask("`format json")
    store.write_gate.shut = True
    ann.send('{"command":"say","text":"x"}', '{"command":"exit"}')
    server.turn(WRITE_DELAY)
    assert bob.read() == ["Ann: x", "Server: Ann quitted."]
    assert not ann.closed
    store.write_gate.open()
    told = [json.loads(frame) for frame in ann.read()]
    assert [event["event"] for event in told] == ["stored", "reply"]
    assert ann.closed


@pytest.mark.parametrize(
    "ends", [lambda ann: ann.send('{"command":"exit"}'), MemoryClient.half_close]
)
def test_the_end_of_a_connection_while_the_store_hangs(server, store, ends):
    """A connection that ends waits for its receipts no longer than `RECEIPT_TIMEOUT`."""
    ann = server.join("1", "Ann")
    ann.ask("`format json")
    store.write_gate.shut = True
    ann.send('{"command":"say","text":"x"}')
    server.turn(WRITE_DELAY)
    ends(ann)
    server.turn(RECEIPT_TIMEOUT - 0.1)
    assert not ann.closed
    server.turn(0.1)
    assert ann.closed


def test_a_flood_while_the_store_hangs(server, store, monkeypatch):
    """A client learns immediately which messages cannot be kept, and is closed when it ends."""
    monkeypatch.setattr(writer, "MAX_WAITING", 3)
    ann, _ = registered(server)
    ann.ask('{"command":"join","chatroom_id":"1"}')
    store.write_gate.shut = True
    ann.send('{"command":"say","text":"in hand"}')
    server.turn(WRITE_DELAY)
    ann.send(*['{"command":"say","text":"x"}'] * 5)
    ann.half_close()
    events = [json.loads(frame) for frame in ann.read()]
    assert [event["code"] for event in events] == ["not-stored"] * 4
    store.write_gate.open()
    server.turn(WRITE_DELAY)
    assert [json.loads(frame)["event"] for frame in ann.read()] == ["stored", "stored"]
    assert ann.closed


def test_stop_while_the_store_hangs_and_a_client_does_not_read(server, store):
    """The server waits for both at the same time, so that it stops in time."""
    ann = server.join("1", "Ann")
    ann.transport.closes_late = True
    store.write_gate.shut = True
    ann.send("never stored")
    server.turn(WRITE_DELAY)
    stopped = server.service.stopService()
    server.turn(min(FINISH_SECONDS, CLOSE_TIMEOUT) - 0.1)
    assert not stopped.called
    server.turn(abs(FINISH_SECONDS - CLOSE_TIMEOUT) + 0.1)
    server.turn()
    assert ann.closed
    assert stopped.called


def test_a_room_is_ended_while_a_user_waits_to_join_it(server):
    """The end of the room ends the wait, and the user does not join it."""
    ann, bob = server.join("1", "Ann"), server.join("2", "Bob")
    bob.send("not stored yet")
    ann.send("`history", "`quit", "`join 2", "`list")
    server.console("end 2")
    assert ann.read() == [
        "Server: No messages in chatroom 1!",
        "Server: You quitted from chatroom tea@1",
        "Server: Chatroom 2 NOT exist!",
        "Server: \ntea@1: no chatters!\n",
    ]


# -- logging in


def test_a_connection_is_lost_while_its_password_is_checked(server, hashing):
    """It does not log in any more, and the session that was resumed meanwhile stays."""
    ann, token = registered(server)
    late = server.connect()
    hashing.gate.shut = True
    ann.lose()
    late.send(f"`login ann {WORD}")
    late.lose()
    assert resumes(server, token)
    owner = next(iter(server.service.sessions)).user
    hashing.gate.open()
    server.turn()
    assert (owner.name, owner.account) == ("ann", 1)
    assert len(server.service.sessions) == 1


def test_a_connection_is_lost_while_it_registers(server, hashing):
    """The user leaves immediately, and no account is created: the wait ends with them."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    hashing.gate.shut = True
    ann.send(f"`login nobody {WORD}")
    ann.lose()
    assert bob.read() == ["Server: Ann quitted."]
    cid = server.connect()
    cid.send(f"`register cid {WORD}")
    cid.lose()
    hashing.gate.open()
    assert server.connect().ask(f"`register cid {WORD}") == ["Server: Registered successfully."]


def test_a_ban_during_registration(server, hashing):
    """The ban holds for the account that is being created."""
    client = server.connect()
    hashing.gate.shut = True
    client.send(f"`register mallory {WORD}")
    assert server.console("ban mallory") == ["Administrator: mallory was banned."]
    hashing.gate.open()
    assert client.read() == [BANNED]
    assert client.closed


def test_moved_during_registration(server, hashing):
    """The user keeps the name in the room; the account can be logged in to later."""
    bob, ann = server.join("1", "Bob"), server.join("1", "Ann")
    bob.ask("`quit")
    ann.read()
    hashing.gate.shut = True
    bob.send(f"`register zed {WORD}")
    server.console("group 1 Bob")
    hashing.gate.open()
    assert bob.read()[-1] == "Server: You must quit your current chatroom 1 first."
    bob.send("hello")
    assert ann.read() == ["Bob: joined us @chatroom 1.", "Bob: hello"]
    bob.ask("`quit")
    assert bob.ask(f"`login zed {WORD}") == ["Server: Welcome back, zed."]


def test_a_name_the_same_as_two_others(server):
    """A name that folds like one name and looks like another is in use."""
    bill = server.join("1", "Bill")
    client = server.join("1", "Biil")
    client.ask("`quit")
    assert client.ask(f"`register BiIl {WORD}") == ["Server: Name Bill is already in use!"]
    bill.lose()
    assert server.connect().ask("`join 1 Bill") == ["Server: You join @chatroom 1"]


# -- resume tokens


def test_the_administrator_sets_a_password(server):
    """All sessions of the account end, and no token resumes one."""
    lost, first = registered(server)
    lost.lose()
    assert server.console("passwd ann") == ["Administrator: Cancelled."]
    intruder = server.connect()
    intruder.ask(f"`login ann {WORD}")
    Deferred.fromCoroutine(server.service.accounts.set_password("ann", "another-one", 0))
    assert intruder.read() == ["Server: Your password was set by the Administrator."]
    assert intruder.closed
    assert not resumes(server, first)


def logging_in(server, store, name="ann"):
    """Return a client that logs in, and its token, which the store has not stored yet."""
    client = server.connect()
    token = json.loads(client.ask("`format json")[0])["session"]
    store.token_gate.shut = True
    client.send(json.dumps({"command": "login", "username": name, "password": WORD}))
    return client, token


def test_the_administrator_sets_a_password_during_a_login(server, store):
    """A session that logged in by the old password is closed and cannot be resumed."""
    registered(server)
    intruder, token = logging_in(server, store)
    setting = Deferred.fromCoroutine(
        server.service.accounts.set_password("ann", "another-one", server.reactor.seconds())
    )
    store.token_gate.drain()
    assert setting.called
    assert intruder.closed
    assert not resumes(server, token)
    assert not resumes(MemoryServer(store=store), token)


def test_a_connection_is_lost_while_its_login_is_stored(server, store):
    """The session can be resumed, also after a restart."""
    registered(server)
    client, token = logging_in(server, store)
    client.lose()
    store.token_gate.drain()
    assert resumes(MemoryServer(store=store), token)


def test_logged_out_while_the_token_is_stored_again(server, store):
    """The token is not valid, not even after a restart."""
    ann, token = registered(server)
    store.token_gate.error = StoreUnavailableError("out of reach")
    change = {"command": "password", "old_password": WORD, "new_password": "another-one"}
    ann.ask(json.dumps(change))
    store.token_gate.error = None
    store.token_gate.shut = True
    server.turn(3600)
    ann.send('{"command":"logout"}')
    store.token_gate.drain()
    assert not resumes(MemoryServer(store=store), token)


def test_moved_during_a_login(server, hashing):
    """The guest does not log in, and the other session of the account stays."""
    ann, _ = registered(server)
    bob = server.join("1", "Bob")
    bob.ask("`quit")
    hashing.gate.shut = True
    bob.send(f"`login ann {WORD}")
    server.console("group 1 Bob")
    hashing.gate.open()
    assert bob.read()[-1] == "Server: You must quit your current chatroom 1 first."
    assert not ann.closed


def test_moved_during_a_resumption(server, store):
    """The guest does not resume the session, and the account can be logged in to."""
    _, token = registered(server)
    server = MemoryServer(store=store, rooms=(("1", "tea"),))
    bob = server.join("1", "Bob")
    bob.ask("`quit")
    bob.ask("`format json")
    store.token_gate.shut = True
    bob.send(json.dumps({"command": "resume", "session": token}))
    server.console("group 1 Bob")
    store.token_gate.open()
    assert json.loads(bob.read()[-1])["code"] == "in-a-room"
    assert server.connect().ask(f"`login ann {WORD}") == ["Server: Welcome back, ann."]


def test_exit_ends_a_login(server, store):
    """After `exit` the token is not valid, not even after a restart."""
    ann, token = registered(server)
    ann.ask('{"command":"exit"}')
    assert not resumes(server, token)
    assert not resumes(MemoryServer(store=store), token)


def test_logout_while_the_store_is_away(server, store):
    """The token is not valid when the store is back, which removes it within an hour."""
    ann, token = registered(server)
    store.token_gate.error = StoreUnavailableError("out of reach")
    ann.ask('{"command":"logout"}')
    store.token_gate.error = None
    assert not resumes(server, token)
    server.turn(3600)
    assert not resumes(MemoryServer(store=store), token)


def test_unregister_and_register_again(server):
    """A token of the former owner does not log in to the new account of that name."""
    old, token = registered(server)
    old.lose()
    server.console("unregister ann")
    registered(server)
    assert not resumes(server, token)


def test_unregistered(server):
    """The user is told why, and disconnected."""
    ann, _ = registered(server)
    bob = server.join("1", "Bob")
    ann.ask('{"command":"join","chatroom_id":"1"}')
    bob.read()
    assert server.console("unregister ann") == ["Administrator: ann was unregistered."]
    closing = json.loads(ann.read()[0])
    assert (closing["code"], closing["retry"]) == ("unregistered", False)
    assert bob.read() == ["Server: ann quitted."]


# -- rules that change while a request waits


def test_a_room_ends_while_its_history_is_read(store):
    """A user who may not create rooms does not create it again by `enter`."""
    rooms = (("1", "tea"),)
    server = MemoryServer(store=store, replay=3, room_creators=RoomCreators.NOBODY, rooms=rooms)
    client = server.connect()
    store.read_gate.shut = True
    client.send("`enter 1 Ann")
    server.console("end 1")
    store.read_gate.open()
    assert client.read() == ["Server: You may not start chatrooms."]


def test_an_account_ends_while_its_history_is_read(store):
    """Where guests may not join, a user whose account is removed does not join."""
    server = MemoryServer(store=store, replay=3, require_login=True, rooms=(("1", "tea"),))
    ann, _ = registered(server)
    store.read_gate.shut = True
    ann.send('{"command":"join","chatroom_id":"1"}')
    server.console("unregister ann")
    store.read_gate.open()
    ann.read()
    assert server.connect().ask("`list") == ["Server: \ntea@1: no chatters!\n"]


def test_a_ban_and_its_end_before_the_framing_is_known(server):
    """The client is told and closed, though the ban is over."""
    client = server.connect("10.0.0.1")
    server.console("ban 10.0.0.1")
    server.console("unban 10.0.0.1")
    assert client.ask("`list") == [BANNED]
    assert client.closed


def test_the_end_while_old_messages_are_removed(store, capture_log):
    """The server stops without a failure, and leaves no delayed call."""
    server = MemoryServer(store=store, keep=1, rooms=(("1", "tea"),))
    removed = Gate()
    removed.shut = True

    async def prune(_):
        await removed.wait()

    store.prune = prune
    server.turn(3600)
    server.service.stopService()
    server.turn(10)
    assert [line for line in capture_log() if "fault" in line] == []
    assert server.reactor.getDelayedCalls() == []


def test_expired_bans_leave_the_store(store, server):
    """The hourly task removes them."""
    server.console("ban Bob 10")
    server.console("ban Cid")
    server.turn(3600)
    server.turn(3600)
    assert [ban.subject for ban in store.open([]).bans] == ["Cid"]


def test_a_ban_is_renewed_while_the_old_one_is_removed(store, server):
    """The ban that the console has confirmed is in the store."""
    server.console("ban Al 1")
    server.console("ban Bob 1")
    store.ban_gate.shut = True
    server.turn(3600)
    answer = server.console("ban Bob")
    store.ban_gate.drain()
    assert answer == ["Administrator: Bob was banned."]
    assert [ban.subject for ban in store.open([]).bans] == ["Bob"]


def test_a_ban_while_many_old_ones_are_removed(store, server):
    """The new ban waits for one removal, not for all of them."""
    for number in range(10):
        server.console(f"ban name{number} 1")
    store.ban_gate.shut = True
    server.turn(3600)
    bob = server.join("1", "Bob")
    server.console("ban Bob")
    store.ban_gate.let_through(2)
    assert bob.closed


@pytest.mark.parametrize("frame", ["`Login ann PASS", "`passwd PASS", "`lgoin\tann PASS"])
def test_a_password_behind_a_misspelt_command(capture_log, frame):
    """The trace does not show what follows an unknown command."""
    server = MemoryServer(trace=True)
    server.connect().ask(frame.replace("PASS", WORD))
    assert any("Received message" in line for line in capture_log())
    assert not [line for line in capture_log() if WORD in line]


# -- several sessions of one account


def test_an_account_is_registered_again_while_its_password_is_checked(server, hashing):
    """The former owner, whose password was right, is not logged in to the new account."""
    registered(server)
    late = server.connect()
    hashing.gate.shut = True
    late.send(f"`login ann {WORD}")
    server.console("unregister ann")
    hashing.gate.shut = False
    registered(server)
    hashing.gate.open()
    assert late.read()[-1] == "Server: Wrong username or password."


def test_logins_past_the_limit_at_once(hashing):
    """However many passwords are checked at a time, the limit of sessions holds."""
    server = MemoryServer(hashing=hashing, sessions_per_account=2)
    registered(server)
    late = [server.connect() for _ in range(4)]
    hashing.gate.shut = True
    for client in late:
        client.send(f"`login ann {WORD}")
    hashing.gate.open()
    for client in late:
        client.read()
    users = [session.user for session in server.service.sessions if session.user.name == "ann"]
    assert len(users) == 2
    assert len(set(users)) == 1


def test_a_token_is_used_twice_at_once(store, server):
    """One session is resumed, the other one is refused, also where the store has the token."""
    _, token = registered(server)
    server = MemoryServer(store=store)
    clients = [server.connect() for _ in range(2)]
    for client in clients:
        client.ask("`format json")
    store.token_gate.shut = True
    for client in clients:
        client.send(json.dumps({"command": "resume", "session": token}))
    store.token_gate.drain()
    events = [json.loads(client.read()[-1]) for client in clients]
    assert sorted(event["event"] for event in events) == ["error", "reply"]


def test_a_session_ends_while_it_joins_and_another_stays(server, store):
    """The user does not join by way of a session that has ended."""
    rooms = (("1", "tea"),)
    server = MemoryServer(store=store, rooms=rooms, replay=3)
    registered(server)
    lost = server.connect()
    lost.ask(f"`login ann {WORD}")
    store.read_gate.shut = True
    lost.send("`join 1")
    lost.lose()
    store.read_gate.open()
    assert "tea@1: no chatters!\n" in server.connect().ask("`list")[0]
