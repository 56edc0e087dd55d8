"""`/metrics` for Prometheus and `/healthz` for health checks, over HTTP.

The values are read when a page is requested: the server has these numbers anyway, so a message
costs nothing more. The store is the exception: whether it is up is looked at every few seconds.
Loaded only with `--metrics`, because HTTP takes a third of a second to load.

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
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

from chatd.core.chat import Chat
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.server.eventlog import Counters
from chatd.server.session import SessionRegistry
from chatd.storage.writer import HistoryWriter

CHECK_SECONDS: Final = 5.0
"""How often the store is checked."""

StoreCheck = Callable[[], Awaitable[object]]
"""Uses the store without changing it; raises `StoreUnavailableError` if it cannot be reached."""


class ServerMetrics(Collector):
    """Reads the server's metrics from the objects that count them."""

    def __init__(
        self,
        *,
        chat: Chat,
        sessions: SessionRegistry,
        bus: LocalBus,
        fanout: Fanout,
        writer: HistoryWriter,
        counters: Counters,
        lost_log_lines: Callable[[], int],
    ) -> None:
        self._chat = chat
        self._sessions = sessions
        self._bus = bus
        self._fanout = fanout
        self._writer = writer
        self._counters = counters
        self._lost_log_lines = lost_log_lines

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its present value."""
        info = GaugeMetricFamily("chatd_info", "The version of chatd.", labels=["version"])
        info.add_metric([version("chatd")], 1)
        yield info
        for name, description, value in self._gauges():
            yield GaugeMetricFamily(f"chatd_{name}", description, value=value)
        for name, description, value in self._totals():
            yield CounterMetricFamily(f"chatd_{name}", description, value=value)

    def _gauges(self) -> tuple[tuple[str, str, int], ...]:
        in_rooms = len({session.user for session in self._sessions if session.user.rooms})
        rooms = sum(1 for _ in self._chat.rooms())
        queued = [session.send_queue.queued for session in self._sessions]
        return (
            ("connections", "Open connections.", len(self._sessions)),
            ("chatters", "Users in a room.", in_rooms),
            ("rooms", "Rooms.", rooms),
            ("queued_bytes", "Output that waits for clients to read.", sum(queued)),
            ("queued_bytes_max", "The most of it for one client.", max(queued, default=0)),
            ("messages_unstored", "Messages that wait to be stored.", self._writer.pending),
        )

    def _totals(self) -> tuple[tuple[str, str, int], ...]:
        counters = self._counters
        return (
            ("accepted_connections", "Connections accepted.", counters.accepted),
            ("refused_connections", "Connections refused because of a limit.", counters.refused),
            ("aborted_connections", "Connections whose client did not read.", counters.aborted),
            ("throttled_connections", "Waits because of too many bytes.", counters.throttled),
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


class _QuietSite(Site):
    """Does not log requests: there is one every few seconds."""

    noisy = False

    def log(self, request: Any) -> None:
        """Do nothing."""


def metrics_site(
    metrics: ServerMetrics, check: StoreCheck, reactor: Any
) -> tuple[IProtocolFactory, StoreHealth]:
    """Return the HTTP site, and the store's health, which the caller updates periodically."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    health = StoreHealth(check, registry)
    root = _Root()  # type: ignore[no-untyped-call]
    root.putChild(b"metrics", MetricsPage(registry))
    root.putChild(b"healthz", HealthPage(health))
    return _QuietSite(root, reactor=reactor), health  # type: ignore[no-untyped-call]
