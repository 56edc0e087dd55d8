"""Administrators are kept in the store."""

from chatd.core.errors import StoreUnavailableError
from chatd.storage.memory import MemoryStore
from chatd.testing import MemoryServer

WORD = "staple-battery"


def test_a_restart():
    """An administrator is one after a restart, in further sessions as well."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    server.connect().ask(f"`register amy {WORD}")
    server.connect().ask(f"`register bob {WORD}")
    server.console("admin amy on")
    again = MemoryServer(store=store)
    amy, bob = again.connect(), again.connect()
    for client, name in ((amy, "amy"), (bob, "bob")):
        client.ask(f"`login {name} {WORD}")
    assert amy.ask("`admin list") == ["Server: No chatroom exists!"]
    assert bob.ask("`admin list") == ["Server: You are not an administrator."]


def test_without_the_store():
    """A change that cannot be stored has no effect."""
    store = MemoryStore()
    server = MemoryServer(store=store)
    amy = server.connect()
    amy.ask(f"`register amy {WORD}")

    async def fail(*_):
        raise StoreUnavailableError

    store.set_admin = fail
    assert server.console("admin amy on") == [
        "Administrator: The server cannot reach its store now, try again later."
    ]
    assert amy.ask("`admin list") == ["Server: You are not an administrator."]
