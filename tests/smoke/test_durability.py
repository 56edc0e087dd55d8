"""The data of a real daemon through kill -9 and restarts, and passwords with real hashing."""

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from chatd.storage.factory import create_database
from chatd.storage.testing import temporary_schema

PASSWORD = "canary-7f3a-sings"
NEW_PASSWORD = "canary-99b1-sings"
SPEAKERS = 4
SECONDS = 20
"""The time after which a test stops waiting."""


class Talker:
    """A client in JSON that says messages without end, in a thread.

    `stored` maps the ids of confirmed messages to their texts, `seen` is the newest id it has read.
    `confirmed` is a semaphore that is released for each message that is confirmed.
    """

    def __init__(self, daemon, name, confirmed):
        self.stored = {}
        self.seen = 0
        self._confirmed = confirmed
        self._client = daemon.connect()
        self._client.ask("`enter talk " + name, "Server: You join @chatroom talk")
        self._client.send("`format json")
        self.thread = threading.Thread(target=self._talk)
        self.thread.start()

    def _talk(self):
        sent = 0
        try:
            for _ in range(16):
                sent += 1
                self._say(sent)
            while (frame := self._client.read()) is not None:
                if not frame.startswith("{"):
                    continue  # a text frame, sent before the switch to JSON
                event = json.loads(frame)
                self.seen = max(self.seen, event.get("id", 0))
                if event["event"] == "stored":
                    self.stored[event["id"]] = event["tag"]
                    self._confirmed.release()
                    sent += 1
                    self._say(sent)
        except OSError:
            pass  # the daemon was killed

    def _say(self, number):
        self._client.send(json.dumps({"command": "say", "text": f"t{number}", "tag": f"t{number}"}))


def history(client, room="talk"):
    """Return all messages of a room, read page by page."""
    messages = []
    while True:
        since = messages[-1]["id"] if messages else 0
        client.send(json.dumps({"command": "history", "chatroom_id": room, "since": since}))
        while (event := json.loads(client.read()))["event"] != "history":
            pass
        if not event["messages"]:
            return messages
        messages += event["messages"]


