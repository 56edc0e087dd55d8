"""Bans on names and addresses, for every way to come in, by way of sessions."""

import json

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred

from chatd.core.bans import BanList, parse_ban
from chatd.core.errors import ChatError
from chatd.core.records import BanKind
from chatd.server.sendqueue import FINISH_SECONDS
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryClient, MemoryServer
from chatd.testing_slow import SlowStore

WORD = "staple-battery"
BANNED = "Server: You were banned by the Administrator!"
NOTED = "banned 1970-01-01 00:00:00 UTC by console"


@pytest.fixture
def server():
    """Return a server with a room."""
    return MemoryServer(rooms=(("1", "tea"),))


def come_from(server, host, port=4000, end=b"\0"):
    """Return a client with an address."""
    kind = IPv6Address if ":" in host else IPv4Address
    return MemoryClient(server, kind("TCP", host, port), end=end)


def test_a_ban_ends_the_connection(server):
    """The client is told and closed; the others read that the user left, and programs why."""
    bob, ann = server.join("1", "Bob"), server.join("1", "Ann")
    watcher = server.connect()
    watcher.ask("`format json")
    watcher.ask('{"command":"join","chatroom_id":"1","chatter_name":"W"}')
    ann.read()
    bob.read()
    assert server.console("ban bob") == ["Administrator: Bob was banned."]
    assert bob.read() == [BANNED]
    assert bob.closed
    assert ann.read() == ["Server: Bob quitted."]
    event = json.loads(watcher.read()[0])
    assert (event["event"], event["who"], event["reason"]) == ("left", "Bob", "banned")


@pytest.mark.parametrize("frame", ["`join 1 Bob", "`enter 9 BOB", "`join 1 B0b"])
def test_a_name_that_is_banned(server, frame):
    """A client that takes the name, or one that is the same, is told and closed."""
    server.console("ban Bob")
    client = server.connect()
    assert client.ask(frame) == [BANNED]
    assert client.closed
    assert server.connect().ask("`join 1 Bobby") == ["Server: You join @chatroom 1"]
    assert server.console("unban BOB") == ["Administrator: Bob was unbanned."]
    assert server.connect().ask("`join 1 Bob") == ["Server: You join @chatroom 1"]


def test_an_account_that_is_banned(server):
    """Nobody can log in to it, resume or register it; a wrong password tells nothing of the ban."""
    alice = server.connect()
    alice.ask("`format json")
    request = {"command": "register", "username": "alice", "password": WORD}
    alice.ask(json.dumps(request))
    (reply,) = alice.ask('{"command":"format","format":"json"}')
    token = json.loads(reply)["session"]
    server.console("ban alice")
    (closing,) = alice.read()
    assert json.loads(closing) == {
        "event": "closing",
        "code": "banned",
        "retry": False,
        "from": "Server",
        "text": "You were banned by the Administrator!",
    }
    again = server.connect()
    assert again.ask("`login alice wrong-password") == ["Server: Wrong username or password."]
    assert again.ask(f"`login alice {WORD}") == [BANNED]
    assert again.closed
    back = server.connect()
    back.ask("`format json")
    (answer,) = back.ask(json.dumps({"command": "resume", "session": token}))
    assert (json.loads(answer)["event"], json.loads(answer)["code"]) == ("closing", "banned")
    assert back.closed
    server.console("ban newcomer")
    assert server.connect().ask(f"`register newcomer {WORD}") == [BANNED]


@pytest.mark.parametrize(
    ("subject", "shown", "banned", "free"),
    [
        ("10.1.2.3", "10.1.2.3", ["10.1.2.3", "::ffff:10.1.2.3"], ["10.1.2.4"]),
        ("10.1.2.3/8", "10.0.0.0/8", ["10.9.9.9"], ["11.0.0.1"]),
        ("2001:DB8::1", "2001:db8::/64", ["2001:db8:0::1", "2001:db8::2"], ["2001:db8:0:1::1"]),
        ("2001:db8::/64", "2001:db8::/64", ["2001:db8::abcd"], ["2001:db8:1::1"]),
    ],
)
def test_addresses(server, subject, shown, banned, free):
    """A client from there is told once its framing is known, and no request is carried out."""
    inside = [come_from(server, host) for host in banned]
    for client in inside:
        client.send("`list")
        client.read()
    ended = "1 connection" if len(inside) == 1 else f"{len(inside)} connections"
    assert server.console(f"ban {subject}") == [f"Administrator: {shown} was banned ({ended})."]
    assert [client.read() for client in inside] == [[BANNED] for _ in inside]
    for host in banned:
        client = come_from(server, host, end=b"\n")
        assert client.ask("`start 7 x") == [BANNED]
        assert client.closed
    assert server.connect().ask("`list") == ["Server: \ntea@1: no chatters!\n"]
    for host in free:
        assert come_from(server, host).ask("`join 1 Free") == ["Server: You join @chatroom 1"]
    assert server.console(f"unban {subject}") == [f"Administrator: {shown} was unbanned."]
    assert come_from(server, banned[0]).ask("`join 1 Back") == ["Server: You join @chatroom 1"]


