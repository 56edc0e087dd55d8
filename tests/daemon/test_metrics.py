"""What Prometheus and health checks are told over HTTP, and that nothing is kept for it."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.core.errors import StoreUnavailableError
from chatd.daemon.service import StartError
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer


class Store(MemoryStore):
    """A store that can be out of reach, or hang."""

    state = None

    async def touch_resume_tokens(self, *_):
        if isinstance(self.state, Deferred):
            await self.state
        elif self.state is not None:
            raise self.state


@pytest.fixture
def store():
    """Return the store of the server."""
    return Store()


@pytest.fixture
def measured(store):
    """Return a server with metrics."""
    return MemoryServer(metrics="tcp:9990", store=store)


def request(server, page, *more):
    """Ask for a page; return the protocol, and the transport with the answer."""
    protocol = server.reactor.tcpServers[0][1].buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    head = "\r\n".join([f"GET {page} HTTP/1.1", "Host: x", "Connection: close", *more])
    protocol.dataReceived(f"{head}\r\n\r\n".encode())
    return protocol, transport


def get(server, page, *more):
    """Return the status, the head and the content of a page."""
    answer = request(server, page, *more)[1].value().decode()
    head, _, content = answer.partition("\r\n\r\n")
    return int(head.split()[1]), head, content


def values(server):
    """Return the metrics by their names."""
    status, _, content = get(server, "/metrics")
    assert status == 200
    lines = [line for line in content.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_what_is_measured(measured):
    """People, rooms, messages and bytes, as they are at that moment."""
    ann, bob = measured.join("1", "Ann"), measured.join("1", "Bob")
    measured.connect()
    ann.send("one", "two")
    bob.read()
    found = values(measured)
    assert found["chatd_connections"] == found["chatd_accepted_connections_total"] == 3
    assert found["chatd_chatters"] == 2
    assert found["chatd_rooms"] == 1
    assert found["chatd_messages_total"] == found["chatd_messages_unstored"] == 2
    assert found["chatd_sent_bytes_total"] == measured.service.fanout.bytes_sent > 0
    assert found["chatd_store_up"] == 1
    assert found["chatd_failed_logins_total"] == 0
    assert found["process_open_fds"] > 0
    ann.lose()
    assert values(measured)["chatd_connections"] == 2


def test_aborted_connections_and_failed_logins(measured):
    """They are counted where they are logged."""
    event_log = measured.service.event_log
    event_log.send_queue_exceeded("unix", 2, 1)
    event_log.login_failed("unix")
    event_log.store_back(7)
    found = values(measured)
    assert found["chatd_aborted_connections_total"] == 1
    assert found["chatd_failed_logins_total"] == 1
    assert found["chatd_lost_messages_total"] == 7


def test_openmetrics(measured):
    """For who asks for it."""
    _, head, content = get(measured, "/metrics", "Accept: application/openmetrics-text")
    assert "application/openmetrics-text" in head
    assert content.endswith("# EOF\n")


def test_health(measured, store):
    """Well, until the store is out of reach; and then again."""
    assert get(measured, "/healthz")[::2] == (200, "well\n")
    store.state = StoreUnavailableError("gone")
    assert get(measured, "/healthz")[::2] == (503, "the store cannot be reached\n")
    assert values(measured)["chatd_store_up"] == 0
    store.state = None
    assert get(measured, "/healthz")[0] == 200


def test_who_hangs_up(measured, store):
    """He is not answered when the store at last is there, and nothing is logged of him."""
    store.state = Deferred()
    asking, transport = request(measured, "/healthz")
    asking.connectionLost(Failure(ConnectionDone()))
    store.state.callback(None)
    assert transport.value() == b""


def test_a_fault_of_ours(measured, store, capture_log):
    """It is logged, and said to be one."""
    store.state = ZeroDivisionError()
    assert get(measured, "/healthz")[0] == 500
    assert capture_log()[-1].startswith("A request for metrics met a fault")


def test_nothing_else(measured):
    """Other pages there are none."""
    assert get(measured, "/")[0] == 404


def test_a_bad_endpoint():
    """It is one line, as for --listen."""
    with pytest.raises(StartError, match=r"^--metrics tea:1: this is no endpoint"):
        MemoryServer(metrics="tea:1")
