"""The service in memory: how it starts, what it logs, and in which order it stops."""

import pytest
from twisted.internet.testing import MemoryReactorClock

from chatd.config import Config
from chatd.core.errors import StoreUnavailableError
from chatd.daemon.service import ChatService
from chatd.daemon.startup import StartError
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryHashing, MemoryServer


class RecordingStore(MemoryStore):
    """A store that keeps the arguments of `close`, and may fail there."""

    def __init__(self):
        super().__init__()
        self.closed_with = None
        self.error = None

    async def close(self, last_ids):
        self.closed_with = last_ids
        if self.error is not None:
            raise self.error
        await super().close(last_ids)


class StoppableReactor(MemoryReactorClock):
    """A reactor in memory that counts the calls of `stop`."""

    stops = 0

    def stop(self):
        self.stops += 1


@pytest.fixture
def store():
    """Return the store of the server."""
    return RecordingStore()


@pytest.fixture
def server(store):
    """Return a server with a room from the start."""
    return MemoryServer(rooms=(("1", "tea"),), store=store)


def stop(server):
    """Stop the service; return a list that has an item when everything is closed."""
    stopped = []
    server.service.stopService().addCallback(stopped.append)
    server.turn(1.0)  # the history writer waits for a moment before it writes
    return stopped


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"listen": ("tea:1",)}, "--listen tea:1: this is no endpoint"),
        ({"rooms": (("a@b", "tea"),)}, "--room a@b: Chatroom id a@b is not allowed."),
        ({"store": "mysql://a:pw@b/c"}, "--store: A store cannot"),
    ],
)
def test_a_service_that_cannot_be_made(options, message):
    """The error names the option."""
    config = Config(**{"store": "memory:", **options})
    with pytest.raises(StartError) as error:
        ChatService(config, MemoryReactorClock(), hashing=MemoryHashing())
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        ("tcp:9999:interface=localhost", "(localhost, 9999)"),
        ("tcp:9999", "(0.0.0.0, 9999)"),
        (r"tcp:9999:interface=\:\:1", "(::1, 9999)"),
        ("unix:chat.sock", "(chat.sock)"),
    ],
)
def test_the_ports_are_logged(capture_log, endpoint, line):
    """Each port is logged as the operator wrote it."""
    MemoryServer(listen=(endpoint,)).service.announce()
    assert capture_log() == [f"System: ChatServer is listening at {line}..."]


def test_the_trace_is_on_from_the_start(capture_log):
    """With --trace the first frame is logged already."""
    MemoryServer(trace=True).connect().ask("`list")
    lines = capture_log()
    assert "Received message from ('127.0.0.1', 50001): `list" in lines
    assert "Send to ('127.0.0.1', 50001): No room exists!" in lines


def test_request_stop_stops_the_reactor_once():
    """Further requests do nothing: a reactor that is stopped twice raises an error."""
    reactor = StoppableReactor()
    service = MemoryServer(reactor=reactor).service
    assert not service.stopping
    service.request_stop()
    service.request_stop()
    assert service.stopping
    assert reactor.stops == 1


def test_clients_are_told_before_the_store_closes(server, store):
    """Clients read what was said and then the notice; the store gets the last id of each room."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    ann.read()
    ann.send("hello")
    stopped = stop(server)
    assert bob.read() == ["Ann: hello", "Administrator: Chatserver is going to shutdown..."]
    assert ann.read() == ["Administrator: Chatserver is going to shutdown..."]
    assert ann.closed
    assert bob.closed
    assert stopped == [None]
    assert store.closed_with == {"1": 1}


def test_a_store_that_is_unavailable_at_the_end(server, store):
    """The service stops all the same."""
    store.error = StoreUnavailableError("gone")
    assert stop(server) == [None]


def test_periodic_tasks_end_with_the_service(server):
    """Nothing is left that the reactor would have to wait for."""
    stop(server)
    server.turn(10.0)
    assert not server.reactor.getDelayedCalls()


def test_the_ports_are_closed(store):
    """No client can connect any more."""
    server = MemoryServer(listen=("tcp:9999",), store=store)
    (port,) = server.service.ports
    stopped = []
    port.port.stopListening = lambda: stopped.append(store.closed_with)
    stop(server)
    assert stopped == [None]
