"""Remembered logins: tokens are asked for, kept, used, and forgotten."""

import pytest

from chatd.client.model.effects import Send
from chatd.client.model.startup import Startup
from chatd.client.ui.frontend import Address
from chatd.client.ui.remember import Login, Remembering, is_this_machine
from chatd.client.ui.terminal_mode import TerminalMode
from chatd.protocol.received import Error, Ok
from tests.client.conftest import HERE
from tests.client.ui.frontends import join, texts

LOGIN = Login("localhost:9999", "ann", "secret", ("1",))
WELCOME = Ok("login", "Welcome back, ann.", None, {"name": "ann"})
TOKEN = Ok("remember", "Remembered.", "remember", {"token": "secret"})


class Store:
    """A store that records its calls."""

    def __init__(self):
        self.kept = []
        self.forgotten = []

    def keep(self, login):
        """Record the call."""
        self.kept.append(login)

    def forget(self, server, account):
        """Record the call."""
        self.forgotten.append((server, account))


@pytest.fixture
def store():
    """Return a store that records its calls."""
    return Store()


@pytest.fixture
def start(store):
    """Return a function that starts a frontend with a remembered login, or without."""

    def start(login=None, server=HERE, *, encrypted=False):
        startup = Startup() if login is None else Startup().resumed(login.token, login.rooms)
        frontend = TerminalMode(startup, Remembering(store, login, encrypted=encrypted))
        frontend.start(server)
        return frontend, frontend.connected()

    return start


def sent(actions):
    """Return the commands that are sent."""
    return [action.request.command for action in actions if isinstance(action, Send)]


def test_login_is_kept(store, start):
    """After a login the client asks for a token, and keeps it with the rooms, without a word."""
    frontend, _ = start()
    assert sent(frontend.handle(WELCOME)) == ["remember"]
    assert frontend.handle(TOKEN) == []
    assert store.kept == [LOGIN._replace(rooms=())]
    join(frontend, "1", name="ann")
    assert store.kept[-1] == LOGIN


def test_refused(store, start):
    """A server that gives no token is none of the user's concern."""
    frontend, _ = start()
    frontend.handle(WELCOME)
    assert frontend.handle(Error("remember", "unknown-command", "Unknown.", "remember")) == []
    assert store.kept == []


def test_recall(store, start):
    """A remembered login needs no password, and leads back into the rooms."""
    frontend, actions = start(LOGIN)
    (request,) = [action.request for action in actions if isinstance(action, Send)]
    assert (request.command, request.arguments) == ("recall", {"token": "secret"})
    actions = frontend.handle(Ok("recall", "Welcome back, ann.", None, {"name": "ann"}))
    assert sent(actions) == ["join", "list"]
    assert frontend.state.account == "ann"
    assert store.forgotten == []


def test_wrong_token(store, start):
    """A token that the server does not know is forgotten; one that it cannot check is kept."""
    frontend, _ = start(LOGIN)
    assert sent(frontend.handle(Error("recall", "busy", "Try later."))) == ["list"]
    assert store.forgotten == []
    frontend, _ = start(LOGIN)
    frontend.handle(Error("recall", "wrong-token", "Log in again."))
    assert store.forgotten == [("localhost:9999", "ann")]


def test_logout(store, start):
    """A logout forgets the login."""
    frontend, _ = start()
    frontend.handle(WELCOME)
    frontend.handle(TOKEN)
    frontend.handle(Ok("logout", "Bye."))
    assert store.forgotten == [("localhost:9999", "ann")]


def test_not_encrypted(start):
    """Over a network the login is remembered only with TLS."""
    frontend, _ = start(server=Address("example.org", 1))
    lines = texts(frontend.handle(WELCOME))
    assert lines[-1] == "The login is not remembered: the connection is not encrypted."
    frontend, _ = start(server=Address("example.org", 1), encrypted=True)
    assert sent(frontend.handle(WELCOME)) == ["remember"]


def test_other_server(store):
    """The token goes to no other server, nor is it changed by one."""
    startup = Startup().resumed(LOGIN.token, LOGIN.rooms)
    frontend = TerminalMode(startup, Remembering(store, LOGIN, encrypted=False))
    frontend.start(HERE)
    frontend.typed("`connect example.org 77")
    assert sent(frontend.connected()) == ["list"]
    frontend.handle(WELCOME)
    join(frontend, "food", name="ann")
    assert store.kept == []


def test_back_after_long_absence(start):
    """A session that cannot be resumed is replaced by the remembered login."""
    frontend, _ = start()
    frontend.handle(WELCOME)
    frontend.handle(TOKEN)
    frontend.disconnected(reconnecting=True)
    assert sent(frontend.connected("new")) == ["recall"]


def test_is_this_machine():
    """Loopback addresses are this machine."""
    assert all(map(is_this_machine, ("localhost", "127.0.0.1", "127.1.2.3", "::1")))
    assert not any(map(is_this_machine, ("example.org", "10.0.0.1", "localhost.evil.org")))