def test_the_reason_is_told(server):
    """At once and at each return, by name and by address, to people and to programs."""
    told = "Server: You were banned by the Administrator: \u2068no אב\u2069"
    bob, ann = server.join("1", "Bob"), come_from(server, "10.1.2.3")
    ann.ask("`join 1 Ann")
    server.console("ban Bob no אב")
    server.console("ban 10.0.0.0/8 no אב")
    assert [bob.read()[-1], ann.read()[-1]] == [told, told]
    assert server.connect().ask("`join 1 Bob") == [told]
    assert come_from(server, "10.1.2.4").ask("`list") == [told]
    program = come_from(server, "10.1.2.4")
    (closing,) = program.ask("`format json")
    assert json.loads(closing)["text"] == told.removeprefix("Server: ")
    silent = come_from(server, "10.1.2.4")
    server.turn(FINISH_SECONDS)
    assert silent.transport.value().decode() == f"{told}\n"
    server.console("ban Bob")
    assert server.connect().ask("`join 1 Bob") == [BANNED], "the new ban replaced the old one"


def test_a_banned_client_that_sends_nothing(server):
    """The server closes it after some seconds."""
    server.console("ban 10.1.2.3")
    periodic = len(server.reactor.getDelayedCalls())
    client = come_from(server, "10.1.2.3")
    server.turn(FINISH_SECONDS - 1)
    assert not client.closed
    server.turn(1)
    assert client.closed
    come_from(server, "10.1.2.3").lose()
    assert len(server.reactor.getDelayedCalls()) == periodic, "only periodic tasks are left"


def test_bans_that_expire(server):
    """A ban for some minutes expires; another one on the same subject replaces it."""
    server.console("ban Bob 10")
    server.turn(599)
    assert server.connect().ask("`join 1 Bob") == [BANNED]
    assert server.console("bans") == [f"Bob (name) until 1970-01-01 00:10:00 UTC, {NOTED}"]
    server.turn(1)
    assert server.connect().ask("`join 1 Bob") == ["Server: You join @chatroom 1"]
    assert server.console("bans") == ["Administrator: Nobody is banned."]
    assert server.console("unban Bob") == ["Administrator: Bob is not banned."]
    server.console("ban Cid 10")
    server.console("ban CID")
    server.turn(3600)
    assert server.console("bans") == [
        "Cid (name) for ever, banned 1970-01-01 00:10:00 UTC by console"
    ]


