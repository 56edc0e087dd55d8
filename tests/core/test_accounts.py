"""Accounts: the sentences of the specification, by way of sessions."""

import json
from unittest import mock

import pytest

from chatd.admin.commands import execute
from chatd.config import Registrants, RoomCreators
from chatd.core.errors import ChatError, ErrorCode, StoreUnavailableError
from chatd.storage.memory import MemoryStore
from chatd.storage.testing import result
from chatd.testing import MemoryHashing, MemoryServer
from chatd.testing_slow import SlowStore
from tests.core.calls import refusal, run

PASSWORD = "correct horse"  # with a blank: for JSON alone
WORD = "staple-battery"


def registered(server, name="alice", password=WORD):
    """Return a client that has registered."""
    client = server.connect()
    assert client.ask(f"`register {name} {password}") == ["Server: Registered successfully."]
    return client


@pytest.fixture
def server():
    """Return a server with two rooms."""
    return MemoryServer(rooms=(("1", "tea"), ("2", "food")))


def test_register_and_chat(server):
    """A registered user is logged in, and joins under the name of the account alone."""
    alice, bob = registered(server), server.join("1", "Bob")
    assert alice.ask("`join 1") == ["Server: You join @chatroom 1"]
    assert bob.read() == ["alice: joined us @chatroom 1."]
    alice.ask("`quit")
    assert alice.ask("`join 1 Zoe") == ["Server: You join @chatroom 1"]
    assert bob.read() == ["Server: alice quitted.", "alice: joined us @chatroom 1."]


@pytest.mark.parametrize("name", ["alice", "ALICE", "a1ice"])
def test_a_registered_name_is_the_accounts(server, name):
    """Others can neither register nor join under a name that is the same."""
    registered(server).lose()
    guest = server.connect()
    assert guest.ask(f"`register {name} {WORD}") == ["Server: Name alice is already in use!"]
    refusal = ["Server: Name alice is registered, login first!"]
    assert guest.ask(f"`join 1 {name}") == refusal
    assert guest.ask(f"`enter 3 {name}") == refusal
    assert guest.ask("`list")[0].count("3@") == 0


def test_a_name_in_use_cannot_be_registered(server):
    """Only the guest who has the name can register it, once in no room."""
    guest, other = server.join("1", "Alice"), server.connect()
    assert other.ask(f"`register alice {WORD}") == ["Server: Name Alice is already in use!"]
    in_a_room = ["Server: You must quit your current chatroom 1 first."]
    assert guest.ask(f"`register alice {WORD}") == in_a_room
    assert guest.ask("`quit") == ["Server: You quitted from chatroom tea@1"]
    assert guest.ask(f"`register alice {WORD}") == ["Server: Registered successfully."]
    assert guest.ask("`logout") == ["Server: Bye, alice"]
    assert other.ask(f"`login ALICE {WORD}") == ["Server: Welcome back, alice."]


def test_names_that_cannot_be_registered(server):
    """The rules for names of users hold for accounts."""
    client = server.connect()
    assert client.ask(f"`register Server {WORD}") == [
        "Server: Name Server is not allowed: it is reserved, or looks like a reserved name."
    ]
    assert client.ask(f"`register {'x' * 33} {WORD}") == [
        f"Server: Name {'x' * 33} is not allowed: 1 to 32 characters."
    ]
    assert client.ask("`register alice") == ["Server: Usage: `register <username> <password>"]
    assert client.ask("`register alice two words") == [
        "Server: Usage: `register <username> <password>"
    ]


@pytest.mark.parametrize("password", ["1234567", "x" * 1025])
def test_passwords_have_8_to_1024_bytes(server, password):
    """The limits count bytes, not characters."""
    client = server.connect()
    refusal = ["Server: Password must have 8 to 1024 bytes."]
    assert client.ask(f"`register alice {password}") == refusal
    assert client.ask(f"`register alice {'é' * 4}") == ["Server: Registered successfully."]
    assert client.ask(f"`password {'é' * 4} {password}") == refusal
    assert client.ask(f"`password {'é' * 4} {'x' * 1024}") == ["Server: Password changed."]


def test_login_and_logout(server):
    """A user who logs out leaves all rooms, and is a guest without a name."""
    registered(server).lose()
    alice, bob = server.connect(), server.join("1", "Bob")
    wrong = ["Server: Wrong username or password."]
    assert alice.ask("`login alice wrong-password") == wrong
    assert alice.ask(f"`login nobody {WORD}") == wrong
    assert alice.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]
    assert alice.ask(f"`login alice {WORD}") == [
        "Server: You are logged in as alice, logout first."
    ]
    alice.ask("`join 1")
    bob.read()
    assert alice.ask("`logout") == ["Server: Bye, alice"]
    assert bob.read() == ["Server: alice quitted."]
    assert alice.ask("hello") == ["Server: Join a room first!"]
    assert alice.ask("`join 1") == ["Server: Usage: `join <chatroom_id> <chatter_name>"]
    assert alice.ask("`logout") == ["Server: Login first!"]
    assert alice.ask(f"`password {WORD} {WORD}") == ["Server: Login first!"]


