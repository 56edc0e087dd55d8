"""`/metrics` for Prometheus and `/healthz` for health checks, over HTTP.

The values are read when a page is requested: the server has these numbers anyway, so a message
costs nothing more. The store is the exception: whether it is up is looked at every few seconds.
Loaded only with `--metrics`, because HTTP takes a third of a second to load.

The pages are for GET and HEAD, one request a connection. Connections count for the descriptors of
the process, there are few of them, and each has a few seconds.

The pages are rendered in the reactor's thread. prometheus_client's own resource for Twisted runs
in the thread pool of the global reactor, where sessions and rooms would change while it reads them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import version
from typing import Any, Final

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from twisted.internet.interfaces import IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from chatd.core.chat import Chat
from chatd.fanout.bus import Bus
from chatd.fanout.fanout import Fanout
from chatd.server.eventlog import Counters
from chatd.server.limits import Admission
from chatd.server.session_registry import SessionRegistry
from chatd.storage.space import StoreSize
from chatd.storage.writer import HistoryWriter

CHECK_SECONDS: Final = 5.0
"""How often the store is checked."""

MAX_CONNECTIONS: Final = 32
"""How many connections may be open at once; further ones are closed."""

CONNECTION_SECONDS: Final = 10.0
"""How long a connection may take, from its first byte to the end of the response."""

StoreCheck = Callable[[], Awaitable[object]]
"""Uses the store without changing it; raises `StoreUnavailableError` if it cannot be reached."""


class ServerMetrics(Collector):
    """Reads the server's metrics from the objects that count them."""

    def __init__(
        self,
        *,
        chat: Chat,
        sessions: SessionRegistry,
        bus: Bus,
        fanout: Fanout,
        writer: HistoryWriter,
        counters: Counters,
        lost_log_lines: Callable[[], int],
        store_size: StoreSize,
    ) -> None:
        self._chat = chat
        self._sessions = sessions
        self._bus = bus
        self._fanout = fanout
        self._writer = writer
        self._counters = counters
        self._lost_log_lines = lost_log_lines
        self._store_size = store_size

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its present value."""
        info = GaugeMetricFamily("chatd_info", "The version of chatd.", labels=["version"])
        info.add_metric([version("chatd")], 1)
        yield info
        for name, description, value in self._gauges():
            yield GaugeMetricFamily(f"chatd_{name}", description, value=value)
        size = self._store_size.size
        if size is not None:
            yield GaugeMetricFamily("chatd_store_bytes", "Bytes of the store.", value=size)
        for name, description, value in self._totals():
            yield CounterMetricFamily(f"chatd_{name}", description, value=value)

    def _gauges(self) -> tuple[tuple[str, str, float], ...]:
        # Readers of the metrics need not know of rooms that are not listed.
        listed = {room for room in self._chat.rooms() if not room.settings.unlisted}
        users = {session.user for session in self._sessions}
        in_rooms = sum(1 for user in users if not listed.isdisjoint(user.rooms))
        queued = [session.send_queue.queued for session in self._sessions]
        return (
            ("connections", "Open connections.", len(self._sessions)),
            ("chatters", "Users in a room that is listed.", in_rooms),
            ("rooms", "Rooms that are listed.", len(listed)),
            (
                "connections_throttled",
                "Connections that wait because of a rate.",
                self._counters.throttled.connections,
            ),
            ("queued_bytes", "Output that waits for clients to read.", sum(queued)),
            ("queued_bytes_max", "The most of it for one client.", max(queued, default=0)),
            ("messages_unstored", "Messages that wait to be stored.", self._writer.pending),
        )

    def _totals(self) -> tuple[tuple[str, str, float], ...]:
        counters = self._counters
        return (
            ("accepted_connections", "Connections accepted.", counters.accepted),
            ("refused_connections", "Connections refused because of a limit.", counters.refused),
            ("aborted_connections", "Connections whose client did not read.", counters.aborted),
            ("throttled_connections", "Waits because of a rate.", counters.throttled.waits),
            (
                "throttled_seconds",
                "Seconds that connections waited.",
                counters.throttled.seconds(self._sessions.services.seconds()),
            ),
            ("failed_logins", "Logins with a wrong name or password.", counters.failed_logins),
            ("messages", "Messages said in rooms.", self._bus.messages),
            ("lost_messages", "Messages that were never stored.", self._writer.lost_messages),
            ("log_lines_lost", "Lines that the log has lost.", self._lost_log_lines()),
            ("sent_bytes", "Bytes written to clients.", self._fanout.bytes_sent),
        )


class StoreHealth:
    """Whether the store is up, as the last check found it; a metric in `registry` shows it."""

    def __init__(self, check: StoreCheck, registry: CollectorRegistry) -> None:
        self.is_up = True  # the server does not start without its store
        self._check = check
        gauge = Gauge("chatd_store_up", "Whether the store can be reached.", registry=registry)
        gauge.set_function(lambda: int(self.is_up))

    async def update(self) -> None:
        """Check the store; raise what the check raises."""
        try:
            await self._check()
        except Exception:
            self.is_up = False
            raise
        self.is_up = True


class MetricsPage(Resource):
    """Shows the metrics in the format that the request accepts."""

    isLeaf = True  # noqa: N815 -- Twisted's

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._registry = registry

    def render_GET(self, request: Request) -> bytes:
        """Return the metrics."""
        encode, content_type = choose_encoder(request.getHeader("accept") or "")
        request.setHeader("content-type", content_type)
        return encode(self._registry)


class HealthPage(Resource):
    """Answers 200 while the store is up, and 503 while it is not."""

    isLeaf = True  # noqa: N815 -- Twisted's

    def __init__(self, store: StoreHealth) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._store = store

    def render_GET(self, request: Request) -> bytes:
        """Return one line on the health of the server."""
        request.setHeader("content-type", "text/plain")
        if self._store.is_up:
            return b"well\n"
        request.setResponseCode(503)
        return b"the store cannot be reached\n"


class _Root(Resource):
    """Answers 404 outside the pages; what Resource itself answers there is deprecated."""

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002 -- Twisted's
        """Return the page for a path that does not exist."""
        return notFound()


class _Request(Request):
    """A request without a body: what has one, or another method than GET and HEAD, is refused."""

    _is_refused = False

    def gotLength(self, length: int | None) -> None:
        """Refuse a body before any of it is read: Twisted would keep it in a file."""
        super().gotLength(0)  # type: ignore[no-untyped-call]
        if length != 0:
            self._refuse(b"413 Content Too Large")

    def process(self) -> None:
        """Refuse methods that the pages do not have."""
        if self._is_refused:
            return  # the body was short enough to come with the headers
        if self.method in (b"GET", b"HEAD"):
            super().process()  # type: ignore[no-untyped-call]
        else:
            self._refuse(b"405 Method Not Allowed\r\nAllow: GET, HEAD")

    def _refuse(self, status: bytes) -> None:
        head = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self._is_refused = True
        channel: Any = self.channel
        channel.dataReceived = lambda _: None
        channel.transport.write(head)
        channel.transport.loseConnection()


class _Channel(HTTPChannel):
    """Serves one request."""

    def checkPersistence(self, request: Request, version: bytes) -> bool:  # noqa: ARG002 -- Twisted's
        """Close the connection after the response."""
        request.responseHeaders.setRawHeaders(b"connection", [b"close"])
        return False


class _QuietSite(Site):
    """Does not log requests: there is one every few seconds."""

    noisy = False

    def log(self, request: Any) -> None:
        """Do nothing."""


class _Connection(ProtocolWrapper):
    """A connection that is counted, and aborted after some seconds."""

    factory: _LimitedFactory

    def connectionMade(self) -> None:
        """Count the connection."""
        self.factory.admission.connected()
        self._timeout = self.factory.clock.callLater(CONNECTION_SECONDS, self.abortConnection)
        super().connectionMade()  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Stop counting the connection."""
        self.factory.admission.disconnected()
        if self._timeout.active():
            self._timeout.cancel()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]


