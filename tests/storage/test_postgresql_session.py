"""Sessions of PostgreSQL: settings, encodings and poolers that would lose a lock or a message."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from chatd.core.errors import StoreError, StoreUnavailableError
from chatd.core.records import RoomRecord
from chatd.storage.factory import create_database
from chatd.storage.postgresql_session import prepare
from chatd.storage.testing import NO_LIMIT, batch, ids, inline_store, result


@pytest.fixture
def admin(postgresql):
    """Return a connection without transactions."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        yield connection


@pytest.fixture
def new_database(admin, postgresql):
    """Return a function that creates a database with some options, and returns its URL."""
    names = []

    def create(options=""):
        names.append(f"chatd_{uuid4().hex}")
        admin.execute(f"CREATE DATABASE {names[-1]} {options}")
        url = make_url(postgresql).set(database=names[-1])
        return url.difference_update_query(["options"]).render_as_string(hide_password=False)

    yield create
    for name in names:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def open_store(url):
    """Return an open store with a room."""
    store = inline_store(create_database(url))
    store.open([RoomRecord("tea", "tea")])
    return store


def test_defaults_of_the_database(admin, new_database):
    """Timeouts and a commit that does not wait for the disk are not taken over."""
    url = new_database()
    name = make_url(url).database
    settings = {
        "idle_session_timeout": "1s",
        "idle_in_transaction_session_timeout": "1s",
        "statement_timeout": "1s",
        "synchronous_commit": "off",
        "client_encoding": "LATIN1",
    }
    known = {row[0] for row in admin.execute("SELECT name FROM pg_settings")}
    settings = {setting: value for setting, value in settings.items() if setting in known}
    for setting, value in settings.items():
        admin.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")
    store = open_store(url)
    found = store._database.writer.run(
        lambda c: [c.exec_driver_sql(f"SHOW {setting}").scalar() for setting in settings]
    )
    result(store.close({}))
    assert found[-2:] == ["on", "UTF8"]
    assert set(found[:-2]) == {"0", "10s"}, "a session that hangs in a transaction ends"


class RecordingConnection:
    """A connection that keeps the parameters of what it is asked to execute."""

    info = SimpleNamespace(backend_pid=1, parameter_status=lambda _: "UTF8")

    def __init__(self):
        self.parameters = []

    def execute(self, _, parameters=None):
        """Keep the parameters."""
        self.parameters.append(parameters)
        return self

    def fetchone(self):
        """Return the number of the process."""
        return (1,)


def test_the_session_of_a_dead_host():
    """PostgreSQL ends it within five seconds, and with it the lock.

    It ignores these settings on a UNIX socket, where the host cannot be dead alone.
    """
    connection = RecordingConnection()
    prepare(connection)
    settings = dict(zip(*connection.parameters[-1], strict=True))
    idle, interval, probes = (
        int(settings[f"tcp_keepalives_{name}"]) for name in ("idle", "interval", "count")
    )
    assert idle + interval * probes == 5
    assert settings["tcp_user_timeout"] == "5s"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding(new_database, encoding):
    """It is refused at the start, in a line that says how to create one."""
    url = new_database(f"ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    with pytest.raises(StoreError, match=f"encoding is {encoding} .* ENCODING 'UTF8' TEMPLATE"):
        open_store(url)


def kill_sessions(admin, store):
    """Let PostgreSQL end the session that writes."""
    process = store._database.writer.run(
        lambda c: c.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    )
    admin.execute("SELECT pg_terminate_backend(%s, 10000)", (process,))


def test_a_session_that_is_ended(admin, postgresql):
    """The next call connects again and goes on."""
    store = open_store(postgresql)
    kill_sessions(admin, store)
    result(store.append([batch(1)], {}))
    assert ids(result(store.history("tea", None, 9, NO_LIMIT))) == [1]
    result(store.close({}))


def test_a_server_that_took_over(admin, postgresql):
    """A server whose session ended changes nothing any more once another one has started."""
    first = open_store(postgresql)
    kill_sessions(admin, first)
    result(open_store(postgresql).close({}))
    for call in (first.append([batch(1)], {}), first.touch_resume_tokens((), 0.0, 0.0)):
        with pytest.raises(StoreUnavailableError) as error:
            result(call)
        assert "another chatd has used it since" in error.value.reason
    second = open_store(postgresql)
    assert result(second.history("tea", None, 9, NO_LIMIT)) == []
    result(second.close({}))
    first._database.close()


def test_the_epoch_is_checked_in_each_transaction(admin, postgresql):
    """Also a session that still has its lock writes nothing when the epoch is another."""
    store = open_store(postgresql)
    admin.execute("UPDATE server_epoch SET epoch = epoch + 1")
    for reserved in ({}, {"tea": 20_000}):
        with pytest.raises(StoreUnavailableError):
            result(store.append([batch(1)], reserved))
    assert admin.execute("SELECT count(*) FROM chunks").fetchone() == (0,)
    store._database.close()


@pytest.fixture
def pooled_url(request, new_database, tmp_path_factory):
    """Return the URL of a database behind pgbouncer in a mode."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    url = make_url(new_database())
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        info = connection.info
        server = f"host={info.host} port={info.port} user={info.user}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    directory = tmp_path_factory.mktemp("pgbouncer")
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = {request.param}\n"
    )
    command = [program, "-q", str(settings)]
    if os.getuid() == 0:  # which pgbouncer refuses to be
        for each in (settings, *directory.parents):
            if each.is_relative_to("/tmp/pytest-of-root") or each == settings:
                each.chmod(each.stat().st_mode | 0o055)
        directory.chmod(0o755)
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    with subprocess.Popen(command) as pooler:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        pooled = url.set(username="postgres", host="127.0.0.1", port=port, query={})
        yield pooled.render_as_string(hide_password=False)
        pooler.terminate()


@pytest.mark.parametrize("pooled_url", ["session", "transaction", "statement"], indirect=True)
def test_a_connection_pooler(pooled_url):
    """It is refused at the start, in a line that says what to do."""
    with pytest.raises(StoreError, match="a connection pooler answers there; give the host"):
        open_store(pooled_url)