def test_authenticate(server):
    """It returns the account, in its spelling, and logs nobody in."""
    registered(server).lose()
    accounts, guest = server.service.accounts, server.open_session()
    account = run(accounts.authenticate(guest, "ALICE", WORD))
    assert (account.name, guest.user.account, guest.user.name) == ("alice", None, "")
    for name, word in (("alice", "wrong-password"), ("nobody", WORD)):
        refused = refusal(accounts.authenticate(guest, name, word))
        assert refused == (ErrorCode.WRONG_PASSWORD, {})
    run(accounts.log_in(guest, account, 0.0))
    assert (guest.user.account, guest.user.name) == (account.id, "alice")
    refused = refusal(accounts.authenticate(guest, "alice", WORD))
    assert refused == (ErrorCode.LOGGED_IN, {"name": "alice"})


def test_sign_off_with_last_words(server):
    """The user has left, and nobody can go on."""
    bob, ann, log = server.join("1", "Bob"), server.open_session(), server.service.oplog
    run(server.service.chat.join(ann, "1", "Ann", 0.0))
    bob.read()
    with mock.patch.object(log, "submit", wraps=log.submit) as submit:
        run(server.service.accounts.sign_off(ann, 0.0, "bye"))
    assert submit.call_args.args[0].text == "bye"
    assert (bob.read(), ann.user.closed) == (["Server: Ann quitted."], True)


def test_a_guest_in_a_room_cannot_log_in(server):
    """A wrong password is refused first, then a login in a room."""
    registered(server).lose()
    guest = server.join("1", "Guest")
    assert guest.ask("`login alice wrong-password") == ["Server: Wrong username or password."]
    assert guest.ask(f"`login alice {WORD}") == [
        "Server: You must quit your current chatroom 1 first."
    ]
    guest.ask("`quit")
    assert guest.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]
    assert server.join("1", "Guest").ask("hello") == []


def test_a_user_who_is_logged_in_is_found(server):
    """The user gets private messages before the first join."""
    registered(server)
    bob = server.join("1", "Bob")
    assert bob.ask("`secret Alice psst") == ["Server: Secret sent to alice."]


def test_the_password_can_be_changed(server):
    """The change needs the old password; the new one holds from then on."""
    alice = registered(server)
    assert alice.ask("`password wrong-password new-password") == [
        "Server: Wrong username or password."
    ]
    assert alice.ask(f"`password {WORD} new-password") == ["Server: Password changed."]
    alice.ask("`logout")
    assert alice.ask(f"`login alice {WORD}") == ["Server: Wrong username or password."]
    assert alice.ask("`login alice new-password") == ["Server: Welcome back, alice."]


def test_a_password_with_blanks_through_json(server):
    """In JSON a password may have blanks."""
    client = server.connect()
    client.ask("`format json")
    request = {"command": "register", "username": "alice", "password": PASSWORD, "tag": "t"}
    assert json.loads(client.ask(json.dumps(request))[0]) == {
        "event": "reply",
        "command": "register",
        "tag": "t",
        "text": "Registered successfully.",
        "name": "alice",
    }


def test_a_second_login_takes_over():
    """Where an account has one session, the first is told, leaves its rooms and is closed."""
    server = MemoryServer(rooms=(("1", "tea"),), sessions_per_account=1)
    first, bob = registered(server), server.join("1", "Bob")
    first.ask("`join 1")
    bob.read()
    second = server.connect()
    assert second.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]
    assert first.read() == ["Server: You logged in from another place."]
    assert first.closed
    assert bob.read() == ["Server: alice quitted."]
    assert second.ask("`join 1") == ["Server: You join @chatroom 1"]


def test_taking_over_in_json():
    """A program is told not to connect again."""
    server = MemoryServer(sessions_per_account=1)
    first = registered(server)
    first.ask("`format json")
    server.connect().send(f"`login alice {WORD}")
    assert json.loads(first.read()[0]) == {
        "event": "closing",
        "code": "replaced",
        "retry": False,
        "from": "Server",
        "text": "You logged in from another place.",
    }


def test_too_many_at_once():
    """A login is refused while too many passwords wait, and can be tried again."""

    class Full(MemoryHashing):
        full = False

        async def verify(self, password_hash, password, address):
            if self.full:
                raise ChatError(ErrorCode.BUSY)
            return await super().verify(password_hash, password, address)

    hashing = Full()
    server = MemoryServer(hashing=hashing)
    registered(server).lose()
    client = server.connect()
    hashing.full = True
    assert client.ask(f"`login alice {WORD}") == ["Server: Busy, try again."]
    hashing.full = False
    assert client.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]