def test_bans_outlive_a_restart():
    """The store keeps bans, but not those that were removed."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    for line in ("ban Bob spam", "ban 10.0.0.0/8", "ban Cid 10", "ban Dora", "unban Dora"):
        server.console(line)
    server = MemoryServer(store=store)
    assert sorted(server.console("bans")) == [
        f"10.0.0.0/8 (address) for ever, {NOTED}",
        f"Bob (name) for ever, {NOTED}: spam",
        f"Cid (name) until 1970-01-01 00:10:00 UTC, {NOTED}",
    ]


def test_a_ban_during_a_join():
    """A user who is banned while a join waits does not join."""
    store, waiting = MemoryStore(), Deferred()

    async def add_room(room):  # noqa: ARG001 -- as the true one
        await waiting
        return 0

    store.add_room = add_room
    server = MemoryServer(store=store, rooms=(("1", "tea"),))
    bob, ann = server.join("1", "Bob"), server.join("1", "Ann")
    bob.ask("`quit")
    bob.send("`enter 2")
    server.console("ban Bob")
    waiting.callback(None)
    assert bob.read() == [BANNED]
    assert ann.ask("`list")[-1].endswith("\n2@2: no chatters!\n")


def test_subjects_that_cannot_be_banned():
    """A subject is a name that is allowed, or an address; never a name like an address."""
    like_addresses = (
        "300.1.2.3",
        "10.0.0",
        "10.0.0.0/33",
        "1.2.3.4.5",
        "１.２.３.４",
        "[::1",
        "::1::",
    )
    for wrong in ("Server", "a b", "", "x" * 33, "010.0.0.1", *like_addresses):
        with pytest.raises(ChatError):
            parse_ban(wrong)
    assert parse_ban("1.2.3.4").kind is BanKind.ADDRESS
    assert parse_ban("Bob").kind is BanKind.NAME
    assert not BanList().address_ban("unix", 0)


SHOWN = [
    "203.0.113.9",
    "203.0.113.9:4711",
    "<203.0.113.9:4711>",
    "('203.0.113.9', 4711)",
    "::ffff:203.0.113.9",
    "::FFFF:CB00:7109",
    "[::ffff:203.0.113.9]:4711",
    "('::ffff:203.0.113.9', 4711)",
    "::ffff:203.0.113.9/128",
    "203.0.113.9/32",
]


@pytest.mark.parametrize("unban", SHOWN)
@pytest.mark.parametrize("ban", SHOWN)
def test_every_form_of_an_address(server, ban, unban):
    """An address is banned, for some minutes too, and unbanned as it is shown anywhere."""
    answer = ["Administrator: 203.0.113.9 was banned (0 connections)."]
    assert server.console(f"ban {ban} 60") == answer
    assert server.console(f"`unban {unban}") == ["Administrator: 203.0.113.9 was unbanned."]


@pytest.mark.parametrize(
    "form",
    ["2001:DB8:0:0::9", "[2001:db8::9]:4711", "<[2001:db8::9]:4711>", "('2001:db8::9%eth0', 4711)"],
)
def test_a_ban_of_an_ipv6_address_is_one_of_its_64(server, form):
    """The neighbouring addresses are banned with it, and any of them lifts the ban."""
    client = come_from(server, "2001:db8::ffff")
    client.ask("`enter 1 Eve")
    answer = ["Administrator: 2001:db8::/64 was banned (1 connection)."]
    assert server.console(f"ban {form}") == answer
    assert client.read() == [BANNED]
    assert server.console("unban 2001:db8::7") == ["Administrator: 2001:db8::/64 was unbanned."]


def test_networks_that_are_too_large(server):
    """A slip does not ban the whole of the Internet, and nobody the machine of the server."""
    for network, limit in (("0.0.0.0/0", 8), ("10.0.0.0/7", 8), ("::/0", 32), ("2001::/31", 32)):
        (line,) = server.console(f"ban {network}")
        assert line.endswith(f"is too large, ban a network of /{limit} at most.")
    (line,) = server.console("ban 300.1.2.3")
    assert line.startswith("Administrator: 300.1.2.3 is not an address;")
    for local in ("127.0.0.1", "('127.0.0.1', 50000)", "::1"):
        (line,) = server.console(f"ban {local}")
        assert "is this machine" in line
    assert server.console("bans") == ["Administrator: Nobody is banned."]
    server.console("ban ::/32")
    assert come_from(server, "::1").ask("`join 1 Bob") == ["Server: You join @chatroom 1"]


def test_a_network_that_was_banned_is_found_at_once():
    """A lookup asks once for each length of a prefix, however many networks are banned."""
    bans = BanList()
    for number in range(256):
        bans.add(parse_ban(f"10.{number}.0.0/16"), None, None)
        bans.add(parse_ban(f"2001:db8:{number:x}::/48"), None, None)
    lookups = list(bans._networks.values())
    assert [list(lengths) for lengths in lookups] == [[16], [48]]
    assert bans.address_ban(("10.7.1.1", 1), 0)
    assert not bans.address_ban(("11.7.1.1", 1), 0)
    assert bans.address_ban(("2001:db8:ff::1", 1), 0)
    for ban in bans.active(0):
        bans.remove(ban)
    assert lookups == [{}, {}]


def test_a_ban_of_others_while_a_client_leaves():
    """A client that waits for its receipts is not told that it was banned."""
    store = SlowStore()
    server = MemoryServer(store=store, rooms=(("1", "tea"),))
    store.write_gate.shut = True
    ann = server.connect()
    ann.ask("`format json")
    ann.send('{"command":"join","chatroom_id":"1","chatter_name":"Ann"}')
    ann.send('{"command":"say","text":"x"}', '{"command":"exit"}')
    server.turn(1)
    server.console("ban Kim")
    server.console("ban 203.0.113.9")
    store.write_gate.drain()
    server.turn(1)
    kinds = [json.loads(frame)["event"] for frame in ann.read()]
    assert kinds == ["reply", "stored", "reply"]
