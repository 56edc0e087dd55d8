"""PostgreSQL: whose schema it is, and what happens when the server, or the way to it, is gone or hangs.

A relay in between stands for the network: it can lose connections, and it can stand still.
"""

import socket
import struct
import threading
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import make_url
from twisted.internet.defer import Deferred

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.events import Message, MessageBatch
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.sql import SqlStore
from chatd.storage.testing import inline_store, result
from chatd.storage.worker import JOB_TIMEOUT, Worker


def said(number):
    """Return a message."""
    return Message("tea", number, "Ann", "hello", 1.0)


def burst(number):
    """Return the same, as it is kept."""
    return MessageBatch("tea", number, "Ann", ["hello"], 1.0)


class Relay:
    """Hands on what it gets, both ways, between those who connect and a PostgreSQL server."""

    def __init__(self, host, port):
        self._server = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.flowing = threading.Event()
        self.flowing.set()
        self.held = threading.Event()
        self.away = False
        self._sockets = []
        self._threads = [self._start(self._accept)]

    def _start(self, *call):
        thread = threading.Thread(target=call[0], args=call[1:], daemon=True)
        thread.start()
        return thread

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.away:
                    client.close()
                    continue
                kind = socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET
                server = socket.socket(kind)
                server.connect(self._server)
                self._sockets += [client, server]
                self._threads.append(self._start(self._pump, client, server))
                self._threads.append(self._start(self._pump, server, client))

    def _pump(self, source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                if not self.flowing.is_set():
                    self.held.set()
                self.flowing.wait()
                target.sendall(data)
            self.flowing.wait()
            target.shutdown(socket.SHUT_RDWR)

    def lose(self):
        """Lose all connections there are."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self.lose()
        self.flowing.set()
        for thread in self._threads:
            thread.join(30)
        for each in [self._listener, *self._sockets]:
            each.close()


@pytest.fixture
def relay(postgresql):
    """Return a relay to the server."""
    with psycopg.connect(postgresql) as connection:
        relay = Relay(connection.info.host, connection.info.port)
    yield relay
    relay.close()


@pytest.fixture
def far(postgresql, relay):
    """Return the URL of the test's schema, by way of the relay."""
    url = make_url(postgresql)
    query = {"options": url.query["options"], "sslmode": "disable", "gssencmode": "disable"}
    there = url.set(host="127.0.0.1", port=relay.port, query=query)
    return there.render_as_string(hide_password=False)


@pytest.fixture
def store(far):
    """Return a store behind the relay, opened, all of whose jobs are done at once."""
    store = inline_store(create_database(far))
    store.open([RoomRecord("tea", "tea")])
    yield store
    store._database.close()


@pytest.fixture
def threaded(far, reactor):
    """Return a store behind the relay, opened, with its threads."""
    database = create_database(far)
    store = SqlStore(
        database, Worker(reactor, database.writer), Worker(reactor, database.reader, 1.0)
    )
    store.open([RoomRecord("tea", "tea")])
    return store


def _open_when_free(store):
    """Open a store as soon as the server has noticed that the one before is gone."""
    while True:
        with suppress(StoreError):
            return store.open([])


def _try_until_done(call):
    """Make a call until the server has noticed that who was there before is gone."""
    while True:
        with suppress(StoreUnavailableError):
            return call()


def test_one_server_at_a_time(postgresql):
    """A second one is refused until the first is gone."""
    first = inline_store(create_database(postgresql))
    first.open([])
    with pytest.raises(StoreError, match="is in use by another chatd"):
        inline_store(create_database(postgresql)).open([])
    result(first.close({}))
    second = inline_store(create_database(postgresql))
    second.open([])
    result(second.close({}))


def test_how_it_is_connected(store):
    """The server's operator sees who it is, and that there are two connections."""
    found = store._database.reader.run(
        lambda c: c.exec_driver_sql(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND objid ="
            " (hashtext(current_schema())::bigint & x'ffffffff'::bigint)"
            " AND application_name = 'chatd'"
        ).scalar()
    )
    assert found == 1


def test_lost_connections(store, relay):
    """They are made anew, by the next call that needs one, once the server has noticed, too."""
    result(store.append([burst(1)], {}))
    relay.lose()
    _try_until_done(lambda: result(store.append([burst(2)], {})))
    assert result(store.history("tea", None, 9, 9999)) == [said(1), said(2)]


def test_a_server_that_is_away(store, relay):
    """All calls fail meanwhile, and are done when it is back; the store is ours again then."""
    relay.away = True
    relay.lose()
    with pytest.raises(StoreUnavailableError):
        result(store.append([burst(1)], {}))
    with pytest.raises(StoreUnavailableError):
        result(store.history("tea", None, 9, 9999))
    relay.away = False
    _try_until_done(lambda: result(store.append([burst(1)], {})))
    assert result(store.history("tea", None, 9, 9999)) == [said(1)]


def test_another_server_took_over(store, relay, postgresql):
    """While it has the store, calls fail; when it is gone, they are done."""
    relay.away = True
    relay.lose()
    with pytest.raises(StoreUnavailableError):
        result(store.append([burst(1)], {}))
    relay.away = False
    other = inline_store(create_database(postgresql))
    _open_when_free(other)
    with pytest.raises(StoreUnavailableError) as error:
        result(store.append([burst(1)], {}))
    assert error.value.reason == "it is in use by another chatd"
    result(other.close({}))
    _try_until_done(lambda: result(store.append([burst(1)], {})))


def test_a_server_that_hangs(threaded, relay, reactor):
    """Who waits for it is let go in the end, and the next call is done when it moves again."""
    start = Deferred.fromCoroutine
    reactor.result(start(threaded.append([burst(1)], {})))
    relay.flowing.clear()
    writing = start(threaded.append([burst(2)], {}))
    reading = start(threaded.history("tea", None, 9, 9999))
    assert relay.held.wait(30)
    reactor.advance(JOB_TIMEOUT)
    for waiting in (writing, reading):
        with pytest.raises(StoreUnavailableError):
            reactor.result(waiting)
    relay.flowing.set()
    reactor.advance(1)
    _try_until_done(lambda: reactor.result(start(threaded.append([burst(2)], {}))))
    found = reactor.result(start(threaded.history("tea", None, 9, 9999)))
    assert found == [said(1), said(2)]
    reactor.result(start(threaded.close({"tea": 2})))


def test_closing_while_the_server_hangs(threaded, relay, reactor):
    """It says that the counts are not stored, but everything is let go of."""
    relay.flowing.clear()
    closing = Deferred.fromCoroutine(threaded.close({"tea": 2}))
    assert relay.held.wait(30)
    reactor.advance(JOB_TIMEOUT)
    with pytest.raises(StoreUnavailableError):
        reactor.result(closing)


def test_a_wrong_password():
    """The server's word for it is told, in one line, without the password."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_refuse_password, args=(listener,))
        thread.start()
        url = f"postgresql://ann:secret@127.0.0.1:{listener.getsockname()[1]}/db"
        with pytest.raises(StoreError, match="password authentication failed") as error:
            inline_store(create_database(f"{url}?sslmode=disable&gssencmode=disable")).open([])
        thread.join()
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def _refuse_password(listener):
    """Do what PostgreSQL does that knows another password."""
    fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user\n"ann"\0\0'
    client, _ = listener.accept()
    with client:
        client.recv(9999)
        client.sendall(b"R" + struct.pack("!II", 8, 3))  # wants it in clear
        client.recv(9999)
        client.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)
