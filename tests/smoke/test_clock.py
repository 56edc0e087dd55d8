"""A real twistd whose wall clock is set while it runs."""

import json
from datetime import datetime

import pytest

from bench.soaks.wall_clock import WallClock

DAY = 86400
OPTIONS = ("--room", "1:tea", "--admin", "", "--rate", "20", "--burst", "5")
MESSAGES = 15
"""How many messages are sent at once: the last ones wait for half a second."""


@pytest.fixture
def wall_clock(tmp_path):
    """Return the wall clock of the daemons of the test."""
    return WallClock(tmp_path)


def ask(client, command, event, **parameters):
    """Send a request in JSON; return the next object of a kind."""
    client.send(json.dumps({"command": command, **parameters}))
    return next_event(client, event)


def next_event(client, event):
    """Read up to an object of a kind; return it."""
    while True:
        received = json.loads(client.read())
        if received["event"] == event:
            return received


def program(daemon, name):
    """Return a client in JSON that has joined room 1."""
    client = daemon.connect()
    client.send("`format json")
    client.read()
    ask(client, "join", "reply", chatroom_id="1", chatter_name=name)
    return client


@pytest.mark.parametrize(
    "arguments", [("-n", "chatd"), ("-n", "--reactor=asyncio", "chatd")], ids=["default", "asyncio"]
)
def test_everything_goes_on(start, wall_clock, arguments):
    """Clients that wait for their rate, and for receipts, are served when the clock is set.

    A timer that ran by the wall clock would fire an hour late, and a client would wait in vain.
    """
    daemon = start(*OPTIONS, arguments=arguments, environment=wall_clock.environment)
    ann, bob = program(daemon, "Ann"), program(daemon, "Bob")
    said, ids = [], []
    for offset in (3600, 0, -400 * DAY, 0):
        ann.send(*[json.dumps({"command": "say", "text": "hello"})] * MESSAGES)
        wall_clock.set(offset)
        ids += [next_event(ann, "stored")["id"] for _ in range(MESSAGES)]
        said += [next_event(bob, "said") for _ in range(MESSAGES)]
        ask(bob, "history", "history", chatroom_id="1", limit=1)
    times = [datetime.fromisoformat(event["time"]) for event in said]
    assert times == sorted(times)
    assert ids == [event["id"] for event in said] == list(range(1, 4 * MESSAGES + 1))
    daemon.type("stats")
    assert int(daemon.expect(r"uptime: (-?\d+) s")[1]) >= 0


def test_no_step_removes_messages(start, wall_clock):
    """A clock that is 400 days ahead, at the start or for a while, costs no message.

    The server removes messages at its start, and would then remove all of them.
    """
    options = (*OPTIONS, "--keep", "30")
    for number, offset in enumerate((0, 400 * DAY, 0, -400 * DAY, 0), 1):
        wall_clock.set(offset)
        daemon = start(*options, environment=wall_clock.environment)
        ann = program(daemon, "Ann")
        wall_clock.set(0)
        ask(ann, "say", "stored", text="hello")
        found = ask(ann, "history", "history", chatroom_id="1", since=0)
        assert len(found["messages"]) == number
        daemon.stop()
