"""A server with a room in which there are its owner and two guests, and an administrator."""

from chatd.testing import MemoryServer
from tests.server.access import WORD


class TeaRoom:
    """A server with the room `1`, named swimming, of the account alice; Bob and Cathy are in it.

    `amy` is an administrator who is in no room.
    """

    def __init__(self, **options):
        self.server = MemoryServer(rooms_per_client=3, **options)
        self.alice, self.amy = self.register("alice"), self.register("amy")
        self.server.console("admin amy on")
        self.alice.ask("`start 1 swimming")
        self.alice.ask("`join 1")
        self.bob, self.cathy = (self.server.join("1", name) for name in ("Bob", "Cathy"))
        self.read()

    def register(self, name):
        """Return a client of a new account."""
        client = self.server.connect()
        client.ask(f"`register {name} {WORD}")
        return client

    def read(self):
        """Return what alice, Bob and Cathy have read since the last call."""
        return tuple(client.read() for client in (self.alice, self.bob, self.cathy))

    def told(self, typed):
        """Return what alice, Bob and Cathy read of a command of alice."""
        self.alice.send(typed)
        return self.read()

    def audit(self):
        """Return the lines of the audit, without their times."""
        return [line.split(" UTC ")[1] for line in self.server.console("audit")]
