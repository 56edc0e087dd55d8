"""The whole of it with real threads and a real reactor, as the server has it."""

import subprocess
import sys

import pytest

SERVER = """
import sys, threading
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react
from chatd.core.events import MessageBatch
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_store

start = Deferred.fromCoroutine

async def main(reactor):
    store = create_store(sys.argv[1], reactor)
    store.open([RoomRecord("tea", "tea")])
    keeps = [start(store.append([MessageBatch("tea", n, "Ann", ["hello"], 1.0)], {})) for n in range(1, 51)]
    await gatherResults([*keeps, *(start(store.history("tea", None, 9, 999)) for _ in range(50))])
    said = await store.history("tea", None, 99, 10**6)
    print([message.id for message in said] == list(range(1, 51)), threading.active_count())
    if len(sys.argv) == 2:
        await store.close({"tea": 50})
        print(threading.active_count())

react(lambda reactor: start(main(reactor)))
"""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def url(request, tmp_path):
    """Return the URL of a store of each kind."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql")
    return {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path}/chatd.db"}[request.param]


def serve(*args):
    """Run a server that keeps and reads, and return what it prints."""
    command = [sys.executable, "-W", "error", "-c", SERVER, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_keep_and_read(url):
    """All is kept, in order, by one thread, and read by another; none is left in the end."""
    threads = 1 if url == "memory:" else 3
    assert serve(url) == f"True {threads}\n1\n"
    assert serve(url) == f"True {threads}\n1\n"


def test_without_an_end(url):
    """A server that ends without closing its store is not kept from ending by its threads."""
    serve(url, "leave it open")
    assert serve(url).endswith("\n1\n")