@pytest.mark.parametrize("messages", [1, 400])
def test_kill_loses_no_confirmed_message(start, tmp_path, messages):
    """The history has each confirmed message once, in order; new ids are above all read ones."""
    daemon = start("--no-console", "--rate", "0")
    keeper = daemon.connect()
    keeper.ask(f"`register keeper {PASSWORD}", "Server: Registered successfully.")
    stored, seen = {}, 0
    for _ in range(2):
        confirmed = threading.Semaphore(0)
        talkers = [Talker(daemon, f"talker{number}", confirmed) for number in range(SPEAKERS)]
        for _ in range(messages):
            assert confirmed.acquire(timeout=SECONDS)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.ended()
        for talker in talkers:
            talker.thread.join()
            stored.update(talker.stored)
            seen = max(seen, talker.seen)
        with closing(sqlite3.connect(tmp_path / "chatd.db")) as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)]

        daemon = start("--no-console", "--rate", "0")
        reader = daemon.connect()
        reader.ask(f"`login keeper {PASSWORD}", "Server: Welcome back, keeper.")
        reader.send("`format json", '{"command":"join","chatroom_id":"talk"}')
        reader.read()
        assert json.loads(reader.read())["last"] >= seen
        messages_kept = history(reader)
        ids = [message["id"] for message in messages_kept]
        assert ids == sorted(set(ids))
        texts = {message["id"]: message["text"] for message in messages_kept}
        assert {number: texts.get(number) for number in stored} == stored
        reader.send('{"command":"exit"}')


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path):
    """Return the URL of a store of each kind that outlives the server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/chatd.db"
        return
    url = os.environ.get("CHATD_TEST_POSTGRESQL")
    if not url:
        pytest.skip("CHATD_TEST_POSTGRESQL is not set")
    with temporary_schema(url) as schema:
        yield schema


def wait_for_mark(url):
    """Return when the store has a read mark: the server writes it some time after the answer."""
    database = create_database(url)
    deadline = time.monotonic() + SECONDS
    try:
        while not database.reader.run(
            lambda reader: reader.exec_driver_sql("SELECT count(*) FROM read_marks").scalar()
        ):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        database.close()


def test_kill_loses_no_change_of_a_room(start, store_url):
    """Settings, roles, bans, read marks and kept messages are as they were confirmed."""
    daemon = start("--no-console", "--store", store_url)
    ann, bob, carl = (daemon.connect() for _ in range(3))
    for name, client in (("ann", ann), ("bob", bob), ("carl", carl)):
        client.ask(f"`register {name} {PASSWORD}", "Server: Registered successfully.")
    bob.send("`exit")
    while bob.read() is not None:
        pass
    ann.ask("`start 2 Food court", "Server: Chatroom 2 started!")
    ann.ask("`join 2", "Server: You join @chatroom 2")
    carl.ask("`join 2", "Server: You join @chatroom 2")
    ann.read()
    for frame, answer in (
        ("`topic Teas", "Server: ann set the topic: Teas"),
        ("`moderated on", "Server: ann turned moderated on."),
        ("`key fish", "Server: ann set a key."),
        ("`limit 9", "Server: ann set the limit to 9."),
        ("`voice carl", "Server: carl now has a voice."),
        ("`ban bob 60 spam", "Server: bob was banned by ann: spam"),
        ("`secret bob psst", "Server: bob is not here; your secret will be delivered."),
    ):
        ann.ask(frame, answer)
    ann.send("hello", "`format json", '{"command":"read","id":1}')
    while json.loads(ann.read()).get("command") != "read":
        pass
    wait_for_mark(store_url)
    daemon.process.send_signal(signal.SIGKILL)
    daemon.ended()

    daemon = start("--no-console", "--store", store_url)
    ann, bob, carl = (daemon.connect() for _ in range(3))
    bob.ask(f"`login bob {PASSWORD}", "Server: Welcome back, bob.")
    assert bob.read().endswith("] ann (secret): psst")
    bob.ask("`join 2", "Server: You are banned from chatroom Food court@2.")
    carl.ask(f"`login carl {PASSWORD}", "Server: Welcome back, carl.")
    carl.send("`join 2")
    assert carl.read().startswith("Server: Chatroom Food court@2 needs its key")
    carl.ask("`join 2 - fish", "Server: You join @chatroom 2")
    carl.ask("`topic", "Server: Topic of Food court@2: Teas")
    carl.ask("`moderated", "Server: moderated is on.")
    carl.ask("`limit", "Server: The limit is 9.")
    carl.ask("`who", "Server: \ncarl (voice)\n")
    ann.ask(f"`login ann {PASSWORD}", "Server: Welcome back, ann.")
    ann.send("`format json", '{"command":"join","chatroom_id":"2"}')
    while (reply := json.loads(ann.read())).get("command") != "join":
        pass
    assert reply["read"] == 1


def test_a_restart_loses_nothing(start):
    """Rooms, accounts, bans and history are kept, and the ids have no gap."""
    daemon = start("--room", "1:Tea")
    ann = daemon.connect()
    ann.ask(f"`register ann {PASSWORD}", "Server: Registered successfully.")
    ann.ask("`start 2 Food court", "Server: Chatroom 2 started!")
    ann.ask("`join 2", "Server: You join @chatroom 2")
    ann.send("first", "second")
    daemon.type("ban Bob", "quit")
    assert daemon.ended() == 0

    daemon = start("--room", "1:Tea")
    bob = daemon.connect()
    bob.ask("`join 1 Bob", "Server: You were banned by the Administrator!")
    assert bob.read() is None
    ann = daemon.connect()
    ann.ask("`list", "Server: \nTea@1: no chatters!\nFood court@2: no chatters!\n")
    ann.ask(f"`login ann {PASSWORD}", "Server: Welcome back, ann.")
    ann.ask("`join 2", "Server: You join @chatroom 2")
    ann.send("third", "`format json", '{"command":"history"}')
    ann.read()
    while (event := json.loads(ann.read()))["event"] != "history":
        pass
    assert [(said["id"], said["text"]) for said in event["messages"]] == [
        (1, "first"),
        (2, "second"),
        (3, "third"),
    ]


def test_passwords_are_written_nowhere(start, tmp_path):
    """No log, output, database or process list has a password or a resume token.

    That holds for wrong passwords and wrong requests, in text and JSON, with the trace on.
    """
    daemon = start("--trace")
    client = daemon.connect()
    client.ask(f"`register ann {PASSWORD}", "Server: Registered successfully.")
    client.ask(f"`password {PASSWORD} {NEW_PASSWORD}", "Server: Password changed.")
    client.ask(f"`password {PASSWORD} {NEW_PASSWORD}", "Server: Wrong username or password.")
    client.ask(
        f"`register ann {PASSWORD} {NEW_PASSWORD}", "Server: Usage: `register <username> <password>"
    )
    client.ask("`logout", "Server: Bye, ann")
    client.ask(f"`login ann {PASSWORD}", "Server: Wrong username or password.")
    client.ask(f"`login ann {NEW_PASSWORD}", "Server: Welcome back, ann.")
    client.send("`format json")
    session = json.loads(client.read())["session"]
    for request in (
        {"command": "login", "username": "ann", "password": PASSWORD},
        {"command": "login", "user": "ann", "pass": PASSWORD},
        {"command": "register", "username": "ann", "password": [PASSWORD]},
        {"command": "password", "old_password": NEW_PASSWORD, "new_password": PASSWORD},
        {"command": "resume", "session": session, "password": NEW_PASSWORD},
        {"command": "log-in", "username": "ann", "password": PASSWORD},
    ):
        client.send(json.dumps(request))
        assert client.read()
    daemon.type("passwd ann", NEW_PASSWORD, "passwd ann", "short", "accounts", "who", "quit")
    processes = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert daemon.ended() == 0
    assert len(daemon.lines) > 30
    assert "Administrator: Password of ann changed." in daemon.lines
    written = ["\n".join(daemon.lines).encode(), *processes]
    written += [path.read_bytes() for path in tmp_path.iterdir()]
    for secret in (PASSWORD, NEW_PASSWORD, session):
        assert not [text for text in written if secret.encode() in text]