def test_a_login_raises_the_longest_frame(server):
    """Frames have at most 2048 bytes until the first join or login."""
    guest, alice = server.connect(), registered(server)
    long = "x" * 2049
    assert guest.ask(long) == ["Server: Message too long (at most 2048 bytes)."]
    assert alice.ask(long) == ["Server: Join a room first!"]


def test_require_login():
    """Guests may join no room, users of accounts may."""
    server = MemoryServer(require_login=True, rooms=(("1", "tea"),))
    guest = server.connect()
    assert guest.ask("`join 1 Guest") == ["Server: Login first!"]
    assert guest.ask("`join 9 Guest") == ["Server: Login first!"]
    assert guest.ask("`enter 9 Guest") == ["Server: Login first!"]
    assert registered(server).ask("`join 1") == ["Server: You join @chatroom 1"]


@pytest.mark.parametrize(
    ("user", "guest_may", "account_may"),
    [("everyone", True, True), ("accounts", False, True), ("nobody", False, False)],
)
def test_room_creators(user, guest_may, account_may):
    """The operator says which users create rooms; all may join, and the administrator creates."""
    server = MemoryServer(room_creators=RoomCreators(user), rooms=(("1", "tea"),))
    for client, may in ((server.connect(), guest_may), (registered(server), account_may)):
        refusal = ["Server: You may not start chatrooms."]
        started = ["Server: Chatroom 2 started!"]
        assert client.ask("`start 2 x") == (started if may else refusal)
        assert client.ask("`enter 3 Zed") == (["Server: You join @chatroom 3"] if may else refusal)
        client.ask("`quit")
        assert client.ask("`enter 1 Zed") == ["Server: You join @chatroom 1"]
        client.lose()
        for room in ("2", "3"):
            server.console(f"end {room}")
    assert server.console("start 2 x") == ["Administrator: Chatroom 2 started!"]


def test_without_the_store():
    """A request that needs the store is refused, changes nothing, and works again later."""
    store = SlowStore()
    server = MemoryServer(store=store, rooms=(("1", "tea"),))
    registered(server).lose()
    client = server.connect()
    unavailable = ["Server: The server cannot reach its store now, try again later."]
    for gate in (store.account_gate, store.room_gate):
        gate.error = StoreUnavailableError("it is broken")
    assert client.ask(f"`login alice {WORD}") == unavailable
    assert client.ask(f"`register bob {WORD}") == unavailable
    assert client.ask("`start 2 food") == unavailable
    assert client.ask("`enter 2 Cid") == unavailable
    assert server.console("end 1") == [
        "Administrator: The server cannot reach its store now, try again later."
    ]
    assert client.ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    client.ask("`quit")
    store.account_gate.error = store.room_gate.error = None
    assert client.ask(f"`register bob {WORD}") == ["Server: Registered successfully."]
    assert client.ask("`enter 2") == ["Server: You join @chatroom 2"]
    assert server.console("end 1") == ["Administrator: chatroom 1 closed."]


def test_rooms_and_accounts_outlive_a_restart():
    """Rooms and accounts are there again, in their order, without the rooms that were closed."""
    store = MemoryStore()
    server = MemoryServer(store=store, rooms=(("1", "tea"),))
    client = registered(server)
    client.send("`start 2 Food court", "`start 3 x", "`enter 4", "hello", "world")
    server.console("end 3")
    server.turn(1)
    server.service.stopService()
    server.turn(1)

    server = MemoryServer(store=store, rooms=(("1", "other name"), ("5", "new")))
    client = server.connect()
    rooms = ("tea@1", "Food court@2", "4@4", "new@5")
    assert client.ask("`list") == ["Server: \n" + "".join(f"{r}: no chatters!\n" for r in rooms)]
    assert client.ask(f"`login alice {WORD}") == ["Server: Welcome back, alice."]
    client.ask("`format json")
    (reply,) = client.ask('{"command":"join","chatroom_id":"4"}')
    assert json.loads(reply)["last"] == 2


# -- who may register


def test_nobody_registers():
    """With `--who-registers nobody` the administrator alone adds accounts."""
    server = MemoryServer(registrants=Registrants.NOBODY)
    client = server.connect()
    client.send("`register Ann password")
    assert client.read() == [
        "Server: Registration is closed. Ask the administrator for an account."
    ]


def test_the_administrator_adds_an_account():
    """The console asks for the password; then the user can log in, and the name is taken."""
    server = MemoryServer(registrants=Registrants.NOBODY)

    async def prompt(_):
        return "password"

    def register(name):
        context = server.service.consoles.context
        return result(execute(context, f"register {name}", prompt)).lines

    server.join("1", "Bob")
    assert register("Ann") == ["Administrator: Ann was registered."]
    assert register("ann") == ["Administrator: Name Ann is already in use!"]
    assert register("Bob") == ["Administrator: Name Bob is already in use!"]
    client = server.connect()
    client.send("`login Ann password")
    assert client.read() == ["Server: Welcome back, Ann."]
