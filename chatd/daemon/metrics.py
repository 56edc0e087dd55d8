"""`/metrics` for Prometheus and `/healthz` for who watches over the server, over HTTP.

Everything is read when it is asked for: what the server counts for itself it counts anyway, and a message
costs nothing more. Loaded only where `--metrics` asks for it, as HTTP is slow to load.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from chatd.core.chat import Chat
from chatd.core.errors import StoreUnavailableError
from chatd.fanout.bus import LocalBus
from chatd.fanout.fanout import Fanout
from chatd.server.eventlog import EventLog
from chatd.server.session_registry import SessionRegistry
from chatd.storage.writer import HistoryWriter

_log = Logger(namespace="chatd")

Probe = Callable[[], Awaitable[object]]
"""Makes the store do something that changes nothing; raises `UnavailableError` if it cannot be reached."""


class Metrics(Collector):
    """What there is to measure, read from where it is. `store_is_up` is set by who has looked."""

    def __init__(
        self,
        *,
        chat: Chat,
        sessions: SessionRegistry,
        bus: LocalBus,
        fanout: Fanout,
        writer: HistoryWriter,
        event_log: EventLog,
    ) -> None:
        self.store_is_up = True
        self._chat = chat
        self._sessions = sessions
        self._bus = bus
        self._fanout = fanout
        self._writer = writer
        self._event_log = event_log

    def collect(self) -> Iterator[Metric]:
        """Yield all there is."""
        info = GaugeMetricFamily("chatd_info", "Which chatd this is.", labels=["version"])
        info.add_metric([version("chatd")], 1)
        yield info
        yield from self._gauges()
        yield from self._counters()

    def _gauges(self) -> Iterator[Metric]:
        queues = [session.send_queue.queued for session in self._sessions]
        for name, what, value in (
            ("connections", "Connections that are open.", len(self._sessions)),
            ("chatters", "People and programs in a room.", self._chatters()),
            ("rooms", "Rooms.", sum(1 for _ in self._chat.rooms())),
            ("queued_bytes", "Output that waits for clients to read.", sum(queues)),
            ("queued_bytes_max", "The most of it for one client.", max(queues, default=0)),
            ("messages_unstored", "Messages that wait to be stored.", self._writer.pending),
            ("store_up", "Whether the store can be reached.", int(self.store_is_up)),
        ):
            yield GaugeMetricFamily(f"chatd_{name}", what, value=value)

    def _counters(self) -> Iterator[Metric]:
        event_log = self._event_log
        for name, what, value in (
            ("accepted_connections", "Connections that came.", event_log.connections),
            ("refused_connections", "Connections there was no place for.", event_log.refused),
            ("aborted_connections", "Connections aborted as they did not read.", event_log.aborted),
            ("failed_logins", "Logins with a wrong password or name.", event_log.failed_logins),
            ("messages", "Messages said in rooms.", self._bus.messages),
            ("lost_messages", "Messages that could not be stored.", event_log.lost_messages),
            ("sent_bytes", "Bytes written to clients.", self._fanout.bytes_sent),
        ):
            yield CounterMetricFamily(f"chatd_{name}", what, value=value)

    def _chatters(self) -> int:
        return sum(1 for session in self._sessions if session.user.rooms)


def site(metrics: Metrics, probe: Probe, reactor: Any) -> IProtocolFactory:
    """Return what answers over HTTP."""
    registry = CollectorRegistry()
    registry.register(metrics)
    ProcessCollector(registry=registry)
    root = _Root()  # type: ignore[no-untyped-call]
    root.putChild(b"metrics", _Page(metrics, probe, _exposition(registry)))
    root.putChild(b"healthz", _Page(metrics, probe, _health(metrics)))
    return _Site(root, reactor=reactor)  # type: ignore[no-untyped-call]


Reply = tuple[int, str, bytes]
"""A status, a type of content, the content."""


def _exposition(registry: CollectorRegistry) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        encode, kind = choose_encoder(request.getHeader("accept") or "")
        return 200, kind, encode(registry)

    return answer


def _health(metrics: Metrics) -> Callable[[Request], Reply]:
    def answer(_: Request) -> Reply:
        if metrics.store_is_up:
            return 200, "text/plain", b"well\n"
        return 503, "text/plain", b"the store cannot be reached\n"

    return answer


class _Site(Site):
    """Answers without a word in the log: it is asked every few seconds."""

    noisy = False

    def log(self, request: Any) -> None:
        """Do nothing."""


class _Root(Resource):
    """Where the pages are; of others it has nothing to say."""

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002 -- Twisted's
        """Return that there is no such page."""
        return notFound()


class _Page(Resource):
    """A page that is made when it is known how the store is."""

    isLeaf = True  # noqa: N815 -- Twisted's

    def __init__(self, metrics: Metrics, probe: Probe, answer: Callable[[Request], Reply]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._metrics = metrics
        self._probe = probe
        self._answer = answer
        self._asking: set[Request] = set()

    def render_GET(self, request: Request) -> int:
        """Look at the store, then answer, unless who asked has hung up."""
        self._asking.add(request)
        request.notifyFinish().addBoth(lambda _: self._asking.discard(request))
        Deferred.fromCoroutine(self._render(request)).addErrback(self._failed, request)
        return NOT_DONE_YET

    async def _render(self, request: Request) -> None:
        try:
            await self._probe()
        except StoreUnavailableError:
            self._metrics.store_is_up = False
        else:
            self._metrics.store_is_up = True
        if request not in self._asking:
            return
        status, kind, content = self._answer(request)
        request.setResponseCode(status)
        request.setHeader("content-type", kind)
        request.setHeader("content-length", str(len(content)))
        request.write(content)
        request.finish()

    def _failed(self, failure: Failure, request: Request) -> None:
        _log.failure("A request for metrics met a fault", failure)
        if request in self._asking:
            request.setResponseCode(500)
            request.finish()
