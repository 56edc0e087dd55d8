"""What happens to somebody while the server is at work for him: hashing, or waiting for the store."""

import json

import pytest
from twisted.internet.defer import Deferred

from chatd.config import RoomCreators
from chatd.core.errors import StoreUnavailableError
from chatd.server.resume import GUEST_RESUME_SECONDS
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.storage import writer
from chatd.storage.writer import CLOSE_TIMEOUT, RECEIPT_TIMEOUT, WRITE_DELAY
from chatd.testing import Gate, MemoryClient, MemoryServer, SlowHashing, SlowStore

WORD = "staple-battery"
BANNED = "Server: You were banned by the Administrator!"


@pytest.fixture
def store():
    """Return a store that can be slow."""
    return SlowStore()


@pytest.fixture
def hashing():
    """Return hashing that can be slow."""
    return SlowHashing()


@pytest.fixture
def server(store, hashing):
    """Return a server on them, with a room."""
    return MemoryServer(store=store, hashing=hashing, rooms=(("1", "tea"), ("2", "food")))


def registered(server, name="ann"):
    """Return a client who speaks JSON and has just registered, and his session secret."""
    client = server.connect()
    secret = json.loads(client.ask("`format json")[0])["session"]
    client.ask(json.dumps({"command": "register", "username": name, "password": WORD}))
    return client, secret


def resumes(server, secret):
    """Tell whether a new client can resume with a secret."""
    client = server.connect()
    client.ask("`format json")
    (answer,) = client.ask(json.dumps({"command": "resume", "session": secret}))
    return json.loads(answer)["event"] == "reply"


# -- the recorder


def test_history_while_the_last_batch_is_written(server, store):
    """Who asks for it then is answered when the batch is written, not when somebody speaks again."""
    ann = server.join("1", "Ann")
    store.write_gate.shut = True
    ann.send("hello")
    server.turn(WRITE_DELAY)
    ann.send("`history")
    assert ann.read() == []
    store.write_gate.open()
    assert ann.read() == ["Server: \n[1970-01-01 00:00:00] Ann: hello\n"]


def test_history_after_a_fault(server, store, capture_log):
    """`history` does not wait for a batch that could not be stored."""
    ann = server.join("1", "Ann")
    store.write_gate.shut = True
    ann.send("hello")
    server.turn(WRITE_DELAY)
    store.write_gate.open(ZeroDivisionError())
    assert ann.ask("`history") == ["Server: No messages in chatroom 1!"]
    assert "ZeroDivisionError" in "".join(capture_log())


def test_exit_while_what_he_said_is_stored(server, store):
    """Who asked is told before the goodbye; he is out of the room at once."""
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
    """It is not waited for longer than anybody is who asked."""
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
    """Who asked is told at once of what cannot be kept, and his end is the end."""
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


def test_the_end_while_the_store_hangs_and_somebody_does_not_read(server, store):
    """Both are waited for at the same time, so that it is not too long in all."""
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


def test_a_room_is_ended_while_somebody_waits_to_join_it(server):
    """The end of it ends his waiting, but he does not come in while it is being ended."""
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


# -- who one is


def test_a_connection_is_lost_while_its_password_is_checked(server, hashing):
    """It does not log in any more, so who came back meanwhile stays."""
    ann, secret = registered(server)
    late = server.connect()
    hashing.gate.shut = True
    ann.lose()
    late.send(f"`login ann {WORD}")
    late.lose()
    assert resumes(server, secret)
    owner = next(iter(server.service.sessions)).user
    hashing.gate.open()
    server.turn()
    assert (owner.name, owner.account) == ("ann", 1)
    assert len(server.service.sessions) == 1


