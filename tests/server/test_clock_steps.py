"""A wall clock that is set while the server runs: nothing is lost, late, early or out of order."""

import json
from datetime import datetime

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from chatd.auth.throttle import BACKOFF, FREE_FAILURES
from chatd.core.errors import StoreUnavailableError
from chatd.core.ratelimit import MAX_CREATIONS
from chatd.core.world.tokens import ACCOUNT_RESUME_SECONDS, GUEST_RESUME_SECONDS
from chatd.daemon.metrics import CHECK_SECONDS
from chatd.storage.memory import MemoryStore
from chatd.storage.writer import RECEIPT_TIMEOUT, RETRY_SECONDS, WRITE_DELAY
from chatd.testing import MemoryServer
from chatd.testing_slow import SlowStore

DAY = 86400
NOW = 1.6e9
WORD = "staple-battery"
REMOTE = "10.0.0.1"
ROOMS = (("1", "tea"), ("2", "cake"))

pytestmark = pytest.mark.parametrize("step", [3600, -3600, 400 * DAY, -400 * DAY])


def make_server(**options):
    """Return a server with two rooms, whose wall clock is right."""
    return MemoryServer(clock_offset=NOW, rooms=ROOMS, **options)


def program(server, name, room="1", host=REMOTE):
    """Return a client that uses JSON, in a room, and its resume token."""
    client = server.connect(host)
    token = json.loads(client.ask("`format json")[0])["session"]
    request(client, "join", chatroom_id=room, chatter_name=name)
    return client, token


def request(client, command, **parameters):
    """Send a request in JSON; return the objects that come in the same turn."""
    return [
        json.loads(frame) for frame in client.ask(json.dumps({"command": command, **parameters}))
    ]


def events(client):
    """Return the objects that came since the last call."""
    return [json.loads(frame) for frame in client.read()]


def times(objects):
    """Return the times of events, in seconds."""
    return [datetime.fromisoformat(each["time"]).timestamp() for each in objects]


# -- everything that waits


def test_receipts_and_history(step):
    """Messages that gather when the clock is set are stored as soon as without that."""
    server = make_server()
    ann, _ = program(server, "Ann")
    assert request(ann, "say", text="hello") == []
    server.clock_offset += step
    assert request(ann, "history") == []
    server.turn(WRITE_DELAY)
    assert [each["event"] for each in events(ann)] == ["stored", "history"]


def test_an_outage_of_the_store(step):
    """No message is dropped early, and every receipt is answered in time."""
    store = SlowStore()
    server = make_server(store=store)
    ann, _ = program(server, "Ann")
    store.write_gate.error = StoreUnavailableError("away")
    request(ann, "say", text="hello")
    server.turn(WRITE_DELAY)
    server.clock_offset += step
    for _ in range(int(RECEIPT_TIMEOUT / RETRY_SECONDS) - 2):
        server.turn(RETRY_SECONDS)
        server.turn(WRITE_DELAY)
    assert events(ann) == []
    for _ in range(3):
        server.turn(RETRY_SECONDS)
        server.turn(WRITE_DELAY)
    assert [each["code"] for each in events(ann)] == ["not-stored"]


def test_a_client_at_its_rate(step):
    """It is served as fast as before."""
    server = make_server(rate=5, burst=5)
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.send(*[str(number) for number in range(14)])
    assert len(bob.read()) == 2  # to enter the room costs three of five
    server.clock_offset += step
    server.turn(1)
    assert len(bob.read()) == 5
    server.turn(1)
    assert len(bob.read()) == 5


