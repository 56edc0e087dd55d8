"""The pages /metrics and /healthz, and the check of the store that they show."""

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chatd.core.errors import StoreUnavailableError
from chatd.daemon.metrics import CHECK_SECONDS, CONNECTION_SECONDS, MAX_CONNECTIONS
from chatd.daemon.startup import StartError
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer


class FailingStore(MemoryStore):
    """A store whose check raises `error` if that is set."""

    error = None

    async def touch_resume_tokens(self, *_):
        if self.error is not None:
            raise self.error


@pytest.fixture
def store():
    """Return the store of the server."""
    return FailingStore()


@pytest.fixture
def server(store):
    """Return a server with --metrics."""
    return MemoryServer(metrics="tcp:9990", store=store)


def get(server, page, *headers):
    """Return the status, the headers and the body of a page."""
    protocol = server.reactor.tcpServers[0][1].buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    request = "\r\n".join([f"GET {page} HTTP/1.1", "Host: x", "Connection: close", *headers])
    protocol.dataReceived(f"{request}\r\n\r\n".encode())
    head, _, body = transport.value().decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, body


def metrics(server):
    """Return the metrics by their names."""
    status, _, body = get(server, "/metrics")
    assert status == 200
    lines = [line for line in body.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_show_the_present_values(server):
    """Connections, rooms, messages and bytes are read when the page is requested."""
    ann, bob = server.join("1", "Ann"), server.join("1", "Bob")
    server.connect()
    ann.send("one", "two")
    bob.read()
    values = metrics(server)
    assert values["chatd_connections"] == values["chatd_accepted_connections_total"] == 3
    assert values["chatd_chatters"] == 2
    assert values["chatd_rooms"] == 1
    assert values["chatd_messages_total"] == values["chatd_messages_unstored"] == 2
    assert values["chatd_sent_bytes_total"] == server.service.fanout.bytes_sent > 0
    assert values["chatd_store_up"] == 1
    assert values["chatd_failed_logins_total"] == 0
    assert values["process_open_fds"] > 0
    ann.lose()
    assert metrics(server)["chatd_connections"] == 2


def test_throttled_connections(store):
    """Connections that wait for a rate are counted, and for how long they have waited."""
    server = MemoryServer(metrics="tcp:9990", store=store, rate=2, burst=5)
    ann = server.join("1", "Ann")
    assert metrics(server)["chatd_connections_throttled"] == 0
    ann.send(*["hi"] * 9)
    server.turn(0.5)
    ann.send("hi")
    values = metrics(server)
    assert values["chatd_connections_throttled"] == 1
    assert values["chatd_throttled_connections_total"] == 2
    assert values["chatd_throttled_seconds_total"] == 0.5


def test_a_user_with_two_sessions_is_counted_once(server):
    """The users in rooms are counted, the connections are a metric of their own."""
    for command in ("`register ann staple-battery", "`login ann staple-battery"):
        server.connect().ask(command)
    session = next(iter(server.service.sessions))
    assert len({session.user for session in server.service.sessions}) == 1
    server.console("start 1 tea")
    server.console("group 1 ann")
    assert session.user.rooms
    values = metrics(server)
    assert (values["chatd_connections"], values["chatd_chatters"]) == (2, 1)


def test_metrics_show_the_counters(server):
    """Each counter has its own metric."""
    counters = server.service.counters
    counters.refused, counters.aborted, counters.failed_logins = 5, 6, 7
    server.service.writer.lost_messages = 8
    values = metrics(server)
    assert values["chatd_refused_connections_total"] == 5
    assert values["chatd_aborted_connections_total"] == 6
    assert values["chatd_failed_logins_total"] == 7
    assert values["chatd_lost_messages_total"] == 8


def test_metrics_in_the_openmetrics_format(server):
    """The page has the format that the request accepts."""
    _, head, body = get(server, "/metrics", "Accept: application/openmetrics-text")
    assert "application/openmetrics-text" in head
    assert body.endswith("# EOF\n")


def test_health_follows_the_store(server, store):
    """The health page answers 503 from the check that fails to the check that succeeds."""
    assert get(server, "/healthz")[::2] == (200, "well\n")
    store.error = StoreUnavailableError("gone")
    server.turn(CHECK_SECONDS)
    assert get(server, "/healthz")[::2] == (503, "the store cannot be reached\n")
    assert metrics(server)["chatd_store_up"] == 0
    store.error = None
    server.turn(CHECK_SECONDS)
    assert get(server, "/healthz")[0] == 200
    assert metrics(server)["chatd_store_up"] == 1


def test_a_failing_check_is_logged(server, store, capture_log):
    """An unexpected error of the check counts as a store that is down, and is logged."""
    store.error = ZeroDivisionError()
    server.turn(CHECK_SECONDS)
    assert get(server, "/healthz")[0] == 503
    assert capture_log()[-1].startswith("A periodic task failed")


@pytest.mark.parametrize("page", ["/", "/metrics.txt", "/other"])
def test_other_pages_do_not_exist(server, page):
    """Any other path answers 404."""
    assert get(server, page)[0] == 404


def test_a_bad_endpoint():
    """An endpoint that is none stops the start with one line, as for --listen."""
    with pytest.raises(StartError, match=r"^--metrics tea:1: this is no endpoint"):
        MemoryServer(metrics="tea:1")


def open_connection(server):
    """Return the protocol and the transport of a new connection, or None if it is refused."""
    protocol = server.reactor.tcpServers[0][1].buildProtocol(None)
    if protocol is None:
        return None
    transport = StringTransport()
    transport.abortConnection = lambda: protocol.connectionLost(Failure(ConnectionDone()))
    protocol.makeConnection(transport)
    return protocol, transport


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"PURGE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\nx", b"413"),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\nx", b"413"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", b"413"),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", b"413"),
        (b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
    ],
)
def test_only_get_and_head(server, monkeypatch, request_, status):
    """Other methods and bodies are refused, nothing of a body is kept, and the connection ends."""
    monkeypatch.setattr("tempfile.TemporaryFile", None)
    protocol, transport = open_connection(server)
    protocol.dataReceived(request_)
    answer = transport.value()
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1") == 1
    assert transport.disconnecting
    protocol.dataReceived(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
    assert transport.value() == answer


def test_few_connections(server):
    """Further connections are closed; all are counted, and none stays for long."""
    admission = server.service.admission
    connections = [open_connection(server) for _ in range(MAX_CONNECTIONS)]
    assert open_connection(server) is None
    assert admission.open == MAX_CONNECTIONS
    for second in range(int(CONNECTION_SECONDS)):
        assert admission.open == MAX_CONNECTIONS, second
        for protocol, _ in connections:
            protocol.dataReceived(b"G")
        server.turn(1)
    assert admission.open == 0
    assert open_connection(server) is not None
