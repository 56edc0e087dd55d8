"""A whole store in a process of its own, with the threads and the reactor that the server has."""

import subprocess
import sys

import pytest

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
