"""A whole store in a process of its own, with the threads and the reactor that the server has."""

import signal
import subprocess
import sys

import pytest

from chatd.storage.factory import create_database
from chatd.storage.testing import inline_store, result

SERVER = """
import sys, threading
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_store
from chatd.storage.testing import NO_LIMIT, batch, ids

start = Deferred.fromCoroutine

async def main(reactor):
    store = create_store(sys.argv[1], reactor)
    store.open([RoomRecord("tea", "tea")])
    writes = [start(store.append([batch(n)], {})) for n in range(1, 51)]
    reads = [start(store.history("tea", None, 9, 999)) for _ in range(50)]
    await gatherResults([*writes, *reads])
    messages = await store.history("tea", None, 99, NO_LIMIT)
    print(ids(messages) == list(range(1, 51)), threading.active_count())
    if len(sys.argv) == 2:
        await store.close({"tea": 50})
        print(threading.active_count())

react(lambda reactor: start(main(reactor)))
"""

CHANGES = """
import sys
from itertools import count
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react
from chatd.core.records import AccessKind, KeptMessage, ReadMark, RoomAccess, RoomRecord
from chatd.storage.factory import create_store

async def confirm(change, number):
    await change
    print(change.__name__, number, flush=True)

async def main(reactor):
    store = create_store(sys.argv[1], reactor)
    store.open([RoomRecord("tea", "tea")])
    ann = (await store.add_account("Ann", "1", 0.0)).id
    for number in count(1):
        ban = RoomAccess(AccessKind.BAN, f"guest{number}")
        kept = KeptMessage(0, "Bob", None, str(number), float(number))
        changes = [
            store.set_room_settings("tea", {"limit": number}),
            store.add_room_access("tea", ban),
            store.raise_read_marks([ReadMark(ann, "tea", number)]),
            store.keep_message(ann, kept, 10**6, 10**6),
        ]
        confirmed = (Deferred.fromCoroutine(confirm(change, number)) for change in changes)
        await gatherResults(confirmed)

react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def url(request, tmp_path):
    """Return the URL of a store of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    return {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/chatd.db"}[request.param]


def serve(*args):
    """Run a server that writes and reads, and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", SERVER, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_threads(url):
    """One thread writes all messages in order, another one reads, and `close` ends both."""
    threads = 1 if url == "memory:" else 3
    assert serve(url) == f"True {threads}\n1\n"
    assert serve(url) == f"True {threads}\n1\n"


def test_a_process_that_does_not_close_its_store(url):
    """The threads do not keep the process from ending, and the next one can use the store."""
    serve(url, "leave it open")
    assert serve(url).endswith("\n1\n")


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("lines", [1, 150])
def test_kill_loses_no_confirmed_change(url, lines):
    """Settings, access lists, read marks and kept messages are there once a call has returned."""
    command = [sys.executable, "-W", "error", "-c", CHANGES, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        confirmed = [server.stdout.readline() for _ in range(lines)]
        server.send_signal(signal.SIGKILL)
        confirmed += server.stdout.readlines()
    newest = {}
    for line in confirmed:
        # The last line may be cut off.
        if line.endswith("\n"):
            change, number = line.split()
            newest[change] = int(number)
    store = inline_store(create_database(url))
    (room,) = store.open([]).rooms
    (ann,) = result(store.accounts())
    bans = [entry.name for entry in room.access]
    kept = [message.text for message in result(store.kept_messages(ann.id))]
    mark = result(store.read_mark(ann.id, "tea"))
    result(store.close({}))
    assert newest.get("set_room_settings", 0) <= room.settings.limit
    assert newest.get("raise_read_marks", 0) <= mark
    bans_confirmed = newest.get("add_room_access", 0)
    assert bans[:bans_confirmed] == [f"guest{n}" for n in range(1, bans_confirmed + 1)]
    kept_confirmed = newest.get("keep_message", 0)
    assert kept[:kept_confirmed] == [str(n) for n in range(1, kept_confirmed + 1)]
    assert sum(newest.values()) >= lines