def test_a_login_that_waits(step):
    """It takes as long as the throttle says, and failures count for as long as before."""
    server = make_server()
    assert server.connect().ask(f"`register ann {WORD}") == ["Server: Registered successfully."]
    for _ in range(FREE_FAILURES):
        server.connect(REMOTE).ask("`login ann wrong-password")
    client = server.connect(REMOTE)
    assert client.ask(f"`login ann {WORD}") == []
    server.clock_offset += step
    server.turn(BACKOFF[0] / 2)
    assert client.read() == []
    server.turn(BACKOFF[0] / 2)
    assert client.read() == ["Server: Welcome back, ann."]
    assert server.connect(REMOTE).ask("`login ann wrong-password") == []


def test_timeouts(step):
    """Clients that are silent are closed when they have been silent for so long."""
    server = make_server(first_frame=60, idle_timeout=60)
    silent, ann = server.connect(), server.join("1", "Ann")
    server.clock_offset += step
    server.turn(59)
    assert (silent.closed, ann.closed) == (False, False)
    server.turn(1)
    assert (silent.closed, ann.closed) == (True, True)


def test_health(step):
    """The store is checked as often as before."""
    store = SlowStore()
    server = make_server(store=store, metrics="tcp:9990")
    server.clock_offset += step

    async def fail(*_):
        raise StoreUnavailableError("away")

    store.touch_resume_tokens = fail
    server.turn(CHECK_SECONDS)
    protocol = server.reactor.tcpServers[0][1].buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    protocol.dataReceived(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert transport.value().startswith(b"HTTP/1.1 503 ")


def test_the_end_of_the_server(step):
    """Messages are stored, and the server stops."""
    store = MemoryStore()
    server = make_server(store=store)
    server.join("1", "Ann").send("hello")
    server.clock_offset += step
    stopped = server.service.stopService()
    server.turn(WRITE_DELAY)
    server.turn()
    assert stopped.called
    read = Deferred.fromCoroutine(store.history("1", None, 9, 999))
    assert [message.text for message in read.result] == ["hello"]


# -- everything that ends


def test_uptime(step):
    """The console shows how long the server and its connections have really been there."""
    server = make_server()
    server.join("1", "Ann")
    server.turn(60)
    server.clock_offset += step
    assert "uptime: 60 s" in server.console("stats")
    assert "connected=60s" in server.console("who")[0]


@pytest.mark.parametrize("subject", ["Bob", REMOTE])
def test_a_ban_for_some_minutes(step, subject):
    """It lasts as many minutes, and is then gone from the store."""
    store = MemoryStore()
    server = make_server(store=store)
    server.console(f"ban {subject} 10")
    server.clock_offset += step
    server.turn(599)
    assert server.connect(REMOTE).ask("`join 1 Bob")[-1].endswith("banned by the Administrator!")
    assert server.console("bans") != ["Administrator: Nobody is banned."]
    server.turn(1)
    assert server.console("bans") == ["Administrator: Nobody is banned."]
    assert server.connect(REMOTE).ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    server.turn(3600)
    assert store.open([]).bans == []


def test_a_ban_after_a_restart(step):
    """The ban has the wall time of its end in the store, from which the next server counts."""
    store = MemoryStore()
    server = make_server(store=store)
    server.clock_offset += step
    server.console("ban Bob 10")
    server.turn(60)
    again = MemoryServer(store=store, clock_offset=server.wall_time(), rooms=ROOMS)
    again.clock_offset -= step
    again.turn(539)
    assert again.connect().ask("`join 1 Bob") == ["Server: You were banned by the Administrator!"]
    again.turn(1)
    assert again.connect().ask("`join 1 Bob") == ["Server: You join @chatroom 1"]


def test_the_token_of_a_guest(step):
    """It is valid for ten minutes."""
    server = make_server()
    (ann, token), (bob, late) = program(server, "Ann"), program(server, "Bob")
    ann.lose()
    bob.lose()
    server.clock_offset += step
    server.turn(GUEST_RESUME_SECONDS - 1)
    new = server.connect()
    new.ask("`format json")
    assert request(new, "resume", session=token)[0]["event"] == "reply"
    server.turn(1)
    other = server.connect()
    other.ask("`format json")
    assert request(other, "resume", session=late)[0]["code"] == "no-such-session"


def test_the_token_of_an_account(step):
    """It is valid for a day, also after the hourly tasks and a restart with the right clock."""
    store = MemoryStore()
    server = make_server(store=store)
    tokens = []
    for name in ("ann", "bob"):
        client = server.connect()
        tokens.append(json.loads(client.ask("`format json")[0])["session"])
        request(client, "register", username=name, password=WORD)
        client.lose()
    server.clock_offset += step
    for _ in range(23):
        server.turn(3600)
    server.clock_offset -= step
    again = MemoryServer(store=store, clock_offset=server.wall_time(), rooms=ROOMS)
    for token, expected in zip(tokens, ("reply", "error"), strict=True):
        client = again.connect()
        client.ask("`format json")
        assert request(client, "resume", session=token)[0]["event"] == expected
        again.turn(ACCOUNT_RESUME_SECONDS)


@pytest.mark.parametrize("command", ["`start r{} tea", "`register u{} " + WORD])
def test_what_guests_create(step, command):
    """An address creates twenty rooms or accounts an hour, and no more."""
    server = make_server()

    def create(number):
        client = server.connect(REMOTE)
        (answer,) = client.ask(command.format(number))
        client.lose()
        return "try again in an hour" not in answer

    assert all(create(number) for number in range(MAX_CREATIONS))
    server.clock_offset += step
    server.turn(3599)
    assert not create("late")
    server.turn(1)
    assert create("later")


def test_messages_are_kept(step):
    """The hourly removal removes what is older than `--keep`, and no more."""
    server = make_server(keep=30)
    ann = server.join("1", "Ann")
    ann.send("hello")
    server.turn(3600)
    server.clock_offset += step
    server.turn(3600)
    server.clock_offset -= step
    server.turn(3600)
    assert "hello" in ann.ask("`history")[-1]
    for _ in range(30):
        server.turn(DAY)
    assert ann.ask("`history") == ["Server: No messages in chatroom 1!"]


# -- timestamps


def test_the_times_of_a_room(step):
    """They follow the clock, but never go backwards."""
    server = make_server()
    ann, _ = program(server, "Ann")
    before = server.wall_time()
    bob = server.join("1", "Bob")
    server.clock_offset += step
    server.turn(1)
    bob.send("hello")
    bob.ask("`rename Ben")
    server.console("say 1 be quiet")
    server.console("kick Ben 1")
    server.turn(max(-step, 0))
    server.console("end 1")
    seen = events(ann)
    assert [each["event"] for each in seen] == [
        *("joined", "said", "renamed", "notice", "left", "closed")
    ]
    assert times(seen)[1:5] == [max(server.wall_time() - max(-step, 0), before)] * 4
    assert times(seen)[5] == server.wall_time()


def test_a_name_that_changes_in_two_rooms(step):
    """It has one time, and users who share both rooms read it once."""
    server = make_server(rooms_per_client=2)
    ann, _ = program(server, "Ann")
    bob, _ = program(server, "Bob")
    for client in (ann, bob):
        server.clock_offset += step
        request(client, "join", chatroom_id="2")
        server.clock_offset -= step
    events(ann)
    request(bob, "rename", new_name="Ben")
    (renamed,) = events(ann)
    assert times([renamed]) == [NOW + max(step, 0)]


def test_the_times_of_a_room_after_a_restart(step):
    """They are never before that of the newest message in the store."""
    store = MemoryStore()
    server = make_server(store=store)
    server.join("1", "Ann").send("hello")
    server.turn(WRITE_DELAY)
    again = MemoryServer(store=store, clock_offset=NOW + step, rooms=ROOMS)
    ann, _ = program(again, "Ann")
    again.join("1", "Bob")
    (time,) = times(events(ann))
    assert time == (NOW + step if step > 0 else NOW + 1)