def test_a_connection_is_lost_while_it_registers(server, hashing):
    """He is gone for the others at once; the account is there."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    hashing.gate.shut = True
    ann.send(f"`login nobody {WORD}")
    ann.lose()
    assert bob.read() == ["Server: Ann quitted."]
    cid = server.connect()
    cid.send(f"`register cid {WORD}")
    cid.lose()
    hashing.gate.open()
    assert server.connect().ask(f"`login cid {WORD}") == ["Server: Welcome back, cid."]


def test_a_ban_while_he_registers(server, hashing):
    """It holds for the account that is being made."""
    client = server.connect()
    hashing.gate.shut = True
    client.send(f"`register mallory {WORD}")
    assert server.console("ban mallory") == ["Administrator: mallory was banned."]
    hashing.gate.open()
    assert client.read() == [BANNED]
    assert client.closed


def test_grouped_while_he_registers(server, hashing):
    """He is not renamed within the room; the account is there for later."""
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
    """Neither the one it is spelled like nor the one it looks like can be taken over."""
    bill = server.join("1", "Bill")
    client = server.join("1", "Biil")
    client.ask("`quit")
    assert client.ask(f"`register BiIl {WORD}") == ["Server: Name Bill is already in use!"]
    bill.lose()
    assert server.connect().ask("`join 1 Bill") == ["Server: You join @chatroom 1"]


# -- session secrets


def test_the_administrator_sets_a_password(server):
    """Who is logged in has to go, and nobody comes back with what he had."""
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
    """Return a client who has just shown the right password, and his secret; the store is still at work."""
    client = server.connect()
    secret = json.loads(client.ask("`format json")[0])["session"]
    store.token_gate.shut = True
    client.send(json.dumps({"command": "login", "username": name, "password": WORD}))
    return client, secret


def test_the_administrator_sets_a_password_while_somebody_logs_in(server, store):
    """Who came in by the old one has nothing by which he could come back."""
    registered(server)
    intruder, secret = logging_in(server, store)
    setting = Deferred.fromCoroutine(
        server.service.accounts.set_password("ann", "another-one", server.reactor.seconds())
    )
    store.token_gate.drain()
    assert setting.called
    assert intruder.closed
    assert not resumes(server, secret)
    assert not resumes(MemoryServer(store=store), secret)


def test_a_connection_is_lost_while_its_login_is_stored(server, store):
    """He comes back, also after a restart."""
    registered(server)
    client, secret = logging_in(server, store)
    client.lose()
    store.token_gate.drain()
    assert resumes(MemoryServer(store=store), secret)


def test_logged_out_while_his_secret_is_stored_again(server, store):
    """It is good for nothing, not even after a restart."""
    ann, secret = registered(server)
    store.token_gate.error = StoreUnavailableError("out of reach")
    change = {"command": "password", "old_password": WORD, "new_password": "another-one"}
    ann.ask(json.dumps(change))
    store.token_gate.error = None
    store.token_gate.shut = True
    server.turn(3600)
    ann.send('{"command":"logout"}')
    store.token_gate.drain()
    assert not resumes(MemoryServer(store=store), secret)


def test_grouped_while_he_logs_in(server, hashing):
    """He does not log in, and who is logged in stays."""
    ann, _ = registered(server)
    bob = server.join("1", "Bob")
    bob.ask("`quit")
    hashing.gate.shut = True
    bob.send(f"`login ann {WORD}")
    server.console("group 1 Bob")
    hashing.gate.open()
    assert bob.read()[-1] == "Server: You must quit your current chatroom 1 first."
    assert not ann.closed


def test_grouped_while_he_resumes(server, store):
    """He does not resume, and the name of the account is free for its owner."""
    ann, secret = registered(server)
    ann.lose()
    server.turn(GUEST_RESUME_SECONDS + 1)
    bob = server.join("1", "Bob")
    bob.ask("`quit")
    bob.ask("`format json")
    store.token_gate.shut = True
    bob.send(json.dumps({"command": "resume", "session": secret}))
    server.console("group 1 Bob")
    store.token_gate.open()
    assert json.loads(bob.read()[-1])["code"] == "in-a-room"
    assert server.connect().ask(f"`login ann {WORD}") == ["Server: Welcome back, ann."]


def test_exit_ends_a_login(server, store):
    """The secret of who says `exit` is good for nothing, not even after a restart."""
    ann, secret = registered(server)
    ann.ask('{"command":"exit"}')
    assert not resumes(server, secret)
    assert not resumes(MemoryServer(store=store), secret)


def test_logout_while_the_store_is_away(server, store):
    """The secret is not good when it is back, and is removed by and by."""
    ann, secret = registered(server)
    store.token_gate.error = StoreUnavailableError("out of reach")
    ann.ask('{"command":"logout"}')
    store.token_gate.error = None
    assert not resumes(server, secret)
    server.turn(3600)
    assert not resumes(MemoryServer(store=store), secret)


def test_unregister_and_register_again(server):
    """Who had the account before cannot resume into that of another."""
    old, secret = registered(server)
    old.lose()
    server.console("unregister ann")
    registered(server)
    assert not resumes(server, secret)


def test_unregistered(server):
    """Who is logged in is told and has to go."""
    ann, _ = registered(server)
    bob = server.join("1", "Bob")
    ann.ask('{"command":"join","chatroom_id":"1"}')
    bob.read()
    assert server.console("unregister ann") == ["Administrator: ann was unregistered."]
    closing = json.loads(ann.read()[0])
    assert (closing["code"], closing["retry"]) == ("unregistered", False)
    assert bob.read() == ["Server: ann quitted."]


# -- rules that change while one waits


def test_a_room_ends_while_its_history_is_read(store):
    """Who may not start rooms does not start it by entering it."""
    rooms = (("1", "tea"),)
    server = MemoryServer(store=store, replay=3, room_creators=RoomCreators.NOBODY, rooms=rooms)
    client = server.connect()
    store.read_gate.shut = True
    client.send("`enter 1 Ann")
    server.console("end 1")
    store.read_gate.open()
    assert client.read() == ["Server: You may not start chatrooms."]


def test_an_account_ends_while_its_history_is_read(store):
    """Where guests may not join, he does not join as one."""
    server = MemoryServer(store=store, replay=3, require_login=True, rooms=(("1", "tea"),))
    ann, _ = registered(server)
    store.read_gate.shut = True
    ann.send('{"command":"join","chatroom_id":"1"}')
    server.console("unregister ann")
    store.read_gate.open()
    ann.read()
    assert server.connect().ask("`list") == ["Server: \ntea@1: no chatters!\n"]


def test_a_ban_and_its_end_before_the_framing_is_known(server):
    """He is told, and not left in between."""
    client = server.connect()
    server.console("ban 127.0.0.1")
    server.console("unban 127.0.0.1")
    assert client.ask("`list") == [BANNED]
    assert client.closed


def test_the_end_while_old_messages_are_removed(store, capture_log):
    """It ends without a fault, and nothing is left to be done."""
    server = MemoryServer(store=store, keep=1, rooms=(("1", "tea"),))
    removed = Gate()
    removed.shut = True

    async def prune(_):
        await removed.wait()
        return 0

    store.prune = prune
    server.turn(3600)
    server.service.stopService()
    server.turn(10)
    assert [line for line in capture_log() if "fault" in line] == []
    assert server.reactor.getDelayedCalls() == []


def test_bans_that_are_over_leave_the_store(store, server):
    """By and by."""
    server.console("ban Bob 10")
    server.console("ban Cid")
    server.turn(3600)
    server.turn(3600)
    assert [ban.subject for ban in store.open([]).bans] == ["Cid"]


def test_a_ban_is_renewed_while_the_old_one_is_removed(store, server):
    """What was confirmed is in the store."""
    server.console("ban Al 1")
    server.console("ban Bob 1")
    store.ban_gate.shut = True
    server.turn(3600)
    answer = server.console("ban Bob")
    store.ban_gate.drain()
    assert answer == ["Administrator: Bob was banned."]
    assert [ban.subject for ban in store.open([]).bans] == ["Bob"]


def test_a_ban_while_many_old_ones_are_removed(store, server):
    """It holds when its turn has come, not when the last of the others is gone."""
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
    """It is not in the trace."""
    server = MemoryServer(trace=True)
    server.connect().ask(frame.replace("PASS", WORD))
    assert any("Received message" in line for line in capture_log())
    assert not [line for line in capture_log() if WORD in line]
