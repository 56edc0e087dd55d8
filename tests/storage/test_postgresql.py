"""PostgreSQL: the lock on a schema, and a server or a network that is gone or hangs.

A relay between the store and the server is the network: it can lose connections, and hang.
"""

import socket
import struct
import threading
from contextlib import suppress
from functools import partial

import psycopg
import pytest
from sqlalchemy import make_url
from twisted.internet.defer import Deferred

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.sql import SqlStore
from chatd.storage.testing import NO_LIMIT, batch, ids, inline_store, result
from chatd.storage.worker import JOB_TIMEOUT, Worker


class Relay:
    """Relays connections to a PostgreSQL server.

    It hangs while `flowing` is not set; then `held` is set as soon as it holds data. It refuses
    connections while it is `away`.
    """

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
        """Lose all connections."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        """Close all sockets and end the threads."""
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
def relayed_url(postgresql, relay):
    """Return the URL of the test's schema through the relay."""
    url = make_url(postgresql)
    query = {"options": url.query["options"], "sslmode": "disable", "gssencmode": "disable"}
    relayed = url.set(host="127.0.0.1", port=relay.port, query=query)
    return relayed.render_as_string(hide_password=False)


@pytest.fixture
def store(relayed_url):
    """Return an open store behind the relay, whose jobs run in the test's thread."""
    store = inline_store(create_database(relayed_url))
    store.open([RoomRecord("tea", "tea")])
    yield store
    store._database.close()


@pytest.fixture
def threaded(relayed_url, reactor):
    """Return an open store behind the relay, with its threads."""
    store = SqlStore(create_database(relayed_url), partial(Worker, reactor))
    store.open([RoomRecord("tea", "tea")])
    return store


def _open_when_free(store):
    """Open a store, once the server has noticed the end of the former connection."""
    while True:
        with suppress(StoreError):
            return store.open([])


def _retry(call):
    """Repeat a call until the server has noticed the end of the former connection."""
    while True:
        with suppress(StoreUnavailableError):
            return call()


def test_one_server_at_a_time(postgresql):
    """A second store is refused until the first one is closed."""
    first = inline_store(create_database(postgresql))
    first.open([])
    with pytest.raises(StoreError, match="is in use by another chatd"):
        inline_store(create_database(postgresql)).open([])
    result(first.close({}))
    second = inline_store(create_database(postgresql))
    second.open([])
    result(second.close({}))


def test_the_lock(store):
    """One connection holds the lock of the schema, under the name of chatd."""
    found = store._database.reader.run(
        lambda c: c.exec_driver_sql(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND objid ="
            " (hashtext(current_schema())::bigint & x'ffffffff'::bigint)"
            " AND starts_with(application_name, 'chatd on ')"
        ).scalar()
    )
    assert found == 1


def test_lost_connections(store, relay):
    """The next call connects again, once the server has noticed the loss, too."""
    result(store.append([batch(1)], {}))
    relay.lose()
    _retry(lambda: result(store.append([batch(2)], {})))
    assert ids(result(store.history("tea", None, 9, NO_LIMIT))) == [1, 2]


def test_an_unreachable_server(store, relay):
    """All calls fail until the server is back; then the store takes its lock again."""
    relay.away = True
    relay.lose()
    with pytest.raises(StoreUnavailableError):
        result(store.append([batch(1)], {}))
    with pytest.raises(StoreUnavailableError):
        result(store.history("tea", None, 9, NO_LIMIT))
    relay.away = False
    _retry(lambda: result(store.append([batch(1)], {})))
    assert ids(result(store.history("tea", None, 9, NO_LIMIT))) == [1]


def test_another_server_took_over(store, relay, postgresql):
    """Calls fail while another server has the store, and also when that is closed."""
    relay.away = True
    relay.lose()
    with pytest.raises(StoreUnavailableError):
        result(store.append([batch(1)], {}))
    relay.away = False
    other = inline_store(create_database(postgresql))
    _open_when_free(other)
    with pytest.raises(StoreUnavailableError) as error:
        result(store.append([batch(1)], {}))
    assert "is in use by another chatd: chatd on " in error.value.reason
    result(other.close({}))
    for _ in range(2):
        with pytest.raises(StoreUnavailableError) as error:
            result(store.append([batch(1)], {}))
        assert "another chatd has used it since" in error.value.reason
    third = inline_store(create_database(postgresql))
    _open_when_free(third)
    assert result(third.history("tea", None, 9, NO_LIMIT)) == []
    result(third.close({}))


def test_a_server_that_hangs(threaded, relay, reactor):
    """Calls fail after a timeout, and succeed when the server answers again."""
    start = Deferred.fromCoroutine
    reactor.result(start(threaded.append([batch(1)], {})))
    relay.flowing.clear()
    writing = start(threaded.append([batch(2)], {}))
    reading = start(threaded.history("tea", None, 9, NO_LIMIT))
    assert relay.held.wait(30)
    reactor.advance(JOB_TIMEOUT)
    for waiting in (writing, reading):
        with pytest.raises(StoreUnavailableError):
            reactor.result(waiting)
    relay.flowing.set()
    reactor.advance(1)
    _retry(lambda: reactor.result(start(threaded.append([batch(2)], {}))))
    found = reactor.result(start(threaded.history("tea", None, 9, NO_LIMIT)))
    assert ids(found) == [1, 2]
    reactor.result(start(threaded.close({"tea": 2})))


def test_closing_while_the_server_hangs(threaded, relay, reactor):
    """Closing fails after a timeout, and releases the threads and sockets all the same."""
    relay.flowing.clear()
    closing = Deferred.fromCoroutine(threaded.close({"tea": 2}))
    assert relay.held.wait(30)
    reactor.advance(JOB_TIMEOUT)
    with pytest.raises(StoreUnavailableError):
        reactor.result(closing)


def test_a_wrong_password():
    """The message is that of the server, in one line, without the password."""
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
    """Answer as PostgreSQL does to a wrong password."""
    fields = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user\n"ann"\0\0'
    client, _ = listener.accept()
    with client:
        client.recv(9999)
        client.sendall(b"R" + struct.pack("!II", 8, 3))  # asks for the password in clear
        client.recv(9999)
        client.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)