class _LimitedFactory(WrappingFactory):
    """Accepts connections while there are few, and descriptors for them."""

    protocol = _Connection
    noisy = False

    def __init__(self, site: Site, admission: Admission, clock: Any) -> None:
        super().__init__(site)  # type: ignore[no-untyped-call]
        self.admission = admission
        self.clock = clock

    def buildProtocol(self, addr: Any) -> Any:
        """Return the protocol of a connection, or None to close it."""
        if len(self.protocols) >= MAX_CONNECTIONS or not self.admission.has_descriptor:
            return None
        return super().buildProtocol(addr)


def metrics_site(
    metrics: ServerMetrics, check: StoreCheck, admission: Admission, reactor: Any
) -> tuple[IProtocolFactory, StoreHealth]:
    """Return the HTTP site, and the store's health, which the caller updates periodically."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    health = StoreHealth(check, registry)
    root = _Root()  # type: ignore[no-untyped-call]
    root.putChild(b"metrics", MetricsPage(registry))
    root.putChild(b"healthz", HealthPage(health))
    site = _QuietSite(root, requestFactory=_Request, reactor=reactor)  # type: ignore[no-untyped-call]
    site.protocol = _Channel  # type: ignore[assignment, method-assign]
    return _LimitedFactory(site, admission, reactor), health
